/** Exported decoders against PyTorch and PEFT in a real browser, on both of its backends. */
import { describe, expect, inject, test } from 'vitest';
import { gradcheck } from '../../../../packages/onnx-lora/src/train/gradcheck.ts';
import { loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { CONFIG_FILE, readPeft, WEIGHTS_FILE } from '../../../../packages/onnx-lora/src/adapters/peft.ts';
import { httpFiles } from '../../../../packages/onnx-lora/src/repository/repository.ts';
import { webRuntime } from '../../../../src/backends/runtime.web.ts';
import { readSafetensors } from '../../../../packages/onnx-lora/src/adapters/safetensors.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the reference models on this machine; empty where there is none. */
    fixtures: string;
  }
}
const folder = inject('fixtures');

async function check(name: string, backend: 'wasm' | 'webgpu', tolerance: number): Promise<void> {
  const files = httpFiles(new URL(`/@fs${folder}/${name}/`, location.href).href);
  const [config, weights, fixture] = await Promise.all([
    files.read(`adapter/${CONFIG_FILE}`),
    files.read(`adapter/${WEIGHTS_FILE}`),
    files.read('fixture.safetensors'),
  ]);
  const { errors } = await gradcheck({
    runtime: await webRuntime(backend),
    model: await loadHubModel(files),
    fixture: readSafetensors(fixture).tensors,
    adapter: readPeft(new TextDecoder().decode(config), weights),
  });
  for (const [tensor, error] of errors) expect(error, tensor).toBeLessThan(tolerance);
  expect(errors.size).toBe(91);
}

describe.skipIf(!folder)('reference models beside the project (../shared/fixtures)', () => {
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
