/** Trials of questions that nothing trains on, in the course of a run. */
import type { RunState } from '../run/state.ts';

/** A trial of a run's unseen questions. */
export interface UnseenTrial {
  iteration: number;
  /** Sampled plus trained since the run began. */
  tokens: number;
  right: number;
  answers: number;
}

export function unseenTrials({ validations = [], iterations }: RunState): UnseenTrial[] {
  const tokensAt = new Map(
    iterations.flatMap(({ iteration, counters }) =>
      counters ? [[iteration, counters.tokensSampled + counters.tokensTrained] as const] : [],
    ),
  );
  return validations.flatMap(({ iteration, samples, passed }) => {
    const tokens = iteration === 0 ? 0 : tokensAt.get(iteration);
    if (tokens === undefined) return [];
    const counts = Object.values(passed);
    const right = counts.reduce((sum, count) => sum + count, 0);
    return [{ iteration, tokens, right, answers: counts.length * samples }];
  });
}
