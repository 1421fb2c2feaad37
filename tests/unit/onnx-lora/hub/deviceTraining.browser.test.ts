/** Training that stays on a GPU: the same numbers as on the processor, and what comes back from there. */
import { describe, expect, test } from 'vitest';
import type { HubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { httpFiles } from '../../../../packages/onnx-lora/src/repository/repository.ts';
import type { Runtime } from '../../../../packages/onnx-lora/src/runtime/runtime.ts';
import { hubTrainable } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import { sequenceOf, VectorTrainer } from '../../../../packages/onnx-lora/src/train/trainer.ts';
import { HubSampler } from '../../../../packages/onnx-lora/src/sample/hubSampler.ts';
import { Random } from '../../../../packages/onnx-lora/src/random.ts';
import { webRuntime } from '../../../../src/backends/runtime.web.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';

const STEP = { learningRate: 1e-3, weightDecay: 0.01, maxGradNorm: 0.5, adamEpsilon: 1e-6 };
const random = new Random(5);
const tokens = (n: number) => Array.from({ length: n }, () => random.int(500));
const prompt = tokens(14);
const rows = [5, 8, 3, 6].map((length, i) => {
  const all = [...prompt, ...tokens(length)];
  const plane = (value: number) => all.slice(1).map((_, t) => (t < prompt.length - 1 ? 0 : value));
  return { tokens: all, weight: plane(0.2), advantage: i % 2 ? 1 : -1, old: plane(-6), reference: plane(-6) };
});

/** A runtime that counts the bytes of what runs give back here. */
function counting(runtime: Runtime): { runtime: Runtime; back: { bytes: number } } {
  const back = { bytes: 0 };
  return {
    back,
    runtime: {
      ...runtime,
      async create(model, options) {
        const session = await runtime.create(model, options);
        const runKeeping: typeof session.runKeeping = async (feeds, fetches) => {
          const result = await session.runKeeping(feeds, fetches);
          for (const { data } of Object.values(result.outputs)) back.bytes += data.byteLength;
          return result;
        };
        return {
          ...session,
          runKeeping,
          run: async (feeds, fetches) => (await runKeeping(feeds, fetches)).outputs,
        };
      },
    },
  };
}

async function train(runtime: Runtime, model: HubModel) {
  const counted = counting(runtime);
  const plan = planLayers(model, { kind: 'lora', rank: 4, alpha: 8 });
  const trainer = new VectorTrainer(counted.runtime, hubTrainable(model, plan, { sharedTokens: 64 }), 3);
  trainer.weights = trainer.weights.map((w, i) => w + 0.02 * Math.sin(i));
  const start = trainer.mark();
  const norms: number[] = [];
  const step = async () => {
    for (const pass of trainer.passes(rows.map(sequenceOf), 24)) {
      await trainer.accumulate(
        pass.sequences.map((i) => rows[i]!),
        { clip: 0.2, klWeight: 0.1 },
        pass.rows,
      );
    }
    norms.push(await trainer.apply(STEP));
  };
  await step();
  counted.back.bytes = 0;
  await step();
  const bytes = counted.back.bytes;
  const moved = await trainer.movedSince(start);
  const there = await trainer.deviceWeights();
  await trainer.fetch();
  const after = trainer.snapshot();
  // What is sampled with the device's own vector.
  const sampler = new HubSampler(runtime, model, plan);
  const request = [{ tokens: prompt, samples: 1, maxTokens: 8 }];
  const greedy = { temperature: 0, topP: 1, seed: 1, stop: new Set<number>() };
  const [fromHost] = await sampler.sample(after.weights, request, greedy);
  const [fromDevice] = await sampler.sample(there ?? after.weights, request, greedy);
  await sampler.dispose();
  // Sessions end, and what they made goes on in new ones.
  await trainer.dispose();
  await step();
  await trainer.fetch();
  const third = trainer.weights.slice();
  trainer.goBack(start);
  const back = trainer.weights.slice();
  const begun = await start.weights.read();
  start.release();
  await trainer.dispose();
  return {
    norms,
    bytes,
    moved,
    after,
    third,
    back,
    begun,
    size: plan.layout.size,
    fromHost,
    fromDevice,
    there,
  };
}

const distance = (a: Float32Array, b: Float32Array) => {
  const largest = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0) / largest;
};

describe('reference models', () => {
  test('WebGPU: two steps on the device, ended and gone on with, equal those on the processor', async () => {
    const files = httpFiles(new URL('/tests/fixtures/models/qwen2-genai-fp32/', location.href).href);
    const model = await loadHubModel(files);
    const here = await train(await webRuntime('wasm'), model);
    const there = await train(await webRuntime('webgpu'), model);
    expect(here.there).toBeUndefined();
    expect(there.there).toBeDefined();
    there.norms.forEach((norm, i) => {
      expect(Math.abs(norm / here.norms[i]! - 1)).toBeLessThan(1e-4);
    });
    expect(Math.abs(there.moved / here.moved - 1)).toBeLessThan(1e-3);
    expect(distance(there.after.firstMoment, here.after.firstMoment)).toBeLessThan(1e-4);
    expect(distance(there.after.secondMoment, here.after.secondMoment)).toBeLessThan(1e-4);
    expect(distance(there.after.weights, here.after.weights)).toBeLessThan(1e-3);
    expect(distance(there.third, here.third)).toBeLessThan(1e-3);
    expect(there.back).toEqual(there.begun);
    expect(there.fromDevice).toEqual(there.fromHost);
    // On the processor the vector comes out of each run; from the device come statistics only.
    expect(here.bytes).toBeGreaterThan(4 * 4 * here.size);
    expect(there.bytes).toBeLessThan(4 * rows.reduce((n, row) => n + row.tokens.length, 0) + 4);
  }, 240_000);
});
