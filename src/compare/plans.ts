/** What to try of a run so that it can be compared. */
import { evenly } from '../gasp/bank.ts';
import type { Question } from '../gasp/question.ts';
import type { MeasurementPlan } from '../lab/protocol.ts';
import { finishedIterations, type RunState } from '../run/state.ts';

/** Answers to a goalpost at a checkpoint on the way. */
export const ON_THE_WAY = 32;

export interface Wanted {
  /** Answers to each question. */
  samples: number;
  /** At most so many of the held-out questions and of the goalposts, evenly spread. */
  questions: number;
  /** Earlier checkpoints, evenly spread, at which goalposts are tried with at most `ON_THE_WAY` answers. */
  checkpoints: number;
  /** The weights that the run started from, too. */
  start?: boolean;
}

/** Held-out questions and goalposts at the run's end, goalposts on the way. */
export function measurementPlans(
  state: RunState,
  heldout: readonly Question[],
  { samples, questions, checkpoints, start }: Wanted,
): MeasurementPlan[] {
  const last = finishedIterations(state);
  const goalposts = evenly(state.goalposts, questions);
  const whole = (iteration: number): MeasurementPlan[] => [
    { iteration, split: 'heldout', samples, questions: evenly(heldout, questions) },
    { iteration, split: 'goalposts', samples, questions: goalposts },
  ];
  const kept = state.checkpoints
    .map(({ iteration }) => iteration)
    .filter((iteration) => iteration > 0 && iteration < last);
  const wanted = Array.from({ length: checkpoints }, (_, i) => ((i + 1) * last) / (checkpoints + 1));
  const nearest = wanted.flatMap((at) =>
    kept.length === 0 ? [] : kept.reduce((a, b) => (Math.abs(b - at) < Math.abs(a - at) ? b : a)),
  );
  const onTheWay = [...new Set(nearest)].map(
    (iteration): MeasurementPlan => ({
      iteration,
      split: 'goalposts',
      samples: Math.min(samples, ON_THE_WAY),
      questions: goalposts,
    }),
  );
  return [...whole(last), ...(start && last > 0 ? whole(0) : []), ...onTheWay];
}
