/** What a run got better at, told without luck: on questions that nothing trains on, and in the goalposts' distances. */
import { log10 } from '../gasp/distance.ts';
import { wilson } from '../gasp/passAtK.ts';
import type { RunState, ValidationState } from './state.ts';

/** A share of right answers, with its interval at 95 %. */
export interface Rate {
  iteration: number;
  rate: number;
  low: number;
  high: number;
}

/** Right answers of a trial, of all of its answers. */
export function countRight({ samples, passed }: Pick<ValidationState, 'samples' | 'passed'>): {
  right: number;
  answers: number;
} {
  const counts = Object.values(passed);
  return { right: counts.reduce((sum, count) => sum + count, 0), answers: counts.length * samples };
}

/** A share with Wilson's interval; 0 of no answers. */
export function rateOf(iteration: number, { right, answers }: { right: number; answers: number }): Rate {
  const [low, high] = wilson(right, answers);
  return { iteration, rate: answers === 0 ? 0 : right / answers, low, high };
}

/**
 * The share of answers to unseen questions that are right. Wilson's interval takes all answers as drawn alike; they
 * are the same number to each question, which makes it a little too wide.
 */
export const unseenRate = (trial: ValidationState): Rate => rateOf(trial.iteration, countRight(trial));

/** A difference with its interval at 95 %; beyond chance where 0 lies outside of it. */
export interface Change {
  difference: number;
  low: number;
  high: number;
}

/** The difference of two independent shares by their Wilson intervals (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10). */
export function change(from: Rate, to: Rate): Change {
  const difference = to.rate - from.rate;
  return {
    difference,
    low: difference - Math.hypot(to.rate - to.low, from.high - from.rate),
    high: difference + Math.hypot(to.high - to.rate, from.rate - from.low),
  };
}

export interface UnseenGain {
  start: Rate;
  /** Of the newest trial after training; absent before the first. */
  now?: Rate;
}

/** Undefined where the starting weights' rate is not known yet, or no unseen questions are tried. */
export function unseenGain({ validations = [] }: Pick<RunState, 'validations'>): UnseenGain | undefined {
  const start = validations.find(({ iteration }) => iteration === 0);
  if (!start) return undefined;
  const last = validations.findLast(({ iteration }) => iteration > 0);
  return { start: unseenRate(start), ...(last && { now: unseenRate(last) }) };
}

export interface Approach {
  /** Goalposts with a reference answer whose probability is known before training and now. */
  goalposts: number;
  /** The geometric mean over them of how many times as likely their reference answers are now. */
  factor: number;
  /** Those that are at least five times as likely as at the start. */
  nearer: number;
  iteration: number;
}

/** How much nearer the goalposts are than at the start; undefined before they were scored a second time. */
export function approach({ evaluations }: Pick<RunState, 'evaluations'>): Approach | undefined {
  const scored = evaluations.filter(({ logprobs }) => logprobs);
  const start = scored.find(({ iteration }) => iteration === 0);
  const last = scored.findLast(({ iteration }) => iteration > 0);
  if (!start || !last) return undefined;
  const changes = Object.entries(last.logprobs!).flatMap(([id, logprob]) => {
    const before = start.logprobs![id];
    return before === undefined ? [] : [log10(logprob - before)];
  });
  if (changes.length === 0) return undefined;
  const mean = changes.reduce((sum, x) => sum + x, 0) / changes.length;
  return {
    ...{ goalposts: changes.length, iteration: last.iteration },
    ...{ factor: 10 ** mean, nearer: changes.filter((x) => x >= Math.log10(5)).length },
  };
}
