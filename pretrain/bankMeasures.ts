/** What a bank says about the model that it ships with, before any training. */
import type { Bank } from '../src/gasp/bank.ts';
import { scoreReferences } from '../src/gasp/distance.ts';
import { countPasses } from '../src/gasp/goalposts.ts';
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

/** Answers to each validation question: the rate over all of them is then known to a third of a percent. */
const ANSWERS = 100;

/** How the model, called `model` by runs, does on the validation questions. */
export async function validationRateOf(
  questions: readonly Question[],
  model: string,
  tools: Tools,
): Promise<NonNullable<Bank['validationRate']>> {
  const options = { samples: ANSWERS, temperature: 1, topP: 1, seed: 20261201, stage: 'measuring' } as const;
  const { passed } = await countPasses(questions, options, tools);
  return { model, samples: ANSWERS, passed };
}
