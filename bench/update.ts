/**
 * A GRPO update of a decoder from the Hub, several answers to each of a few real prompts: with the answers to a prompt
 * in one row, and each in a row of its own.
 *   npx tsx bench/update.ts --model DIR [--prompts 4] [--answers 8] [--tokens 64] [--role teacher|student]
 *     [--layers N] [--microbatch 512] [--threads 1] [--repeats 3] [--backend cpu|webgpu] [--json]
 * Tokens of answers are random: what they say makes no difference to the work.
 */
import { resolve } from 'node:path';
import { cpuUsage } from 'node:process';
import { parseArgs } from 'node:util';
import { Random } from 'onnx-lora/random';
import { folderFiles } from 'onnx-lora/node';
import {
  hubTrainable,
  loadHubModel,
  loadTokenizer,
  readJson,
  sequenceOf,
  type TrainingRow,
  VectorTrainer,
} from 'onnx-lora';
import { readBank, SHIPPED_BANK } from '../cli/settings.ts';
import { chatDialect } from '../src/dialects/chat/dialect.ts';
import { estimateOf, planLayers } from '../src/local/hubPolicy.ts';
import { type NodeBackend, nodeRuntime } from '../src/backends/runtime.node.ts';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    prompts: { type: 'string', default: '4' },
    answers: { type: 'string', default: '8' },
    tokens: { type: 'string', default: '64' },
    role: { type: 'string', default: 'teacher' },
    layers: { type: 'string' },
    microbatch: { type: 'string', default: '512' },
    threads: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '3' },
    backend: { type: 'string', default: 'cpu' },
    json: { type: 'boolean', default: false },
  },
});
if (!args.model) throw new Error('--model DIR is missing');
const files = folderFiles(resolve(args.model));
const [tokenizer, model, config] = await Promise.all([
  loadTokenizer(files),
  loadHubModel(files),
  readJson(files, 'config.json'),
]);
const dialect = chatDialect();
const { goalposts } = readBank(SHIPPED_BANK);
const random = new Random(1);
const rows: TrainingRow[] = goalposts.slice(0, Number(args.prompts)).flatMap((goalpost) => {
  const prompt = tokenizer.encode(
    args.role === 'teacher'
      ? dialect.lemmaPrompt(goalpost, 'io')
      : dialect.solvePrompt({ type: 'induction', question: goalpost }),
  );
  return Array.from({ length: Number(args.answers) }, (_, i) => {
    const answer = Array.from({ length: Number(args.tokens) }, () => random.int(model.vocabulary));
    const tokens = [...prompt, ...answer];
    const plane = (value: number) => tokens.slice(1).map((_, t) => (t < prompt.length - 1 ? 0 : value));
    return { tokens, weight: plane(1e-3), advantage: i % 2 ? 1 : -1, old: plane(-10), reference: plane(-10) };
  });
});
const sequences = rows.map(sequenceOf);

const tuning = {
  kind: 'lora',
  rank: 8,
  alpha: 16,
  ...(args.layers && { layers: Number(args.layers) }),
} as const;
const plan = planLayers(model, tuning);
const microbatchTokens = Number(args.microbatch);
const load = { microbatchTokens, rows: rows.length, rowTokens: 960 };
const sharedTokens = estimateOf(config, tuning, { load })?.sharedTokens ?? 0;

/** Of the processor, which a busy machine disturbs less than the clock; of the clock, where a GPU does the work. */
function now(): number {
  if (args.backend !== 'cpu') return performance.now() / 1e3;
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}

async function measure(sharedTokens: number) {
  const runtime = nodeRuntime(Number(args.threads), args.backend as NodeBackend);
  const trainer = new VectorTrainer(runtime, hubTrainable(model, plan, { sharedTokens }), 1);
  const passes = trainer.passes(sequences, microbatchTokens);
  const update = async () => {
    const start = now();
    for (const { sequences: here, rows: together } of passes) {
      await trainer.accumulate(
        here.map((i) => rows[i]!),
        { clip: 0.2, klWeight: 0.01 },
        together,
      );
    }
    await trainer.apply({ learningRate: 1e-6, weightDecay: 0, maxGradNorm: 1, adamEpsilon: 1e-8 });
    return now() - start;
  };
  return { trainer, passes, update, seconds: [] as number[] };
}

const contenders = { apart: await measure(0), shared: await measure(sharedTokens) };
for (const contender of Object.values(contenders)) await contender.update();
for (let turn = 0; turn < Number(args.repeats); turn++) {
  for (const contender of Object.values(contenders)) contender.seconds.push(await contender.update());
}
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
const result = Object.fromEntries(
  Object.entries(contenders).map(([name, { seconds, passes }]) => [
    name,
    {
      median: median(seconds),
      least: seconds[0]!,
      passes: passes.length,
      rows: passes.flatMap((p) => p.rows).length,
    },
  ]),
);
const prompt = sequences[0]!.from + 1;
for (const [name, { median, least, passes, rows }] of Object.entries(result)) {
  console.log(
    `${name}: ${median.toFixed(1)} s in the median, ${least.toFixed(1)} s at least, ${rows} rows in ${passes} passes`,
  );
}
console.log(
  `${args.answers} answers of ${args.tokens} tokens to each of ${args.prompts} prompts of about ${prompt}: shared rows take ${(result.shared!.median / result.apart!.median).toFixed(2)} of the time`,
);
if (args.json) console.log(JSON.stringify(result));
await contenders.apart.trainer.dispose();
await contenders.shared.trainer.dispose();
