/** Trainer and AdamW: steps against float64, micro-batches, snapshots. */
import { expect, test } from 'vitest';
import { adamwGraph, adamwScalars } from '../../../packages/onnx-lora/src/train/adamw.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { float32, floats } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { initialWeights } from '../../../packages/onnx-lora/src/train/trainedVector.ts';
import {
  LayoutMismatchError,
  microbatches,
  minibatches,
} from '../../../packages/onnx-lora/src/train/trainer.ts';
import { Trainer } from '../../../src/embedded/decoderTrainer.ts';
import { trainableLayout } from '../../../src/embedded/decoder.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { openTrainer, relativeError } from './backendContract.ts';
import { exampleRows, micro, randomModel } from './referenceDecoder.ts';

const runtime = nodeRuntime(1);
const LORA = { kind: 'lora', rank: 2, alpha: 3 } as const;

interface StepSettings {
  rate: number;
  decay: number[];
  maxNorm: number;
  epsilon: number;
}

interface State {
  weights: number[];
  first: number[];
  second: number[];
}

/** AdamW as Loshchilov and Hutter's algorithm 2 has it, after clipping to the global norm. */
function referenceStep(state: State, gradient: number[], t: number, o: StepSettings): State {
  const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
  const clipped = gradient.map((g) => (norm > o.maxNorm ? (g * o.maxNorm) / norm : g));
  const first = state.first.map((m, i) => 0.9 * m + 0.1 * clipped[i]!);
  const second = state.second.map((v, i) => 0.99 * v + 0.01 * clipped[i]! ** 2);
  const weights = state.weights.map((w, i) => {
    const step = first[i]! / (1 - 0.9 ** t) / (Math.sqrt(second[i]! / (1 - 0.99 ** t)) + o.epsilon);
    return w - o.rate * (step + o.decay[i]! * w);
  });
  return { weights, first, second };
}

async function openStep(size: number, allDecay = false) {
  const session = await runtime.create(adamwGraph(size, { allDecay }));
  const vector = (data: ArrayLike<number>) => float32([size], Float32Array.from(data));
  return async (state: State, gradient: number[], t: number, o: StepSettings) => {
    const out = await session.run({
      weights: vector(state.weights),
      gradient: vector(gradient),
      first: vector(state.first),
      second: vector(state.second),
      ...(allDecay ? {} : { decayed: vector(o.decay.map((d) => d / 2)) }),
      ...adamwScalars(
        {
          learningRate: o.rate,
          weightDecay: allDecay ? o.decay[0]! : 2,
          maxGradNorm: o.maxNorm,
          adamEpsilon: o.epsilon,
        },
        t,
      ),
    });
    return {
      weights: [...floats(out, 'newWeights')],
      first: [...floats(out, 'newFirst')],
      second: [...floats(out, 'newSecond')],
      norm: Math.sqrt(floats(out, 'square')[0]!),
    };
  };
}

test.each([
  ['without clipping', 1e30, 1e-8, false],
  ['with clipping', 0.7, 1e-8, false],
  ['with an epsilon as large as the gradient', 0.7, 0.03, false],
  ['where all weights decay', 0.7, 1e-8, true],
])('ten AdamW steps equal the float64 reference, %s', async (_name, maxNorm, epsilon, allDecay) => {
  const size = 40;
  const step = await openStep(size, allDecay);
  const random = new Random(4);
  const draw = (scale: number) =>
    Array.from({ length: size }, () => Math.fround(scale * (random.uniform() - 0.5)));
  let expected: State = { weights: draw(2), first: new Array(size).fill(0), second: new Array(size).fill(0) };
  let actual = expected;
  const o = {
    rate: 0.01,
    decay: expected.weights.map((_, i) => (allDecay || i % 3 ? 0.1 : 0)),
    maxNorm,
    epsilon,
  };
  for (let t = 1; t <= 10; t++) {
    // Some gradients are tiny or zero: there the epsilon decides.
    const gradient = draw(t % 2 ? 1 : 0.1).map((g, i) => (i === 0 ? 0 : i === 1 ? 1e-8 : g));
    const next = await step(actual, gradient, t, o);
    expect(next.norm).toBeCloseTo(Math.hypot(...gradient), 5);
    actual = next;
    expected = referenceStep(expected, gradient, t, o);
  }
  expect(relativeError(actual.weights, expected.weights)).toBeLessThan(1e-6);
  expect(relativeError(actual.first, expected.first)).toBeLessThan(1e-6);
  expect(relativeError(actual.second, expected.second)).toBeLessThan(1e-6);
});

test('mini-batches are about as large as asked for, all nearly equal, and leave nothing out', () => {
  const order = Array.from({ length: 98 }, (_, i) => (i * 37) % 98);
  const parts = minibatches(order, 32);
  expect(parts.map((part) => part.length)).toEqual([32, 33, 33]);
  expect(parts.flat()).toEqual(order);
  expect(minibatches(order.slice(0, 33), 32).map((part) => part.length)).toEqual([33]);
  expect(minibatches([7], 32)).toEqual([[7]]);
  expect(minibatches(order.slice(0, 3), 1)).toEqual([[0], [37], [74]]);
});

test('one clipped step by hand', async () => {
  // The norm of (3, 4) is 5, so a bound of 1 makes it (0.6, 0.8). The first step's bias corrections undo
  // the decay of both moments: m / c1 = g, v / c2 = g^2, and the step is the gradient's sign.
  const step = await openStep(2);
  const next = await step({ weights: [1, -2], first: [0, 0], second: [0, 0] }, [3, 4], 1, {
    rate: 0.1,
    decay: [0.5, 0],
    maxNorm: 1,
    epsilon: 1e-8,
  });
  expect(next.norm).toBeCloseTo(5, 6);
  expect(next.first[0]).toBeCloseTo(0.06, 7);
  expect(next.first[1]).toBeCloseTo(0.08, 7);
  expect(next.second[0]).toBeCloseTo(0.0036, 8);
  expect(next.second[1]).toBeCloseTo(0.0064, 8);
  expect(next.weights[0]).toBeCloseTo(1 - 0.1 * 1 - 0.1 * 0.5 * 1, 6);
  expect(next.weights[1]).toBeCloseTo(-2 - 0.1, 6);
});

test('microbatches: every row once, similar lengths together, each within the bound', () => {
  const random = new Random(6);
  const lengths = Array.from({ length: 60 }, () => 1 + random.int(100));
  const groups = microbatches(lengths, 300);
  expect(groups.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
  for (const group of groups) {
    expect(group.length * Math.max(...group.map((i) => lengths[i]!))).toBeLessThanOrEqual(300);
  }
  const ends = groups.map((g) => [
    Math.min(...g.map((i) => lengths[i]!)),
    Math.max(...g.map((i) => lengths[i]!)),
  ]);
  for (let i = 1; i < ends.length; i++) expect(ends[i]![0]).toBeGreaterThanOrEqual(ends[i - 1]![1]!);
  // A row longer than the bound still goes through, alone.
  expect(microbatches([10, 500, 20], 100)).toEqual([[0, 2], [1]]);
  expect(microbatches([], 100)).toEqual([]);
});

test('the starting adapter adds nothing and is the same for the same seed only', () => {
  const layout = trainableLayout(micro, LORA);
  const model = randomModel(micro, 1);
  const flat = initialWeights(layout, model, 5);
  expect(initialWeights(layout, model, 5)).toEqual(flat);
  expect(initialWeights(layout, model, 6)).not.toEqual(flat);
  for (const p of layout.parameters) {
    const at = layout.offsets.get(p.name)!;
    const part = flat.subarray(at, at + p.dims[0]! * p.dims[1]!);
    expect(part.every((v) => (p.name.endsWith('lora_B') ? v === 0 : v !== 0))).toBe(true);
  }
  const full = trainableLayout(micro, { kind: 'full' });
  const own = initialWeights(full, model, 5);
  for (const p of full.parameters) {
    const at = full.offsets.get(p.name)!;
    expect(own.subarray(at, at + model.get(p.name)!.length)).toEqual(model.get(p.name));
  }
});

const STEP = { learningRate: 0.01, weightDecay: 0.1, maxGradNorm: 0.5, adamEpsilon: 1e-8 };

test('restored and continued equals never having stopped, bit by bit', async () => {
  const { trainer, model } = openTrainer(runtime, micro, LORA);
  const rows = exampleRows(micro, LORA, model, trainer.weights, 3);
  const train = async (t: Trainer, steps: number) => {
    for (let i = 0; i < steps; i++) {
      await t.accumulate(rows, { clip: 0.2, klWeight: 0.1 });
      await t.apply(STEP);
    }
  };
  await train(trainer, 2);
  const kept = trainer.snapshot();
  const frozen = structuredClone(kept);
  await train(trainer, 3);
  expect(kept, 'a snapshot does not change under its owner').toEqual(frozen);
  expect(trainer.steps).toBe(5);

  const other = new Trainer(runtime, micro, LORA, model, 99);
  await other.accumulate(rows, { clip: 0, klWeight: 0 });
  other.restore(kept);
  expect(other.steps).toBe(2);
  expect(other.accumulated.every((g) => g === 0)).toBe(true);
  await train(other, 3);
  expect(kept, 'a snapshot does not change under the trainer it was given to').toEqual(frozen);
  expect(other.snapshot()).toEqual(trainer.snapshot());
  expect(relativeError(trainer.weights, kept.weights)).toBeGreaterThan(1e-3);
  await trainer.dispose();
  await other.dispose();
});

test('norms are not decayed, matrices are', async () => {
  const { trainer } = openTrainer(runtime, micro, { kind: 'full' });
  const before = trainer.weights.slice();
  // No gradient at all: what moves was moved by the decay.
  await trainer.apply({ learningRate: 0.1, weightDecay: 0.5, maxGradNorm: 1, adamEpsilon: 1e-8 });
  for (const p of trainer.layout.parameters) {
    const at = trainer.layout.offsets.get(p.name)!;
    expect(trainer.weights[at]).toBeCloseTo(before[at]! * (p.dims.length === 1 ? 1 : 0.95), 6);
  }
  await trainer.dispose();
});

test('a snapshot of another model or adapter is refused, and nothing changes', () => {
  const { trainer, model } = openTrainer(runtime, micro, LORA);
  const before = trainer.snapshot();
  const others = [
    new Trainer(runtime, micro, { ...LORA, rank: 3 }, model, 1),
    new Trainer(runtime, micro, { ...LORA, alpha: 1 }, model, 1),
    new Trainer(runtime, micro, { kind: 'full' }, model, 1),
    new Trainer(runtime, { ...micro, layers: 1 }, LORA, randomModel({ ...micro, layers: 1 }, 1), 1),
  ];
  for (const other of others) {
    expect(() => trainer.restore(other.snapshot())).toThrow(LayoutMismatchError);
    expect(() => trainer.restore(other.snapshot())).toThrow(other.layout.id);
  }
  const cut = { ...before, secondMoment: before.secondMoment.slice(1) };
  expect(() => trainer.restore(cut)).toThrow(LayoutMismatchError);
  expect(trainer.snapshot()).toEqual(before);
});

test('a step on a gradient that is not finite is not taken', async () => {
  const { trainer } = openTrainer(runtime, micro, LORA);
  const before = trainer.snapshot();
  await trainer.accumulate([{ tokens: [1, 2, 3], weight: [1, 1], advantage: Number.NaN }], {
    clip: 0,
    klWeight: 0,
  });
  await expect(trainer.apply(STEP)).rejects.toThrow(/not finite/);
  expect(trainer.snapshot()).toEqual(before);
  // And the bad gradient is gone.
  await trainer.accumulate([{ tokens: [1, 2, 3], weight: [1, 1], advantage: 1 }], { clip: 0, klWeight: 0 });
  expect(await trainer.apply(STEP)).toBeGreaterThan(0);
  await trainer.dispose();
});

test('a sequence longer than the context is refused with both lengths', async () => {
  const { trainer } = openTrainer(runtime, micro, LORA);
  const tokens = new Array(65).fill(1);
  await expect(trainer.score([tokens])).rejects.toThrow(/65 tokens.*context of 64/);
  expect((await trainer.score([tokens.slice(1)]))[0]!.length).toBe(63);
  await trainer.dispose();
});

test('after dispose the next call opens its sessions anew', async () => {
  const { trainer } = openTrainer(runtime, micro, LORA);
  const first = await trainer.score([[1, 2, 3]]);
  await trainer.dispose();
  expect(await trainer.score([[1, 2, 3]])).toEqual(first);
  await trainer.dispose();
});
