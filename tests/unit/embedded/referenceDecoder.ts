/**
 * The decoder once more, in float64 and plain loops, written from the papers and not from the graph:
 * what the graphs of every backend are compared with.
 */
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { adapterParameters, type DecoderConfig, decoderParameters } from '../../../src/embedded/decoder.ts';
import type { Parameter, Weights } from '../../../packages/onnx-lora/src/train/trainedVector.ts';
import type { LossOptions, TrainingRow } from '../../../packages/onnx-lora/src/train/trainer.ts';
import type { Tuning } from '../../../src/util/tuning.ts';

/** A few hundred to a few thousand weights: small enough for differences weight by weight. */
export const micro: DecoderConfig = {
  vocabulary: 11,
  width: 8,
  layers: 2,
  heads: 2,
  feedForward: 12,
  context: 64,
  ropeTheta: 100,
  normEpsilon: 1e-3,
};

const count = (p: Parameter): number => p.dims.reduce((a, b) => a * b, 1);

/** Weights of a size at which every part of the decoder matters: nothing is zero, no softmax is saturated. */
export function randomValues(parameters: readonly Parameter[], seed: number): Float32Array {
  const random = new Random(seed);
  const out: number[] = [];
  for (const p of parameters) {
    const norm = p.dims.length === 1;
    for (let i = 0; i < count(p); i++) {
      const u = 2 * random.uniform() - 1;
      out.push(norm ? 1 + 0.3 * u : u * (p.name.includes('embed') ? 1 : 1.5 / Math.sqrt(p.dims[0]!)));
    }
  }
  return Float32Array.from(out);
}

export function byName(parameters: readonly Parameter[], flat: Float32Array): Weights {
  const out = new Map<string, Float32Array>();
  let at = 0;
  for (const p of parameters) {
    out.set(p.name, flat.subarray(at, at + count(p)));
    at += count(p);
  }
  return out;
}

export const randomModel = (c: DecoderConfig, seed: number): Weights =>
  byName(decoderParameters(c), randomValues(decoderParameters(c), seed));

type Numbers = ArrayLike<number>;
type Lookup = (name: string) => Float64Array;

/** Frozen weights in float64, converted once: one kind of array keeps the loops below fast. */
const widened = new WeakMap<Float32Array, Float64Array>();
function widen(values: Float32Array): Float64Array {
  const known = widened.get(values) ?? Float64Array.from(values);
  widened.set(values, known);
  return known;
}

/** Weights by name, those that train taken from `flat`. */
function lookup(c: DecoderConfig, tuning: Tuning, model: Weights, flat: Numbers): Lookup {
  const source = flat instanceof Float64Array ? flat : Float64Array.from(flat);
  const trained = new Map<string, Float64Array>();
  let at = 0;
  for (const p of tuning.kind === 'full' ? decoderParameters(c) : adapterParameters(c, tuning.rank)) {
    trained.set(p.name, source.subarray(at, at + count(p)));
    at += count(p);
  }
  return (name) => trained.get(name) ?? widen(model.get(name)!);
}

/** Row vector times a matrix stored [in, out]. */
function times(x: number[], matrix: Float64Array, out: number): number[] {
  const y = new Array<number>(out).fill(0);
  for (let i = 0; i < x.length; i++) {
    const a = x[i]!;
    for (let j = 0; j < out; j++) y[j]! += a * matrix[i * out + j]!;
  }
  return y;
}
const plus = (a: number[], b: number[]) => a.map((v, i) => v + b[i]!);

function rmsNorm(x: number[], weight: Float64Array, epsilon: number): number[] {
  const square = x.reduce((sum, v) => sum + v * v, 0) / x.length;
  return x.map((v, i) => (v / Math.sqrt(square + epsilon)) * weight[i]!);
}

/** Cosine and sine of position * theta^(-i / half), for each pair i of a head. */
const turn = (position: number, half: number, theta: number): [number, number][] =>
  Array.from({ length: half }, (_, i) => {
    const angle = position * theta ** (-i / half);
    return [Math.cos(angle), Math.sin(angle)];
  });

/** Turns each pair (i, i + half) of a head. */
function rotated(x: number[], turns: [number, number][]): number[] {
  const half = x.length / 2;
  return x.map((v, i) => {
    const [cos, sin] = turns[i % half]!;
    return v * cos + (i < half ? -x[i + half]! : x[i - half]!) * sin;
  });
}

/** Logits after each token of one sequence, [tokens][vocabulary]. */
export function referenceLogits(
  c: DecoderConfig,
  tuning: Tuning,
  model: Weights,
  flat: Numbers,
  tokens: readonly number[],
): number[][] {
  const w = lookup(c, tuning, model, flat);
  const linear = (x: number[], name: string, out: number): number[] => {
    const y = times(x, w(`${name}.weight`), out);
    if (tuning.kind === 'full') return y;
    const low = times(times(x, w(`${name}.lora_A`), tuning.rank), w(`${name}.lora_B`), out);
    return plus(
      y,
      low.map((v) => (v * tuning.alpha) / tuning.rank),
    );
  };
  const embedding = w('model.embed_tokens.weight');
  const embed = (t: number) => Array.from({ length: c.width }, (_, i) => embedding[t * c.width + i]!);
  const headDim = c.width / c.heads;
  const turns = tokens.map((_, t) => turn(t, headDim / 2, c.ropeTheta));
  let xs = tokens.map(embed);
  for (let l = 0; l < c.layers; l++) {
    const name = `model.layers.${l}`;
    const hs = xs.map((x) => rmsNorm(x, w(`${name}.input_layernorm.weight`), c.normEpsilon));
    const qs = hs.map((h) => linear(h, `${name}.self_attn.q_proj`, c.width));
    const ks = hs.map((h) => linear(h, `${name}.self_attn.k_proj`, c.width));
    const vs = hs.map((h) => linear(h, `${name}.self_attn.v_proj`, c.width));
    /** Head h of each token's vector, turned by its position. */
    const heads = (all: number[][], h: number) =>
      all.map((x, t) => rotated(x.slice(h * headDim, (h + 1) * headDim), turns[t]!));
    const mixed: number[][] = tokens.map(() => []);
    for (let h = 0; h < c.heads; h++) {
      const [q, k] = [heads(qs, h), heads(ks, h)];
      tokens.forEach((_, t) => {
        const exps: number[] = [];
        for (let s = 0; s <= t; s++) {
          exps.push(Math.exp(q[t]!.reduce((sum, a, i) => sum + a * k[s]![i]!, 0) / Math.sqrt(headDim)));
        }
        const total = exps.reduce((a, b) => a + b, 0);
        for (let i = 0; i < headDim; i++) {
          mixed[t]!.push(exps.reduce((sum, e, s) => sum + (e / total) * vs[s]![h * headDim + i]!, 0));
        }
      });
    }
    const ys = xs.map((x, t) => plus(x, linear(mixed[t]!, `${name}.self_attn.o_proj`, c.width)));
    xs = ys.map((y) => {
      const g = rmsNorm(y, w(`${name}.post_attention_layernorm.weight`), c.normEpsilon);
      const gate = linear(g, `${name}.mlp.gate_proj`, c.feedForward);
      const up = linear(g, `${name}.mlp.up_proj`, c.feedForward);
      const inner = gate.map((v, i) => (v / (1 + Math.exp(-v))) * up[i]!);
      return plus(y, linear(inner, `${name}.mlp.down_proj`, c.width));
    });
  }
  return xs.map((x) => {
    const last = rmsNorm(x, w('model.norm.weight'), c.normEpsilon);
    const logits = new Array<number>(c.vocabulary).fill(0);
    for (let v = 0; v < c.vocabulary; v++) {
      for (let i = 0; i < c.width; i++) logits[v]! += embedding[v * c.width + i]! * last[i]!;
    }
    return logits;
  });
}

export function logSoftmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const total = max + Math.log(logits.reduce((sum, v) => sum + Math.exp(v - max), 0));
  return logits.map((v) => v - total);
}

/** Log-probabilities of each token after the first. */
export function referenceLogprobs(...args: Parameters<typeof referenceLogits>): number[] {
  const tokens = args[4];
  const logits = referenceLogits(...args);
  return tokens.slice(1).map((token, t) => logSoftmax(logits[t]!)[token]!);
}

/**
 * PPO's clipped surrogate (Schulman et al. 2017, eq. 7), with a bound of its own above where one is given, or CISPO
 * (Chen et al. 2025, eq. 4), or plain policy gradient, plus the k3 estimate of KL. `held`: the log-probabilities that
 * make CISPO's weights, for what must not move them.
 */
export function lossOf(
  rows: readonly TrainingRow[],
  logprobs: readonly Numbers[],
  { clip, clipHigh, clipping, klWeight }: LossOptions,
  held: readonly Numbers[] = logprobs,
): number {
  let loss = 0;
  const above = clipHigh || clip;
  const bound = (ratio: number) => Math.min(Math.max(ratio, 1 - clip), 1 + above);
  rows.forEach((row, r) => {
    for (let t = 0; t < row.tokens.length - 1; t++) {
      const weight = row.weight[t]!;
      if (weight === 0) continue;
      const logp = logprobs[r]![t]!;
      let gain = row.advantage * logp;
      if (clip > 0 && clipping === 'cispo') {
        gain *= bound(Math.exp(held[r]![t]! - row.old![t]!));
      } else if (clip > 0) {
        const ratio = Math.exp(logp - row.old![t]!);
        gain = Math.min(ratio * row.advantage, bound(ratio) * row.advantage);
      }
      const d = klWeight > 0 ? row.reference![t]! - logp : 0;
      loss += weight * (-gain + klWeight * (Math.exp(d) - d - 1));
    }
  });
  return loss;
}

/** Gradients of several losses with respect to `flat`, by central differences of the float64 decoder. */
export function referenceGradients(
  c: DecoderConfig,
  tuning: Tuning,
  model: Weights,
  flat: Numbers,
  rows: readonly TrainingRow[],
  losses: readonly LossOptions[],
): Float64Array[] {
  const at = Float64Array.from(flat);
  const step = 1e-5;
  const gradients = losses.map(() => new Float64Array(at.length));
  const held = rows.map((row) => referenceLogprobs(c, tuning, model, at, row.tokens));
  for (let i = 0; i < at.length; i++) {
    const value = at[i]!;
    for (const sign of [1, -1]) {
      at[i] = value + sign * step;
      const logprobs = rows.map((row) => referenceLogprobs(c, tuning, model, at, row.tokens));
      losses.forEach((options, n) => {
        gradients[n]![i]! += (sign * lossOf(rows, logprobs, options, held)) / (2 * step);
      });
    }
    at[i] = value;
  }
  return gradients;
}

/**
 * Rows of different lengths, with prompts that carry no loss, advantages of both signs, and old
 * log-probabilities that put ratios on both sides of PPO's clip, none of them close to its edge.
 */
export function exampleRows(
  c: DecoderConfig,
  tuning: Tuning,
  model: Weights,
  flat: Numbers,
  seed: number,
): TrainingRow[] {
  const random = new Random(seed);
  return [5, 8, 3].map((length, r) => {
    const tokens = Array.from({ length }, () => random.int(c.vocabulary));
    const now = referenceLogprobs(c, tuning, model, flat, tokens);
    const prompt = r === 2 ? 0 : 2;
    const shifts = [0.05, 0.7, -0.6, 0.1, -0.05];
    return {
      tokens,
      weight: now.map((_, t) => (t < prompt ? 0 : 0.1 + random.uniform())),
      advantage: [1.5, -0.8, 0.6][r]!,
      old: now.map((logp, t) => Math.fround(logp + shifts[(t + r) % 5]!)),
      reference: now.map((logp) => Math.fround(logp + random.uniform() - 0.5)),
    };
  });
}
