/** Whether a chain of nodes that move elements brings cached heads to the query heads that share them. */
import type { Dim, GraphBuilder, Node, Value } from 'onnx-grad';

/** Operators that move elements or repeat them, and compute nothing. */
export const VIEWS = new Set(['Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Expand', 'Identity']);

interface Places {
  dims: number[];
  /** Where each element comes from. */
  from: number[];
}

/**
 * Whether `way` leads from a cached tensor [rows, heads, tokens, width] to what attention multiplies by:
 * [rows, query heads, width, tokens] for keys, [rows, query heads, tokens, width] for values, each query head
 * with the key/value head that it shares with its neighbours. Tried on numbered elements, so that it does
 * not matter how an exporter writes it.
 */
export function leadsTo(
  b: GraphBuilder,
  start: Value,
  way: readonly Node[],
  what: 'keys' | 'values',
): boolean {
  const dims = b.shape(start).map(sizeOf);
  const [rows, heads, tokens, width] = dims as [number, number, number, number];
  if (dims.some((d) => d === undefined)) return false;
  const count = rows * heads * tokens * width;
  let at: Places = { dims: dims as number[], from: Array.from({ length: count }, (_, i) => i) };
  for (const node of way) {
    const next = move(b, node, at);
    if (!next) return false;
    at = next;
  }
  const [r, queries, x, y] = at.dims;
  if (at.dims.length !== 4 || r !== rows || queries! % heads !== 0) return false;
  if ((what === 'keys' ? [x, y] : [y, x]).join() !== [width, tokens].join()) return false;
  const group = queries! / heads;
  return at.from.every((from, i) => {
    const [inner, outer] = [i % y!, Math.floor(i / y!)];
    const [middle, head] = [outer % x!, Math.floor(outer / x!) % queries!];
    const row = Math.floor(outer / x! / queries!);
    const [token, column] = what === 'keys' ? [inner, middle] : [middle, inner];
    return from === ((row * heads + Math.floor(head / group)) * tokens + token) * width + column;
  });
}

/** Sizes that stand for those known only at run time: small, and unlike one another. */
const TRIED: Record<string, number> = { rows: 2, seq: 1, prefix: 1, prompt: 1, own: 1, recent: 2 };

/** A size such as `own+2*rows` in numbers; undefined where it has an unknown name. */
function sizeOf(dim: Dim): number | undefined {
  if (typeof dim === 'number') return dim;
  let sum = 0;
  for (const term of dim.split('+')) {
    let product = 1;
    for (const factor of term.split('*')) product *= TRIED[factor] ?? Number(factor);
    sum += product;
  }
  return Number.isNaN(sum) ? undefined : sum;
}

function move(b: GraphBuilder, node: Node, at: Places): Places | undefined {
  if (node.op === 'Identity') return at;
  const dims = b.shape(node.outputs[0]!).map(sizeOf) as number[];
  if (dims.some((d) => d === undefined)) return undefined;
  const size = dims.reduce((x, y) => x * y, 1);
  if (node.op === 'Transpose') {
    const perm = node.attributes.perm;
    if (perm?.type !== 'ints') return undefined;
    return pick(at, dims, (place) => {
      const source: number[] = [];
      perm.value.forEach((axis, i) => {
        source[axis] = place[i]!;
      });
      return source;
    });
  }
  if (node.op === 'Expand') {
    const lead = dims.length - at.dims.length;
    return pick(at, dims, (place) => place.slice(lead).map((p, i) => (at.dims[i] === 1 ? 0 : p)));
  }
  return size === at.from.length ? { dims, from: at.from } : undefined;
}

/** The tensor of shape `dims` with the elements of `at` at the places that `source` gives. */
function pick(at: Places, dims: number[], source: (place: number[]) => number[]): Places {
  const size = dims.reduce((x, y) => x * y, 1);
  const from = Array.from({ length: size }, (_, i) => {
    const place: number[] = [];
    let rest = i;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      place[axis] = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    const index = source(place).reduce((sum, p, axis) => sum * at.dims[axis]! + p, 0);
    return at.from[index]!;
  });
  return { dims, from };
}
