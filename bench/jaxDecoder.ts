/**
 * The embedded decoder's loss in jax-js, with LoRA's pairs, as `src/embedded/decoder.ts` has it in ONNX. Every
 * function of jax-js takes its arguments over: `.ref` is what keeps one for another use.
 */
import { grad, jit, nn, numpy as np } from '@jax-js/jax';
import type { DecoderConfig } from '../src/embedded/decoder.ts';

type Arrays = Record<string, np.Array>;

export interface JaxBatch {
  /** Token ids, each row of the same length T + 1. */
  rows: readonly (readonly number[])[];
  /** Weight of each prediction in the loss. */
  weight: number;
  scale: number;
}

/** Sum over predictions of -weight log p(target), as a function of the pairs, and what else it reads. */
function loss(c: DecoderConfig, B: number, T: number, weight: number, scale: number) {
  const headDim = c.width / c.heads;
  return (pairs: Arrays, frozen: Arrays): np.Array => {
    const linear = (x: np.Array, name: string): np.Array => {
      const low = np.matmul(np.matmul(x.ref, pairs[`${name}.lora_A`]!.ref), pairs[`${name}.lora_B`]!.ref);
      return np.matmul(x, frozen[`${name}.weight`]!.ref).add(low.mul(scale));
    };
    const norm = (x: np.Array, name: string): np.Array => {
      const mean = np.mean(np.square(x.ref), -1, { keepdims: true });
      return x.div(np.sqrt(mean.add(c.normEpsilon))).mul(frozen[name]!.ref);
    };
    const heads = (x: np.Array) => np.transpose(x.reshape([B, T, c.heads, headDim]), [0, 2, 1, 3]);
    const rotate = (x: np.Array): np.Array => {
      const [first, second] = np.split(x, 2, -1) as [np.Array, np.Array];
      const cos = () => frozen.cos!.ref;
      const sin = () => frozen.sin!.ref;
      return np.concatenate(
        [first.ref.mul(cos()).sub(second.ref.mul(sin())), second.mul(cos()).add(first.mul(sin()))],
        -1,
      );
    };
    let x = frozen.embedded!.ref;
    for (let i = 0; i < c.layers; i++) {
      const layer = `model.layers.${i}`;
      const h = norm(x.ref, `${layer}.input_layernorm.weight`);
      const q = rotate(heads(linear(h.ref, `${layer}.self_attn.q_proj`)));
      const k = rotate(heads(linear(h.ref, `${layer}.self_attn.k_proj`)));
      const v = heads(linear(h, `${layer}.self_attn.v_proj`));
      const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).mul(1 / Math.sqrt(headDim));
      const shares = nn.softmax(scores.add(frozen.mask!.ref), -1);
      const mixed = np.transpose(np.matmul(shares, v), [0, 2, 1, 3]).reshape([B, T, c.width]);
      x = x.add(linear(mixed, `${layer}.self_attn.o_proj`));
      const g = norm(x.ref, `${layer}.post_attention_layernorm.weight`);
      const gate = nn.silu(linear(g.ref, `${layer}.mlp.gate_proj`));
      x = x.add(linear(gate.mul(linear(g, `${layer}.mlp.up_proj`)), `${layer}.mlp.down_proj`));
    }
    const table = np.transpose(frozen['model.embed_tokens.weight']!.ref, [1, 0]);
    const logits = np.matmul(norm(x, 'model.norm.weight'), table);
    const total = np.sum(nn.logSoftmax(logits, -1).mul(frozen.targets!.ref));
    for (const array of [...Object.values(pairs), ...Object.values(frozen)]) array.dispose();
    return total.mul(-weight);
  };
}

/** One forward and backward pass, compiled: gives the gradient of each of LoRA's matrices. */
export function jaxStep(
  c: DecoderConfig,
  weights: ReadonlyMap<string, { dims: number[]; data: Float32Array }>,
  pairs: ReadonlyMap<string, { dims: number[]; data: Float32Array }>,
  { rows, weight, scale }: JaxBatch,
): () => Promise<Map<string, Float32Array>> {
  const array = (data: Float32Array, dims: number[]) =>
    np.array(data as Float32Array<ArrayBuffer>).reshape(dims);
  const [B, T] = [rows.length, rows[0]!.length - 1];
  const half = c.width / c.heads / 2;
  const frozen: Arrays = {};
  for (const [name, { dims, data }] of weights) frozen[name] = array(data, dims);
  // Inputs that depend on tokens alone are laid out once, outside of the measured time.
  const table = weights.get('model.embed_tokens.weight')!.data;
  const embedded = new Float32Array(B * T * c.width);
  const targets = new Float32Array(B * T * c.vocabulary);
  rows.forEach((row, r) => {
    for (let t = 0; t < T; t++) {
      const at = row[t]! * c.width;
      embedded.set(table.subarray(at, at + c.width), (r * T + t) * c.width);
      targets[(r * T + t) * c.vocabulary + row[t + 1]!] = 1;
    }
  });
  const angle = (f: (angle: number) => number) =>
    Float32Array.from({ length: T * half }, (_, i) =>
      f(Math.floor(i / half) * c.ropeTheta ** (-(i % half) / half)),
    );
  const mask = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
  Object.assign(frozen, {
    embedded: array(embedded, [B, T, c.width]),
    targets: array(targets, [B, T, c.vocabulary]),
    cos: array(angle(Math.cos), [1, 1, T, half]),
    sin: array(angle(Math.sin), [1, 1, T, half]),
    mask: array(mask, [1, 1, T, T]),
  });
  const trained: Arrays = {};
  for (const [name, { dims, data }] of pairs) trained[name] = array(data, dims);
  const gradient = jit(grad(loss(c, B, T, weight, scale)));
  const held = (arrays: Arrays) => Object.fromEntries(Object.entries(arrays).map(([k, v]) => [k, v.ref]));
  return async () => {
    const out = gradient(held(trained), held(frozen)) as Arrays;
    const read = new Map<string, Float32Array>();
    for (const [name, value] of Object.entries(out)) read.set(name, (await value.data()) as Float32Array);
    return read;
  };
}
