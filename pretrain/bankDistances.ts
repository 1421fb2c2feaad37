/** How near a bank's goalposts are to the model that it ships with. */
import { scoreReferences } from '../src/gasp/distance.ts';
import type { Question } from '../src/gasp/question.ts';
import type { Tools } from '../src/gasp/solving.ts';

/** Natural log-probabilities of their own programs as answers, to three decimals: they order goalposts. */
export async function distancesOf(
  goalposts: readonly Question[],
  tools: Pick<Tools, 'policy' | 'dialect'>,
): Promise<Record<string, number>> {
  const scored = await scoreReferences(goalposts, tools);
  return Object.fromEntries(Object.entries(scored).map(([id, logprob]) => [id, Number(logprob.toFixed(3))]));
}
