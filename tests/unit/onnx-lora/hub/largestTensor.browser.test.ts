/** A GPU that binds 128 MB at most, or 1 GB: a table of more, which is the head too, gives the processor's numbers. */
import { GraphBuilder, writeModel } from 'onnx-grad';
import { afterEach, expect, test } from 'vitest';
import { int64, floats, loadHubModel, type RepositoryFiles, type Runtime } from 'onnx-lora';
import { forwardGraph } from '../../../../packages/onnx-lora/src/model/hubGraph.ts';
import { openModel } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import { webRuntime } from '../../../../src/backends/runtime.web.ts';

const MB = 2 ** 20;
/** The least that a device has, whatever is asked for. */
const LEAST_BUFFER = 256 * MB;

const { requestAdapter } = GPU.prototype;
const { createBuffer } = GPUDevice.prototype;
afterEach(() => {
  GPU.prototype.requestAdapter = requestAdapter;
  GPUDevice.prototype.createBuffer = createBuffer;
});

/** Bytes of the largest buffer that is made from now on. */
function watchBuffers(): () => number {
  let largest = 0;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    largest = Math.max(largest, descriptor.size);
    return createBuffer.call(this, descriptor);
  };
  return () => largest;
}

/** From now on adapters offer buffers of no more than this, as those of small GPUs do. */
function offer(bytes: number): void {
  const offered: Record<string, number> = {
    maxStorageBufferBindingSize: bytes,
    maxBufferSize: Math.max(bytes, LEAST_BUFFER),
  };
  GPU.prototype.requestAdapter = async function (options) {
    const adapter = await requestAdapter.call(this, options);
    if (!adapter) return null;
    const limits = new Proxy(adapter.limits, {
      get: (target, name) => offered[String(name)] ?? Reflect.get(target, name, target),
    });
    Object.defineProperty(adapter, 'limits', { value: limits });
    return adapter;
  };
}

const [ROWS, WIDTH] = [9000, 4096];

/** A model that is nothing but a table, 147 MB, and a head that is the same. */
function repository(): RepositoryFiles {
  const table = new Float32Array(ROWS * WIDTH);
  for (let i = 0; i < table.length; i++) table[i] = ((Math.imul(i, 2654435761) >>> 8) / 2 ** 24 - 0.5) / 8;
  const b = new GraphBuilder('table');
  const ids = b.input('input_ids', 'int64', ['batch', 'sequence']);
  const weight = b.initializer('embed', {
    dtype: 'float32',
    dims: [ROWS, WIDTH],
    bytes: new Uint8Array(table.buffer),
  });
  const states = b.node('Gather', [weight, ids], { axis: 0 });
  b.output('logits', b.matmul(b.mul(states, b.scalar(3)), b.swap(weight)));
  const graph = writeModel(b.model);
  const config = { model_type: 'llama', vocab_size: ROWS, hidden_size: WIDTH };
  return {
    read: async (path) => (path === 'config.json' ? new TextEncoder().encode(JSON.stringify(config)) : graph),
  };
}

const loaded = ({ largestTensor }: Runtime) => loadHubModel(repository(), { largestTensor });

test('a table below the limit of the device stays whole', async () => {
  offer(1024 * MB);
  const gpu = await webRuntime('webgpu');
  expect(gpu.largestTensor).toBe(1024 * MB);
  const { graph } = forwardGraph(await loaded(gpu), undefined);
  expect([...graph.initializers.values()].map((c) => c.dims)).toContainEqual([ROWS, WIDTH]);
});

// A processor that plays GPU and is shared with other work takes its time.
test('a table above the limit of the device is cut', { timeout: 400_000 }, async () => {
  offer(128 * MB);
  const largestBuffer = watchBuffers();
  const tokens = BigInt64Array.of(0n, 1n, 4499n, 4500n, 7000n, 8999n);
  const logits = async (runtime: Runtime) => {
    const session = await openModel(runtime, forwardGraph(await loaded(runtime), undefined));
    const outputs = await session.run({ input_ids: int64([2, 3], tokens) });
    await session.release();
    expect(outputs.logits!.dims).toEqual([2, 3, ROWS]);
    return floats(outputs, 'logits');
  };
  const gpu = await webRuntime('webgpu');
  expect(gpu.largestTensor).toBe(128 * MB);
  const there = await logits(gpu);
  expect(largestBuffer()).toBeGreaterThan(ROWS * WIDTH);
  expect(largestBuffer()).toBeLessThanOrEqual(128 * MB);
  const { env } = await import('onnxruntime-web/webgpu');
  expect((await env.webgpu.device).limits.maxStorageBufferBindingSize).toBe(128 * MB);
  const here = await logits(await webRuntime('wasm'));
  let [largest, off] = [0, 0];
  here.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    off = Math.max(off, Math.abs(value - there[i]!));
  });
  expect(largest).toBeGreaterThan(0.5);
  expect(off / largest).toBeLessThan(1e-5);
});
