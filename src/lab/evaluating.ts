/** Trials during a run that train nothing: of its goalposts, and of questions that nothing trains on. */
import { scoreReferences } from '../gasp/distance.ts';
import { countPasses } from '../gasp/goalposts.ts';
import type { Question } from '../gasp/question.ts';
import { drawsOf } from '../gasp/settings.ts';
import type { Tools } from '../gasp/solving.ts';
import type { RunEventBody } from '../run/events.ts';
import type { Journal } from '../run/journal.ts';
import { deriveSeed } from 'onnx-lora/random';
import { type HeldRun, START_BLOB } from './heldRun.ts';

export type Evaluated = Extract<RunEventBody, { type: 'evaluated' }>;
export type Validated = Extract<RunEventBody, { type: 'validated' }>;
export type Tried = Evaluated | Validated;

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
  { settings, goalposts: all }: HeldRun,
  goalposts: readonly Question[],
  iteration: number,
  tools: Tools,
): Promise<{ evaluated: Evaluated; tokens: number }> {
  const { evaluateSamples: samples } = settings;
  const seed = deriveSeed(settings.seed, 'evaluation', iteration);
  const options = { ...drawsOf(settings), samples, seed, stage: 'evaluating' } as const;
  const { passed, cases: shares, tokens } = await countPasses(goalposts, options, tools);
  const logprobs = await scoreReferences(settings.goalpostOrder === 'nearest' ? all : goalposts, tools);
  const cases = Object.fromEntries(Object.entries(shares).filter(([id]) => !(id in logprobs)));
  const evaluated: Evaluated = {
    ...{ type: 'evaluated', iteration, samples, passed },
    ...(Object.keys(logprobs).length > 0 && { logprobs }),
    ...(Object.keys(cases).length > 0 && { cases }),
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
