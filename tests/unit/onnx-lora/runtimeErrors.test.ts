import { expect, test } from 'vitest';
import { openingError, runError } from '../../../packages/onnx-lora/src/runtime/runtimeErrors.ts';

test.each([
  'Failed to run: Device was lost: DXGI_ERROR_DEVICE_REMOVED',
  "OperationError: Failed to execute 'mapAsync' on 'GPUBuffer': A valid external Instance reference no longer exists.",
  "Failed to call OrtRun(). buffer_manager.cc:643 map_async_result.status == wgpu::MapAsyncStatus::Success was false. Failed to download data from buffer. Failed to execute 'mapAsync' on 'GPUBuffer': Buffer was unmapped before mapping was resolved.",
])('a lost GPU: %s', (message) => {
  const cause = new Error(message);
  expect(runError(cause, 'webgpu')).toMatchObject({ code: 'gpu-lost', cause });
});

test.each(['std::bad_alloc', "TypeError: Cannot read 'x': out of memory", 'RuntimeError: OOM'])(
  'memory that ran out: %s',
  (message) => {
    expect(runError(new Error(message), 'wasm')).toMatchObject({
      code: 'memory-full',
      data: { backend: 'wasm' },
    });
  },
);

test.each(['Non-zero status code returned while running MatMul', 'no such ROOM'])(
  'any other error stays as it is: %s',
  (message) => {
    const error = new Error(message);
    expect(runError(error, 'webgpu')).toBe(error);
  },
);

test('a graph that could not be opened is told with the words of ONNX Runtime', () => {
  expect(openingError(new Error('Load model failed: Invalid protobuf.\n'), 'cpu')).toMatchObject({
    code: 'backend-failed',
    data: { backend: 'cpu' },
    message: 'ONNX Runtime could not prepare the model on cpu: Load model failed: Invalid protobuf.',
  });
});
