/** Softmax, and norms over the last axis. */
import { axisFromStart, floatAttribute, intAttribute } from '../attributes.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import type { Node } from '../model.ts';
import { axisOf, scalarLike, unbroadcast } from './gradientRules.ts';
import { REAL } from './nodeRules.ts';
import { type Family, type GradientContext, LoweringError, noGradient } from './operator.ts';
import { input, same } from './shapeRules.ts';

/**
 * sum(dy y) of the softmax y [..., T, S] in attention, o = y v. It equals sum(do o) (Dao et al. 2022, FlashAttention,
 * appendix B.2), which is over the width of a head instead of S and so one or two passes over [..., T, S]
 * fewer. Undefined where y is not read by one product only.
 */
function attentionSum({ b, forward, only }: GradientContext): Value | undefined {
  const y = forward.outputs[0]!;
  const rank = b.shape(y).length;
  if (axisOf(forward, b, -1) !== rank - 1) return undefined;
  // Heads that share a key are stacked in between.
  const stacked = only(y)?.node.op === 'Reshape' ? only(y)?.node.outputs[0] : undefined;
  const shares = stacked ?? y;
  const reader = only(shares);
  if (reader?.node.op !== 'MatMul' || reader.node.inputs[0] !== shares || reader.node.inputs[1] === shares)
    return undefined;
  const o = reader.node.outputs[0]!;
  // A product that broadcasts the shares reads each of their rows for several rows of o.
  if (b.shape(o).slice(0, -1).join() !== b.shape(shares).slice(0, -1).join()) return undefined;
  const sum = b.sum(b.mul(reader.dy, o), [rank - 1], true);
  if (!stacked) return sum;
  const shape = [...b.shape(y).slice(0, -1), 1];
  const target = shape.map((d, i) => (typeof d === 'number' ? d : i === 0 ? 0 : -1));
  return target.filter((d) => d === -1).length > 1 ? undefined : b.assume(b.reshape(sum, target), shape);
}

/** weight x / sqrt(mean(x^2) + epsilon) over the last axis (Zhang and Sennrich 2019). */
export function rmsNorm(b: GraphWriter, x: Value, weight: Value, epsilon: number): Value {
  return b.node('SimplifiedLayerNormalization', [x, weight], {
    axis: -1,
    epsilon: { type: 'float', value: epsilon },
    stash_type: 1,
  });
}

/** weight (x - mean(x)) / sqrt(variance(x) + epsilon) + bias over the last axis (Ba et al. 2016). */
function layerNorm(b: GraphWriter, x: Value, weight: Value, bias: Value | undefined, epsilon: number): Value {
  const last = [b.shape(x).length - 1];
  const centred = b.sub(x, b.mean(x, last, true));
  const variance = b.mean(b.mul(centred, centred), last, true);
  const normal = b.div(centred, b.node('Sqrt', [b.add(variance, b.scalar(epsilon))]));
  const scaled = b.mul(normal, weight);
  return bias ? b.add(scaled, bias) : scaled;
}

const requireLastAxis = (b: GraphWriter, node: Node, x: Value): void => {
  const rank = b.shape(x).length;
  if (axisFromStart(intAttribute(node.attributes, 'axis', -1), rank) !== rank - 1) {
    throw new LoweringError(`${node.op} along another axis than the last (node ${node.name})`);
  }
};

/** x + skip + bias: the sum that a skip connection normalizes and also passes on. */
function skipSum(b: GraphWriter, x: Value, skip: Value, bias: Value | undefined): Value {
  const sum = b.add(x, skip);
  return bias ? b.add(sum, bias) : sum;
}

/** |x| = sqrt(sum(x^2) + n epsilon) over the last axis of size n, so that 1 / sqrt(mean(x^2) + epsilon) = sqrt(n) / |x|. */
function lengthOf(b: GraphWriter, x: Value, epsilon: number): { length: Value; root: number } {
  const last = b.shape(x).length - 1;
  const n = Number(b.shape(x)[last]);
  const squares = b.node('ReduceSumSquare', [x, b.ints([last])], { keepdims: 1 });
  return {
    length: b.node('Sqrt', [b.add(squares, scalarLike(b, x, n * epsilon))]),
    root: Math.sqrt(n),
  };
}

const epsilonOf = (node: Node, or: number): number => floatAttribute(node.attributes, 'epsilon', or);

export const NORMALIZATION: Family = {
  Softmax: {
    shape: same,
    known: REAL,
    /** y = softmax(x): dx = y (dy - sum(dy y)). */
    gradient: (c, dy) => {
      const { b, node } = c;
      const y = node.outputs[0]!;
      const sum = attentionSum(c);
      if (sum) return [b.mul(y, b.sub(dy, sum))];
      const dyY = b.mul(dy, y);
      return [b.sub(dyY, b.mul(y, b.sum(dyY, [axisOf(node, b, -1)], true)))];
    },
    cheap: true,
  },
  LogSoftmax: {
    shape: same,
    known: REAL,
    /** y = x - logsumexp(x): dx = dy - exp(y) sum(dy). */
    gradient: ({ b, node }, dy) => {
      const y = node.outputs[0]!;
      return [b.sub(dy, b.mul(b.exp(y), b.sum(dy, [axisOf(node, b, -1)], true)))];
    },
    cheap: false,
  },
  SimplifiedLayerNormalization: {
    shape: (c) => {
      const x = input(c);
      const rest = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
      return [x, rest].slice(0, c.outputs);
    },
    known: REAL,
    /**
     * y = w x r with r = 1 / sqrt(mean(x^2) + eps) = sqrt(n) / |x|. With u = w dy: dx = r u - x r^3 mean(u x), and
     * mean(u x) r = mean(dy y), so that |x| dx = sqrt(n) u - x sum(dy y) / |x|; dw = sum(dy x r) over all rows (Zhang
     * and Sennrich 2019, eq. 4).
     */
    gradient: ({ b, node, grad, wanted }, dy) => {
      const [x, w] = node.inputs as [Value, Value];
      const last = b.shape(x).length - 1;
      if (axisOf(node, b, -1) !== last || typeof b.shape(x)[last] !== 'number' || grad(1) !== undefined) {
        throw new Error(
          'the gradient of SimplifiedLayerNormalization is known for the last axis, of a known size, and first output only',
        );
      }
      // Not the node's second output: WebGPU's is another one than the processor's.
      const { length, root } = lengthOf(b, x, epsilonOf(node, 1e-5));
      const scaled = (v: Value) => b.mul(v, scalarLike(b, x, root));
      let dx: Value | undefined;
      if (wanted(0)) {
        const along = b.div(b.sum(b.mul(dy, node.outputs[0]!), [last], true), length);
        dx = b.div(b.sub(b.mul(dy, scaled(w)), b.mul(x, along)), length);
      }
      const dw = () => scaled(unbroadcast(b, b.mul(dy, b.div(x, length)), b.shape(w)));
      return [dx, wanted(1) ? dw() : undefined];
    },
    cheap: true,
  },
  RMSNormalization: {
    lower: ({ b, node, inputs: [x, w] }) => {
      requireLastAxis(b, node, x!);
      return [rmsNorm(b, x!, w!, epsilonOf(node, 1e-5))];
    },
  },
  /** Written in finished graphs only: `fuseSkipNorms`. */
  SkipSimplifiedLayerNormalization: {
    domain: 'com.microsoft',
    shape: (c) => {
      const x = input(c);
      const rest = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
      return [x, rest, rest, x].slice(0, c.outputs);
    },
    known: REAL,
    gradient: noGradient('it is written once the backward pass is there'),
    cheap: false,
    lower: ({ b, node, inputs: [x, skip, w, bias] }) => {
      const sum = skipSum(b, x!, skip!, bias || undefined);
      return [rmsNorm(b, sum, w!, epsilonOf(node, 1e-12)), undefined, undefined, sum];
    },
  },
  LayerNormalization: {
    lower: ({ b, node, inputs: [x, w, bias] }) => {
      requireLastAxis(b, node, x!);
      return [layerNorm(b, x!, w!, bias || undefined, epsilonOf(node, 1e-5))];
    },
  },
  SkipLayerNormalization: {
    lower: ({ b, node, inputs: [x, skip, w, beta, bias] }) => {
      const sum = skipSum(b, x!, skip!, bias || undefined);
      return [layerNorm(b, sum, w!, beta || undefined, epsilonOf(node, 1e-12)), undefined, undefined, sum];
    },
  },
};
