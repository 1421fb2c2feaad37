/** The runtime's options, for every command that loads a model. */
import { NODE_BACKENDS, nodeRuntime } from '../src/backends/runtime.node.ts';
import type { Runtime } from 'onnx-lora';
import { numberOption, UsageError } from './usage.ts';

export const BACKEND_OPTIONS = {
  threads: { type: 'string', default: '2' },
  backend: { type: 'string', default: 'cpu' },
} as const;

export const BACKEND_USAGE = `  --threads N       of ONNX Runtime; with the shipped model cores, each with rows of its own: how many makes no
                    difference to what comes of it (default 2)
  --backend NAME    cpu (default), or webgpu for this machine's GPU`;

/** Throws `UsageError` for a backend that is none, and for threads that are no number. */
export function runtimeOption(values: { threads: string; backend: string }): Runtime {
  const backend = NODE_BACKENDS.find((name) => name === values.backend);
  if (!backend) {
    throw new UsageError(`--backend takes ${NODE_BACKENDS.join(' or ')}; got "${values.backend}".`);
  }
  return nodeRuntime(numberOption('threads', values.threads, { min: 1 }), backend);
}
