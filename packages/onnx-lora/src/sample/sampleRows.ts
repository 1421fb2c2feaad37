/** What is asked of a sampler, the rows that it makes, and those of them that are not finished yet. */
import { LoraError } from '../errors.ts';
import { deriveSeed, Random } from '../random.ts';

export interface TokenRequest {
  tokens: readonly number[];
  samples: number;
  maxTokens: number;
  /** Whose part this is of a call that several samplers share: its request there, and the first of these samples. */
  part?: { request: number; first: number };
}

export interface TokenSampleOptions {
  /** 0 is greedy: the most likely token, of equal ones the first. */
  temperature: number;
  /**
   * Draws from the smallest set of tokens whose share reaches this (the nucleus, Holtzman et al. 2020) of what
   * temperature and top-k leave; of tokens with equal shares the first are in it. From 1 on: from all.
   */
  topP: number;
  /** Draws from so many of the most likely tokens; of equal ones the first are among them. Absent or 0: from all. */
  topK?: number;
  seed: number;
  /** Tokens that end a completion; the one that did is its last token. */
  stop: ReadonlySet<number>;
  signal?: AbortSignal;
  /** After each step: all rows of this call. */
  onStep?: (rows: readonly SampledRow[]) => void;
}

export interface SampledRow {
  request: number;
  sample: number;
  tokens: number[];
  /** Of each token, under the model's distribution at temperature 1, before top-p. */
  logprobs: number[];
  ended: 'stop' | 'length' | undefined;
}

/** A row in the making. */
export interface ActiveRow extends SampledRow {
  /** Its request's place among those that were asked for here. */
  asked: number;
  random: Random;
  maxTokens: number;
  promptTokens: number;
}

/** A row for each sample of each request. `context` is the longest sequence that the model takes. */
export function openRows(requests: readonly TokenRequest[], context: number, seed: number): ActiveRow[] {
  const rows: ActiveRow[] = [];
  requests.forEach((request, r) => {
    const room = context - request.tokens.length;
    if (request.tokens.length === 0) throw new Error('a prompt needs at least one token');
    if (request.maxTokens < 1) throw new Error('a completion needs at least one token');
    if (room < 1) {
      const tokens = request.tokens.length;
      throw new LoraError(
        'prompt-too-long',
        { tokens, context },
        `A prompt of ${tokens} tokens leaves no room in the model's context of ${context}.`,
      );
    }
    const part = request.part ?? { request: r, first: 0 };
    for (let s = part.first; s < part.first + request.samples; s++) {
      rows.push({
        request: part.request,
        sample: s,
        asked: r,
        tokens: [],
        logprobs: [],
        ended: undefined,
        // A stream of its own for each row: what is sampled does not depend on the batch around it.
        random: new Random(deriveSeed(seed, 'row', part.request, s)),
        maxTokens: Math.min(request.maxTokens, room),
        promptTokens: request.tokens.length,
      });
    }
  });
  return rows;
}
