/** Exported decoders against PyTorch and PEFT in a real browser, on both of its backends. */
import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../../../packages/onnx-lora/src/train/gradcheck.ts';
import { loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { CONFIG_FILE, readPeft, WEIGHTS_FILE } from '../../../../packages/onnx-lora/src/adapters/peft.ts';
import { httpFiles } from '../../../../packages/onnx-lora/src/repository/repository.ts';
import { webRuntime } from '../../../../src/backends/runtime.web.ts';
import { readSafetensors } from '../../../../packages/onnx-lora/src/adapters/safetensors.ts';
import { numbersOf } from '../../../fixtures/models/numbersOf.ts';

const repository = (name: string) =>
  httpFiles(new URL(`/tests/fixtures/models/${name}/`, location.href).href);

async function check(name: string, backend: 'wasm' | 'webgpu', tolerance: number): Promise<void> {
  const numbers = repository(numbersOf(name));
  const [config, weights, fixture] = await Promise.all([
    numbers.read(`adapter/${CONFIG_FILE}`),
    numbers.read(`adapter/${WEIGHTS_FILE}`),
    numbers.read('fixture.safetensors'),
  ]);
  const { errors } = await gradcheck({
    runtime: await webRuntime(backend),
    model: await loadHubModel(repository(name)),
    fixture: readSafetensors(fixture).tensors,
    adapter: readPeft(new TextDecoder().decode(config), weights),
  });
  for (const [tensor, error] of errors) expect(error, tensor).toBeLessThan(tolerance);
  expect(errors.size).toBe(133);
}

describe('reference models', () => {
  test.each([
    ['qwen2-optimum-fp32', 1e-4],
    ['qwen2-optimum-q4', 1e-3],
    ['qwen2-genai-fp16', 2e-2],
    ['llama-genai-int4', 1e-3],
    ['qwen2-genai-q4f16', 2e-2],
  ])('wasm: %s within %d', (name, tolerance) => check(name, 'wasm', tolerance));

  test.each([
    ['qwen2-optimum-fp32', 1e-5],
    ['llama-genai-int4', 1e-3],
    ['qwen2-genai-q4f16', 2e-2],
  ])('WebGPU: %s within %d', (name, tolerance) => check(name, 'webgpu', tolerance), 240_000);
});
