/**
 * The mask under which several sequences stand in one row of a graph (`train/sharedRows.ts`). Token j is seen by
 * tokens j to `reach` of j: those that follow it in its own sequences.
 */
import type { GraphBuilder, Graph, Node, Value } from 'onnx-grad';
import { narrowestWindow } from './decoderNumbers.ts';
import type { HubModel } from './hubModel.ts';

const HIDDEN = -1e9;

/** Inputs that the mask adds to a graph: `order` [seq] counts from 0; `reach` [rows, seq]. Both float32. */
export const ORDER = 'order';
export const REACH = 'reach';

/**
 * Additive mask [rows, 1, seq, seq]. With a `window`, a token sees itself and the `window - 1` positions before it,
 * whatever stands between them in the row. Products and sums only: not every runtime has booleans on its device.
 */
export function rowMask(b: GraphBuilder, window?: { size: number; positions: Value }): Value {
  const order = b.has(ORDER) ? ORDER : b.input(ORDER, 'float32', ['seq']);
  const reach = b.has(REACH) ? REACH : b.input(REACH, 'float32', ['rows', 'seq']);
  /** How far `x` is above `y`, 0 below. */
  const above = (x: Value, y: Value) => b.node('Relu', [b.sub(x, y)]);
  const reader = b.unsqueeze(order, [1]);
  const beyond = above(reader, b.unsqueeze(reach, [1, 2]));
  let hidden = b.add(beyond, above(order, reader));
  if (window) {
    const at = b.cast(window.positions, 'float32');
    const distance = above(b.unsqueeze(at, [1, 3]), b.unsqueeze(at, [1, 2]));
    hidden = b.add(hidden, b.node('Relu', [b.sub(distance, b.scalar(window.size - 1))]));
  }
  return b.assume(b.mul(hidden, b.scalar(HIDDEN)), ['rows', 1, 'seq', 'seq']);
}

/** The graph's inputs that a value is computed from; what is only asked for its shape does not count. */
class Origins {
  private readonly producer = new Map<Value, Node>();
  private readonly known = new Map<Value, ReadonlySet<string>>();

  constructor(private readonly graph: Graph) {
    for (const node of graph.nodes) for (const out of node.outputs) this.producer.set(out, node);
  }

  node(value: Value): Node | undefined {
    return this.producer.get(value);
  }

  of(value: Value): ReadonlySet<string> {
    const stack = [value];
    while (stack.length) {
      const next = stack.at(-1)!;
      const node = this.producer.get(next);
      const read = node && node.op !== 'Shape' && node.op !== 'Size' ? node.inputs.filter(Boolean) : [];
      const open = read.filter((input) => !this.known.has(input));
      if (open.length > 0 && !this.known.has(next)) {
        stack.push(...open);
        continue;
      }
      stack.pop();
      const own = this.graph.inputs.has(next) ? [next] : [];
      this.known.set(next, new Set([...own, ...read.flatMap((input) => [...this.known.get(input)!])]));
    }
    return this.known.get(value)!;
  }
}

/** Softmax over the tokens that each token may see. */
const isAttention = (graph: Graph, { op, outputs: [y] }: Node): boolean => {
  const shape = graph.values?.get(y!)?.shape;
  return op === 'Softmax' && shape?.length === 4 && shape.slice(2).every((d) => typeof d !== 'number');
};

/** The mask that is added to attention's scores; it depends on no token's id and on no position. */
function addedMask(origins: Origins, attention: Node): { sum: Node; at: number } | undefined {
  const sum = origins.node(attention.inputs[0]!);
  if (sum?.op !== 'Add') return undefined;
  const at = sum.inputs.findIndex((input) => {
    const from = origins.of(input);
    return from.has(REACH) || !(from.has('input_ids') || from.has('position_ids'));
  });
  return at < 0 ? undefined : { sum, at };
}

/**
 * Adds `rowMask` to the masks that an export computes itself, which hide what comes later in a row and padding.
 * Attention whose mask is not found stays as it is.
 */
export function addToOwnMasks(b: GraphBuilder): void {
  const { graph } = b.model;
  const origins = new Origins(graph);
  const known = new Map<Value, Value>();
  for (const attention of graph.nodes.filter((node) => isAttention(graph, node))) {
    const mask = addedMask(origins, attention);
    if (!mask) continue;
    const { sum, at } = mask;
    const own = sum.inputs[at]!;
    if (origins.of(own).has(REACH)) continue;
    let both = known.get(own);
    if (both === undefined) {
      // Nodes stand in the order in which they are computed.
      const count = graph.nodes.length;
      both = b.add(own, rowMask(b));
      const added = graph.nodes.splice(count);
      graph.nodes.splice(graph.nodes.indexOf(sum), 0, ...added);
      known.set(own, both);
    }
    sum.inputs[at] = both;
  }
}

/**
 * The longest row of several sequences that a scoring or training graph takes, 0 where it takes none: all of its
 * attention must be under `rowMask`, and tokens must be placed by `position_ids`, which begin anew for each
 * sequence. Exports that count tokens themselves can do neither, and windows of their own masks count tokens of the
 * row: up to their width they hide nothing.
 */
export function longestSharedRow({ config }: HubModel, graph: Graph, output: Value): number {
  const origins = new Origins(graph);
  const attention = graph.nodes.filter((node) => isAttention(graph, node));
  const masked = attention.every((node) => {
    const mask = addedMask(origins, node);
    return mask !== undefined && origins.of(mask.sum.inputs[mask.at]!).has(REACH);
  });
  if (attention.length === 0 || !masked || !origins.of(output).has('position_ids')) return 0;
  return graph.inputs.has('attention_mask') ? narrowestWindow(config) : Infinity;
}
