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
  /** By these the checkpoint is picked that is reported; without them the last one is. */
  validation?: readonly Question[];
}

/** What is tried with a checkpoint that was picked, in addition. */
export function pickedPlans(
  state: RunState,
  iteration: number,
  heldout: readonly Question[],
  { samples, questions }: Pick<Wanted, 'samples' | 'questions'>,
): MeasurementPlan[] {
  return [
    { iteration, split: 'heldout', samples, questions: evenly(heldout, questions) },
    { iteration, split: 'goalposts', samples, questions: evenly(state.goalposts, questions) },
  ];
}

/** Held-out questions and goalposts at the run's end, goalposts on the way. */
export function measurementPlans(
  state: RunState,
  heldout: readonly Question[],
  { samples, questions, checkpoints, start, validation = [] }: Wanted,
): MeasurementPlan[] {
  const last = finishedIterations(state);
  const whole = (iteration: number) => pickedPlans(state, iteration, heldout, { samples, questions });
  const kept = state.checkpoints
    .map(({ iteration }) => iteration)
    .filter((iteration) => iteration > 0 && iteration < last);
  const wanted = Array.from({ length: checkpoints }, (_, i) => ((i + 1) * last) / (checkpoints + 1));
  const nearest = wanted.flatMap((at) =>
    kept.length === 0 ? [] : kept.reduce((a, b) => (Math.abs(b - at) < Math.abs(a - at) ? b : a)),
  );
  const some = Math.min(samples, ON_THE_WAY);
  const onTheWay = [...new Set(nearest)];
  const goalposts = onTheWay.map((iteration): MeasurementPlan => {
    return { iteration, split: 'goalposts', samples: some, questions: evenly(state.goalposts, questions) };
  });
  const candidates = onTheWay.length > 0 && validation.length > 0 ? [...onTheWay, last] : [];
  const picking = candidates.map((iteration): MeasurementPlan => {
    return { iteration, split: 'validation', samples: some, questions: evenly(validation, questions) };
  });
  return [...whole(last), ...(start && last > 0 ? whole(0) : []), ...goalposts, ...picking];
}
