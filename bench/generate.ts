/** transformers.js's `generate` on rows of tokens: the reference of every race for rollouts. */
import type { PreTrainedModel } from '@huggingface/transformers';

type Transformers = typeof import('@huggingface/transformers');

export interface GenerateOptions {
  temperature: number;
  /** Most new tokens of a row; without stop tokens, exactly so many. */
  newTokens: number;
  stop: ReadonlySet<number>;
}

/** Samples one completion of each row in one call; how many tokens they have together. It has no top-p. */
export async function generateRows(
  { Tensor }: Pick<Transformers, 'Tensor'>,
  model: PreTrainedModel,
  batch: readonly (readonly number[])[],
  { temperature, newTokens, stop }: GenerateOptions,
): Promise<number> {
  const length = Math.max(...batch.map((tokens) => tokens.length));
  const plane = (value: (tokens: readonly number[], i: number) => number) =>
    new Tensor(
      'int64',
      // Padded on the left, as generation wants it.
      BigInt64Array.from(
        batch.flatMap((tokens) =>
          Array.from({ length }, (_, i) => BigInt(value(tokens, i - length + tokens.length))),
        ),
      ),
      [batch.length, length],
    );
  const output = (await model.generate({
    inputs: plane((tokens, i) => tokens[i] ?? 0),
    attention_mask: plane((_, i) => (i < 0 ? 0 : 1)),
    do_sample: true,
    temperature,
    top_k: 0,
    max_new_tokens: newTokens,
    ...(stop.size === 0 && { min_new_tokens: newTokens }),
  } as never)) as { dims: number[]; tolist(): bigint[][] };
  const made = output.tolist().map((tokens) => {
    const fresh = tokens.slice(length).map(Number);
    const end = fresh.findIndex((token) => stop.has(token));
    return end < 0 ? fresh.length : end + 1;
  });
  if (stop.size === 0 && made.some((n) => n !== newTokens)) {
    throw new Error(`generate gave ${made} new tokens instead of ${newTokens}`);
  }
  return made.reduce((a, b) => a + b);
}
