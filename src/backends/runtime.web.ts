/** ONNX Runtime in the browser: WebGPU or wasm, its files from the page's own origin. */
import webgpuFile from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import wasmFile from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { largestBuffer } from './memoryLimit.web.ts';
import { CodedError } from '../util/codedError.ts';
import {
  type OrtModule,
  openSession,
  type Runtime,
  type GraphSession,
  type SessionOptions,
  explained,
  openingError,
} from 'onnx-lora';

export type BackendChoice = 'auto' | 'webgpu' | 'wasm';

/**
 * `auto` takes WebGPU where the browser has a real adapter, and wasm otherwise: a software adapter
 * is far slower than wasm. Fails with `backend-missing` where the choice can't be had.
 */
export async function webRuntime(choice: BackendChoice): Promise<Runtime> {
  const adapter = choice === 'wasm' ? null : await findAdapter();
  const useGpu =
    choice === 'webgpu' || (choice === 'auto' && adapter !== null && !adapter.info.isFallbackAdapter);
  if (useGpu && !adapter) {
    throw new CodedError('backend-missing', { backend: 'webgpu' }, 'This browser offers no WebGPU adapter.');
  }
  // The build for WebGPU can wait for a GPU anywhere in its code, which costs its processor's kernels up to
  // half of their speed; the other is half as large, too.
  const ort = useGpu ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  // Threads need SharedArrayBuffer, which a host without special headers doesn't give.
  const threads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  ort.env.wasm.wasmPaths = { wasm: useGpu ? webgpuFile : wasmFile };
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = 'error';
  if (useGpu && adapter) {
    const { vendor, architecture, description } = adapter.info;
    return {
      name: `webgpu (${[vendor, architecture].filter(Boolean).join(' ') || description || 'adapter'})`,
      threads,
      hasDeviceMemory: true,
      hasHalf: adapter.features.has('shader-f16'),
      largestTensor: largestBuffer(adapter),
      create: (model, options) => open(ort as unknown as OrtModule, model, 'webgpu', options),
    };
  }
  return {
    name: threads > 1 ? `wasm x ${threads}` : 'wasm',
    threads,
    hasDeviceMemory: false,
    hasHalf: true,
    create: (model, options) => open(ort as unknown as OrtModule, model, 'wasm', options),
  };
}

async function findAdapter(): Promise<GPUAdapter | null> {
  try {
    return (await navigator.gpu?.requestAdapter()) ?? null;
  } catch {
    return null;
  }
}

/**
 * Milliseconds between two looks at what else is to be done. A run on wasm is over without the worker's
 * having heard a message, so that a loop of them would hear "stop" after its last one only.
 */
const LOOK = 50;
let looked = 0;
let looking: Promise<void> | undefined;

/** Lets messages in that came meanwhile, unless that was done just now. */
function letMessagesIn(): Promise<void> | undefined {
  if (performance.now() - looked < LOOK) return;
  looking ??= new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      looked = performance.now();
      looking = undefined;
      resolve();
    };
    port2.postMessage(null);
  });
  return looking;
}

async function open(
  ort: OrtModule,
  model: Uint8Array,
  provider: 'webgpu' | 'wasm',
  options?: SessionOptions,
) {
  try {
    const graph = explained(
      await openSession(ort, model, { executionProviders: [provider] }, options),
      provider,
    );
    return {
      ...graph,
      async run(feeds, fetches) {
        await letMessagesIn();
        return graph.run(feeds, fetches);
      },
      async runKeeping(feeds, fetches) {
        await letMessagesIn();
        return graph.runKeeping(feeds, fetches);
      },
    } satisfies GraphSession;
  } catch (error) {
    throw openingError(error, provider);
  }
}
