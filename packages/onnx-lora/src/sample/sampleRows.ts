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

/**
 * Appends a token to `row`, and ends the row where it ends: at a stop token, at its length, or, as if that were its
 * length, where its last `loopTokens` are one piece over and over. Fails with `LoraError`: `diverged`.
 */
export function addToken(
  row: ActiveRow,
  token: number,
  logprob: number,
  { stop, loopTokens = Infinity }: { stop: ReadonlySet<number>; loopTokens?: number },
): void {
  if (!Number.isFinite(logprob))
    throw new LoraError('diverged', {}, 'The model gave logits that are not finite.');
  row.tokens.push(token);
  row.logprobs.push(logprob);
  if (stop.has(token)) row.ended = 'stop';
  else if (row.tokens.length >= row.maxTokens || loops(row.tokens, loopTokens)) row.ended = 'length';
}

/** Whether the last `count` tokens are a piece of at most a quarter of them, again and again. */
function loops(tokens: readonly number[], count: number): boolean {
  const from = tokens.length - count;
  if (from < 0) return false;
  for (let period = 1; 4 * period <= count; period++) {
    let at = tokens.length - 1;
    while (at >= from + period && tokens[at] === tokens[at - period]) at--;
    if (at < from + period) return true;
  }
  return false;
}
