/** ONNX Runtime on Node: its native CPU provider, or a GPU through WebGPU (Dawn, without a browser). */
import * as ort from 'onnxruntime-node';
import { type OrtModule, openSession, type Runtime, explained, openingError } from 'onnx-lora';

export const NODE_BACKENDS = ['cpu', 'webgpu'] as const;
export type NodeBackend = (typeof NODE_BACKENDS)[number];

/** `threads` 0 lets ONNX Runtime choose (one a physical core). */
export function nodeRuntime(threads = 0, backend: NodeBackend = 'cpu'): Runtime {
  return {
    name: backend,
    threads,
    hasDeviceMemory: backend === 'webgpu',
    hasHalf: true,
    async create(model, options) {
      try {
        const graph = await openSession(
          ort as unknown as OrtModule,
          model,
          {
            executionProviders: [backend],
            ...(threads ? { intraOpNumThreads: threads } : {}),
            writesInto: backend === 'cpu',
          },
          options,
        );
        return explained(graph, backend);
      } catch (error) {
        throw openingError(error, backend);
      }
    },
  };
}
