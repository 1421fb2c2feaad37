/** The decoder's graphs and the sampler in a real browser, on both of its backends. */
import { describe, expect, test } from 'vitest';
import { webRuntime } from '../../../src/backends/runtime.web.ts';
import { backendContract } from './backendContract.ts';

describe('wasm', () => {
  backendContract(() => webRuntime('wasm'));
});

describe('WebGPU', () => {
  test('runs on the adapter it names', async () => {
    expect((await webRuntime('webgpu')).name).toMatch(/^webgpu \(.+\)/);
  });
  backendContract(() => webRuntime('webgpu'));
});
