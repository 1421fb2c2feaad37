/** ONNX Runtime on Node: the native CPU provider. */
import * as ort from 'onnxruntime-node';
import { type OrtModule, openSession, type Runtime } from './runtime.ts';

/** `threads` 0 lets ONNX Runtime choose (one a physical core). */
export function nodeRuntime(threads = 0): Runtime {
  return {
    name: 'cpu',
    threads,
    create: (model, options) =>
      openSession(
        ort as unknown as OrtModule,
        model,
        { executionProviders: ['cpu'], ...(threads ? { intraOpNumThreads: threads } : {}) },
        options,
      ),
  };
}
