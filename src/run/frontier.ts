/** The frontier: the length of program that the student finds half of the time. */
import type { IterationState } from './state.ts';

/** Lines of a function's body that do something: no signature, no `return x`, no blank, no comment. */
export function programLength(program: string): number {
  return program
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#') && !line.startsWith('def ') && !/^return \w+$/.test(line))
    .length;
}

export interface FrontierPoint {
  iteration: number;
  /** Lines at which pass@1 is 0.5. */
  lines: number;
}

/** Iterations that one estimate looks back on: fewer jump about, more lag behind. */
const windowSize = 12;
/** Standard deviations of the priors of intercept and slope: they matter only while there is little data. */
const prior = { intercept: 4, slopeMean: 1, slope: 0.5 };

/**
 * One point an iteration that has stones with a pass rate: a logistic regression of pass on program
 * length, logit p = a - b * length, over the last iterations' rollouts, at p = 0.5, that is a / b.
 * Maximum a posteriori by Newton's method; a weak normal prior keeps b positive when all programs
 * are equally long.
 */
export function frontier(iterations: readonly IterationState[]): FrontierPoint[] {
  const points: FrontierPoint[] = [];
  let a = 2;
  let b = prior.slopeMean;
  let longest = 0;
  const samples = iterations.map(rolloutsByLength);
  /** All iterations so far are those that the last fit of this one followed. */
  let known = true;
  for (let at = 0; at < iterations.length; at++) {
    const iteration = iterations[at]!;
    const before = fitted.get(iteration);
    known &&= before !== undefined && before.after === iterations[at - 1];
    if (known) {
      ({ a, b, longest } = before!);
      if (before!.point) points.push(before!.point);
      continue;
    }
    const remember = (point?: FrontierPoint) =>
      fitted.set(iteration, { after: iterations[at - 1], a, b, longest, ...(point && { point }) });
    for (const { length } of samples[at]!) longest = Math.max(longest, length);
    if (samples[at]!.length === 0) {
      remember();
      continue;
    }
    const recent = merged(samples.slice(Math.max(0, at + 1 - windowSize), at + 1).flat());
    for (let step = 0; step < 8; step++) {
      let gradientA = -(a - 0) / prior.intercept ** 2;
      let gradientB = -(b - prior.slopeMean) / prior.slope ** 2;
      let hessianAA = 1 / prior.intercept ** 2;
      let hessianBB = 1 / prior.slope ** 2;
      let hessianAB = 0;
      for (const { length, passed, rollouts } of recent) {
        const p = 1 / (1 + Math.exp(b * length - a));
        const residual = passed - rollouts * p;
        const weight = rollouts * p * (1 - p);
        gradientA += residual;
        gradientB -= residual * length;
        hessianAA += weight;
        hessianBB += weight * length * length;
        hessianAB -= weight * length;
      }
      const determinant = hessianAA * hessianBB - hessianAB ** 2;
      a += (hessianBB * gradientA - hessianAB * gradientB) / determinant;
      b += (hessianAA * gradientB - hessianAB * gradientA) / determinant;
      a = Math.max(-20, Math.min(20, a));
      b = Math.max(0.1, Math.min(10, b));
    }
    // The estimate stays within the lengths that were tried, give or take a line.
    const point = { iteration: iteration.iteration, lines: Math.max(0, Math.min(longest + 1, a / b)) };
    points.push(point);
    remember(point);
  }
  return points;
}

/** Rollouts for the regression: those on equally long programs are one sample. */
interface Sample {
  length: number;
  passed: number;
  rollouts: number;
}

/** Fits by iteration, with the iteration before: scrubbing asks for the same ones again and again. */
const fitted = new WeakMap<
  IterationState,
  { after: IterationState | undefined; a: number; b: number; longest: number; point?: FrontierPoint }
>();

/** A finished iteration is the same object in every state, so that it is counted once. */
const counted = new WeakMap<IterationState, Sample[]>();

function rolloutsByLength(iteration: IterationState): Sample[] {
  let samples = counted.get(iteration);
  if (!samples) {
    samples = merged(
      iteration.stones.flatMap((stone) => {
        if (stone.passRate === undefined || !stone.proposal.question) return [];
        const rollouts = stone.trials.find((trial) => trial.task === 'induction')?.attempts.length ?? 1;
        const length = programLength(stone.proposal.question.program);
        return [{ length, passed: stone.passRate * rollouts, rollouts }];
      }),
    );
    counted.set(iteration, samples);
  }
  return samples;
}

function merged(samples: readonly Sample[]): Sample[] {
  const byLength = new Map<number, Sample>();
  for (const { length, passed, rollouts } of samples) {
    const sum = byLength.get(length) ?? { length, passed: 0, rollouts: 0 };
    byLength.set(length, { length, passed: sum.passed + passed, rollouts: sum.rollouts + rollouts });
  }
  return [...byLength.values()];
}
