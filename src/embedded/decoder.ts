/**
 * A Llama-like decoder as ONNX graphs, and the graph that trains it (forward, loss, backward);
 * `decoding.ts` has the sampler's. Weights that train enter as one flat vector, so that an update, a swap
 * of adapters or a restored checkpoint opens no graph anew.
 */
import {
  differentiate,
  GraphBuilder,
  type Value,
  elementCount,
  float32Constant,
  writeModel,
} from 'onnx-grad';
import { policySlope, sumIntoVector, type Layout, type Parameter, type Weights } from 'onnx-lora';
import type { Tuning } from '../util/tuning.ts';

export interface DecoderConfig {
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  feedForward: number;
  /** Longest sequence, in tokens. */
  context: number;
  ropeTheta: number;
  normEpsilon: number;
}

const LINEARS = [
  'self_attn.q_proj',
  'self_attn.k_proj',
  'self_attn.v_proj',
  'self_attn.o_proj',
  'mlp.gate_proj',
  'mlp.up_proj',
  'mlp.down_proj',
] as const;

/** [in, out] of a linear projection. */
function linearDims(c: DecoderConfig, linear: string): [number, number] {
  if (linear === 'mlp.down_proj') return [c.feedForward, c.width];
  if (linear.startsWith('mlp.')) return [c.width, c.feedForward];
  return [c.width, c.width];
}

/**
 * The model's own weights, in a fixed order. Linear projections are stored [in, out] (the layout
 * that ONNX's MatMul reads; PyTorch's is the transpose). The output head is the embedding.
 */
export function decoderParameters(c: DecoderConfig): Parameter[] {
  const normal = (sd: number) => ({ kind: 'normal', sd }) as const;
  const one = { kind: 'constant', value: 1 } as const;
  const out: Parameter[] = [
    { name: 'model.embed_tokens.weight', dims: [c.vocabulary, c.width], init: normal(0.02) },
  ];
  for (let i = 0; i < c.layers; i++) {
    const layer = `model.layers.${i}`;
    out.push({ name: `${layer}.input_layernorm.weight`, dims: [c.width], init: one });
    out.push({ name: `${layer}.post_attention_layernorm.weight`, dims: [c.width], init: one });
    for (const linear of LINEARS) {
      // Projections into the residual stream start smaller (Radford et al. 2019, section 2.3).
      const residual = linear.endsWith('o_proj') || linear.endsWith('down_proj');
      const dims = linearDims(c, linear);
      const sd = (residual ? 1 / Math.sqrt(2 * c.layers) : 1) / Math.sqrt(dims[0]);
      out.push({ name: `${layer}.${linear}.weight`, dims, init: normal(sd) });
    }
  }
  out.push({ name: 'model.norm.weight', dims: [c.width], init: one });
  return out;
}

/** LoRA's pair for every linear projection: A [in, rank] starts random, B [rank, out] at zero (Hu et al. 2021). */
export function adapterParameters(c: DecoderConfig, rank: number, layers = c.layers): Parameter[] {
  const out: Parameter[] = [];
  for (let i = Math.max(0, c.layers - layers); i < c.layers; i++) {
    for (const linear of LINEARS) {
      const [fanIn, fanOut] = linearDims(c, linear);
      const name = `model.layers.${i}.${linear}`;
      out.push({
        name: `${name}.lora_A`,
        dims: [fanIn, rank],
        init: { kind: 'normal', sd: 1 / Math.sqrt(fanIn) },
      });
      out.push({ name: `${name}.lora_B`, dims: [rank, fanOut], init: { kind: 'constant', value: 0 } });
    }
  }
  return out;
}

export function trainableLayout(c: DecoderConfig, tuning: Tuning): Layout {
  const parameters =
    tuning.kind === 'full' ? decoderParameters(c) : adapterParameters(c, tuning.rank, tuning.layers);
  const offsets = new Map<string, number>();
  let size = 0;
  for (const p of parameters) {
    offsets.set(p.name, size);
    size += elementCount(p.dims);
  }
  const shape = `v${c.vocabulary}-d${c.width}-l${c.layers}-h${c.heads}-f${c.feedForward}`;
  const what =
    tuning.kind === 'full'
      ? 'full'
      : `lora-r${tuning.rank}-a${tuning.alpha}${tuning.layers === undefined ? '' : `-last${tuning.layers}`}`;
  return { id: `${shape}/${what}`, parameters, offsets, size };
}

/** Where a graph gets its weights from, by the names of `decoderParameters`. */
export interface WeightSource {
  get(name: string): Value;
  /** x [..., in] to [..., out]. */
  linear(x: Value, name: string): Value;
}

/** Frozen weights as constants, training ones cut from the flat vector. */
export class TrainedWeights implements WeightSource {
  readonly flat: Value;
  private readonly cut = new Map<string, Value>();

  constructor(
    private readonly b: GraphBuilder,
    private readonly config: DecoderConfig,
    private readonly tuning: Tuning,
    private readonly layout: Layout,
    private readonly frozen: Weights,
  ) {
    this.flat = b.input('weights', 'float32', [layout.size]);
  }

  /** The training weights that the graph reads, in the flat vector's order. */
  trainable(): Value[] {
    return this.layout.parameters.map((p) => this.get(p.name));
  }

  get(name: string): Value {
    const known = this.cut.get(name);
    if (known) return known;
    const offset = this.layout.offsets.get(name);
    const value = offset === undefined ? this.constant(name) : this.slice(name, offset);
    this.cut.set(name, value);
    return value;
  }

  private slice(name: string, offset: number): Value {
    const { dims } = this.layout.parameters.find((p) => p.name === name)!;
    return this.b.reshape(this.b.slice(this.flat, offset, offset + elementCount(dims), 0), dims);
  }

  private constant(name: string): Value {
    const data = this.frozen.get(name);
    if (!data) throw new Error(`the model lacks the weight ${name}`);
    const { dims } = decoderParameters(this.config).find((p) => p.name === name)!;
    return this.b.initializer(name, float32Constant(dims, data));
  }

  /** With LoRA `x W + (alpha / rank) (x A) B`. */
  linear(x: Value, name: string): Value {
    const { b } = this;
    const base = b.matmul(x, this.get(`${name}.weight`));
    const adapter = this.adapter(name);
    if (!adapter) return base;
    return b.add(base, b.mul(b.matmul(b.matmul(x, adapter.A), adapter.B), adapter.scale));
  }

  /** A weight as the trained vector makes it, adapters merged; undefined where the vector has no part in it. */
  merged(name: string): Value | undefined {
    if (this.layout.offsets.has(name)) return this.get(name);
    const adapter = this.adapter(name.replace(/\.weight$/, ''));
    if (!adapter) return undefined;
    const { b } = this;
    return b.add(this.get(name), b.mul(b.matmul(adapter.A, adapter.B), adapter.scale));
  }

  private adapter(linear: string): { A: Value; B: Value; scale: Value } | undefined {
    if (this.tuning.kind === 'full' || !this.layout.offsets.has(`${linear}.lora_A`)) return undefined;
    return {
      A: this.get(`${linear}.lora_A`),
      B: this.get(`${linear}.lora_B`),
      scale: this.b.scalar(this.tuning.alpha / this.tuning.rank),
    };
  }
}

/** Cosines and sines of the rotary embedding, [context, headDim / 2] (Su et al. 2021). */
function rotaryTables(b: GraphBuilder, c: DecoderConfig): { cos: Value; sin: Value } {
  const half = c.width / c.heads / 2;
  const cos = new Float32Array(c.context * half);
  const sin = new Float32Array(c.context * half);
  for (let position = 0; position < c.context; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * c.ropeTheta ** (-i / half);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return {
    cos: b.initializer('rotary.cos', float32Constant([c.context, half], cos)),
    sin: b.initializer('rotary.sin', float32Constant([c.context, half], sin)),
  };
}

export class DecoderGraph<W extends WeightSource> {
  private readonly rotary: { cos: Value; sin: Value };
  protected readonly headDim: number;

  constructor(
    readonly b: GraphBuilder,
    readonly c: DecoderConfig,
    readonly w: W,
  ) {
    this.rotary = rotaryTables(b, c);
    this.headDim = c.width / c.heads;
  }

  embed(ids: Value): Value {
    return this.b.node('Gather', [this.w.get('model.embed_tokens.weight'), ids], { axis: 0 });
  }

  norm(x: Value, weight: string): Value {
    return this.b.node('SimplifiedLayerNormalization', [x, this.w.get(weight)], {
      axis: -1,
      epsilon: { type: 'float', value: this.c.normEpsilon },
      stash_type: 1,
    });
  }

  /** [rows, seq, width] to [rows, heads, seq, headDim]. */
  heads(x: Value): Value {
    return this.b.transpose(this.b.reshape(x, [0, 0, this.c.heads, this.headDim]), [0, 2, 1, 3]);
  }

  /** And back: [rows, heads, seq, headDim] to [rows, seq, width]. */
  joinHeads(x: Value): Value {
    return this.b.reshape(this.b.transpose(x, [0, 2, 1, 3]), [0, 0, this.c.width]);
  }

  rotate(x: Value, positions: Value): Value {
    return this.b.node('RotaryEmbedding', [x, positions, this.rotary.cos, this.rotary.sin], {
      interleaved: 0,
    });
  }

  /** One layer; `attend` gets q, k, v as [rows, heads, seq, headDim] and gives the same shape. */
  layer(x: Value, i: number, positions: Value, attend: (q: Value, k: Value, v: Value) => Value): Value {
    const { b, w } = this;
    const name = `model.layers.${i}`;
    const h = this.norm(x, `${name}.input_layernorm.weight`);
    const q = this.rotate(this.heads(w.linear(h, `${name}.self_attn.q_proj`)), positions);
    const k = this.rotate(this.heads(w.linear(h, `${name}.self_attn.k_proj`)), positions);
    const v = this.heads(w.linear(h, `${name}.self_attn.v_proj`));
    const scaled = b.mul(q, b.scalar(1 / Math.sqrt(this.headDim)));
    const mixed = this.joinHeads(attend(scaled, k, v));
    const y = b.add(x, w.linear(mixed, `${name}.self_attn.o_proj`));
    const g = this.norm(y, `${name}.post_attention_layernorm.weight`);
    const gate = w.linear(g, `${name}.mlp.gate_proj`);
    const silu = b.mul(gate, b.node('Sigmoid', [gate]));
    const up = b.mul(silu, w.linear(g, `${name}.mlp.up_proj`));
    return b.add(y, w.linear(up, `${name}.mlp.down_proj`));
  }

  /** Logits [..., vocabulary]; the head is the embedding, transposed. */
  head(x: Value): Value {
    const { b } = this;
    return b.matmul(this.norm(x, 'model.norm.weight'), b.swap(this.w.get('model.embed_tokens.weight')));
  }

  /** Whole sequences at once: causal attention under `mask` [seq, seq], 0 or very negative. */
  sequence(ids: Value, positions: Value, mask: Value, keep?: (i: number, k: Value, v: Value) => void): Value {
    const { b } = this;
    let x = this.embed(ids);
    for (let i = 0; i < this.c.layers; i++) {
      x = this.layer(x, i, positions, (q, k, v) => {
        const keys = b.swap(k);
        keep?.(i, keys, v);
        return b.matmul(b.node('Softmax', [b.add(b.matmul(q, keys), mask)], { axis: -1 }), v);
      });
    }
    return x;
  }

  bytes(): Uint8Array {
    return writeModel(this.b.model);
  }
}

/**
 * Forward, policy-gradient loss and backward in one graph. Inputs, B rows of T tokens:
 *   weights, gradient [P]      trained weights; gradient so far, to which this batch's is added
 *   ids, positions [B, T]      int64, right-padded
 *   targets [B, T, 1]          int64, the token that follows
 *   mask [T, T]                causal, additive
 *   old, reference [B, T]      log-probabilities at sampling and under the starting weights
 *   push, bound, pull [B, T]   of `policySlope`: weight A; high where A > 0, else low; weight klWeight
 *   ratio []                   1: PPO's ratio exp(logp - old); 0: plain policy gradient
 *   least, most []             bounds of CISPO's ratio, far out where PPO clips
 * Outputs: logprobs [B, T] of the targets, and gradientOut [P], for the loss
 *   sum weight * ( -min(r A, clip(r, low, high) A) + klWeight (exp(d) - d - 1) ),  d = reference - logp
 * with low = 1 - eps and high = 1 + eps where they are PPO's, and weight 0 for prompts and padding (Schulman et al. 2017,
 * eq. 7; the KL estimate is Schulman's k3), or with -A sg(clip(r, low, high)) logp in place of the minimum, sg being a
 * constant for the derivative (CISPO, Chen et al. 2025, https://arxiv.org/abs/2506.13585). The loss itself is cheap outside.
 */
export function trainingGraph(c: DecoderConfig, tuning: Tuning, layout: Layout, frozen: Weights): Uint8Array {
  const g = trainedDecoder('train', c, tuning, layout, frozen);
  const { b } = g;
  const logp = sequenceLogprobs(g);
  const slope = policySlope(b, logp, ['rows', 'seq']);
  const gradient = b.input('gradient', 'float32', [layout.size]);
  const grads = differentiate(b, logp, slope, g.w.trainable());
  // First: it may stay on the device, and onnxruntime-node looks up by their place which ones do.
  b.output('gradientOut', sumIntoVector(b, gradient, grads));
  b.output('logprobs', logp);
  return g.bytes();
}

function trainedDecoder(
  name: string,
  c: DecoderConfig,
  tuning: Tuning,
  layout: Layout,
  frozen: Weights,
): DecoderGraph<TrainedWeights> {
  const b = new GraphBuilder(name);
  return new DecoderGraph(b, c, new TrainedWeights(b, c, tuning, layout, frozen));
}

function sequenceLogprobs(g: DecoderGraph<WeightSource>): Value {
  const { b } = g;
  const ids = b.input('ids', 'int64', ['rows', 'seq']);
  const positions = b.input('positions', 'int64', ['rows', 'seq']);
  const targets = b.input('targets', 'int64', ['rows', 'seq', 1]);
  const mask = b.input('mask', 'float32', ['seq', 'seq']);
  const logits = g.head(g.sequence(ids, positions, mask));
  const all = b.node('LogSoftmax', [logits], { axis: -1 });
  return b.reshapeLike(b.node('GatherElements', [all, targets], { axis: 2 }), ids);
}

/** The training graph's forward part alone: logprobs [B, T] of `targets`. */
export function scoringGraph(c: DecoderConfig, tuning: Tuning, layout: Layout, frozen: Weights): Uint8Array {
  const g = trainedDecoder('score', c, tuning, layout, frozen);
  g.b.output('logprobs', sequenceLogprobs(g));
  return g.bytes();
}
