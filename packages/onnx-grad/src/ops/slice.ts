/** Slice. Its gradient is `dy` at the places that were read and 0 elsewhere. */
import { axisFromStart } from '../attributes.ts';
import { compareDims } from '../dims.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import { type Dim, DTYPES, type Node } from '../model.ts';
import { padAround, sizeOf } from './gradientRules.ts';
import { vector } from './knownRules.ts';
import type { Family } from './operator.ts';
import { input, ints, numbers, sliceRange, unknownDim } from './shapeRules.ts';

function sliceGradient(b: GraphWriter, node: Node, dy: Value): Value {
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
  return padAround(b, wide, x, places);
}

/** Axis and bounds of each cut; bounds are undefined where they are known only at run time. */
function cutsOf(
  b: GraphWriter,
  { inputs: [x, starts, ends, axes, steps] }: Node,
): { axis: number; start: Dim | undefined; end: Dim | undefined; step: Dim | undefined }[] {
  const list = (v: Value | undefined) => (v ? b.known(v)?.values : undefined);
  const rank = b.shape(x!).length;
  const count = Number(b.shape(starts!)[0]);
  const at = axes ? list(axes)?.map(Number) : Array.from({ length: count }, (_, i) => i);
  if (!at || at.length !== count) throw new Error('the gradient of Slice is known for constant axes only');
  return at.map((axis, i) => ({
    axis: axisFromStart(axis, rank),
    start: list(starts)?.[i],
    end: list(ends)?.[i],
    step: steps ? list(steps)?.[i] : 1,
  }));
}

/** The gradient of a Slice whose bounds or sizes are known only at run time: each row goes to where it was read. */
function scatter(b: GraphWriter, node: Node, dy: Value): Value {
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
    // ScatterND writes along the first axis: the cut axis changes places with it and goes back afterwards.
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

/** Puts `step - 1` zeros after each element along an axis and cuts the result to `most` elements; the axis' size is a number. */
function spread(b: GraphWriter, dy: Value, axis: number, step: number, most: number): Value {
  const count = Number(b.shape(dy)[axis]);
  const apart = b.unsqueeze(dy, [axis + 1]);
  const zeros = b.mul(apart, b.scalar(0, b.info(dy).dtype));
  const wide = b.concat([apart, ...new Array<Value>(step - 1).fill(zeros)], axis + 1);
  const shape = b.shape(dy).map((d, i) => (i === axis ? count * step : d));
  // Sizes before the axis stay in place (0), and at most one after it is known only at run time (-1).
  const target = shape.map((d, i) => (typeof d === 'number' ? d : i < axis ? 0 : -1));
  const joined = b.assume(b.reshape(wide, target), shape);
  return count * step > most ? b.slice(joined, 0, most, axis) : joined;
}

export const SLICE: Family = {
  Slice: {
    shape: (c) => {
      const x = input(c);
      const starts = ints(c, 1);
      const ends = ints(c, 2);
      const axes = c.inputs[3] ? numbers(c, 3) : starts?.map((_, i) => i);
      const steps = c.inputs[4] ? numbers(c, 4) : undefined;
      const shape = [...x.shape];
      if (!axes || (c.inputs[4] && !steps)) return [{ dtype: x.dtype, shape: shape.map(unknownDim) }];
      axes.forEach((a, i) => {
        const axis = axisFromStart(a, shape.length);
        const range = sliceRange(shape[axis]!, starts?.[i], ends?.[i], steps?.[i] ?? 1);
        shape[axis] = range?.size ?? unknownDim();
      });
      return [{ dtype: x.dtype, shape }];
    },
    known: (c) => {
      const x = c.known(0);
      const [start, end, axes, steps] = [1, 2, 3, 4].map((i) => c.known(i));
      if (x?.dims.length !== 1 || start?.values.length !== 1 || end?.values.length !== 1) return undefined;
      if (axes && axes.values[0] !== 0 && axes.values[0] !== -1) return undefined;
      const [from, to] = [start.values[0]!, end.values[0]!];
      if (typeof from !== 'number' || typeof to !== 'number' || (steps?.values[0] ?? 1) !== 1) {
        return undefined;
      }
      return vector(x.values.slice(from, to));
    },
    gradient: ({ b, node }, dy) => [sliceGradient(b, node, dy)],
    cheap: true,
    import: {
      /** A slice of all elements. */
      fold: ({ b, inputs }) => {
        const [x, starts, ends, axes, steps] = inputs as [Value, ...Value[]];
        const list = (v: Value | undefined) => (v ? b.known(v)?.values : undefined);
        const from = list(starts);
        const to = list(ends);
        if (!from || !to || (steps && !list(steps)?.every((s) => s === 1))) return undefined;
        const shape = b.shape(x);
        const at = axes ? list(axes) : from.map((_, i) => i);
        const whole = at?.every((axis, i) => {
          const size = shape.at(Number(axis))!;
          const range = sliceRange(size, from[i], to[i], 1);
          return range !== undefined && range.start === 0 && compareDims(range.size, size) === 0;
        });
        return whole ? x : undefined;
      },
    },
  },
};
