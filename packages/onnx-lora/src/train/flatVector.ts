/** Flat vectors in graphs: cut into their parameters, and gradients of parameters joined to one. */
import type { GraphBuilder, Value } from 'onnx-grad';
import type { Layout } from './trainedVector.ts';

/** Most values that a node reads or writes where it may have many: a WebGPU kernel can bind only a few buffers. */
const FAN = 7;

/** The vector in parts of these sizes: in few nodes, whatever their number. */
export function cutVector(b: GraphBuilder, vector: Value, sizes: readonly number[]): Value[] {
  const out: Value[] = [];
  const length = (from: number, to: number) => sizes.slice(from, to).reduce((n, size) => n + size, 0);
  /** Cuts `value`, which holds parts `from` to `to`. */
  const cut = (value: Value, from: number, to: number) => {
    if (to - from === 1) {
      out[from] = value;
      return;
    }
    let step = 1;
    while (step * FAN < to - from) step *= FAN;
    const starts: number[] = [];
    for (let i = from; i < to; i += step) starts.push(i);
    const end = (start: number) => Math.min(start + step, to);
    const widths = b.ints(starts.map((start) => length(start, end(start))));
    b.nodes('Split', [value, widths], { axis: 0 }, starts.length).forEach((part, k) => {
      cut(part, starts[k]!, end(starts[k]!));
    });
  };
  cut(vector, 0, sizes.length);
  return out;
}

/** The parameters of a vector, each of them flat, by their offset. */
export function splitVector(b: GraphBuilder, vector: Value, layout: Layout): Map<number, Value> {
  const starts = layout.parameters.map((p) => layout.offsets.get(p.name)!).sort((x, y) => x - y);
  const parts = cutVector(
    b,
    vector,
    starts.map((start, i) => (starts[i + 1] ?? layout.size) - start),
  );
  return new Map(starts.map((start, i) => [start, parts[i]!]));
}

/** All elements of the values, one value after the other. */
export function joinVectors(b: GraphBuilder, values: readonly Value[]): Value {
  let flat = values.map((v) => b.reshape(v, [-1]));
  while (flat.length > 1) {
    const next: Value[] = [];
    for (let i = 0; i < flat.length; i += FAN) {
      const group = flat.slice(i, i + FAN);
      next.push(group.length > 1 ? b.concat(group, 0) : group[0]!);
    }
    flat = next;
  }
  return flat[0]!;
}

/** `vector` [P] plus the values one after the other, P elements in all. */
export function sumIntoVector(b: GraphBuilder, vector: Value, values: readonly Value[]): Value {
  return b.add(vector, b.assume(joinVectors(b, values), b.shape(vector)));
}
