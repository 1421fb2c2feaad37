/**
 * Fused operators as the primitive ones that they stand for, so that the gradient table stays short:
 * one row an operator. ONNX Runtime documents them in docs/ContribOperators.md.
 */
import type { GraphBuilder, Value } from './builder.ts';
import { DTYPES, type Node } from './model.ts';
import { intAttribute, intsAttribute } from './shapes.ts';
import { sine } from './trigonometry.ts';

/** What fused attention reads from its surroundings instead of from the graph. */
export interface AttentionSource {
  /** Position of each token, int64 [B, T]. */
  positions(): Value;
  /** Additive mask [B, 1, T, S]: causal, without padding, and no further back than `window` tokens. */
  bias(window: number | undefined): Value;
}

export interface LoweringContext {
  b: GraphBuilder;
  node: Node;
  /** Empty where an optional input is absent. */
  inputs: Value[];
  attention: AttentionSource;
}

/** One value for each output of the node; undefined for those that nothing may read. */
export type LoweringRule = (c: LoweringContext) => (Value | undefined)[];

/** A use of a fused operator that is not understood; the message names it. */
export class LoweringError extends Error {
  override name = 'LoweringError';
}

const float = (node: Node, name: string, or: number): number => {
  const a = node.attributes[name];
  return a?.type === 'float' ? a.value : or;
};
const int = (node: Node, name: string, or: number): number => intAttribute(node.attributes, name, or);
const text = (node: Node, name: string): string => {
  const a = node.attributes[name];
  return a?.type === 'string' ? a.value : '';
};

/** [B, T, heads * D] as [B, heads, T, D]. */
function splitHeads(b: GraphBuilder, x: Value, heads: number): Value {
  return b.transpose(b.reshape(x, [0, 0, heads, Number(b.shape(x)[2]) / heads]), [0, 2, 1, 3]);
}
/** [B, heads, T, D] as [B, T, heads * D]. */
function joinHeads(b: GraphBuilder, x: Value): Value {
  const [, heads, , dim] = b.shape(x);
  return b.reshape(b.transpose(x, [0, 2, 1, 3]), [0, 0, Number(heads) * Number(dim)]);
}

/** Past and new keys or values along the sequence. */
function extend(b: GraphBuilder, past: Value | undefined, now: Value): Value {
  return past && b.shape(past)[2] !== 0 ? b.concat([past, now], 2) : now;
}

interface AttentionOptions {
  scale: number;
  bias?: Value;
  /** Scores are squeezed into (-softcap, softcap) where it is not 0. */
  softcap: number;
}

/**
 * softmax(scale q k' + bias) v. q [B, H, T, D], k [B, KV, S, D], v [B, KV, S, E]: a key/value head
 * serves H / KV query heads in a row, whose queries are stacked so that no key is copied.
 */
function attend(b: GraphBuilder, q: Value, k: Value, v: Value, o: AttentionOptions): Value {
  const [, heads, , dim] = b.shape(q) as [unknown, number, unknown, number];
  const kv = Number(b.shape(k)[1]);
  const [B, , T] = b.shape(q);
  const S = b.shape(k)[2]!;
  const grouped = kv !== heads;
  const scaled = o.scale === 1 ? q : b.mul(q, b.scalar(o.scale));
  const queries = grouped ? b.reshape(scaled, [0, kv, -1, dim]) : scaled;
  let scores = b.matmul(queries, b.swap(k));
  if (grouped) scores = b.assume(b.reshape(scores, [0, heads, -1, 0]), [B!, heads, T!, S]);
  if (o.softcap) scores = b.mul(b.node('Tanh', [b.div(scores, b.scalar(o.softcap))]), b.scalar(o.softcap));
  if (o.bias) scores = b.assume(b.add(scores, o.bias), [B!, heads, T!, S]);
  const shares = b.node('Softmax', [scores], { axis: -1 });
  const mixed = b.matmul(grouped ? b.reshape(shares, [0, kv, -1, 0]) : shares, v);
  if (!grouped) return mixed;
  return b.assume(b.reshape(mixed, [0, heads, -1, 0]), [B!, heads, T!, b.shape(v)[3]!]);
}

function rotary(
  c: LoweringContext,
  x: Value,
  positions: Value,
  cos: Value,
  sin: Value,
  interleaved: number,
): Value {
  const { b } = c;
  const [, heads, , dim] = b.shape(x);
  const turned = Number(b.shape(cos)[1]) * 2;
  return b.node('RotaryEmbedding', [x, positions, cos, sin], {
    interleaved,
    ...(turned !== dim && { rotary_embedding_dim: turned, num_heads: Number(heads) }),
  });
}

/** ONNX's RotaryEmbedding where cos and sin [B, T, turned / 2] are those of each token, not a table. */
function turn(b: GraphBuilder, node: Node, x: Value, cos: Value, sin: Value): Value {
  const flat = b.shape(x).length === 3;
  const all = flat ? splitHeads(b, x, int(node, 'num_heads', 0)) : x;
  const dim = Number(b.shape(all)[3]);
  const turned = int(node, 'rotary_embedding_dim', 0) || dim;
  const half = turned / 2;
  const interleaved = int(node, 'interleaved', 0) === 1;
  const head = turned === dim ? all : b.slice(all, 0, turned, 3);
  // A pair is two neighbours, or two at half the width's distance: made an axis of its own.
  const pairs = b.reshape(head, interleaved ? [0, 0, 0, half, 2] : [0, 0, 0, 2, half]);
  const axis = interleaved ? 4 : 3;
  const part = (i: number) => b.reshape(b.slice(pairs, i, i + 1, axis), [0, 0, 0, half]);
  const [first, second, c, s] = [part(0), part(1), b.unsqueeze(cos, [1]), b.unsqueeze(sin, [1])];
  const ends = [b.sub(b.mul(first, c), b.mul(second, s)), b.add(b.mul(first, s), b.mul(second, c))].map(
    (end) => b.unsqueeze(end, [axis]),
  );
  const joined = b.reshape(b.concat(ends, axis), [0, 0, 0, turned]);
  const whole = turned === dim ? joined : b.concat([joined, b.slice(all, turned, dim, 3)], 3);
  return flat ? joinHeads(b, whole) : whole;
}

/**
 * Refuses what a later version of the operator can be told besides `inputs` and `attributes`: leaving it
 * out would give other numbers than the model's. Attributes at 0 or "NONE" ask for nothing.
 */
function requireKnown(node: Node, inputs: number, attributes: readonly string[]): void {
  const unknown = Object.entries(node.attributes).find(([name, a]) => {
    if (attributes.includes(name)) return false;
    return (
      !((a.type === 'int' || a.type === 'float') && a.value <= 0) &&
      !(a.type === 'string' && a.value === 'NONE')
    );
  });
  if (unknown) throw new LoweringError(`${node.op} with ${unknown[0]} (node ${node.name})`);
  const at = node.inputs.findIndex((name, i) => i >= inputs && name !== '');
  if (at >= 0)
    throw new LoweringError(`${node.op} with an input ${at} (${node.inputs[at]}, node ${node.name})`);
}

/** Each head of x [B, heads, T, D] normed by itself; weight [D]. */
const headNorm = (b: GraphBuilder, x: Value, weight: Value | undefined, epsilon: number): Value =>
  weight ? rmsNorm(b, x, weight, epsilon) : x;

const groupQueryAttention: LoweringRule = (c) => {
  const { b, node, attention } = c;
  const [query, key, value, pastKey, pastValue, , , cos, sin, ownPositions, ownBias, sink] = c.inputs;
  const [keyScale, valueScale, queryNorm, keyNorm] = c.inputs.slice(12);
  requireKnown(node, 16, [
    ...['num_heads', 'kv_num_heads', 'scale', 'local_window_size', 'softcap', 'do_rotary'],
    // A cache cut to the window; here it is kept whole, and the window is in the mask.
    ...['rotary_interleaved', 'qk_norm_epsilon', 'smooth_softmax', 'sliding_window_cache'],
  ]);
  if (sink || int(node, 'smooth_softmax', 0) === 1) {
    throw new LoweringError(`GroupQueryAttention with attention sinks (node ${node.name})`);
  }
  if (keyScale || valueScale) {
    throw new LoweringError(`GroupQueryAttention with a quantized cache (node ${node.name})`);
  }
  const heads = int(node, 'num_heads', 0);
  const kv = int(node, 'kv_num_heads', 0);
  let [q, k, v] = [query!, key!, value!];
  if (!key) {
    const dim = Number(b.shape(q)[2]) / (heads + 2 * kv);
    [q, k, v] = b.nodes('Split', [q, b.ints([heads * dim, kv * dim, kv * dim])], { axis: 2 }, 3) as [
      Value,
      Value,
      Value,
    ];
  }
  const epsilon = float(node, 'qk_norm_epsilon', 1e-6);
  q = headNorm(b, splitHeads(b, q, heads), queryNorm, epsilon);
  k = headNorm(b, splitHeads(b, k, kv), keyNorm, epsilon);
  v = splitHeads(b, v, kv);
  if (int(node, 'do_rotary', 0) === 1) {
    const positions = ownPositions || attention.positions();
    const interleaved = int(node, 'rotary_interleaved', 0);
    q = rotary(c, q, positions, cos!, sin!, interleaved);
    k = rotary(c, k, positions, cos!, sin!, interleaved);
  }
  k = extend(b, pastKey, k);
  v = extend(b, pastValue, v);
  const window = int(node, 'local_window_size', -1);
  const mask = attention.bias(window > 0 ? window : undefined);
  const dim = Number(b.shape(q)[3]);
  const out = attend(b, q, k, v, {
    scale: float(node, 'scale', 0) || 1 / Math.sqrt(dim),
    softcap: float(node, 'softcap', 0),
    bias: ownBias ? b.add(mask, ownBias) : mask,
  });
  return [joinHeads(b, out), k, v];
};

const multiHeadAttention: LoweringRule = ({ b, node, inputs, attention }) => {
  const [query, key, value, projectionBias, padding, bias, pastKey, pastValue] = inputs;
  requireKnown(node, 8, ['num_heads', 'scale', 'mask_filter_value', 'unidirectional']);
  if (!key || !value || b.shape(query!).length !== 3 || b.shape(key).length !== 3) {
    throw new LoweringError(`MultiHeadAttention with packed or transposed inputs (node ${node.name})`);
  }
  const heads = int(node, 'num_heads', 0);
  let [q, k, v] = [query!, key, value];
  if (projectionBias) {
    const widths = [q, k, v].map((x) => Number(b.shape(x)[2]));
    const parts = b.nodes('Split', [projectionBias, b.ints(widths)], { axis: 0 }, 3);
    [q, k, v] = [q, k, v].map((x, i) => b.add(x, parts[i]!)) as [Value, Value, Value];
  }
  q = splitHeads(b, q, heads);
  k = extend(b, pastKey, splitHeads(b, k, heads));
  v = extend(b, pastValue, splitHeads(b, v, heads));
  const masks: Value[] = bias ? [bias] : [];
  if (padding) {
    if (b.shape(padding).length !== 2) {
      throw new LoweringError(
        `MultiHeadAttention with a key padding mask of its own kind (node ${node.name})`,
      );
    }
    const hidden = b.mul(b.sub(b.scalar(1), b.cast(padding, 'float32')), b.scalar(-1e9));
    masks.push(b.unsqueeze(hidden, [1, 2]));
  }
  if (int(node, 'unidirectional', 0) === 1) masks.push(attention.bias(undefined));
  const out = attend(b, q, k, v, {
    scale: float(node, 'scale', 0) || 1 / Math.sqrt(Number(b.shape(q)[3])),
    softcap: 0,
    ...(masks.length > 0 && { bias: masks.reduce((x, y) => b.add(x, y)) }),
  });
  return [joinHeads(b, out), k, v];
};

/** ONNX's own Attention (opset 23): inputs of 3 or 4 axes, a mask that is boolean or added. */
const standardAttention: LoweringRule = ({ b, node, inputs, attention }) => {
  const [query, key, value, mask, pastKey, pastValue] = inputs;
  requireKnown(node, 6, [
    ...['q_num_heads', 'kv_num_heads', 'is_causal', 'scale', 'softcap'],
    ...['softmax_precision', 'qk_matmul_output_mode'],
  ]);
  const flat = b.shape(query!).length === 3;
  const heads = int(node, 'q_num_heads', 0);
  const kv = int(node, 'kv_num_heads', 0);
  const q = flat ? splitHeads(b, query!, heads) : query!;
  const k = extend(b, pastKey, flat ? splitHeads(b, key!, kv) : key!);
  const v = extend(b, pastValue, flat ? splitHeads(b, value!, kv) : value!);
  const masks: Value[] = [];
  if (mask) {
    masks.push(b.info(mask).dtype === 'bool' ? b.node('Where', [mask, b.scalar(0), b.scalar(-1e9)]) : mask);
  }
  if (int(node, 'is_causal', 0) === 1) masks.push(attention.bias(undefined));
  const out = attend(b, q, k, v, {
    scale: float(node, 'scale', 0) || 1 / Math.sqrt(Number(b.shape(q)[3])),
    softcap: float(node, 'softcap', 0),
    ...(masks.length > 0 && { bias: masks.reduce((x, y) => b.add(x, y)) }),
  });
  return [flat ? joinHeads(b, out) : out, k, v];
};

function rmsNorm(b: GraphBuilder, x: Value, weight: Value, epsilon: number): Value {
  return b.node('SimplifiedLayerNormalization', [x, weight], {
    axis: -1,
    epsilon: { type: 'float', value: epsilon },
    stash_type: 1,
  });
}

function layerNorm(
  b: GraphBuilder,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  epsilon: number,
): Value {
  const last = [b.shape(x).length - 1];
  const centred = b.sub(x, b.mean(x, last, true));
  const variance = b.mean(b.mul(centred, centred), last, true);
  const normal = b.div(centred, b.node('Sqrt', [b.add(variance, b.scalar(epsilon))]));
  const scaled = b.mul(normal, weight);
  return bias ? b.add(scaled, bias) : scaled;
}

const requireLastAxis = (b: GraphBuilder, node: Node, x: Value): void => {
  const axis = int(node, 'axis', -1);
  if (axis !== -1 && axis !== b.shape(x).length - 1) {
    throw new LoweringError(`${node.op} along another axis than the last (node ${node.name})`);
  }
};

/** The sum that a skip connection adds up, and the bias that some exporters put in with it. */
function skipSum(b: GraphBuilder, x: Value, skip: Value, bias: Value | undefined): Value {
  const sum = b.add(x, skip);
  return bias ? b.add(sum, bias) : sum;
}

const gelu = (b: GraphBuilder, x: Value): Value => {
  const half = b.mul(x, b.scalar(0.5));
  return b.mul(half, b.add(b.scalar(1), b.node('Erf', [b.mul(x, b.scalar(Math.SQRT1_2))])));
};
/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016). */
const tanhGelu = (b: GraphBuilder, x: Value): Value => {
  const cube = b.mul(b.mul(x, x), x);
  const inner = b.mul(b.add(x, b.mul(cube, b.scalar(0.044715))), b.scalar(Math.sqrt(2 / Math.PI)));
  return b.mul(b.mul(x, b.scalar(0.5)), b.add(b.scalar(1), b.node('Tanh', [inner])));
};
const swish = (b: GraphBuilder, x: Value, alpha: number): Value =>
  b.mul(x, b.node('Sigmoid', [alpha === 1 ? x : b.mul(x, b.scalar(alpha))]));

const leaky = (b: GraphBuilder, x: Value, below: Value): Value =>
  b.node('Where', [b.node('Greater', [x, b.scalar(0)]), x, below]);
/** clip(alpha x + beta, 0, 1). */
const hardSigmoid = (b: GraphBuilder, x: Value, alpha: number, beta: number): Value => {
  const line = b.add(b.mul(x, b.scalar(alpha)), b.scalar(beta));
  return b.node('Clip', [line, b.scalar(0), b.scalar(1)]);
};

const squareSum = (b: GraphBuilder, node: Node, inputs: Value[]): Value => {
  const [x, axes] = inputs;
  const given = axes ? b.known(axes)?.values.map(Number) : intsAttribute(node.attributes, 'axes');
  const all = b.shape(x!).map((_, i) => i);
  return b.sum(b.mul(x!, x!), given ?? all, int(node, 'keepdims', 1) === 1);
};

/** Keyed by operator; contributed operators that share a name with one of ONNX's carry their domain. */
export const LOWERINGS: Record<string, LoweringRule> = {
  GroupQueryAttention: groupQueryAttention,
  MultiHeadAttention: multiHeadAttention,
  Attention: standardAttention,
  /** ONNX's own (opset 23) has its inputs in another order than the contributed one. */
  RotaryEmbedding: ({ b, node, inputs }) => {
    const [x, cos, sin, positions] = inputs;
    if (!positions) return [turn(b, node, x!, cos!, sin!)];
    const [heads, dim] = [int(node, 'num_heads', 0), int(node, 'rotary_embedding_dim', 0)];
    return [
      b.node('RotaryEmbedding', [x!, positions, cos!, sin!], {
        interleaved: int(node, 'interleaved', 0),
        ...(heads && { num_heads: heads }),
        ...(dim && { rotary_embedding_dim: dim }),
      }),
    ];
  },
  RMSNormalization: ({ b, node, inputs: [x, w] }) => {
    requireLastAxis(b, node, x!);
    return [rmsNorm(b, x!, w!, float(node, 'epsilon', 1e-5))];
  },
  SkipSimplifiedLayerNormalization: ({ b, node, inputs: [x, skip, w, bias] }) => {
    const sum = skipSum(b, x!, skip!, bias || undefined);
    return [rmsNorm(b, sum, w!, float(node, 'epsilon', 1e-12)), undefined, undefined, sum];
  },
  SkipLayerNormalization: ({ b, node, inputs: [x, skip, w, beta, bias] }) => {
    const sum = skipSum(b, x!, skip!, bias || undefined);
    return [
      layerNorm(b, sum, w!, beta || undefined, float(node, 'epsilon', 1e-12)),
      undefined,
      undefined,
      sum,
    ];
  },
  LayerNormalization: ({ b, node, inputs: [x, w, bias] }) => {
    requireLastAxis(b, node, x!);
    return [layerNorm(b, x!, w!, bias || undefined, float(node, 'epsilon', 1e-5))];
  },
  Gelu: ({ b, node, inputs: [x] }) => [text(node, 'approximate') === 'tanh' ? tanhGelu(b, x!) : gelu(b, x!)],
  BiasGelu: ({ b, inputs: [x, bias] }) => [gelu(b, b.add(x!, bias!))],
  FastGelu: ({ b, inputs: [x, bias] }) => [tanhGelu(b, bias ? b.add(x!, bias) : x!)],
  QuickGelu: ({ b, node, inputs: [x] }) => [swish(b, x!, float(node, 'alpha', 1.702))],
  Swish: ({ b, node, inputs: [x] }) => [swish(b, x!, float(node, 'alpha', 1))],
  Sin: ({ b, inputs: [x] }) => [b.info(x!).dtype === 'float32' ? sine(b, x!, 0) : b.node('Sin', [x!])],
  Cos: ({ b, inputs: [x] }) => [b.info(x!).dtype === 'float32' ? sine(b, x!, 1) : b.node('Cos', [x!])],
  LeakyRelu: ({ b, node, inputs: [x] }) => [leaky(b, x!, b.mul(x!, b.scalar(float(node, 'alpha', 0.01))))],
  PRelu: ({ b, inputs: [x, slope] }) => [leaky(b, x!, b.mul(x!, slope!))],
  HardSigmoid: ({ b, node, inputs: [x] }) => [
    hardSigmoid(b, x!, float(node, 'alpha', 0.2), float(node, 'beta', 0.5)),
  ],
  HardSwish: ({ b, inputs: [x] }) => [b.mul(x!, hardSigmoid(b, x!, 1 / 6, 0.5))],
  FusedMatMul: ({ b, node, inputs: [x, y] }) => {
    if (int(node, 'transBatchA', 0) || int(node, 'transBatchB', 0)) {
      throw new LoweringError(`FusedMatMul with a transposed batch (node ${node.name})`);
    }
    const product = b.matmul(
      int(node, 'transA', 0) ? b.swap(x!) : x!,
      int(node, 'transB', 0) ? b.swap(y!) : y!,
    );
    const alpha = float(node, 'alpha', 1);
    return [alpha === 1 ? product : b.mul(product, b.scalar(alpha))];
  },
  ReduceSumSquare: ({ b, node, inputs }) => [squareSum(b, node, inputs)],
  ReduceL2: ({ b, node, inputs }) => [b.node('Sqrt', [squareSum(b, node, inputs)])],
  Dropout: ({ inputs: [x] }) => [x],
  CastLike: ({ b, inputs: [x, like] }) => {
    const { dtype } = b.info(like!);
    return [b.info(x!).dtype === dtype ? x : b.node('Cast', [x!], { to: DTYPES[dtype].code })];
  },
};
