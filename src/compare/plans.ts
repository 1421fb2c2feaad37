/** The measurements that a comparison needs of a run. */
import { evenly } from '../gasp/bank.ts';
import type { Question } from '../gasp/question.ts';
import type { MeasurementPlan } from '../run/measurementPlan.ts';
import { finishedIterations, type RunState } from '../run/state.ts';

/** Answers to a question at a checkpoint that is not the one reported. */
export const ON_THE_WAY = 32;

export interface TrialSize {
  /** Answers to each question. */
  samples: number;
  /** Largest number of questions of each kind, evenly spread over the bank's. */
  questions: number;
}

export interface Wanted extends TrialSize {
  /** Checkpoints before the last one that are looked at too, evenly spread, with at most `ON_THE_WAY` answers. */
  checkpoints: number;
  /** The weights that the run started from are tried like its end. */
  start?: boolean;
}

/** Iterations of kept checkpoints between start and end, evenly spread; fewer where there are not so many. */
function onTheWay(state: RunState, count: number): number[] {
  const last = finishedIterations(state);
  const kept = state.checkpoints
    .map(({ iteration }) => iteration)
    .filter((iteration) => iteration > 0 && iteration < last);
  if (kept.length === 0) return [];
  const wanted = Array.from({ length: count }, (_, i) => ((i + 1) * last) / (count + 1));
  const nearest = wanted.map((at) => kept.reduce((a, b) => (Math.abs(b - at) < Math.abs(a - at) ? b : a)));
  return [...new Set(nearest)];
}

const fewer = (samples: number) => Math.min(samples, ON_THE_WAY);

/**
 * Validation questions: by them a checkpoint is picked, and settings are chosen without a look at the held-out
 * ones. Nothing where the bank has none.
 */
export function pickingPlans(
  state: RunState,
  validation: readonly Question[],
  { samples, questions, checkpoints, start }: Wanted,
): MeasurementPlan[] {
  if (validation.length === 0) return [];
  const asked = evenly(validation, questions);
  const iterations = [...(start ? [0] : []), ...onTheWay(state, checkpoints), finishedIterations(state)];
  return [...new Set(iterations)].map((iteration): MeasurementPlan => {
    return { iteration, split: 'validation', samples: fewer(samples), questions: asked };
  });
}

/**
 * The reported measurements of a run: held-out questions and goalposts at the picked checkpoint; with fewer answers,
 * held-out questions at the last checkpoint and goalposts at every compared one.
 */
export function reportPlans(
  state: RunState,
  picked: number,
  heldout: readonly Question[],
  { samples, questions, checkpoints, start }: Wanted,
): MeasurementPlan[] {
  const last = finishedIterations(state);
  const tested = evenly(heldout, questions);
  const aimed = evenly(state.goalposts, questions);
  const whole = (iteration: number): MeasurementPlan[] => [
    { iteration, split: 'heldout', samples, questions: tested },
    { iteration, split: 'goalposts', samples, questions: aimed },
  ];
  const others = [...onTheWay(state, checkpoints), last].filter((iteration) => iteration !== picked);
  return [
    ...whole(picked),
    ...(start && picked > 0 ? whole(0) : []),
    ...others.flatMap((iteration): MeasurementPlan[] => [
      { iteration, split: 'goalposts', samples: fewer(samples), questions: aimed },
      ...(iteration === last
        ? [{ iteration, split: 'heldout' as const, samples: fewer(samples), questions: tested }]
        : []),
    ]),
  ];
}
