import { expect, test } from 'vitest';
import { runError } from '../../../src/lm/lostDevice.ts';
import { BackendError } from '../../../src/lm/runtime.ts';

test.each([
  'Failed to run: Device was lost: DXGI_ERROR_DEVICE_REMOVED',
  "OperationError: Failed to execute 'mapAsync' on 'GPUBuffer': A valid external Instance reference no longer exists.",
  "Failed to call OrtRun(). buffer_manager.cc:643 map_async_result.status == wgpu::MapAsyncStatus::Success was false. Failed to download data from buffer. Failed to execute 'mapAsync' on 'GPUBuffer': Buffer was unmapped before mapping was resolved.",
])('a lost GPU says that the run goes on where it was stored: %s', (message) => {
  const error = runError(new Error(message), 'webgpu');
  expect(error).toBeInstanceOf(BackendError);
  expect((error as BackendError).advice).toMatch(/resume/);
});

test('memory that ran out names what takes less', () => {
  const error = runError(new Error('std::bad_alloc'), 'wasm');
  expect((error as BackendError).advice).toMatch(/fewer layers/);
});

test('any other error stays as it is', () => {
  const error = new Error('Non-zero status code returned while running MatMul');
  expect(runError(error, 'webgpu')).toBe(error);
});
