/** ONNX Runtime on Node: its native CPU provider, or a GPU through WebGPU (Dawn, without a browser). */
import * as ort from 'onnxruntime-node';
import { BackendError, type OrtModule, openSession, type Runtime } from './runtime.ts';

export const NODE_BACKENDS = ['cpu', 'webgpu'] as const;
export type NodeBackend = (typeof NODE_BACKENDS)[number];

/** `threads` 0 lets ONNX Runtime choose (one a physical core). Fails with `BackendError` where no GPU is found. */
export function nodeRuntime(threads = 0, backend: NodeBackend = 'cpu'): Runtime {
  return {
    name: backend,
    threads,
    hasDeviceMemory: backend === 'webgpu',
    hasHalf: true,
    async create(model, options) {
      try {
        return await openSession(
          ort as unknown as OrtModule,
          model,
          {
            executionProviders: [backend],
            ...(threads ? { intraOpNumThreads: threads } : {}),
            writesInto: backend === 'cpu',
          },
          options,
        );
      } catch (error) {
        if (backend === 'cpu') throw error;
        const message = error instanceof Error ? error.message : String(error);
        throw new BackendError(
          `ONNX Runtime could not prepare the model on webgpu: ${message.trim()}`,
          'Choose the backend cpu, or install what your GPU needs (on Linux its Vulkan driver and libvulkan1).',
          { cause: error },
        );
      }
    },
  };
}
