/** Exported decoders against PyTorch and PEFT: logits, log-probabilities, losses, gradients, three steps, greedy tokens. */
import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../../../packages/onnx-lora/src/train/gradcheck.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { FIXTURES, MORE_FIXTURES } from '../../../fixtures/models/folders.ts';
import { loadFixture } from './fixtures.ts';

/**
 * Half precision rounds to three digits; 4-bit weights are compared on the values that they stand for. Some
 * compute what is cheap a second time, as runs do where memory is short: the numbers are the same.
 */
const CHECKS: [string, number, { recompute: boolean }][] = [
  ['qwen2-optimum-fp32', 1e-5, { recompute: false }],
  ['qwen2-optimum-fp16', 2e-2, { recompute: false }],
  ['qwen2-optimum-q4', 1e-5, { recompute: true }],
  ['qwen2-genai-fp32', 1e-5, { recompute: true }],
  ['qwen2-genai-fp16', 2e-2, { recompute: true }],
  ['llama-genai-int4', 1e-5, { recompute: true }],
  ['qwen2-genai-q4f16', 2e-2, { recompute: false }],
];

const more = MORE_FIXTURES.map((name): (typeof CHECKS)[number] => [
  name,
  /f(p)?16$/.test(name) ? 2e-2 : 1e-5,
  { recompute: true },
]);

describe('reference models', () => {
  test('each that is there is tried', () => {
    expect(CHECKS.map(([name]) => name).sort()).toEqual([...FIXTURES].sort());
  });

  test.each([...CHECKS, ...more])('%s within %d, %o', async (name, tolerance, training) => {
    const { model, tensors, adapter } = await loadFixture(name);
    const { errors, ignored } = await gradcheck({
      runtime: nodeRuntime(1),
      model,
      fixture: tensors,
      adapter,
      training,
    });
    for (const [tensor, error] of errors) expect(error, tensor).toBeLessThan(tolerance);
    expect(errors.get('base.greedy')).toBe(0);
    // Nothing is left out but what goes in.
    expect(ignored.filter((n) => !n.startsWith('param.')).sort()).toEqual([
      'attention_mask',
      'input_ids',
      'weights',
    ]);
  });

  test('numbers of another model do not pass', async () => {
    const { model } = await loadFixture('qwen2-genai-fp32');
    const { tensors, adapter } = await loadFixture('llama-genai-int4');
    const { errors } = await gradcheck({ runtime: nodeRuntime(1), model, fixture: tensors, adapter });
    expect(errors.get('adapter.logits')).toBeGreaterThan(0.1);
  });
});
