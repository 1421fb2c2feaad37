/** Fused attention, rewritten as products and a softmax. ONNX Runtime documents its operators in docs/ContribOperators.md. */
import { floatAttribute, intAttribute } from '../attributes.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import type { Node } from '../model.ts';
import { joinHeads, splitHeads } from './heads.ts';
import { rmsNorm } from './normalization.ts';
import { type Family, LoweringError, type LoweringRule } from './operator.ts';
import { rotate } from './rotary.ts';

const float = (node: Node, name: string, or: number): number => floatAttribute(node.attributes, name, or);
const int = (node: Node, name: string, or: number): number => intAttribute(node.attributes, name, or);

/** Keys or values of earlier tokens before those of new ones, along the sequence. */
function extend(b: GraphWriter, past: Value | undefined, now: Value): Value {
  return past && b.shape(past)[2] !== 0 ? b.concat([past, now], 2) : now;
}

interface AttentionOptions {
  scale: number;
  bias?: Value;
  /** Bounds scores to (-softcap, softcap) by tanh; 0: no bound. */
  softcap: number;
}

/**
 * softmax(scale q k' + bias) v. q [B, H, T, D], k [B, KV, S, D], v [B, KV, S, E]: each key/value head
 * serves H / KV neighbouring query heads, whose queries are stacked so that no key is copied.
 */
function attend(b: GraphWriter, q: Value, k: Value, v: Value, o: AttentionOptions): Value {
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

/**
 * Refuses a node with more than the first `inputs` inputs, or with attributes besides `attributes`: a later
 * version of the operator has them, and ignoring them would give other numbers than the model's. Attributes
 * that are 0, negative or "NONE" change nothing.
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

/** RMS norm of each head of x [B, heads, T, D]; weight [D]. */
const headNorm = (b: GraphWriter, x: Value, weight: Value | undefined, epsilon: number): Value =>
  weight ? rmsNorm(b, x, weight, epsilon) : x;

const groupQueryAttention: LoweringRule = (c) => {
  const { b, node, attention } = c;
  const [query, key, value, pastKey, pastValue, , , cos, sin, ownPositions, ownBias, sink] = c.inputs;
  const [keyScale, valueScale, queryNorm, keyNorm] = c.inputs.slice(12);
  requireKnown(node, 16, [
    ...['num_heads', 'kv_num_heads', 'scale', 'local_window_size', 'softcap', 'do_rotary'],
    // sliding_window_cache: a cache cut to the window. Here it is kept whole, and the mask has the window.
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
    q = rotate(b, q, positions, cos!, sin!, interleaved);
    k = rotate(b, k, positions, cos!, sin!, interleaved);
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

export const ATTENTION: Family = {
  GroupQueryAttention: { lower: groupQueryAttention },
  MultiHeadAttention: { lower: multiHeadAttention },
  Attention: { lower: standardAttention },
  /** An operator with the projections and their weights inside, unlike ONNX's. */
  'com.microsoft.Attention': {
    refused: (where) =>
      `operator ${where} is not supported: choose an export with plain operators, such as optimum's`,
  },
};
