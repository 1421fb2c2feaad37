/**
 * Trains the embedded model with the project's own engine, from scratch or from the weights of a model folder:
 *   npm run pretrain [-- --from DIR --threads N --steps N --out DIR]
 * Resumable: stop it at any time, start it again and it goes on from its last saved step. When it is
 * done it writes the model repository; `--export` writes what is there so far.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from 'onnx-lora/random';
import { nodeRuntime } from '../src/backends/runtime.node.ts';
import { microbatches } from 'onnx-lora';
import { readDecoderWeights } from '../src/embedded/decoderFiles.ts';
import { Trainer } from '../src/embedded/decoderTrainer.ts';
import { continuation, decoderConfig, depthWeights, learningRate, training } from './config.ts';
import { exportModel } from './export.ts';
import { sampleExample, type TrainingExample } from './mixture.ts';
import { Muon } from './muon.ts';
import { writeTokenizer } from './microTokenizer.ts';

const { values: args } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    steps: { type: 'string' },
    from: { type: 'string' },
    out: { type: 'string', default: '.cache/pretrain' },
    model: { type: 'string', default: 'public/models/foothold-micro-2' },
    export: { type: 'boolean', default: false },
  },
});
const plan = { ...(args.from ? continuation : training), ...(args.steps && { steps: Number(args.steps) }) };
const folder = args.out;
mkdirSync(folder, { recursive: true });

const runtime = nodeRuntime(Number(args.threads));
const start = args.from
  ? readDecoderWeights(readFileSync(join(args.from, 'onnx', 'model.onnx')), decoderConfig)
  : new Map<string, Float32Array>();
const trainer = new Trainer(runtime, decoderConfig, { kind: 'full' }, start, plan.seed);
const muon = new Muon(runtime, trainer.layout);
const stateFile = join(folder, 'state.bin');
if (existsSync(stateFile)) restore();

/** Batches are cut from a pool sorted by length: less padding, same mixture over the pool. */
const POOL = 8;
let pool: TrainingExample[][] = [];
const losses = new Map<string, { sum: number; weight: number }>();
let tokens = 0;
let since = performance.now();
let worked = 0;

for (let step = muon.state.step; step < plan.steps && !args.export; step++) {
  if (step % POOL === 0 || pool.length === 0) pool = drawPool(Math.floor(step / POOL));
  const batch = pool[step % POOL]!;
  const total = batch.reduce((sum, e) => sum + e.weights.reduce((a, w) => a + w, 0), 0);
  for (const group of microbatches(
    batch.map((e) => e.weights.length),
    8192,
  )) {
    const examples = group.map((i) => batch[i]!);
    const logprobs = await trainer.accumulate(
      examples.map((e) => ({
        tokens: [...e.prompt, ...e.answer],
        weight: e.weights.slice(1).map((w) => w / total),
        advantage: 1,
      })),
      { clip: 0, klWeight: 0 },
    );
    examples.forEach((e, i) => {
      const entry = losses.get(e.kind) ?? { sum: 0, weight: 0 };
      for (let t = e.prompt.length; t < e.weights.length; t++) entry.sum -= logprobs[i]![t - 1]!;
      entry.weight += e.answer.length;
      losses.set(e.kind, entry);
      tokens += e.weights.length;
    });
  }
  const rate = learningRate(step, plan);
  const { weights } = await muon.step(trainer.weights, trainer.accumulated, rate, plan.weightDecay);
  trainer.weights = weights;
  trainer.clearGradient();
  if ((step + 1) % 50 === 0) {
    const seconds = (performance.now() - since) / 1000;
    worked += seconds;
    const parts = [...losses].map(([kind, l]) => `${kind} ${(l.sum / l.weight).toFixed(3)}`).sort();
    console.log(
      `step ${step + 1}/${plan.steps}  ${Math.round(tokens / seconds)} tokens/s  ${(worked / 60).toFixed(1)} min  ${parts.join('  ')}`,
    );
    losses.clear();
    tokens = 0;
    since = performance.now();
  }
  if ((step + 1) % 250 === 0 || step + 1 === plan.steps) save();
}

writeTokenizer(args.model);
exportModel(args.model, decoderConfig, trainer.layout, trainer.weights);
console.log(`wrote ${args.model}`);

function drawPool(index: number): TrainingExample[][] {
  const random = Random.for(plan.seed, 'pool', index);
  const weights = depthWeights(args.from ? 1 : (index * POOL) / plan.steps);
  const examples = Array.from({ length: POOL * plan.batch }, () => sampleExample(random, weights));
  examples.sort((a, b) => a.weights.length - b.weights.length);
  const batches = Array.from({ length: POOL }, (_, i) =>
    examples.slice(i * plan.batch, (i + 1) * plan.batch),
  );
  return random.shuffle(batches);
}

/** State is [step, weights, first moment, second moment], float32 after the first number. */
function save(): void {
  const { first, second, step } = muon.state;
  const flat = Float32Array.of(step);
  const parts = [flat, trainer.weights, first, second].map((a) =>
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
  );
  writeFileSync(`${stateFile}.part`, Buffer.concat(parts));
  renameSync(`${stateFile}.part`, stateFile);
}

function restore(): void {
  const bytes = readFileSync(stateFile);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const n = trainer.layout.size;
  if (all.length !== 1 + 3 * n) {
    throw new Error(`${stateFile} is of another model; move it away to start afresh`);
  }
  trainer.weights = all.slice(1, 1 + n);
  muon.state = { step: all[0]!, first: all.slice(1 + n, 1 + 2 * n), second: all.slice(1 + 2 * n) };
  console.log(`going on from step ${all[0]}`);
}
