/** Activation functions, element by element. */
import { floatAttribute, textAttribute } from '../attributes.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import { scalarLike, unary } from './gradientRules.ts';
import { REAL } from './nodeRules.ts';
import type { Family, LoweringRule } from './operator.ts';
import { same } from './shapeRules.ts';

/** x Phi(x) with the normal distribution's Phi(x) = (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel 2016). */
const gelu = (b: GraphWriter, x: Value): Value => {
  const half = b.mul(x, b.scalar(0.5));
  return b.mul(half, b.add(b.scalar(1), b.node('Erf', [b.mul(x, b.scalar(Math.SQRT1_2))])));
};
/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016). */
const tanhGelu = (b: GraphWriter, x: Value): Value => {
  const cube = b.mul(b.mul(x, x), x);
  const inner = b.mul(b.add(x, b.mul(cube, b.scalar(0.044715))), b.scalar(Math.sqrt(2 / Math.PI)));
  return b.mul(b.mul(x, b.scalar(0.5)), b.add(b.scalar(1), b.node('Tanh', [inner])));
};
/** x sigmoid(alpha x). */
const swish =
  (or: number): LoweringRule =>
  ({ b, node, inputs: [x] }) => {
    const alpha = floatAttribute(node.attributes, 'alpha', or);
    return [b.mul(x!, b.node('Sigmoid', [alpha === 1 ? x! : b.mul(x!, b.scalar(alpha))]))];
  };
/** x where it is positive, `below` elsewhere. */
const leaky = (b: GraphWriter, x: Value, below: Value): Value =>
  b.node('Where', [b.node('Greater', [x, b.scalar(0)]), x, below]);
/** clip(alpha x + beta, 0, 1). */
const hardSigmoid = (b: GraphWriter, x: Value, alpha: number, beta: number): Value => {
  const line = b.add(b.mul(x, b.scalar(alpha)), b.scalar(beta));
  return b.node('Clip', [line, b.scalar(0), b.scalar(1)]);
};

export const ACTIVATIONS: Family = {
  Relu: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, _y, dy) =>
      b.node('Where', [b.node('Greater', [x, scalarLike(b, x, 0)]), dy, scalarLike(b, x, 0)]),
    ),
    cheap: true,
  },
  Sigmoid: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, y, dy) => b.mul(dy, b.mul(y, b.sub(scalarLike(b, x, 1), y)))),
    cheap: true,
  },
  Tanh: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, y, dy) => b.mul(dy, b.sub(scalarLike(b, x, 1), b.mul(y, y)))),
    cheap: true,
  },
  Softplus: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, _y, dy) => b.mul(dy, b.node('Sigmoid', [x]))),
    cheap: true,
  },
  Gelu: {
    lower: ({ b, node, inputs: [x] }) => [
      textAttribute(node.attributes, 'approximate') === 'tanh' ? tanhGelu(b, x!) : gelu(b, x!),
    ],
  },
  BiasGelu: { lower: ({ b, inputs: [x, bias] }) => [gelu(b, b.add(x!, bias!))] },
  FastGelu: { lower: ({ b, inputs: [x, bias] }) => [tanhGelu(b, bias ? b.add(x!, bias) : x!)] },
  QuickGelu: { lower: swish(1.702) },
  Swish: { lower: swish(1) },
  /** x tanh(softplus(x)) (Misra 2019). */
  Mish: {
    lower: ({ b, inputs: [x] }) => [b.mul(x!, b.node('Tanh', [b.node('Softplus', [x!])]))],
  },
  LeakyRelu: {
    lower: ({ b, node, inputs: [x] }) => [
      leaky(b, x!, b.mul(x!, b.scalar(floatAttribute(node.attributes, 'alpha', 0.01)))),
    ],
  },
  PRelu: { lower: ({ b, inputs: [x, slope] }) => [leaky(b, x!, b.mul(x!, slope!))] },
  HardSigmoid: {
    lower: ({ b, node: { attributes }, inputs: [x] }) => [
      hardSigmoid(b, x!, floatAttribute(attributes, 'alpha', 0.2), floatAttribute(attributes, 'beta', 0.5)),
    ],
  },
  HardSwish: { lower: ({ b, inputs: [x] }) => [b.mul(x!, hardSigmoid(b, x!, 1 / 6, 0.5))] },
};
