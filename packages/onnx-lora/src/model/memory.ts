/**
 * How much memory a decoder from the Hub takes to load, sample from and train, from its configuration
 * alone: before a byte of it is there. Each term says what it counts; `bench/memory.ts` measures the same.
 * Sampling, scoring and training take turns in memory where it is short.
 */
import type { DecoderSize } from './decoderNumbers.ts';
import { LoraError } from '../errors.ts';

export type Dtype = 'fp32' | 'fp16' | 'q8' | 'q4' | 'q4f16' | 'bnb4';

/**
 * Bytes an element, in the files that transformers.js loads: 4-bit weights carry a scale (4 or 2 bytes)
 * and a zero point (half a byte) for each block of 32, bitsandbytes' one scale for each block of 64, and
 * their embedding is not quantized.
 */
const BYTES: Record<Dtype, { linear: number; embedding: number }> = {
  fp32: { linear: 4, embedding: 4 },
  fp16: { linear: 2, embedding: 2 },
  q8: { linear: 1.01, embedding: 1.01 },
  q4: { linear: 0.5 + 4.5 / 32, embedding: 4 },
  q4f16: { linear: 0.5 + 2.5 / 32, embedding: 2 },
  bnb4: { linear: 0.5 + 4 / 64, embedding: 4 },
};

/** What a run does at once. */
export interface RunLoad {
  /** Tokens in one forward-backward pass. */
  microbatchTokens: number;
  /** Completions sampled at a time, and their longest length with the prompt, in tokens. */
  rows: number;
  rowTokens: number;
  /** Different prompts among these rows; absent: each has its own. */
  prompts?: number;
  /** Tokens of such a row that are its completion; absent: `ANSWER_TOKENS`, or half of the row where it is short. */
  answerTokens?: number;
}

/** The longest completion that is asked for, in tokens, where nothing is known of it. */
const ANSWER_TOKENS = 256;

/** The length of a row that is sampled, prompt and answer, in tokens, where nothing is known of it. */
export const ROW_TOKENS = 960;

/** Of such a length, how long a row that trains is that holds a prompt once and several of its answers. */
const SHARED_ROW = 1.5;

export interface TrainingPlan extends RunLoad {
  /** LoRA's rank on all seven linears of the last `adaptedLayers` layers. */
  rank: number;
  adaptedLayers: number;
  /** Most tokens in a row that trains and holds several answers to a prompt; absent: `rowTokens`. */
  sharedTokens?: number;
  /** Computes what is cheap a second time for the backward pass instead of keeping it. */
  recompute?: boolean;
  /** Whether what runs it reads half precision; absent: it does. */
  half?: boolean;
}

/** Bytes. */
export interface MemoryEstimate {
  /** Of the files: what is downloaded. */
  download: number;
  /** Runtime and program, and the model: as it was read, as a session has it, and laid out for its products. */
  weights: number;
  /** Adapter, its gradient, AdamW's moments, the start that KL pulls to, and one copy on its way. */
  adapter: number;
  /** What the backward pass keeps, one chunk of logits, and the weights laid out for their gradient. */
  training: number;
  /** Keys and values of the rows being sampled, and their logits. */
  sampling: number;
  /** At its highest: sampling and training take turns. */
  total: number;
  /** Whether that is with cheap values computed a second time. */
  recompute: boolean;
  /** And with rows of several sequences that have at most so many tokens. */
  sharedTokens: number;
}

/** Weights of all linear projections of one layer, [in, out] of each. */
function linears(s: DecoderSize): [number, number][] {
  const query = s.heads * s.headDim;
  const keyValue = s.keyValueHeads * s.headDim;
  return [
    [s.width, query],
    [s.width, keyValue],
    [s.width, keyValue],
    [query, s.width],
    [s.width, s.feedForward],
    [s.width, s.feedForward],
    [s.feedForward, s.width],
  ];
}

const layerParameters = (s: DecoderSize) => linears(s).reduce((n, [i, o]) => n + i * o, 0);

/** Weights, the head counted with the embedding that it is tied to. */
export function parameterCount(s: DecoderSize): number {
  return s.vocabulary * s.width + s.layers * layerParameters(s);
}

/** Bytes of the files of a dtype. Exporters store a tied head a second time, quantized like a linear. */
export function downloadBytes(s: DecoderSize, dtype: Dtype): number {
  const { linear, embedding } = BYTES[dtype];
  return s.vocabulary * s.width * embedding + parameterCount(s) * linear;
}

/** Of ONNX Runtime and the program around it, in bytes. */
const PROGRAM = 0.15e9;
/** Of a graph's own hundreds of nodes a layer and their plan, in a session and on this side. */
const GRAPH = 10e6;
/** How much more allocators take than they are asked for: they round up, and keep what was let go. */
const SLACK = 1.3;
/**
 * Bytes for a quantized weight that a gradient flows through: it is laid out once more, a byte each, in the
 * session and, until the collector runs, on this side.
 */
const CODES = 2;
/** Columns of the vocabulary that the head computes at a time. */
const HEAD_COLUMNS = 16384;
/** Steps after which a sampler's newest tokens join those before, and rows that have ended leave: both copy the cache. */
export const FOLD_EVERY = 16;

/** The sampler's bounds: rows at a time, tokens of prompts computed in one go, bytes of cached keys and values. */
export const SAMPLER_LIMITS = { rows: 64, prefillTokens: 1024, cacheBytes: 2 ** 30 };

/** Tokens of the longest row that trains. */
const longestRow = ({ rowTokens, sharedTokens = 0 }: TrainingPlan) => Math.max(rowTokens, sharedTokens);

/** Bytes of the forward and backward pass at their highest. Whatever the weights are stored in, they compute in float32. */
function trainingBytes(s: DecoderSize, plan: TrainingPlan): number {
  const { adaptedLayers, microbatchTokens, recompute = false } = plan;
  const rowTokens = longestRow(plan);
  const query = s.heads * s.headDim;
  // A row is never cut.
  const tokens = Math.max(microbatchTokens, rowTokens);
  // Of a token in an adapted layer, kept for the backward pass: what enters each norm and linear, the
  // parts of the gated product, queries, keys and values by head, and the attention's shares, which
  // exports that guard against NaN have twice, with a mask. Computed a second time, all but sums and what
  // products give is not kept.
  const keyValue = s.keyValueHeads * s.headDim;
  const kept = recompute
    ? 4 * s.width + 2 * s.feedForward + 4 * query + 4 * keyValue
    : 5 * s.width + 5 * s.feedForward + 3 * query + 2 * keyValue + 2.25 * s.heads * rowTokens;
  const columns = Math.min(s.vocabulary, HEAD_COLUMNS);
  // Scores, their exponentials and slopes, and the weight widened for them and for their gradient.
  const head = 4 * tokens * columns + 2 * columns * s.width;
  // Of one layer, while it is computed: attention scores and their gradient, and what was not kept of it.
  const again = recompute ? 3 * s.heads * rowTokens + 3 * s.feedForward : 0;
  const passing = (4 * s.heads * rowTokens + again) * tokens;
  return GRAPH * s.layers + 4 * (SLACK * tokens * adaptedLayers * kept + head + passing);
}

/** Bytes of the weights that are widened for the backward pass: of the adapted layers, and of the head. */
function codeBytes(s: DecoderSize, dtype: Dtype, { adaptedLayers }: TrainingPlan): number {
  if (dtype === 'fp32' || dtype === 'fp16' || dtype === 'bnb4') return 0;
  return CODES * (adaptedLayers * layerParameters(s) + s.vocabulary * s.width);
}

/**
 * Attention's scores and shares of prompts that are there at once while a layer is computed: products with segments,
 * put in the order of prompts, together, masked, as shares, and apart again (`segmentedAttention.ts`).
 */
const SCORES = 8;

/** Tokens of the cache in segments (`cacheSegments.ts`), at most. */
function cachedTokens(together: number, prompts: number, asked: number, answer: number): number {
  // A prompt is there by itself and in the segment; what prompts begin with is kept from call to call.
  const ofPrompts = 3 * prompts * asked;
  // What rows add is there twice while it is put together anew; each step copies the newest of it, and leaves the
  // copy before to the collector.
  return ofPrompts + together * (2 * answer + 4 * FOLD_EVERY);
}

function samplingBytes(s: DecoderSize, load: RunLoad): number {
  const { rows, rowTokens } = load;
  const together = Math.min(rows, SAMPLER_LIMITS.rows);
  const prompts = Math.min(load.prompts ?? rows, together);
  const answer = load.answerTokens ?? Math.min(ANSWER_TOKENS, rowTokens / 2);
  const asked = rowTokens - answer;
  const token = 4 * 2 * s.layers * s.keyValueHeads * s.headDim;
  // What is kept from call to call has a quarter more than the bound.
  const cache = Math.min(
    token * cachedTokens(together, prompts, asked, answer),
    1.25 * SAMPLER_LIMITS.cacheBytes,
  );
  // Logits, what they are below the largest, and two exponentials of that.
  const distribution = 4 * 4 * together * s.vocabulary;
  // Prompts, a layer at a time; one is never cut.
  const tokens = Math.max(asked, Math.min(SAMPLER_LIMITS.prefillTokens, prompts * asked));
  const prefill = 4 * SLACK * tokens * (4 * s.width + 3 * s.feedForward + SCORES * s.heads * asked);
  return GRAPH * s.layers + cache + distribution + prefill;
}

export function estimateMemory(s: DecoderSize, dtype: Dtype, plan: TrainingPlan): MemoryEstimate {
  const download = downloadBytes(s, dtype);
  const adapter = plan.adaptedLayers * plan.rank * linears(s).reduce((n, [i, o]) => n + i + o, 0);
  const training = trainingBytes(s, plan) + codeBytes(s, dtype, plan);
  const sampling = samplingBytes(s, plan);
  // A table in half precision stays so, unless it must be widened: then there is a copy here, and a larger one there.
  const widened = plan.half === false && BYTES[dtype].embedding === 2 ? 6 * s.vocabulary * s.width : 0;
  // Weights in bitsandbytes' formats are widened as they are loaded.
  const held = dtype === 'bnb4' ? 'fp32' : dtype;
  const weights = PROGRAM + 2 * downloadBytes(s, held) + parameterCount(s) * BYTES[held].linear + widened;
  // Weights, gradient, both moments and what replaces them; in a pass, the pairs in their packed order, and that order.
  const adapterBytes = 10 * 4 * adapter;
  return {
    download,
    weights,
    adapter: adapterBytes,
    training,
    sampling,
    total: weights + adapterBytes + Math.max(training, sampling),
    recompute: plan.recompute ?? false,
    sharedTokens: longestRow(plan),
  };
}

/**
 * The estimate within `limit` bytes: with cheap values computed a second time where it would be above otherwise, and
 * where that is not enough, without rows that are longer than a single answer's. Those save more than computing
 * again costs.
 */
export function estimateWithin(
  s: DecoderSize,
  dtype: Dtype,
  plan: TrainingPlan,
  limit: number,
): MemoryEstimate {
  let estimate: MemoryEstimate | undefined;
  for (const sharedTokens of [SHARED_ROW * plan.rowTokens, plan.rowTokens]) {
    for (const recompute of [false, true]) {
      estimate = estimateMemory(s, dtype, { ...plan, sharedTokens, recompute });
      if (estimate.total <= limit) return estimate;
    }
  }
  return estimate!;
}

/** The model would not fit; the message has the numbers. */
export class ModelTooBigError extends LoraError<'model-too-big'> {
  override name = 'ModelTooBigError';
}

/** Throws `ModelTooBigError` where the estimate is above `limit` bytes. */
export function checkFits(name: string, estimate: MemoryEstimate, limit: number): void {
  if (estimate.total <= limit) return;
  const { weights, adapter, training, sampling, total } = estimate;
  throw new ModelTooBigError(
    'model-too-big',
    { model: name, needed: total, limit },
    `${name} needs about ${gigabytes(total)} GB (weights ${gigabytes(weights)}, adapter ${gigabytes(adapter)}, ` +
      `training ${gigabytes(training)} or sampling ${gigabytes(sampling)}), and ${gigabytes(limit)} GB are allowed`,
  );
}

export const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(bytes < 1e8 ? 2 : 1);
