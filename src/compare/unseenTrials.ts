/** Trials of questions that nothing trains on, in the course of a run. */
import { countRight } from '../run/gains.ts';
import type { RunState } from '../run/state.ts';
import { tokensAt } from './tokensAt.ts';

/** A trial of a run's unseen questions. */
export interface UnseenTrial {
  iteration: number;
  /** Sampled plus trained since the run began. */
  tokens: number;
  right: number;
  answers: number;
}

export function unseenTrials(state: RunState): UnseenTrial[] {
  const at = tokensAt(state);
  return (state.validations ?? []).flatMap((trial) => {
    const tokens = at(trial.iteration);
    return tokens === undefined ? [] : [{ iteration: trial.iteration, tokens, ...countRight(trial) }];
  });
}
