/** Tokens drawn on a GPU, all of it on its own kernels, against those that the processor draws. */
import { expect, test } from 'vitest';
import { type OrtModule, openSession } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { webRuntime } from '../../../src/backends/runtime.web.ts';
import { compareDraws } from './graphDraws.ts';

/** A session on WebGPU that cannot be opened where a node would run on the processor. */
async function open(model: Uint8Array) {
  // Sets up the module's files.
  await webRuntime('webgpu');
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as OrtModule;
  return openSession(ort, model, {
    executionProviders: ['webgpu'],
    extra: { session: { disable_cpu_ep_fallback: '1' } },
  });
}

test('tokens and log-probabilities are those of the processor, and nothing runs there', async () => {
  const few = await compareDraws(open, ['sharp', 'medium', 'tied', 'masked', 'one-hot'], 500, 100);
  expect(few.apart / few.all).toBeLessThan(1e-4);
  expect(few.error).toBeLessThan(1e-5);
}, 240_000);

test('a large vocabulary', async () => {
  const many = await compareDraws(open, ['sharp', 'sorted'], 50_000, 4);
  expect(many.apart).toBe(0);
  expect(many.error).toBeLessThan(1e-5);
}, 240_000);
