/**
 * How a gradient passes back through each operator: one row an operator. A row gets the node and
 * the gradient of each of its outputs and gives the gradient of each input (undefined: none flows).
 */
import type { GraphBuilder, Value } from './builder.ts';
import { dequantize } from './blocks.ts';
import { constantValues, type Dim, type Node } from './model.ts';
import { intAttribute, intsAttribute } from './shapes.ts';
import { cumSum, einsum, gatherND, largest, pad, scatterND } from './placingGradients.ts';
import { between, sizeOf, sliceGradient } from './sliceGradient.ts';

export interface GradientContext {
  b: GraphBuilder;
  /** With the values to read: what is not kept is computed again under other names. */
  node: Node;
  /** As it stands in the forward pass. */
  forward: Node;
  /** Gradient of the loss with respect to output i; undefined where nothing depends on it. */
  grad(i: number): Value | undefined;
  /** Whether input i's gradient is wanted at all. */
  wanted(i: number): boolean;
  /** The one forward node through which a value reaches the loss, and its output's gradient; undefined where there are more. */
  only(value: Value): { node: Node; dy: Value } | undefined;
}

export type GradientRule = (c: GradientContext, dy: Value) => (Value | undefined)[];

/** Sums `g` down to `shape`: what broadcasting did, undone. */
export function unbroadcast(b: GraphBuilder, g: Value, shape: readonly Dim[]): Value {
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

/** A rule for a function of one input, given dy. */
const unary =
  (rule: (b: GraphBuilder, x: Value, y: Value, dy: Value) => Value): GradientRule =>
  ({ b, node }, dy) => [rule(b, node.inputs[0]!, node.outputs[0]!, dy)];

/** A rule for a broadcasting function of two inputs. */
const binary =
  (
    left: (b: GraphBuilder, x: Value, y: Value, dy: Value, out: Value) => Value,
    right: (b: GraphBuilder, x: Value, y: Value, dy: Value, out: Value) => Value,
  ): GradientRule =>
  ({ b, node, wanted }, dy) => {
    const [x, y] = node.inputs as [Value, Value];
    const out = node.outputs[0]!;
    return [
      wanted(0) ? unbroadcast(b, left(b, x, y, dy, out), b.shape(x)) : undefined,
      wanted(1) ? unbroadcast(b, right(b, x, y, dy, out), b.shape(y)) : undefined,
    ];
  };

/** [..., last] as [rows, last]; undefined where that would need a size known only at run time. */
function flatten(b: GraphBuilder, x: Value, last: Dim): Value | undefined {
  if (b.shape(x).length === 2) return x;
  return typeof last === 'number' ? b.reshape(x, [-1, last]) : undefined;
}

const scalarLike = (b: GraphBuilder, x: Value, value: number): Value => b.scalar(value, b.info(x).dtype);

const axisOf = (node: Node, b: GraphBuilder, or: number): number => {
  const axis = intAttribute(node.attributes, 'axis', or);
  return axis < 0 ? axis + b.shape(node.inputs[0]!).length : axis;
};

/** The value of a constant scalar. */
function constantScalar(b: GraphBuilder, v: Value): number | undefined {
  const constant = b.model.graph.initializers.get(v);
  if (!constant?.bytes || constant.dims.some((d) => d !== 1)) return undefined;
  return constantValues(constant)[0];
}

/** Columns of a product that are too few for its speed: with rows and columns exchanged it is faster. */
const NARROW = 32;

/** Puts reduced axes back as size 1, so that the gradient broadcasts against the input. */
function restoreAxes(b: GraphBuilder, node: Node, dy: Value): Value {
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
function reducedAxes(b: GraphBuilder, node: Node): number[] {
  const rank = b.shape(node.inputs[0]!).length;
  const given = node.inputs[1]
    ? b.known(node.inputs[1])?.values.map(Number)
    : intsAttribute(node.attributes, 'axes');
  return (given ?? Array.from({ length: rank }, (_, i) => i)).map((a) => (a < 0 ? a + rank : a));
}

const productGradient = binary(
  (b, _x, y, dy) => b.mul(dy, y),
  (b, x, _y, dy) => b.mul(dy, x),
);

/**
 * y = x s with s = sigmoid(x): dx = dy s (1 + x - y), two passes over memory fewer than the product's
 * and the sigmoid's rules one after the other. Undefined for any other product.
 */
function siluGradient({ b, node, forward }: GradientContext, dy: Value): (Value | undefined)[] | undefined {
  const gate = b.model.graph.nodes.find((n) => n.outputs[0] === forward.inputs[1]);
  if (gate?.op !== 'Sigmoid' || gate.inputs[0] !== forward.inputs[0]) return undefined;
  const [x, s] = node.inputs as [Value, Value];
  const slope = b.mul(s, b.add(b.sub(x, node.outputs[0]!), scalarLike(b, x, 1)));
  return [b.mul(dy, slope), undefined];
}

/**
 * sum(dy y) of the softmax y [..., T, S] in attention, o = y v: it is sum(do o) too (Dao et al. 2022, FlashAttention,
 * appendix B.2), over heads' width in place of S, which is one or two passes over [..., T, S] fewer. Undefined
 * where y goes elsewhere.
 */
function attentionSum({ b, forward, only }: GradientContext): Value | undefined {
  const y = forward.outputs[0]!;
  const rank = b.shape(y).length;
  if (axisOf(forward, b, -1) !== rank - 1) return undefined;
  const reader = only(y);
  if (reader?.node.op !== 'MatMul' || reader.node.inputs[0] !== y || reader.node.inputs[1] === y)
    return undefined;
  const o = reader.node.outputs[0]!;
  // Where a product broadcasts, y has a part in several rows of o.
  if (b.shape(o).slice(0, -1).join() !== b.shape(y).slice(0, -1).join()) return undefined;
  return b.sum(b.mul(reader.dy, o), [rank - 1], true);
}

export const GRADIENTS: Record<string, GradientRule> = {
  Add: binary(
    (_b, _x, _y, dy) => dy,
    (_b, _x, _y, dy) => dy,
  ),
  Sub: binary(
    (_b, _x, _y, dy) => dy,
    (b, _x, _y, dy) => b.neg(dy),
  ),
  Mul: (c, dy) => siluGradient(c, dy) ?? productGradient(c, dy),
  Div: binary(
    (b, _x, y, dy) => b.div(dy, y),
    (b, _x, y, dy, out) => b.neg(b.div(b.mul(dy, out), y)),
  ),
  /** The exponent is a constant: exporters write squares and cubes with it. */
  Pow: ({ b, node, wanted }, dy) => {
    const [x, exponent] = node.inputs as [Value, Value];
    const p = constantScalar(b, exponent);
    if (p === undefined || wanted(1)) {
      throw new Error('the gradient of Pow is known for a constant exponent only');
    }
    const power = p === 2 ? x : b.node('Pow', [x, scalarLike(b, x, p - 1)]);
    return [b.mul(dy, b.mul(scalarLike(b, x, p), power)), undefined];
  },
  Neg: unary((b, _x, _y, dy) => b.neg(dy)),
  Abs: unary((b, x, _y, dy) => b.mul(dy, b.node('Sign', [x]))),
  Cos: unary((b, x, _y, dy) => b.neg(b.mul(dy, b.node('Sin', [x])))),
  Sin: unary((b, x, _y, dy) => b.mul(dy, b.node('Cos', [x]))),
  /** erf'(x) = 2 / sqrt(pi) exp(-x^2). */
  Erf: unary((b, x, _y, dy) =>
    b.mul(dy, b.mul(scalarLike(b, x, 2 / Math.sqrt(Math.PI)), b.exp(b.neg(b.mul(x, x))))),
  ),
  Relu: unary((b, x, _y, dy) =>
    b.node('Where', [b.node('Greater', [x, scalarLike(b, x, 0)]), dy, scalarLike(b, x, 0)]),
  ),
  Softplus: unary((b, x, _y, dy) => b.mul(dy, b.node('Sigmoid', [x]))),
  /** Flows where nothing was cut off. */
  Clip: unary((b, x, y, dy) => b.node('Where', [b.node('Equal', [x, y]), dy, scalarLike(b, x, 0)])),
  Min: binary(
    (b, x, y, dy) => b.node('Where', [b.node('LessOrEqual', [x, y]), dy, scalarLike(b, dy, 0)]),
    (b, x, y, dy) => b.node('Where', [b.node('LessOrEqual', [x, y]), scalarLike(b, dy, 0), dy]),
  ),
  Max: binary(
    (b, x, y, dy) => b.node('Where', [b.node('GreaterOrEqual', [x, y]), dy, scalarLike(b, dy, 0)]),
    (b, x, y, dy) => b.node('Where', [b.node('GreaterOrEqual', [x, y]), scalarLike(b, dy, 0), dy]),
  ),
  Exp: unary((b, _x, y, dy) => b.mul(dy, y)),
  Log: unary((b, x, _y, dy) => b.div(dy, x)),
  Sqrt: unary((b, x, y, dy) => b.div(dy, b.mul(scalarLike(b, x, 2), y))),
  Reciprocal: unary((b, _x, y, dy) => b.neg(b.mul(dy, b.mul(y, y)))),
  Sigmoid: unary((b, x, y, dy) => b.mul(dy, b.mul(y, b.sub(scalarLike(b, x, 1), y)))),
  Tanh: unary((b, x, y, dy) => b.mul(dy, b.sub(scalarLike(b, x, 1), b.mul(y, y)))),
  /** Steps have no slope. */
  Floor: () => [],
  Identity: unary((_b, _x, _y, dy) => dy),
  Cast: unary((b, x, _y, dy) => b.cast(dy, b.info(x).dtype)),
  Where: ({ b, node, wanted }, dy) => {
    const [condition, x, y] = node.inputs as [Value, Value, Value];
    const zero = scalarLike(b, dy, 0);
    return [
      undefined,
      wanted(1) ? unbroadcast(b, b.node('Where', [condition, dy, zero]), b.shape(x)) : undefined,
      wanted(2) ? unbroadcast(b, b.node('Where', [condition, zero, dy]), b.shape(y)) : undefined,
    ];
  },
  /** y = softmax(x): dx = y (dy - sum(dy y)). */
  Softmax: (c, dy) => {
    const { b, node } = c;
    const y = node.outputs[0]!;
    const sum = attentionSum(c);
    if (sum) return [b.mul(y, b.sub(dy, sum))];
    const dyY = b.mul(dy, y);
    return [b.sub(dyY, b.mul(y, b.sum(dyY, [axisOf(node, b, -1)], true)))];
  },
  /** y = x - logsumexp(x): dx = dy - exp(y) sum(dy). */
  LogSoftmax: ({ b, node }, dy) => {
    const y = node.outputs[0]!;
    return [b.sub(dy, b.mul(b.exp(y), b.sum(dy, [axisOf(node, b, -1)], true)))];
  },
  MatMul: ({ b, node, wanted }, dy) => {
    const [x, y] = node.inputs as [Value, Value];
    let dx: Value | undefined;
    let dw: Value | undefined;
    if (wanted(0)) dx = unbroadcast(b, b.matmul(dy, b.swap(y)), b.shape(x));
    if (wanted(1)) {
      const [k, n] = b.shape(y);
      // A weight shared by all rows: one product over rows flattened instead of a sum of small ones.
      const [left, right] = b.shape(y).length === 2 ? [flatten(b, x, k!), flatten(b, dy, n!)] : [];
      if (!left || !right) dw = unbroadcast(b, b.matmul(b.swap(x), dy), b.shape(y));
      else if (Number(n) <= NARROW && Number(n) < Number(k)) {
        dw = b.assume(b.swap(b.node('Gemm', [right, left], { transA: 1 })), b.shape(y));
      } else dw = b.assume(b.node('Gemm', [left, right], { transA: 1 }), b.shape(y));
    }
    return [dx, dw];
  },
  /** y = alpha A' B' + beta C, A' and B' transposed or not. */
  Gemm: ({ b, node, wanted }, dy) => {
    const [x, y, c] = node.inputs as [Value, Value, Value | undefined];
    const number = (name: string) => {
      const a = node.attributes[name];
      return a?.type === 'float' ? a.value : 1;
    };
    const scaled = (v: Value, factor: number) => (factor === 1 ? v : b.mul(v, scalarLike(b, v, factor)));
    const transA = intAttribute(node.attributes, 'transA', 0) === 1;
    const transB = intAttribute(node.attributes, 'transB', 0) === 1;
    const g = scaled(dy, number('alpha'));
    const product = (left: Value, right: Value, ta: boolean, tb: boolean, like: Value) =>
      b.assume(
        b.node('Gemm', [left, right], { ...(ta && { transA: 1 }), ...(tb && { transB: 1 }) }),
        b.shape(like),
      );
    return [
      wanted(0) ? (transA ? product(y, g, transB, true, x) : product(g, y, false, !transB, x)) : undefined,
      wanted(1) ? (transB ? product(g, x, true, transA, y) : product(x, g, !transA, false, y)) : undefined,
      c && wanted(2) ? unbroadcast(b, scaled(dy, number('beta')), b.shape(c)) : undefined,
    ];
  },
  /** The weight is a constant in blocks of a few bits: dx = dy W, W widened when it is needed and not kept. */
  MatMulNBits: ({ b, node }, dy) => {
    const x = node.inputs[0]!;
    const flat = flatten(b, dy, b.shape(dy).at(-1)!)!;
    return [b.reshapeLike(b.node('Gemm', [flat, dequantize(b, node)], { transB: 1 }), x)];
  },
  Transpose: ({ b, node }, dy) => {
    const rank = b.shape(dy).length;
    const perm =
      intsAttribute(node.attributes, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const inverse: number[] = [];
    perm.forEach((p, i) => {
      inverse[p] = i;
    });
    return [b.transpose(dy, inverse)];
  },
  Reshape: unary((b, x, _y, dy) => b.reshapeLike(dy, x)),
  Unsqueeze: unary((b, x, _y, dy) => b.reshapeLike(dy, x)),
  Squeeze: unary((b, x, _y, dy) => b.reshapeLike(dy, x)),
  Flatten: unary((b, x, _y, dy) => b.reshapeLike(dy, x)),
  /** Copies side by side: their gradients add up. */
  Tile: ({ b, node }, dy) => {
    const x = node.inputs[0]!;
    const repeats = b.known(node.inputs[1]!)?.values;
    if (!repeats?.every((r) => typeof r === 'number')) {
      throw new Error('the gradient of Tile is known for constant repeats only');
    }
    const shape = b.shape(x);
    const sizes = shape.flatMap((_, i) => [b.ints([repeats[i]!]), sizeOf(b, x, i)]);
    const split = b.assume(
      b.node('Reshape', [dy, b.concat(sizes, 0)]),
      shape.flatMap((d, i) => [repeats[i]!, d]),
    );
    return [
      b.assume(
        b.sum(
          split,
          shape.map((_, i) => 2 * i),
          false,
        ),
        shape,
      ),
    ];
  },
  Slice: ({ b, node }, dy) => [sliceGradient(b, node, dy)],
  Trilu: ({ b, node }, dy) => [b.node('Trilu', [dy, ...node.inputs.slice(1)], node.attributes)],
  Expand: unary((b, x, _y, dy) => unbroadcast(b, dy, b.shape(x))),
  ReduceSum: ({ b, node }, dy) => {
    const x = node.inputs[0]!;
    return [b.add(restoreAxes(b, node, dy), b.zerosLike(x))];
  },
  ReduceMean: ({ b, node }, dy) => {
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
  ReduceMax: ({ b, node }, dy) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const count = (mask: Value) => b.sum(mask, reducedAxes(b, node), true);
    return [largest(b, x, restoreAxes(b, node, y), restoreAxes(b, node, dy), count)];
  },
  Concat: ({ b, node, wanted }, dy) => {
    const axis = axisOf(node, b, 0);
    const sizes = node.inputs.map((v) => b.shape(v)[axis]!);
    if (sizes.every((s) => typeof s === 'number')) {
      let at = 0;
      return sizes.map((size, i) => {
        const start = at;
        at += size;
        return wanted(i) ? b.slice(dy, start, at, axis) : undefined;
      });
    }
    const lengths = node.inputs.map((v) =>
      b.node('Gather', [b.node('Shape', [v]), b.ints([axis])], { axis: 0 }),
    );
    const parts = b.nodes('Split', [dy, b.concat(lengths, 0)], { axis }, sizes.length);
    return parts.map((part, i) => b.assume(part, b.shape(node.inputs[i]!)));
  },
  Split: ({ b, node, grad }) => {
    const parts = node.outputs.map((out, i) => grad(i) ?? b.zerosLike(out));
    return [b.assume(b.concat(parts, axisOf(node, b, 0)), b.shape(node.inputs[0]!))];
  },
  /** Rows that were read more than once get the sum of what flows back; along another axis one place at a time. */
  Gather: ({ b, node }, dy) => {
    const [table, ids] = node.inputs as [Value, Value];
    const axis = axisOf(node, b, 0);
    const at = b.known(ids);
    if (at?.values.length === 1 && typeof at.values[0] === 'number') {
      const size = b.shape(table)[axis]!;
      const index = at.values[0] < 0 && typeof size === 'number' ? at.values[0] + size : at.values[0];
      const row = at.dims.length === 0 ? b.unsqueeze(dy, [axis]) : dy;
      if (index >= 0) return [between(b, row, table, new Map([[axis, index]]))];
    }
    if (axis !== 0) {
      throw new Error('the gradient of Gather is known along axis 0 and for one constant index only');
    }
    const width = b.shape(table).slice(1);
    const rows = b.reshape(dy, [-1, ...width.map(Number)]);
    const flat = b.unsqueeze(b.reshape(b.cast(ids, 'int64'), [-1]), [1]);
    return [b.node('ScatterND', [b.zerosLike(table), flat, rows], { reduction: 'add' })];
  },
  GatherND: gatherND,
  ScatterND: scatterND,
  Pad: pad,
  Einsum: einsum,
  CumSum: cumSum,
  GatherElements: ({ b, node }, dy) => {
    const [x, ids] = node.inputs as [Value, Value];
    return [
      b.node('ScatterElements', [b.zerosLike(x), ids, dy], { axis: axisOf(node, b, 0), reduction: 'add' }),
    ];
  },
  /** The rotation's inverse is the rotation by the negative angle. */
  RotaryEmbedding: ({ b, node }, dy) => {
    const [, positions, cos, sin] = node.inputs as [Value, Value, Value, Value];
    return [b.node('RotaryEmbedding', [dy, positions, cos, b.neg(sin)], node.attributes)];
  },
  /**
   * y = w x r with r = 1 / sqrt(mean(x^2) + eps). With u = w dy:
   * dx = r u - x r^3 mean(u x); dw = sum(dy x r) over all rows (Zhang and Sennrich 2019, eq. 4).
   */
  SimplifiedLayerNormalization: ({ b, node, grad, wanted }, dy) => {
    const [x, w] = node.inputs as [Value, Value];
    const last = b.shape(x).length - 1;
    if (axisOf(node, b, -1) !== last || grad(1) !== undefined) {
      throw new Error(
        'the gradient of SimplifiedLayerNormalization is known for the last axis and first output only',
      );
    }
    const eps = node.attributes.epsilon;
    const mean = b.mean(b.mul(x, x), [last], true);
    const r = b.node('Reciprocal', [
      b.node('Sqrt', [b.add(mean, scalarLike(b, x, eps?.type === 'float' ? eps.value : 1e-5))]),
    ]);
    const normal = b.mul(x, r);
    let dx: Value | undefined;
    if (wanted(0)) {
      const u = b.mul(dy, w);
      dx = b.mul(r, b.sub(u, b.mul(normal, b.mean(b.mul(u, normal), [last], true))));
    }
    return [dx, wanted(1) ? unbroadcast(b, b.mul(dy, normal), b.shape(w)) : undefined];
  },
};
