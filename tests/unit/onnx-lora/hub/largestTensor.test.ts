/** A device whose tensors are small: tables and heads in blocks, with the numbers of PyTorch and PEFT all the same. */
import { describe, expect, test } from 'vitest';
import { constantBytes, readModel } from '../../../../packages/onnx-grad/src/index.ts';
import { gradcheck } from '../../../../packages/onnx-lora/src/train/gradcheck.ts';
import type { Runtime } from '../../../../packages/onnx-lora/src/runtime/runtime.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { loadFixture } from './fixtures.ts';

/** Notes the largest weight of the graphs that are opened, in bytes. */
function watched(): { runtime: Runtime; largest: () => number } {
  const inner = nodeRuntime(1);
  let largest = 0;
  return {
    runtime: {
      ...inner,
      create(bytes, options) {
        for (const constant of readModel(bytes).graph.initializers.values())
          largest = Math.max(largest, constantBytes(constant));
        return inner.create(bytes, options);
      },
    },
    largest: () => largest,
  };
}

describe('reference models', () => {
  test.each([
    // Plain products, and a table that is the head too; a table in half precision; a quantized head.
    ['qwen2-optimum-fp32', 1e-4],
    ['qwen2-genai-fp16', 2e-2],
    ['llama-genai-int4', 1e-3],
    ['qwen2-optimum-q4', 1e-3],
  ])('%s', async (name, tolerance) => {
    const { model, tensors, adapter } = await loadFixture(name);
    const [free, bound] = [watched(), watched()];
    const check = (runtime: Runtime, largestTensor?: number) =>
      gradcheck({
        runtime,
        model: { ...model, ...(largestTensor && { largestTensor }) },
        fixture: tensors,
        adapter,
      });
    await check(free.runtime);
    const largestTensor = Math.floor(free.largest() / 2.5);
    const { errors } = await check(bound.runtime, largestTensor);
    expect(errors.size).toBeGreaterThan(20);
    for (const [tensor, error] of errors) expect(error, tensor).toBeLessThan(tolerance);
    // In the fixtures the vocabulary is what is large.
    expect(bound.largest()).toBeLessThanOrEqual(largestTensor);
  });
});
