/** A run reduced to what a comparison shows: small, plain, and the same for stored and imported runs. */
import { summarizeDistances } from '../gasp/distance.ts';
import { passesOf } from '../gasp/measuring.ts';
import { meanPassAtK } from '../gasp/passAtK.ts';
import type { ProposerRole } from '../gasp/question.ts';
import { paidByCurve } from '../gasp/rewards.ts';
import type { MethodName } from '../gasp/methods.ts';
import { Random } from 'onnx-lora/random';
import { currentCounters, type EvaluationState, finishedIterations, type RunState } from '../run/state.ts';
import { RUN_SERIES, type RunSeries } from '../run/series.ts';
import type { Settings } from '../gasp/settings.ts';
import { type ComparedGoalpost, comparedGoalposts } from './goalpostKinds.ts';
import { tokensAt } from './tokensAt.ts';
import { type UnseenTrial, unseenTrials } from './unseenTrials.ts';

/** Questions of one split tried with one checkpoint; `passed` digits as in the run's log. */
export interface Tried {
  iteration: number;
  samples: number;
  answers: Record<string, string>;
  /** Natural log-probabilities of reference answers by question id; absent in older runs. */
  logprobs?: Record<string, number>;
}

export interface Point {
  iteration: number;
  /** Sampled plus trained since the run began. */
  tokens: number;
  value: number;
}

export interface RunDigest {
  run: string;
  /** The run's label: its method, with the settings in which it differs. Runs with the same label are averaged. */
  label: string;
  method: MethodName;
  settings: Settings;
  seed: number;
  iterations: number;
  seconds: number;
  tokensSampled: number;
  tokensTrained: number;
  goalposts: ComparedGoalpost[];
  heldout: Tried[];
  validation: Tried[];
  tries: Tried[];
  /** Of questions that nothing trains on, in the course of the run. */
  unseen: UnseenTrial[];
  /** The checkpoint that is reported: the one that does best on the validation split, else the newest measured. */
  picked: number;
  /** Curves over the run, by name; see `RUN_SERIES`. */
  series: Record<string, Point[]>;
  /** Proposals that were tried, for the reward curves: some of them, evenly; none where no curve pays. */
  proposals: { role: ProposerRole; passRate: number; reward: number }[];
}

/** Points that still tell apart on a curve of the reward. */
const MOST_PROPOSALS = 600;

export function digestRun(state: RunState, label: string = state.settings.method): RunDigest {
  const { settings, measurements = [] } = state;
  const { seconds, tokensSampled, tokensTrained } = currentCounters(state);
  const split = (name: string): Tried[] =>
    measurements.flatMap(({ split: own, iteration, samples, answers, logprobs }) =>
      own === name ? [{ iteration, samples, answers, ...(logprobs && { logprobs }) }] : [],
    );
  const tries = split('goalposts');
  const finished = state.iterations.filter((iteration) => iteration.counters);
  const series: Record<string, Point[]> = {};
  for (const iteration of finished) {
    const tokens = iteration.counters!.tokensSampled + iteration.counters!.tokensTrained;
    for (const [name, of] of Object.entries<RunSeries>(RUN_SERIES)) {
      const value = of.value(iteration);
      if (value === undefined || !Number.isFinite(value)) continue;
      series[name] ??= [];
      series[name].push({ iteration: iteration.iteration, tokens, value });
    }
  }
  const distance = distancePoints(state, tries);
  if (distance.length > 0) series.distance = distance;
  const proposals = (paidByCurve(settings) ? finished : []).flatMap(({ stones }) =>
    stones.flatMap(({ proposal, passRate, reward }) =>
      passRate === undefined || reward === undefined ? [] : [{ role: proposal.role, passRate, reward }],
    ),
  );
  const [heldout, validation] = [split('heldout'), split('validation')];
  const shownTries = tries.length > 0 ? tries : state.evaluations.map(triedInPassing);
  const every = Math.max(1, Math.ceil(proposals.length / MOST_PROPOSALS));
  return {
    run: state.run,
    label,
    method: settings.method,
    settings,
    seed: settings.seed,
    iterations: finishedIterations(state),
    seconds,
    tokensSampled,
    tokensTrained,
    goalposts: comparedGoalposts(state),
    heldout,
    validation,
    tries: shownTries,
    unseen: unseenTrials(state),
    picked: pickCheckpoint(validation) ?? newestIteration([...heldout, ...shownTries]),
    series,
    proposals: proposals.filter((_, i) => i % every === 0),
  };
}

/** The goalposts' mean decimal log-probability at each checkpoint or trial that scored them, over tokens. */
function distancePoints(state: RunState, tries: readonly Tried[]): Point[] {
  const at = tokensAt(state);
  const scored = [...state.evaluations, ...tries].flatMap(({ iteration, logprobs }) =>
    logprobs ? [{ iteration, ...summarizeDistances(logprobs) }] : [],
  );
  // Means over different goalposts cannot be compared with each other.
  const most = Math.max(0, ...scored.map((one) => one.scored));
  const values = new Map(
    scored.filter((one) => one.scored === most).map(({ iteration, meanLog10 }) => [iteration, meanLog10]),
  );
  return [...values]
    .sort(([a], [b]) => a - b)
    .flatMap(([iteration, value]) => {
      const tokens = at(iteration);
      return tokens === undefined ? [] : [{ iteration, tokens, value }];
    });
}

/** k of the pass@k by which a checkpoint is picked, as in the paper; less where there are fewer answers. */
const PICKED_BY = 20;

/**
 * The iteration whose weights do best on the validation split, the later of two that do equally well;
 * undefined where it was not tried. Those tried with fewer answers than others are not in the running,
 * nor is the start of a run that has trained.
 */
export function pickCheckpoint(validation: readonly Tried[]): number | undefined {
  const trained = validation.filter(({ iteration }) => iteration > 0);
  const running = trained.length > 0 ? trained : validation;
  const samples = Math.max(0, ...running.map((tried) => tried.samples));
  const scored = running
    .filter((tried) => tried.samples === samples)
    .map(({ iteration, answers }) => {
      const passed = Object.values(answers).map((digits) => passesOf(digits));
      return { iteration, score: meanPassAtK(samples, passed, Math.min(PICKED_BY, samples)) };
    });
  return scored.sort((a, b) => a.score - b.score || a.iteration - b.iteration).at(-1)?.iteration;
}

const newestIteration = (tried: readonly Tried[]) => Math.max(0, ...tried.map(({ iteration }) => iteration));

/**
 * A trial of all goalposts in the course of the run, which counted right answers but not which they were: they
 * are put anywhere, so that the first few answers are as good as any.
 */
function triedInPassing({ iteration, samples, passed, logprobs }: EvaluationState): Tried {
  const digits = (id: string, right: number) =>
    Random.for(iteration, 'answers', id)
      .shuffle(Array.from({ length: samples }, (_, i) => (i < right ? '1' : '0')))
      .join('');
  return {
    iteration,
    samples,
    answers: Object.fromEntries(Object.entries(passed).map(([id, right]) => [id, digits(id, right)])),
    ...(logprobs && { logprobs }),
  };
}

/**
 * The model that a run started from, as a run of the base model; undefined where nothing was tried with it.
 */
export function startingModel(run: RunDigest, label = 'base'): RunDigest | undefined {
  const first = <One extends { iteration: number }>(tried: readonly One[]) =>
    tried.filter(({ iteration }) => iteration === 0);
  const [heldout, validation, tries] = [first(run.heldout), first(run.validation), first(run.tries)];
  if (heldout.length + validation.length + tries.length === 0) return undefined;
  const nothing = {
    iterations: 0,
    seconds: 0,
    tokensSampled: 0,
    tokensTrained: 0,
    series: {},
    proposals: [],
    unseen: first(run.unseen),
  };
  const start = { run: `${run.run}/start`, label, method: 'base', picked: 0 } as const;
  const goalposts = run.goalposts.map(({ wasProposed: _, ...goalpost }) => goalpost);
  return { ...run, ...nothing, ...start, goalposts, heldout, validation, tries };
}
