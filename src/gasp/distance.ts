/**
 * How far a goalpost still is, without luck: the log-probability of its reference answer under the student, as one
 * scoring pass gives it. The student may answer in other words, so that the probability of any right answer is at
 * least this one. It is that of temperature 1 with the whole distribution, whatever a run samples at.
 */
import type { Question } from './question.ts';
import type { Tools } from './solving.ts';

/**
 * Natural logarithms by question id. A question is left out whose program cannot be written as an answer, or that
 * the model has no tokens for.
 */
export async function scoreReferences(
  questions: readonly Question[],
  { policy, dialect, signal }: Pick<Tools, 'policy' | 'dialect' | 'signal'>,
): Promise<Record<string, number>> {
  const encoded = questions.flatMap((question) => {
    const answer = dialect.referenceAnswer(question);
    if (answer === undefined) return [];
    const sequence = policy.encodeAnswer(dialect.solvePrompt({ type: 'induction', question }), answer);
    return sequence && sequence.tokens.length > 0 ? [{ id: question.id, sequence }] : [];
  });
  if (encoded.length === 0) return {};
  const scored = await policy.score(
    encoded.map(({ sequence }) => sequence),
    signal,
  );
  signal?.throwIfAborted();
  const sums = encoded.map(({ id }, i) => [id, scored[i]!.reduce((sum, x) => sum + x, 0)] as const);
  // A probability of zero has no logarithm that a record could hold.
  return Object.fromEntries(sums.filter(([, sum]) => Number.isFinite(sum)));
}

export const log10 = (natural: number): number => natural / Math.LN10;

export interface DistanceSummary {
  /** Goalposts with a reference answer. */
  scored: number;
  /** Mean over these of the decimal logarithm of the probability. */
  meanLog10: number;
}

/** NaN where nothing was scored. */
export function summarizeDistances(logprobs: Readonly<Record<string, number>>): DistanceSummary {
  const values = Object.values(logprobs);
  const sum = values.reduce((total, value) => total + value, 0);
  return { scored: values.length, meanLog10: log10(sum / values.length) };
}

/**
 * The number of questions that are solved at least once in `answers` tries, in expectation: the sum of
 * 1 - (1 - p)^k. A lower bound, since p is the probability of one right answer among many.
 */
export function expectedSolved(logprobs: Readonly<Record<string, number>>, answers: number): number {
  return Object.values(logprobs).reduce(
    (sum, logprob) => sum - Math.expm1(answers * Math.log1p(-Math.min(1, Math.exp(logprob)))),
    0,
  );
}

/** What is known of the goalposts from trying them: of the newest trial that tells something about each. */
export interface Nearness {
  /** As `scoreReferences` gives them. */
  logprobs: Readonly<Record<string, number>>;
  /** Mean share of its cases that an answer passes, for those without a reference answer. */
  cases: Readonly<Record<string, number>>;
}

/**
 * Goalposts, the nearest first: by the probability of their reference answers, those without one by the share of
 * cases passed. Where there are both kinds, each is as near as its place among its own. What is not known of comes
 * last, in the order of the list.
 */
export function nearestFirst(goalposts: readonly Question[], { logprobs, cases }: Nearness): Question[] {
  const places = new Map<string, number>();
  const rank = (ids: readonly string[], of: Readonly<Record<string, number>>) => {
    const sorted = ids.toSorted((a, b) => of[b]! - of[a]!);
    for (const [i, id] of sorted.entries()) places.set(id, (i + 0.5) / sorted.length);
  };
  const ids = goalposts.map(({ id }) => id);
  const scored = ids.filter((id) => id in logprobs);
  rank(scored, logprobs);
  rank(
    ids.filter((id) => !(id in logprobs) && id in cases),
    cases,
  );
  const place = ({ id }: Question) => places.get(id) ?? 2;
  return goalposts.toSorted((a, b) => place(a) - place(b));
}
