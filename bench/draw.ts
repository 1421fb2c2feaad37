/**
 * Processor time that drawing takes, from logits to token and log-probability, a row and token: temperature,
 * softmax and nucleus over a vocabulary as large as Qwen's, with logits that are random; beside a sort of the
 * vocabulary. On Node, one thread: `npx tsx bench/draw.ts [--vocabulary 151936] [--rows 8] [--top-p 0.9]
 * [--top-k 0] [--temperature 0.6] [--turns 21] [--json]`.
 */
import { parseArgs } from 'node:util';
import { GraphBuilder, writeModel } from 'onnx-grad';
import {
  DISTRIBUTION,
  float32,
  type HostTensor,
  openRows,
  outputDistribution,
  scalar,
  sharpness,
  TokenPicker,
  type TokenSampleOptions,
} from 'onnx-lora';
import { Random } from 'onnx-lora/random';
import { nodeRuntime } from '../src/backends/runtime.node.ts';
import { median } from './race.ts';

const { values: args } = parseArgs({
  options: {
    vocabulary: { type: 'string', default: '151936' },
    rows: { type: 'string', default: '8' },
    'top-p': { type: 'string', default: '0.9' },
    'top-k': { type: 'string', default: '0' },
    temperature: { type: 'string', default: '0.6' },
    turns: { type: 'string', default: '21' },
    json: { type: 'boolean', default: false },
  },
});
const [vocabulary, rows, turns] = [args.vocabulary, args.rows, args.turns].map(Number) as [
  number,
  number,
  number,
];
const options: TokenSampleOptions = {
  temperature: Number(args.temperature),
  topP: Number(args['top-p']),
  topK: Number(args['top-k']),
  seed: 1,
  stop: new Set(),
};

const random = new Random(1);
const normal = () =>
  Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
/** Standard deviations of normal logits. */
const KINDS = { sharp: 6, medium: 3, wide: 1, flat: 0.1, equal: 0 };

const b = new GraphBuilder('draw');
outputDistribution(b, b.input('logits', 'float32', ['rows', vocabulary]));
const session = await nodeRuntime(1).create(writeModel(b.model));
// Written into at each step, as the samplers do it.
const fetches: Record<string, HostTensor> = {};
for (const name of DISTRIBUTION) {
  const dims = name === 'shares' ? [rows, vocabulary] : [rows];
  fetches[name] = float32(dims, new Float32Array(dims.reduce((a, c) => a * c)));
}

/** Milliseconds of processor time. */
async function time(job: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await job();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The nucleus of a distribution with this total as it is defined, by a sort: how it is commonly found. */
function sorted(shares: Float32Array, total: number): number {
  const order = Array.from(shares.keys()).sort((a, c) => shares[c]! - shares[a]!);
  let sum = 0;
  let kept = 0;
  while (kept < order.length && sum < options.topP * total) sum += shares[order[kept++]!]!;
  return kept;
}

const out = [];
for (const [kind, deviation] of Object.entries(KINDS)) {
  const logits = Float32Array.from({ length: rows * vocabulary }, () => deviation * normal());
  const feeds = { logits: float32([rows, vocabulary], logits), sharpness: scalar(sharpness(options)) };
  const request = { tokens: [0], samples: rows, maxTokens: turns + 3 };
  const open = openRows([request], turns + 4, 1);
  const [runtime, draws, sorts]: [number[], number[], number[]] = [[], [], []];
  let kept = 0;
  for (let turn = -3; turn < turns; turn++) {
    let outputs: Record<string, HostTensor> = {};
    const ran = await time(async () => (outputs = await session.run(feeds, fetches)));
    const drew = await time(() => {
      const picker = new TokenPicker(outputs, vocabulary, options);
      for (const [i, row] of open.entries()) picker.pick(row, i);
    });
    // The first turns compile.
    if (turn < 0) continue;
    runtime.push(ran / rows);
    draws.push(drew / rows);
    const [shares, totals] = [outputs.shares!, outputs.totals!].map(({ data }) => data as Float32Array);
    const sort = () => (kept = sorted(shares!.subarray(0, vocabulary), totals![0]!));
    if (turn < 3) sorts.push(await time(sort));
  }
  const all = median(runtime.map((ms, i) => ms + draws[i]!));
  out.push({
    kind,
    nucleus: kept,
    ms: all,
    msOutsideRuntime: median(draws),
    msLeast: Math.min(...runtime) + Math.min(...draws),
    msSort: median(sorts),
  });
}
await session.release();

if (args.json) console.log(JSON.stringify(out));
else {
  console.log('ms a row   nucleus  in all  at the least  outside the runtime    a sort');
  for (const { kind, nucleus, ms, msLeast, msOutsideRuntime, msSort } of out) {
    const columns = [
      kind.padEnd(10),
      String(nucleus).padStart(7),
      ms.toFixed(2).padStart(7),
      msLeast.toFixed(2).padStart(13),
      msOutsideRuntime.toFixed(2).padStart(20),
      msSort.toFixed(0).padStart(9),
    ];
    console.log(columns.join(' '));
  }
}
