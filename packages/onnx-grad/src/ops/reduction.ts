/** Sums, means and extremes over axes, and sums along one. */
import { axisFromStart, intAttribute, intsAttribute } from '../attributes.ts';
import { productDim } from '../dims.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import type { Node } from '../model.ts';
import { scalarLike } from './gradientRules.ts';
import { axesAsInput } from './movement.ts';
import { never, REAL } from './nodeRules.ts';
import { type Family, type GradientRule, noGradient } from './operator.ts';
import { reduce, same } from './shapeRules.ts';

function reducedAxes(b: GraphWriter, node: Node): number[] {
  const rank = b.shape(node.inputs[0]!).length;
  const given = node.inputs[1]
    ? b.known(node.inputs[1])?.values.map(Number)
    : intsAttribute(node.attributes, 'axes');
  return (given ?? Array.from({ length: rank }, (_, i) => i)).map((a) => axisFromStart(a, rank));
}

/** Puts reduced axes back as size 1, so that `dy` broadcasts against the input. */
function restoreAxes(b: GraphWriter, node: Node, dy: Value): Value {
  if (intAttribute(node.attributes, 'keepdims', 1) === 1) return dy;
  const x = b.shape(node.inputs[0]!);
  const axes = reducedAxes(b, node);
  return axes.length === x.length
    ? b.reshape(
        dy,
        x.map(() => 1),
      )
    : b.unsqueeze(dy, axes);
}

/** To the largest or smallest element, or in equal parts to all that equal it. */
const extremeGradient: GradientRule = ({ b, node }, dy) => {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const [extreme, flowing] = [restoreAxes(b, node, y), restoreAxes(b, node, dy)];
  const mask = b.cast(b.node('Equal', [x, extreme]), b.info(x).dtype);
  return [b.mul(mask, b.div(flowing, b.sum(mask, reducedAxes(b, node), true)))];
};

const NO_SIZES = never('no exporter seen so far computes a size with it');

export const REDUCTION: Family = {
  ReduceSum: {
    shape: reduce,
    known: NO_SIZES,
    gradient: ({ b, node }, dy) => {
      const x = node.inputs[0]!;
      return [b.add(restoreAxes(b, node, dy), b.zerosLike(x))];
    },
    cheap: false,
    import: axesAsInput,
  },
  ReduceMean: {
    shape: reduce,
    known: REAL,
    gradient: ({ b, node }, dy) => {
      const x = node.inputs[0]!;
      const count = reducedAxes(b, node).map((a) => b.shape(x)[a]!);
      const known = count.every((d) => typeof d === 'number');
      const size = known
        ? scalarLike(
            b,
            x,
            count.reduce<number>((a, d) => a * Number(d), 1),
          )
        : b.sum(b.add(b.zerosLike(x), scalarLike(b, x, 1)), reducedAxes(b, node), true);
      return [b.add(b.div(restoreAxes(b, node, dy), size), b.zerosLike(x))];
    },
    cheap: false,
    import: axesAsInput,
  },
  ReduceMax: {
    shape: reduce,
    known: NO_SIZES,
    gradient: extremeGradient,
    cheap: false,
    import: axesAsInput,
  },
  ReduceMin: {
    shape: reduce,
    known: NO_SIZES,
    gradient: extremeGradient,
    cheap: false,
    import: axesAsInput,
  },
  ReduceProd: {
    shape: reduce,
    known: (c) => {
      const x = c.known(0);
      if (x?.dims.length !== 1) return undefined;
      const keep = intAttribute(c.attributes, 'keepdims', 1) === 1;
      return { dims: keep ? [1] : [], values: [productDim(x.values)] };
    },
    gradient: noGradient('exports multiply sizes with it only'),
    cheap: false,
    import: axesAsInput,
  },
  ReduceSumSquare: {
    shape: reduce,
    known: REAL,
    gradient: ({ b, node }, dy) => {
      const x = node.inputs[0]!;
      return [b.mul(b.mul(x, scalarLike(b, x, 2)), restoreAxes(b, node, dy))];
    },
    cheap: false,
    import: axesAsInput,
  },
  ReduceL2: {
    lower: ({ b, node, inputs: [x, axes] }) => {
      const given = axes ? b.known(axes)?.values.map(Number) : intsAttribute(node.attributes, 'axes');
      const over = b.ints(given ?? b.shape(x!).map((_, i) => i));
      const keepdims = intAttribute(node.attributes, 'keepdims', 1);
      return [b.node('Sqrt', [b.node('ReduceSumSquare', [x!, over], { keepdims })])];
    },
  },
  CumSum: {
    shape: same,
    known: NO_SIZES,
    /** The sum from the other end. */
    gradient: ({ b, node }, dy) => {
      const reverse = 1 - intAttribute(node.attributes, 'reverse', 0);
      return [b.node('CumSum', [dy, node.inputs[1]!], { ...node.attributes, reverse })];
    },
    cheap: false,
  },
};
