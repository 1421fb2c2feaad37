/** Splits a model for a session: its graph as a small file, and its weights where they already lie. */
import type { Constant, Model } from './model.ts';
import { writeModel } from './proto.ts';

/** Bytes that a session reads weights from, under the name that the graph has for them. */
export interface ExternalFile {
  path: string;
  data: Uint8Array;
}

export interface SplitModel {
  graph: Uint8Array;
  files: ExternalFile[];
}

/** Smaller ones stay in the graph's file: sizes and scalars that the runtime wants to see. */
const INLINE = 1024;

/**
 * Weights are not copied: those that view a buffer are named by their place in it, so that a graph and
 * a second one over the same weights cost one copy in JavaScript.
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
