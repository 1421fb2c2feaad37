/** Tokens drawn by a graph, on the processor's kernels: which tokens they are. On a GPU: the browser's test. */
import { describe, expect, test } from 'vitest';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { compareDraws, drawingGraph, drawOnGraph } from './graphDraws.ts';
import { LOGITS, plainDistributions } from './plainDraw.ts';

const open = (model: Uint8Array) => nodeRuntime(1).create(model);

describe.each(Object.keys(LOGITS))('%s logits', (kind) => {
  test.each([
    [7, 200],
    [64, 200],
    [500, 200],
    [5000, 60],
  ])('vocabulary of %d: tokens and log-probabilities are those of the processor', async (size, rows) => {
    const { apart, all, error } = await compareDraws(open, [kind], size, rows);
    expect(apart / all).toBeLessThan(1e-4);
    expect(error).toBeLessThan(1e-5);
  });
});

test('without a nucleus, all tokens are drawn from', async () => {
  const random = Random.for(2, 'all');
  const logits = LOGITS.medium!(300, () => random.uniform());
  const uniforms = Array.from({ length: 500 }, () => Math.fround(random.uniform()));
  const session = await open(drawingGraph(300, false, false));
  const { tokens } = await drawOnGraph(session, logits, uniforms, { temperature: 1.3, topP: 1 }, false);
  await session.release();
  const expected = plainDistributions(logits)({ temperature: 1.3, topP: 1 });
  expect(tokens).toEqual(uniforms.map((u) => expected.draw(u)));
});

test.each([NaN, Infinity])('a logit of %d makes the log-probability none', async (wrong) => {
  const session = await open(drawingGraph(300, false));
  const logits = new Float32Array(300).fill(wrong, 100, 101);
  const { logprobs } = await drawOnGraph(session, logits, [0.3], { temperature: 1, topP: 0.9 });
  await session.release();
  expect(Number.isFinite(logprobs[0])).toBe(false);
});
