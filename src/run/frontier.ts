/** The frontier: how hard a question is that the student answers right half of the time, or one time in ten. */
import { difficulty, type Measure } from './difficulty.ts';
import type { IterationState } from './state.ts';

export interface FrontierPoint {
  iteration: number;
  /** The difficulty at which pass@1 is 0.5, and at which it is 0.1. */
  half: number;
  tenth: number;
}

/** Iterations that one estimate looks back on: fewer jump about, more lag behind. */
const windowSize = 12;
/** Standard deviations of the priors of intercept and slope: they matter only while there is little data. */
const prior = { intercept: 4, slopeMean: 1, slope: 0.5 };

/** Estimates stay within what was tried, give or take one: a line, or a factor of ten. */
const beyond = 1;

/**
 * One point an iteration that has stones with a pass rate: a logistic regression of pass on difficulty d,
 * logit p = a - b * d, over the last iterations' rollouts, at p = 0.5, that is a / b, and at p = 0.1.
 * Maximum a posteriori by Newton's method; a weak normal prior keeps b positive when all questions
 * are equally hard.
 */
export function frontier(iterations: readonly IterationState[], measure: Measure): FrontierPoint[] {
  const points: FrontierPoint[] = [];
  const { fitted } = records[measure];
  let a = 2;
  let b = prior.slopeMean;
  let hardest = 0;
  const samples = iterations.map((iteration) => rolloutsByDifficulty(iteration, measure));
  /** All iterations so far are those that the last fit of this one followed. */
  let known = true;
  for (let at = 0; at < iterations.length; at++) {
    const iteration = iterations[at]!;
    const before = fitted.get(iteration);
    known &&= before !== undefined && before.after === iterations[at - 1];
    if (known) {
      ({ a, b, hardest } = before!);
      if (before!.point) points.push(before!.point);
      continue;
    }
    const remember = (point?: FrontierPoint) =>
      fitted.set(iteration, { after: iterations[at - 1], a, b, hardest, ...(point && { point }) });
    for (const { difficulty: d } of samples[at]!) hardest = Math.max(hardest, d);
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
      for (const { difficulty: d, passed, rollouts } of recent) {
        const p = 1 / (1 + Math.exp(b * d - a));
        const residual = passed - rollouts * p;
        const weight = rollouts * p * (1 - p);
        gradientA += residual;
        gradientB -= residual * d;
        hessianAA += weight;
        hessianBB += weight * d * d;
        hessianAB -= weight * d;
      }
      const determinant = hessianAA * hessianBB - hessianAB ** 2;
      a += (hessianBB * gradientA - hessianAB * gradientB) / determinant;
      b += (hessianAA * gradientB - hessianAB * gradientA) / determinant;
      a = Math.max(-20, Math.min(20, a));
      b = Math.max(0.1, Math.min(10, b));
    }
    const where = (logOdds: number) => Math.max(0, Math.min(hardest + beyond, (a + logOdds) / b));
    const point = { iteration: iteration.iteration, half: where(0), tenth: where(Math.log(9)) };
    points.push(point);
    remember(point);
  }
  return points;
}

/** Rollouts for the regression: those on equally hard questions are one sample. */
interface Sample {
  difficulty: number;
  passed: number;
  rollouts: number;
}

interface Fit {
  after: IterationState | undefined;
  a: number;
  b: number;
  hardest: number;
  point?: FrontierPoint;
}

/**
 * What is known of an iteration, which is the same object in every state once it is finished: its rollouts, counted
 * once, and its fit with the iteration before, for scrubbing asks for the same ones again and again.
 */
const recordsOf = () => ({
  fitted: new WeakMap<IterationState, Fit>(),
  counted: new WeakMap<IterationState, Sample[]>(),
});
const records: Record<Measure, ReturnType<typeof recordsOf>> = { start: recordsOf(), lines: recordsOf() };

/** Rates of the starting model are as many as questions: those of one bin this wide count as equal. */
const binWidth = 0.05;

function rolloutsByDifficulty(iteration: IterationState, measure: Measure): Sample[] {
  const { counted } = records[measure];
  let samples = counted.get(iteration);
  if (!samples) {
    samples = merged(
      iteration.stones.flatMap((stone) => {
        if (stone.passRate === undefined || !stone.proposal.question) return [];
        const rollouts = stone.trials.find((trial) => trial.task === 'induction')?.attempts.length ?? 1;
        const { value } = difficulty(stone, measure);
        const binned = measure === 'lines' ? value : Math.round(value / binWidth) * binWidth;
        return [{ difficulty: binned, passed: stone.passRate * rollouts, rollouts }];
      }),
    );
    counted.set(iteration, samples);
  }
  return samples;
}

function merged(samples: readonly Sample[]): Sample[] {
  const byDifficulty = new Map<number, Sample>();
  for (const { difficulty: d, passed, rollouts } of samples) {
    const sum = byDifficulty.get(d) ?? { difficulty: d, passed: 0, rollouts: 0 };
    byDifficulty.set(d, { difficulty: d, passed: sum.passed + passed, rollouts: sum.rollouts + rollouts });
  }
  return [...byDifficulty.values()];
}
