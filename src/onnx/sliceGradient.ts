/** How a gradient passes back through a Slice: to the places that were read, with zeros elsewhere. */
import type { GraphBuilder, Value } from './builder.ts';
import { type Dim, DTYPES, type Node } from './model.ts';
import { sliceRange } from './shapes.ts';

/** The gradient of what `node` cuts from, given that of what it gives. */
export function sliceGradient(b: GraphBuilder, node: Node, dy: Value): Value {
  const x = node.inputs[0]!;
  const cuts = cutsOf(b, node);
  const places = new Map<number, number>();
  const steps: { axis: number; step: number; most: number }[] = [];
  for (const { axis, start, end, step } of cuts) {
    const size = b.shape(x)[axis]!;
    const first = sliceRange(size, start, end, Number(step))?.start;
    if (typeof first !== 'number' || typeof step !== 'number' || step < 1) return scatter(b, node, dy);
    if (step > 1) {
      const most = Number(size) - first;
      if (Number.isNaN(most + Number(b.shape(dy)[axis]))) return scatter(b, node, dy);
      steps.push({ axis, step, most });
    }
    places.set(axis, first);
  }
  const wide = steps.reduce((g, { axis, step, most }) => spread(b, g, axis, step, most), dy);
  return between(b, wide, x, places);
}

/** One size of `x` as an int64 vector of one element, at run time where it has to be. */
export function sizeOf(b: GraphBuilder, x: Value, axis: number): Value {
  const dim = b.shape(x)[axis]!;
  return typeof dim === 'number'
    ? b.ints([dim])
    : b.node('Gather', [b.node('Shape', [x]), b.ints([axis])], { axis: 0 });
}

/** `dy` between zeros, so that it has the shape of `x`: what stood at `before` along `axis` of each is dy. */
export function between(b: GraphBuilder, dy: Value, x: Value, places: Map<number, number>): Value {
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

/** What a Slice takes, axis by axis; undefined where that is known only at run time. */
function cutsOf(
  b: GraphBuilder,
  { inputs: [x, starts, ends, axes, steps] }: Node,
): { axis: number; start: Dim | undefined; end: Dim | undefined; step: Dim | undefined }[] {
  const list = (v: Value | undefined) => (v ? b.known(v)?.values : undefined);
  const rank = b.shape(x!).length;
  const count = Number(b.shape(starts!)[0]);
  const at = axes ? list(axes)?.map(Number) : Array.from({ length: count }, (_, i) => i);
  if (!at || at.length !== count) throw new Error('the gradient of Slice is known for constant axes only');
  return at.map((axis, i) => ({
    axis: axis < 0 ? axis + rank : axis,
    start: list(starts)?.[i],
    end: list(ends)?.[i],
    step: steps ? list(steps)?.[i] : 1,
  }));
}

/** The gradient of a Slice whose bounds or sizes are known only at run time: each row to where it was read. */
function scatter(b: GraphBuilder, node: Node, dy: Value): Value {
  const [x, starts, ends, , steps] = node.inputs as [Value, Value, Value, Value?, Value?];
  const part = (v: Value, i: number) => b.slice(v, i, i + 1, 0);
  const rank = b.shape(x).length;
  const wide = cutsOf(b, node).reduce((g, { axis }, i) => {
    const all = b.node('Range', [
      b.scalar(0, 'int64'),
      b.reshape(sizeOf(b, x, axis), []),
      b.scalar(1, 'int64'),
    ]);
    const bounds = [part(starts, i), part(ends, i), b.ints([0]), ...(steps ? [part(steps, i)] : [])];
    const rows = b.unsqueeze(b.node('Slice', [all, ...bounds]), [1]);
    // The axis comes first, and goes back to its place.
    const perm = Array.from({ length: rank }, (_, k) => (k === 0 ? axis : k === axis ? 0 : k));
    const turned = b.transpose(g, perm);
    const size = b.concat([sizeOf(b, x, axis), b.slice(b.node('Shape', [turned]), 1, rank, 0)], 0);
    const zero = {
      dtype: b.info(dy).dtype,
      dims: [1],
      bytes: new Uint8Array(DTYPES[b.info(dy).dtype].bytes),
    };
    const zeros = b.node('ConstantOfShape', [size], { value: { type: 'tensor', value: zero } });
    const shape = b.shape(g).map((d, k) => (k === axis ? b.shape(x)[k]! : d));
    b.assume(
      zeros,
      perm.map((k) => shape[k]!),
    );
    return b.assume(b.transpose(b.node('ScatterND', [zeros, rows, turned]), perm), shape);
  }, dy);
  return b.assume(wide, [...b.shape(x)]);
}

/** Puts `step - 1` zeros after each place along an axis, cut to `most` places; sizes there are numbers. */
function spread(b: GraphBuilder, dy: Value, axis: number, step: number, most: number): Value {
  const count = Number(b.shape(dy)[axis]);
  const apart = b.unsqueeze(dy, [axis + 1]);
  const zeros = b.mul(apart, b.scalar(0, b.info(dy).dtype));
  const wide = b.concat([apart, ...new Array<Value>(step - 1).fill(zeros)], axis + 1);
  const shape = b.shape(dy).map((d, i) => (i === axis ? count * step : d));
  // All but one size are numbers, or stay in place before the axis.
  const target = shape.map((d, i) => (typeof d === 'number' ? d : i < axis ? 0 : -1));
  const joined = b.assume(b.reshape(wide, target), shape);
  return count * step > most ? b.slice(joined, 0, most, axis) : joined;
}
