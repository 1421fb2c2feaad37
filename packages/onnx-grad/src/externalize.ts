/** Splits a model for a session into a small file of its graph and the buffers that its weights are in. */
import type { Constant, Model } from './model.ts';
import { writeModel } from './proto.ts';

/** A buffer that a session reads weights from, and the file name that the graph has for it. */
export interface ExternalFile {
  path: string;
  data: Uint8Array;
}

export interface SplitModel {
  graph: Uint8Array;
  files: ExternalFile[];
}

/** Constants of fewer bytes stay in the graph's file: the runtime reads sizes and scalars when it opens a session. */
const INLINE = 1024;

/**
 * Copies no weights: a weight is named by its place in the buffer that it is a view of, so that several graphs
 * over the same weights share one copy in JavaScript.
 */
export function externalize(model: Model): SplitModel {
  const paths = new Map<ArrayBufferLike, ExternalFile>();
  const initializers = new Map<string, Constant>();
  for (const [name, constant] of model.graph.initializers) {
    const { bytes, dtype, dims } = constant;
    if (!bytes || bytes.length < INLINE) {
      initializers.set(name, constant);
      continue;
    }
    let file = paths.get(bytes.buffer);
    if (!file) {
      file = { path: `weights-${paths.size}`, data: new Uint8Array(bytes.buffer) };
      paths.set(bytes.buffer, file);
    }
    const external = { location: file.path, offset: bytes.byteOffset, length: bytes.length };
    initializers.set(name, { dtype, dims, external });
  }
  return {
    graph: writeModel({ ...model, graph: { ...model.graph, initializers } }),
    files: [...paths.values()],
  };
}
