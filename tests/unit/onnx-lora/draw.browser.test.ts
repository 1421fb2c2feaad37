/** Tokens drawn from a distribution that wasm's kernels gave: they treat what is not finite as they please. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder, writeModel } from '../../../packages/onnx-grad/src/index.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { float32, scalar } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { openRows } from '../../../packages/onnx-lora/src/sample/sampleRows.ts';
import {
  outputDistribution,
  sharpness,
  TokenPicker,
} from '../../../packages/onnx-lora/src/sample/tokenPicker.ts';
import { webRuntime } from '../../../src/backends/runtime.web.ts';
import { LOGITS, type PlainDraw, plainDistributions } from './plainDraw.ts';

async function drawMany(logits: Float32Array, setting: PlainDraw, count: number) {
  const b = new GraphBuilder('draw');
  outputDistribution(b, b.input('logits', 'float32', ['rows', logits.length]));
  const session = await (await webRuntime('wasm')).create(writeModel(b.model));
  const options = { ...setting, seed: 3, stop: new Set<number>() };
  const feeds = { logits: float32([1, logits.length], logits), sharpness: scalar(sharpness(options)) };
  const picker = new TokenPicker(await session.run(feeds), logits.length, options);
  await session.release();
  const open = () => openRows([{ tokens: [0], samples: 1, maxTokens: count }], count + 1, options.seed)[0]!;
  const [row, again] = [open(), open()];
  for (let i = 0; i < count; i++) picker.pick(row, 0);
  return { row, uniforms: row.tokens.map(() => again.random.uniform()) };
}

// 10,007 is prime: sums in two steps need it padded.
describe('wasm', () => {
  test.each(['sharp', 'medium', 'masked', 'tied'])('%s logits: as defined', async (kind) => {
    const random = Random.for(4, kind);
    const logits = LOGITS[kind]!(10_007, () => random.uniform());
    const setting = { temperature: 0.6, topP: 0.9013 };
    const { row, uniforms } = await drawMany(logits, setting, 1000);
    const expected = plainDistributions(logits)(setting);
    expect(row.tokens).toEqual(uniforms.map((u) => expected.draw(u)));
    for (const [i, logprob] of row.logprobs.entries()) {
      expect(Math.abs(logprob - expected.logprobs[row.tokens[i]!]!)).toBeLessThan(1e-5);
    }
  });

  test.each([NaN, Infinity])('a logit of %d is told of', async (wrong) => {
    const logits = new Float32Array(9001).fill(wrong, 4000, 4001);
    for (const setting of [
      { temperature: 0, topP: 1 },
      { temperature: 1, topP: 1 },
      { temperature: 0.6, topP: 0.9 },
    ]) {
      await expect(drawMany(logits, setting, 2)).rejects.toMatchObject({ code: 'diverged' });
    }
  });
});
