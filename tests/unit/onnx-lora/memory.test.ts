import { readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  checkFits,
  downloadBytes,
  estimateMemory,
  estimateWithin,
  ModelTooBigError,
  parameterCount,
} from '../../../packages/onnx-lora/src/model/memory.ts';
import { decoderNumbers } from '../../../packages/onnx-lora/src/model/decoderNumbers.ts';
import { PRESETS } from '../../../src/local/presets.ts';
import { lacksShared, needs, sharedFolder, SMOLLM2 } from '../shared.ts';

const preset = (part: string) => PRESETS.find((p) => p.id.includes(part))!;

test.each([
  // Sizes that the Hub shows for the repositories' files, in bytes, and weights as their cards say.
  ['Coder-0.5B', 0.49e9, { q4: 862e6, q4f16: 555e6, q8: 639e6, fp16: 1.26e9, fp32: 2.53e9 }],
  ['Coder-1.5B', 1.54e9, { q4: 1.92e9, q4f16: 1.34e9, q8: 1.8e9, fp16: 3.56e9, fp32: 7.13e9 }],
  ['Llama-3.2-1B', 1.24e9, { q4f16: 1.24e9 }],
] as const)('%s is as large as the Hub says', (name, parameters, files) => {
  const { size } = preset(name);
  expect(Math.abs(parameterCount(size) / parameters - 1)).toBeLessThan(0.02);
  for (const [dtype, bytes] of Object.entries(files)) {
    const estimate = downloadBytes(size, dtype as keyof typeof files);
    expect(Math.abs(estimate / bytes - 1), `${dtype}: ${estimate}`).toBeLessThan(0.03);
  }
});

const plan = { rank: 8, adaptedLayers: 24, microbatchTokens: 2048, rows: 32, rowTokens: 640 };

test('what grows with what', () => {
  const { size } = preset('Coder-0.5B');
  const base = estimateMemory(size, 'q4', plan);
  const more = (change: Partial<typeof plan>) => estimateMemory(size, 'q4', { ...plan, ...change });
  expect(more({ adaptedLayers: 6 }).training).toBeLessThan(base.training / 2);
  expect(more({ rank: 16 }).adapter).toBe(base.adapter * 2);
  expect(more({ rows: 16 }).sampling).toBeLessThan(base.sampling);
  // The sampler takes so many rows at a time, however many there are.
  expect(more({ rows: 1000 }).sampling).toBe(more({ rows: 64 }).sampling);
  // A row is never cut: a longer one than a pass should have is one by itself.
  expect(more({ microbatchTokens: 64 }).training).toBe(more({ microbatchTokens: 640 }).training);
  expect(more({ microbatchTokens: 4096 }).total).toBeGreaterThan(base.total);
  expect(base.total).toBeGreaterThan(base.download);
});

test('what is widened is downloaded as it is stored, and held as it is read', () => {
  const { size } = preset('Coder-0.5B');
  const [bnb4, fp32] = [estimateMemory(size, 'bnb4', plan), estimateMemory(size, 'fp32', plan)];
  expect(bnb4.download).toBeLessThan(fp32.download / 2);
  expect(bnb4.total).toBe(fp32.total);
  // Of two bytes an element there, on a GPU that reads no half precision: four, and four here.
  const table = size.vocabulary * size.width;
  const [half, single] = [true, false].map((half) => estimateMemory(size, 'q4f16', { ...plan, half }));
  expect(single!.weights - half!.weights).toBeCloseTo(6 * table, 0);
  expect(single!.download).toBe(half!.download);
});

test('values are computed a second time where they would not fit otherwise, then rows are as short as answers', () => {
  const { size } = preset('Coder-0.5B');
  const wide = { ...plan, rowTokens: 960, sharedTokens: 1440 };
  const ample = estimateMemory(size, 'q4', wide);
  expect(estimateWithin(size, 'q4', wide, ample.total)).toEqual(ample);
  const short = estimateWithin(size, 'q4', wide, ample.total - 1);
  expect(short).toMatchObject({ recompute: true, sampling: ample.sampling, weights: ample.weights });
  expect(short.training).toBeLessThan(ample.training / 2);
  expect(short.sharedTokens).toBe(1440);
  const shorter = estimateWithin(size, 'q4', wide, short.total - 1);
  expect(shorter.sharedTokens).toBe(960);
  expect(shorter.training).toBeLessThan(ample.training);
  const least = estimateWithin(size, 'q4', wide, 0);
  expect(least).toEqual(estimateMemory(size, 'q4', { ...wide, sharedTokens: 0, recompute: true }));
});

test('what does not fit is refused with the numbers', () => {
  const estimate = estimateMemory(preset('Coder-1.5B').size, 'fp32', plan);
  expect(() => checkFits('Qwen', estimate, 4e9)).toThrow(ModelTooBigError);
  expect(() => checkFits('Qwen', estimate, 4e9)).toThrow(
    /^Qwen needs about \d+\.\d GB \(weights 20\.\d, .* and 4\.0 GB are allowed$/,
  );
  checkFits('Qwen', estimate, estimate.total);
});

test.skipIf(lacksShared(SMOLLM2))(
  needs(SMOLLM2, "a repository's config.json says the same as the preset"),
  () => {
    const folder = sharedFolder + SMOLLM2;
    const config = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8'));
    expect(decoderNumbers(config).size).toEqual(preset('SmolLM2-135M').size);
    // This one shares its fp16 embedding with the head.
    const { size } = preset('SmolLM2-135M');
    const shared = parameterCount(size) - size.vocabulary * size.width;
    const file = statSync(`${folder}/onnx/model_q4.onnx_data`).size;
    expect(shared * 0.625 + size.vocabulary * size.width * 2).toBeGreaterThan(file * 0.97);
    expect(downloadBytes(size, 'q4')).toBeGreaterThan(file);
  },
);

test.each([
  // Bytes resident at most, by `npx tsx bench/memory.ts --rows 4 --length 128` (docs/smollm2.md).
  ['SmolLM2-135M', { sample: 0.94e9, train: 2.24e9, turns: 2.38e9 }],
  ['Coder-0.5B', { sample: 1.65e9, train: 4.73e9 }],
] as const)('%s took no more than is estimated, and not much less', (name, measured) => {
  const { size } = preset(name);
  const { total } = estimateMemory(size, 'q4', {
    ...{ rank: 8, adaptedLayers: size.layers },
    ...{ microbatchTokens: 512, rows: 4, rowTokens: 128 },
  });
  const most = Math.max(...Object.values(measured));
  expect(total).toBeGreaterThan(most);
  expect(total).toBeLessThan(1.4 * most);
});

test.each([
  // Bytes resident at most, by `npx tsx bench/memory.ts --phases sample --rows 4 --length N` (docs/smollm2.md).
  [128, 0.98e9],
  [708, 1.48e9],
])(
  'sampling with SmolLM2 after 4 prompts, rows of %d tokens, took no more than is estimated, and not much less',
  (rowTokens, measured) => {
    const { size } = preset('SmolLM2-135M');
    const { weights, adapter, sampling } = estimateMemory(size, 'q4', {
      ...{ rank: 8, adaptedLayers: size.layers, microbatchTokens: 512 },
      ...{ rows: 4, prompts: 4, rowTokens, answerTokens: 4 },
    });
    const estimate = weights + adapter + sampling;
    expect(estimate).toBeGreaterThan(measured);
    expect(estimate).toBeLessThan(1.25 * measured);
  },
);
