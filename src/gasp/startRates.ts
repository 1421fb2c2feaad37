/**
 * How hard a question is, whoever answers it now: the share of the starting model's answers that would be right. Nobody
 * samples these answers. Where right answers are few texts, the probabilities of those that are known add up to nearly
 * that share, at the cost of one scoring pass.
 */
import type { Policy } from './ports.ts';
import type { Solved, Tools } from './solving.ts';

/**
 * By question id, at temperature 1: the probability that the starting weights write one of the right answers that are
 * known, the question's own program and those of the student. It is at most the pass rate that they have. Empty for a
 * dialect whose right answers are too many to be known, and a question is left out whose program it cannot write.
 */
export async function startPassRates(
  solved: readonly Pick<Solved, 'task' | 'attempts' | 'completions'>[],
  { policy, dialect, signal }: Pick<Tools, 'policy' | 'dialect' | 'signal'>,
): Promise<Map<string, number>> {
  const rates = new Map<string, number>();
  if (!dialect.fewRightAnswers) return rates;
  type Sequence = Parameters<Policy['score']>[0][number];
  const known = solved.flatMap(({ task, attempts, completions }) => {
    const { question } = task;
    const text = dialect.referenceAnswer(question);
    const own = text === undefined ? undefined : policy.encodeAnswer(dialect.solvePrompt(task), text);
    if (!own) return [];
    const answers = new Map<string, Sequence>([[own.tokens.join(), own]]);
    for (const [i, { verdict }] of attempts.entries()) {
      const { promptTokens, tokens } = completions[i]!;
      if (verdict === 'passed') answers.set(tokens.join(), { promptTokens, tokens });
    }
    return [...answers.values()].map((sequence) => ({ id: question.id, sequence }));
  });
  if (known.length === 0) return rates;
  const scored = await policy.score(
    known.map(({ sequence }) => sequence),
    signal,
    'start',
  );
  signal?.throwIfAborted();
  for (const [i, { id }] of known.entries()) {
    const probability = Math.exp(scored[i]!.reduce((sum, logprob) => sum + logprob, 0));
    // Distinct texts of one model: above 1 it is rounding.
    rates.set(id, Math.min(1, (rates.get(id) ?? 0) + probability));
  }
  return rates;
}
