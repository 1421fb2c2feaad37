/** Queries, keys and values that come side by side are turned to heads together, and then told apart. */
import { axisFromStart, intAttribute, intsAttribute } from './attributes.ts';
import type { GraphBuilder, Value } from './builder.ts';
import type { Node } from './model.ts';

/**
 * Rewrites a Split of [B, T, width] whose parts are each reshaped to [B, T, heads, D] and transposed to
 * [B, heads, T, D], all with one D, as one transposition before the Split.
 */
export function splitHeadsLast(b: GraphBuilder): void {
  const { graph } = b.model;
  const readers = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const only = (value: Value, op: string): Node | undefined => {
    const [reader, ...others] = readers.get(value) ?? [];
    return reader?.op === op && others.length === 0 && reader.inputs[0] === value ? reader : undefined;
  };
  for (const split of graph.nodes.filter(({ op }) => op === 'Split')) {
    const x = split.inputs[0]!;
    const shape = b.shape(x);
    const axis = axisFromStart(intAttribute(split.attributes, 'axis', 0), shape.length);
    if (shape.length !== 3 || axis !== 2) continue;
    const views = split.outputs.map((out) => only(out, 'Reshape'));
    const turns = views.map((view) => view && only(view.outputs[0]!, 'Transpose'));
    const sizes = views.map((view) => (view ? b.shape(view.outputs[0]!) : []));
    const width = sizes[0]![3];
    const fits = sizes.every(
      (size, i) =>
        size.length === 4 &&
        size.slice(0, 2).join() === shape.slice(0, 2).join() &&
        typeof size[2] === 'number' &&
        size[3] === width &&
        intsAttribute(turns[i]?.attributes ?? {}, 'perm')?.join() === '0,2,1,3',
    );
    if (!fits || typeof width !== 'number') continue;
    const heads = sizes.map((size) => Number(size[2]));
    const start = graph.nodes.length;
    const apart = b.reshape(x, [0, 0, heads.reduce((p, q) => p + q, 0), width]);
    b.nodes('Split', [b.transpose(apart, [0, 2, 1, 3]), b.ints(heads)], { axis: 1 }, heads.length);
    graph.nodes.at(-1)!.outputs = turns.map((turn) => turn!.outputs[0]!);
    const added = graph.nodes.splice(start);
    graph.nodes.splice(graph.nodes.indexOf(split), 1, ...added);
    const gone = new Set([...views, ...turns]);
    graph.nodes = graph.nodes.filter((node) => !gone.has(node));
  }
}
