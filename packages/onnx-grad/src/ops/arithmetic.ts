/** Arithmetic, element by element. */
import { addDims, compareDims, divideDims, isNatural, multiplyDims, subtractDims } from '../dims.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import { constantValues, type Dim } from '../model.ts';
import { binary, scalarLike, unary } from './gradientRules.ts';
import * as known from './knownRules.ts';
import { never, REAL } from './nodeRules.ts';
import { type CheapContext, type Family, type GradientContext, noGradient } from './operator.ts';
import { broadcast, same } from './shapeRules.ts';

/** The value of a constant scalar. */
function constantScalar(b: GraphWriter, v: Value): number | undefined {
  const constant = b.model.graph.initializers.get(v);
  if (!constant?.bytes || constant.dims.some((d) => d !== 1)) return undefined;
  return constantValues(constant)[0];
}

/**
 * y = x s with s = sigmoid(x): dx = dy s (1 + x - y), two passes over memory fewer than the rules of the
 * product and of the sigmoid one after the other. Undefined for any other product.
 */
function siluGradient({ b, node, forward }: GradientContext, dy: Value): (Value | undefined)[] | undefined {
  const gate = b.model.graph.nodes.find((n) => n.outputs[0] === forward.inputs[1]);
  if (gate?.op !== 'Sigmoid' || gate.inputs[0] !== forward.inputs[0]) return undefined;
  const [x, s] = node.inputs as [Value, Value];
  const slope = b.mul(s, b.add(b.sub(x, node.outputs[0]!), scalarLike(b, x, 1)));
  return [b.mul(dy, slope), undefined];
}

const productGradient = binary(
  (b, _x, y, dy) => b.mul(dy, y),
  (b, x, _y, dy) => b.mul(dy, x),
);

/** A sum of two values that depend on weights is the residual stream: computing it again leads back to the first layer. */
const cheapSum = ({ node, forEachPair, depends }: CheapContext): boolean =>
  forEachPair || !node.inputs.every(depends);

const smaller = (a: Dim, b: Dim): Dim | undefined => {
  const sign = compareDims(a, b);
  return sign === undefined ? undefined : sign <= 0 ? a : b;
};
const larger = (a: Dim, b: Dim): Dim | undefined => {
  if (isNatural(a) && b === 0) return a;
  if (isNatural(b) && a === 0) return b;
  const sign = compareDims(a, b);
  return sign === undefined ? undefined : sign >= 0 ? a : b;
};

const BITS = noGradient('its inputs are integers');
const NO_SIZES = never('no exporter seen so far computes a size with it');

export const ARITHMETIC: Family = {
  Add: {
    shape: broadcast,
    known: known.binary(addDims),
    gradient: binary(
      (_b, _x, _y, dy) => dy,
      (_b, _x, _y, dy) => dy,
    ),
    cheap: cheapSum,
  },
  Sub: {
    shape: broadcast,
    known: known.binary(subtractDims),
    gradient: binary(
      (_b, _x, _y, dy) => dy,
      (b, _x, _y, dy) => b.neg(dy),
    ),
    cheap: true,
  },
  Mul: {
    shape: broadcast,
    known: known.binary(multiplyDims),
    gradient: (c, dy) => siluGradient(c, dy) ?? productGradient(c, dy),
    cheap: true,
  },
  Div: {
    shape: broadcast,
    known: known.binary((a, b) => {
      if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.trunc(a / b);
      return divideDims(a, b);
    }),
    gradient: binary(
      (b, _x, y, dy) => b.div(dy, y),
      (b, _x, y, dy, out) => b.neg(b.div(b.mul(dy, out), y)),
    ),
    cheap: true,
  },
  Mod: {
    shape: broadcast,
    known: known.binary((a, b) => {
      if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : ((a % b) + b) % b;
      return divideDims(a, b) === undefined ? undefined : 0;
    }),
    gradient: noGradient('exports take remainders of integers only'),
    cheap: false,
  },
  Pow: {
    shape: broadcast,
    known: NO_SIZES,
    /** For a constant exponent, with which exporters write squares and cubes. */
    gradient: ({ b, node, wanted }, dy) => {
      const [x, exponent] = node.inputs as [Value, Value];
      const p = constantScalar(b, exponent);
      if (p === undefined || wanted(1)) {
        throw new Error('the gradient of Pow is known for a constant exponent only');
      }
      const power = p === 2 ? x : b.node('Pow', [x, scalarLike(b, x, p - 1)]);
      return [b.mul(dy, b.mul(scalarLike(b, x, p), power)), undefined];
    },
    cheap: true,
  },
  Min: {
    shape: broadcast,
    known: known.binary(smaller),
    gradient: binary(
      (b, x, y, dy) => b.node('Where', [b.node('LessOrEqual', [x, y]), dy, scalarLike(b, dy, 0)]),
      (b, x, y, dy) => b.node('Where', [b.node('LessOrEqual', [x, y]), scalarLike(b, dy, 0), dy]),
    ),
    cheap: true,
  },
  Max: {
    shape: broadcast,
    known: known.binary(larger),
    gradient: binary(
      (b, x, y, dy) => b.node('Where', [b.node('GreaterOrEqual', [x, y]), dy, scalarLike(b, dy, 0)]),
      (b, x, y, dy) => b.node('Where', [b.node('GreaterOrEqual', [x, y]), scalarLike(b, dy, 0), dy]),
    ),
    cheap: true,
  },
  /** Flows where nothing was cut off. */
  Clip: {
    shape: same,
    known: NO_SIZES,
    gradient: unary((b, x, y, dy) => b.node('Where', [b.node('Equal', [x, y]), dy, scalarLike(b, x, 0)])),
    cheap: true,
  },
  Neg: {
    shape: same,
    known: known.unary((a) => multiplyDims(a, -1)),
    gradient: unary((b, _x, _y, dy) => b.neg(dy)),
    cheap: true,
  },
  Abs: {
    shape: same,
    known: known.unary((a) => (isNatural(a) ? a : typeof a === 'number' ? -a : undefined)),
    gradient: unary((b, x, _y, dy) => b.mul(dy, b.node('Sign', [x]))),
    cheap: true,
  },
  Sign: {
    shape: same,
    known: NO_SIZES,
    gradient: noGradient('a step: its slope is 0, which no decoder has needed yet'),
    cheap: false,
  },
  /** Steps have no slope: no gradient flows. */
  Floor: { shape: same, known: REAL, gradient: () => [], cheap: false },
  Ceil: {
    shape: same,
    known: REAL,
    gradient: noGradient('a step: its slope is 0, which no decoder has needed yet'),
    cheap: false,
  },
  Round: {
    shape: same,
    known: REAL,
    gradient: noGradient('a step: what rounds weights or activations has to be told how to pass gradients'),
    cheap: false,
  },
  Sqrt: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, y, dy) => b.div(dy, b.mul(scalarLike(b, x, 2), y))),
    cheap: true,
  },
  Reciprocal: {
    shape: same,
    known: REAL,
    gradient: unary((b, _x, y, dy) => b.neg(b.mul(dy, b.mul(y, y)))),
    cheap: true,
  },
  Exp: { shape: same, known: REAL, gradient: unary((b, _x, y, dy) => b.mul(dy, y)), cheap: true },
  Log: { shape: same, known: REAL, gradient: unary((b, x, _y, dy) => b.div(dy, x)), cheap: false },
  /** erf'(x) = 2 / sqrt(pi) exp(-x^2). */
  Erf: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, _y, dy) =>
      b.mul(dy, b.mul(scalarLike(b, x, 2 / Math.sqrt(Math.PI)), b.exp(b.neg(b.mul(x, x))))),
    ),
    cheap: true,
  },
  BitwiseAnd: { shape: broadcast, known: NO_SIZES, gradient: BITS, cheap: false },
  BitwiseOr: { shape: broadcast, known: NO_SIZES, gradient: BITS, cheap: false },
  BitShift: { shape: broadcast, known: NO_SIZES, gradient: BITS, cheap: false },
};
