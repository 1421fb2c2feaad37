/**
 * Memory that a decoder from the Hub takes, at its highest, beside what was estimated of it: loading,
 * sampling and training each in a process of its own, and all of them in turns as a run has them.
 *   npx tsx bench/memory.ts --model DIR [--rows 4] [--length 128] [--prompts P] [--answer 4] [--layers N]
 *     [--recompute] [--phases start,load,sample,train,turns] [--json]
 * One step trains on rows x length tokens; as many rows are sampled after P prompts (default: one each), the last
 * so many tokens of each being its answer.
 */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from 'onnx-lora/random';
import { folderFiles } from 'onnx-lora/node';
import {
  HubSampler,
  loadHubModel,
  hubTrainable,
  decoderNumbers,
  type Dtype,
  estimateMemory,
  VectorTrainer,
} from 'onnx-lora';
import { planLayers } from '../src/local/hubPolicy.ts';
import { nodeRuntime } from '../src/backends/runtime.node.ts';

const PHASES = ['start', 'load', 'sample', 'train', 'turns'] as const;
type Phase = (typeof PHASES)[number];

const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    dtype: { type: 'string', default: 'q4' },
    rows: { type: 'string', default: '4' },
    length: { type: 'string', default: '128' },
    prompts: { type: 'string' },
    answer: { type: 'string', default: '4' },
    rank: { type: 'string', default: '8' },
    layers: { type: 'string' },
    /** Computes cheap values a second time: slower, and less memory. */
    recompute: { type: 'boolean', default: false },
    phases: { type: 'string', default: PHASES.join(',') },
    /** Set for the process that measures one. */
    phase: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
if (!args.model) throw new Error('--model DIR is missing');
const [rows, length, rank] = [Number(args.rows), Number(args.length), Number(args.rank)];
const [prompts, answer] = [Number(args.prompts ?? rows), Number(args.answer)];
const layers = args.layers === undefined ? {} : { layers: Number(args.layers) };

if (args.phase) {
  const began = performance.now();
  await measure(args.phase as Phase);
  const seconds = (performance.now() - began) / 1e3;
  console.log(JSON.stringify({ bytes: process.resourceUsage().maxRSS * 1024, seconds }));
} else {
  const peaks: Partial<Record<Phase, { bytes: number; seconds: number }>> = {};
  for (const phase of PHASES.filter((p) => args.phases.split(',').includes(p))) {
    const options = Object.entries({ ...args, phase, json: undefined }).flatMap(([key, value]) =>
      value === undefined || value === false ? [] : value === true ? [`--${key}`] : [`--${key}`, value],
    );
    const command = ['--import', 'tsx', fileURLToPath(import.meta.url), ...options];
    const out = execFileSync(process.execPath, command, { encoding: 'utf8' });
    peaks[phase] = JSON.parse(out.trim().split('\n').at(-1)!) as { bytes: number; seconds: number };
    const { bytes, seconds } = peaks[phase];
    console.error(`${phase}: at most ${(bytes / 1e9).toFixed(2)} GB resident, ${seconds.toFixed(0)} s`);
  }
  const estimate = await estimated();
  const gb = Object.entries(estimate).map(([key, bytes]) => `${key} ${(Number(bytes) / 1e9).toFixed(2)}`);
  console.error(`estimated, in GB: ${gb.join(', ')}`);
  if (args.json) console.log(JSON.stringify({ peaks, estimate }));
}

async function estimated() {
  const config = await folderFiles(resolve(args.model!)).read('config.json');
  const { size } = decoderNumbers(JSON.parse(new TextDecoder().decode(config)) as Record<string, unknown>);
  if (!size) throw new Error('config.json does not tell the size');
  return estimateMemory(size, args.dtype as Dtype, {
    rank,
    adaptedLayers: Math.min(size.layers, layers.layers ?? size.layers),
    microbatchTokens: rows * length,
    rows,
    prompts,
    rowTokens: length,
    answerTokens: answer,
    recompute: args.recompute,
  });
}

async function measure(phase: Phase): Promise<void> {
  if (phase === 'start') return;
  const model = await loadHubModel(folderFiles(resolve(args.model!)));
  if (phase === 'load') return;
  const plan = planLayers(model, { kind: 'lora', rank, alpha: 2 * rank, ...layers });
  const runtime = nodeRuntime(2);
  const trainer = new VectorTrainer(runtime, hubTrainable(model, plan, { recompute: args.recompute }), 1, {
    oneSession: true,
  });
  const sampler = new HubSampler(runtime, model, plan);
  const random = new Random(1);
  const tokens = (count: number) => Array.from({ length: count }, () => random.int(model.vocabulary));
  const sample = async () => {
    await trainer.dispose();
    const requests = Array.from({ length: prompts }, () => ({
      tokens: tokens(length - answer),
      samples: rows / prompts,
      maxTokens: answer,
    }));
    await sampler.sample(trainer.weights, requests, { temperature: 1, topP: 1, seed: 1, stop: new Set() });
  };
  const train = async (klWeight: number) => {
    await sampler.dispose();
    const batch = Array.from({ length: rows }, () => tokens(length + 1));
    if (klWeight > 0) await trainer.score(batch);
    const weight = tokens(length).map(() => 1 / length);
    await trainer.accumulate(
      batch.map((row) => ({ tokens: row, weight, advantage: 1 })),
      { clip: 0.2, klWeight },
    );
    await trainer.apply({ learningRate: 1e-4, weightDecay: 0, maxGradNorm: 1, adamEpsilon: 1e-8 });
  };
  if (phase === 'sample') await sample();
  else if (phase === 'train') await train(0);
  else for (let i = 0; i < 2; i++) await sample().then(() => train(0.1));
  await trainer.dispose();
  await sampler.dispose();
}
