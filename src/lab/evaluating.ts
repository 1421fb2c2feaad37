/** Trials during a run that train nothing: of its goalposts, and of questions that nothing trains on. */
import { scoreReferences } from '../gasp/distance.ts';
import { countPasses } from '../gasp/goalposts.ts';
import type { Question } from '../gasp/question.ts';
import { drawsOf } from '../gasp/settings.ts';
import type { Tools } from '../gasp/solving.ts';
import type { RunEventBody } from '../run/events.ts';
import type { Kept } from '../run/history.ts';
import type { Journal } from '../run/journal.ts';
import { deriveSeed } from 'onnx-lora/random';
import { type HeldRun, START_BLOB } from './heldRun.ts';

export type Evaluated = Extract<RunEventBody, { type: 'evaluated' }>;
export type Validated = Extract<RunEventBody, { type: 'validated' }>;
export type TaughtTried = Extract<RunEventBody, { type: 'taught-tried' }>;
export type Tried = Evaluated | Validated | TaughtTried;

/** What `trial` gives with the weights that the run started from; undefined where these are no longer stored. */
export async function withStart<T>(
  journal: Journal,
  { run }: HeldRun,
  { policy }: Tools,
  trial: () => Promise<T>,
): Promise<T | undefined> {
  const start = await journal.getCheckpoint(run, START_BLOB);
  if (!start) return undefined;
  const now = await policy.snapshot();
  try {
    await policy.restore(start);
    return await trial();
  } finally {
    await policy.restore(now);
  }
}

/**
 * Tries goalposts afresh with the weights as they are, and scores their reference answers, of all of the run's
 * goalposts where the nearest are aimed at.
 */
export async function evaluate(
  { settings, goalposts: all, solved }: HeldRun,
  goalposts: readonly Question[],
  iteration: number,
  tools: Tools,
): Promise<{ evaluated: Evaluated; tokens: number }> {
  const { evaluateSamples: samples } = settings;
  const seed = deriveSeed(settings.seed, 'evaluation', iteration);
  const options = { ...drawsOf(settings), samples, seed, stage: 'evaluating' } as const;
  const { passed, cases: shares, right: answers, tokens } = await countPasses(goalposts, options, tools);
  const logprobs = await scoreReferences(settings.goalpostOrder === 'nearest' ? all : goalposts, tools);
  const cases = Object.fromEntries(Object.entries(shares).filter(([id]) => !(id in logprobs)));
  const fresh = Object.entries(answers).filter(([id]) => iteration > 0 && !solved.has(id));
  const evaluated: Evaluated = {
    ...{ type: 'evaluated', iteration, samples, passed },
    ...(Object.keys(logprobs).length > 0 && { logprobs }),
    ...(Object.keys(cases).length > 0 && { cases }),
    ...(fresh.length > 0 && { right: Object.fromEntries(fresh) }),
  };
  return { evaluated, tokens };
}

/** Tries the run's unseen questions with the weights as they are. They count in no budget: nothing depends on them. */
export async function validate(
  { settings, validation }: HeldRun,
  iteration: number,
  tools: Tools,
): Promise<Validated> {
  const samples = Math.max(1, Math.round(settings.validateAnswers / validation.length));
  const seed = deriveSeed(settings.seed, 'validation', iteration);
  const options = { ...drawsOf(settings), samples, seed, stage: 'validating-unseen' } as const;
  const { passed } = await countPasses(validation, options, tools);
  return { type: 'validated', iteration, samples, passed };
}

/**
 * What became of the questions that a person kept, once an iteration has trained on them: as many fresh answers to
 * each as it trains on, and their goalposts' references. `before`: these before the iteration, as `scoreReferences`
 * gives them. They count in no budget: nothing depends on them.
 */
export async function tryKept(
  { settings, goalposts }: HeldRun,
  taught: readonly Kept[],
  before: Readonly<Record<string, number>>,
  iteration: number,
  tools: Tools,
): Promise<TaughtTried[]> {
  if (taught.length === 0) return [];
  const samples = settings.rollouts;
  const seed = deriveSeed(settings.seed, 'taught', iteration);
  const options = { ...drawsOf(settings), samples, seed, stage: 'trying-kept' } as const;
  const questions = taught.map(({ question }) => question);
  const { passed } = await countPasses(questions, options, tools);
  const after = await scoreReferences(aimsOf(taught, goalposts), tools);
  return taught.map(({ question: { id }, goalpost = '' }) => ({
    ...{ type: 'taught-tried', iteration, question: id, samples, passed: passed[id]! },
    ...(goalpost in before &&
      goalpost in after && { goalpost: { before: before[goalpost]!, after: after[goalpost]! } }),
  }));
}

/** The goalposts that kept questions were written for, each once. */
export const aimsOf = (taught: readonly Kept[], goalposts: readonly Question[]): Question[] =>
  goalposts.filter(({ id }) => taught.some(({ goalpost }) => goalpost === id));
