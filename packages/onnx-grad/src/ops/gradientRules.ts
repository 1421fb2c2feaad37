/** Helpers that the gradient rules of several operators share. */
import { axisFromStart, intAttribute } from '../attributes.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import type { Dim, Node } from '../model.ts';
import type { GradientRule } from './operator.ts';

/** Sums `g` over the axes along which `shape` was broadcast, so that it has that shape. */
export function unbroadcast(b: GraphWriter, g: Value, shape: readonly Dim[]): Value {
  const from = b.shape(g);
  const lead = from.length - shape.length;
  const axes: number[] = [];
  from.forEach((dim, i) => {
    if (i < lead || (shape[i - lead] === 1 && dim !== 1)) axes.push(i);
  });
  if (axes.length === 0) return g;
  const inner = axes.filter((a) => a >= lead);
  let out = g;
  if (inner.length) out = b.sum(out, inner, true);
  if (lead) {
    out = b.sum(
      out,
      Array.from({ length: lead }, (_, i) => i),
      false,
    );
  }
  return b.assume(out, [...shape]);
}

/** A function y of one input x. */
export const unary =
  (rule: (b: GraphWriter, x: Value, y: Value, dy: Value) => Value): GradientRule =>
  ({ b, node }, dy) => [rule(b, node.inputs[0]!, node.outputs[0]!, dy)];

type BinaryPart = (b: GraphWriter, x: Value, y: Value, dy: Value, out: Value) => Value;

/** A function of two inputs x and y that are broadcast against each other. */
export const binary =
  (left: BinaryPart, right: BinaryPart): GradientRule =>
  ({ b, node, wanted }, dy) => {
    const [x, y] = node.inputs as [Value, Value];
    const out = node.outputs[0]!;
    return [
      wanted(0) ? unbroadcast(b, left(b, x, y, dy, out), b.shape(x)) : undefined,
      wanted(1) ? unbroadcast(b, right(b, x, y, dy, out), b.shape(y)) : undefined,
    ];
  };

/** A scalar of the element type of `x`. */
export const scalarLike = (b: GraphWriter, x: Value, value: number): Value =>
  b.scalar(value, b.info(x).dtype);

/** The node's attribute `axis`, counted from the start of its first input's axes. */
export const axisOf = (node: Node, b: GraphWriter, or: number): number =>
  axisFromStart(intAttribute(node.attributes, 'axis', or), b.shape(node.inputs[0]!).length);

/** One size of `x` as an int64 vector of one element: a constant, or computed at run time. */
export function sizeOf(b: GraphWriter, x: Value, axis: number): Value {
  const dim = b.shape(x)[axis]!;
  return typeof dim === 'number'
    ? b.ints([dim])
    : b.node('Gather', [b.node('Shape', [x]), b.ints([axis])], { axis: 0 });
}

/**
 * Zeros in the shape of `x` around `dy`, which was read from `x`. `places` has, for each axis that was cut,
 * the index that `dy` begins at.
 */
export function padAround(b: GraphWriter, dy: Value, x: Value, places: Map<number, number>): Value {
  const from = b.shape(dy);
  const to = b.shape(x);
  const before = to.map((_, i) => b.ints([places.get(i) ?? 0]));
  const after = to.map((_, i) => {
    const at = places.get(i);
    if (at === undefined) return b.ints([0]);
    const [whole, part] = [to[i]!, from[i]!];
    return typeof whole === 'number' && typeof part === 'number'
      ? b.ints([whole - part - at])
      : b.sub(b.sub(sizeOf(b, x, i), sizeOf(b, dy, i)), b.ints([at]));
  });
  const known = [...before, ...after].map((v) => b.known(v)?.values[0]);
  const pads = known.every((v) => typeof v === 'number') ? b.ints(known) : b.concat([...before, ...after], 0);
  return b.assume(b.node('Pad', [dy, pads]), to);
}
