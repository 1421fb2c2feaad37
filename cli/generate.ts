/** `lab generate`: completions of one prompt, through the model's chat template. */
import { resolve } from 'node:path';
import type { ChatMessage } from '../src/gasp/ports.ts';
import { folderFiles } from 'onnx-lora/node';
import {
  HUB_DTYPES,
  readEndTokens,
  loadHubModel,
  HubSampler,
  placeAdapter,
  loadTokenizer,
  timedRuntime,
} from 'onnx-lora';
import { BACKEND_OPTIONS, BACKEND_USAGE, runtimeOption } from './backend.ts';
import { readAdapter } from './adapterFolder.ts';
import { readDType } from './gradcheck.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

export const generateUsage = `lab generate --model DIR --prompt TEXT [options]
  Samples answers to a prompt, which goes through the model's chat template.
  --model DIR       repository in Hugging Face layout
  --prompt TEXT     what the user says
  --system TEXT     what the system says
  --max-tokens N    longest answer (default 256)
  --temperature T   0 is greedy (default 0)
  --top-p P         draws from the smallest set of tokens that has P of the probability (default 1: from all)
  --top-k K         draws from the K most likely tokens (default 0: from all)
  --samples K       answers (default 1)
  --seed S          (default 1)
  --adapter DIR     LoRA adapter in PEFT's format
  --dtype NAME      ${HUB_DTYPES.join(', ')} (default: the first of q4, q4f16, fp16, fp32 that is there)
${BACKEND_USAGE}
  --json            the last line is {"samples": [{"tokens", "text", "logprob"}], "tokens_per_second",
                    "ms_outside_runtime"}: milliseconds a token that were not spent in ONNX Runtime
`;

const OPTIONS = {
  model: { type: 'string' },
  prompt: { type: 'string' },
  system: { type: 'string' },
  'max-tokens': { type: 'string', default: '256' },
  temperature: { type: 'string', default: '0' },
  'top-p': { type: 'string', default: '1' },
  'top-k': { type: 'string', default: '0' },
  samples: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  adapter: { type: 'string' },
  dtype: { type: 'string' },
  ...BACKEND_OPTIONS,
  json: { type: 'boolean', default: false },
} as const;

export async function generateCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.model || values.prompt === undefined)
    throw new UsageError('--model DIR and --prompt TEXT are needed.');
  const dtype = readDType(values.dtype);
  const samples = numberOption('samples', values.samples, { min: 1 });
  const maxTokens = numberOption('max-tokens', values['max-tokens'], { min: 1 });
  const temperature = numberOption('temperature', values.temperature, { integer: false });
  const topP = numberOption('top-p', values['top-p'], { integer: false, max: 1 });
  const topK = numberOption('top-k', values['top-k']);
  if (topP === 0) throw new UsageError('--top-p 0 leaves no token to draw: --temperature 0 is greedy.');
  const seed = numberOption('seed', values.seed);
  const { adapter } = values.adapter === undefined ? {} : await readAdapter(values.adapter);
  const files = folderFiles(resolve(values.model));
  const tokenizer = await loadTokenizer(files);
  const model = await loadHubModel(files, dtype ? { dtype } : {});
  const stop = await readEndTokens(files, model.config, tokenizer.endToken);
  const placed = adapter && placeAdapter(model, adapter);
  const messages: ChatMessage[] = [
    ...(values.system === undefined ? [] : [{ role: 'system' as const, content: values.system }]),
    { role: 'user', content: values.prompt },
  ];
  const { runtime, busy } = timedRuntime(runtimeOption(values));
  const sampler = new HubSampler(runtime, model, placed?.plan);
  await sampler.open();
  const weights = placed?.weights ?? new Float32Array(0);
  const [begun, busyBefore] = [performance.now(), busy()];
  const rows = await sampler.sample(weights, [{ tokens: tokenizer.encode(messages), samples, maxTokens }], {
    temperature,
    topP,
    topK,
    seed,
    stop,
  });
  const seconds = (performance.now() - begun) / 1000;
  const outside = 1000 * seconds - (busy() - busyBefore);
  await sampler.dispose();
  const out = rows.map((row) => ({
    tokens: row.tokens,
    text: tokenizer.decode(row.tokens),
    logprob: row.logprobs.reduce((a, b) => a + b, 0),
  }));
  const tokens = rows.reduce((n, row) => n + row.tokens.length, 0);
  const rate = tokens / seconds;
  for (const { text, logprob } of out) {
    (values.json ? console.error : console.log)(`${text}\n-- log-probability ${logprob.toFixed(2)}`);
  }
  (values.json ? console.error : console.log)(`${rate.toFixed(1)} tokens/s`);
  if (values.json) {
    const report = { samples: out, tokens_per_second: rate, ms_outside_runtime: outside / tokens };
    console.log(JSON.stringify(report));
  }
  return 0;
}
