/**
 * The largest tensors of a decoder that can't be cut, from its configuration alone: what a GPU must take in one
 * buffer. Tables and heads, larger than these in most models, are read in blocks (`rowsInBlock`).
 */
import { LoraError } from '../errors.ts';
import type { DecoderSize } from './decoderNumbers.ts';
import type { TrainingPlan } from './memory.ts';

/** What the tensor is: weights of a layer, attention scores of a row, a layer's values for all tokens of a pass, the adapter. */
export type TensorPart = 'layer' | 'attention' | 'values' | 'adapter';

const FLOAT = 4;

/** Bytes of each in float32, which training computes in whatever weights are stored in. */
function parts(s: DecoderSize, plan: TrainingPlan): Record<TensorPart, number> {
  const { rank, adaptedLayers, rowTokens, microbatchTokens } = plan;
  const [query, keyValue] = [s.heads * s.headDim, s.keyValueHeads * s.headDim];
  // A row is never cut.
  const tokens = Math.max(microbatchTokens, rowTokens);
  const inAndOut = 4 * s.width + 2 * query + 2 * keyValue + 3 * (s.width + s.feedForward);
  // Pairs on one input stand in blocks of one matrix (`packedPairs.ts`): three for attention, two for gate and up.
  const between = 2 * (query + 2 * keyValue) + 2 * s.feedForward;
  return {
    layer: FLOAT * s.width * Math.max(s.feedForward, query),
    attention: FLOAT * s.heads * rowTokens ** 2,
    values: FLOAT * tokens * Math.max(s.feedForward, query),
    adapter: FLOAT * adaptedLayers * rank * (inAndOut + between),
  };
}

/** The largest of them. */
export function largestTensor(s: DecoderSize, plan: TrainingPlan): { part: TensorPart; bytes: number } {
  const [part, bytes] = Object.entries(parts(s, plan)).sort(([, a], [, b]) => b - a)[0]!;
  return { part: part as TensorPart, bytes };
}

/** Tokens of a row, at most `tokens`, whose attention scores are one tensor of at most `largest` bytes. */
export function rowTokensWithin(s: DecoderSize, tokens: number, largest = Infinity): number {
  return Math.min(tokens, Math.floor(Math.sqrt(largest / (FLOAT * s.heads))));
}

/** Tokens of prompts, at most `tokens`, that can be computed in one go, in rows of `rowTokens`. */
export function prefillWithin(s: DecoderSize, tokens: number, rowTokens: number, largest = Infinity): number {
  return Math.min(tokens, Math.floor(largest / (FLOAT * Math.max(s.heads * rowTokens, s.feedForward))));
}

/** Throws `LoraError`, code `tensor-too-big`, where one of them is above `limit` bytes. */
export function checkTensors(name: string, s: DecoderSize, plan: TrainingPlan, limit: number): void {
  const { part, bytes } = largestTensor(s, plan);
  if (bytes <= limit) return;
  throw new LoraError(
    'tensor-too-big',
    { model: name, part, needed: bytes, limit },
    `${name} needs ${Math.ceil(bytes / 1e6)} MB in one buffer (${SAID[part]}), and this GPU takes at most ${Math.floor(limit / 1e6)} MB.`,
  );
}

const SAID: Record<TensorPart, string> = {
  layer: 'the weights of a layer',
  attention: 'the attention of a row',
  values: 'what a layer gives for the tokens of a pass',
  adapter: 'the adapter',
};
