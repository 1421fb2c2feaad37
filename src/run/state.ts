/**
 * The state of a run: a pure fold over its event log. Everything that the page shows comes from
 * here, so a stored run, a running one and one scrubbed back in time are drawn by the same code.
 */
import { followsAxis } from '../gasp/axes.ts';
import { completeSettings } from '../gasp/defaults.ts';
import type { PolicyInfo, UpdateStats } from '../gasp/policyRecord.ts';
import type { Attempt, Axis, Proposal, Question, Role, TaskType } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';
import type { Counters, RunEvent, Split } from './events.ts';
import { aboutTheRun, validEvents } from './history.ts';

/** The student's answers to one question, in one task. */
export interface Trial {
  task: TaskType;
  /** The pair that deduction and abduction ask about. */
  index?: number;
  attempts: Attempt[];
  passRate: number;
  /** Set for a trial in a later iteration than its proposal's: practice on what a person kept. */
  practisedIn?: number;
}

/** A proposal and what became of it. On the climb it is a stone once it has a pass rate. */
export interface Stone {
  id: string;
  iteration: number;
  proposal: Proposal;
  /** Every trial of its question: induction first, then the converted task if there was one. */
  trials: Trial[];
  passRate?: number;
  reward?: number;
  accepted: boolean;
  /** The pass rate of the starting weights; absent in older runs, and where right answers are too many to add up. */
  startPassRate?: number;
  /** Goalposts that its program answers. */
  reaches?: string[];
  /** What a kept question did: fresh answers after the iteration that trained on it, and its goalpost's log-probability. */
  learned?: {
    iteration: number;
    samples: number;
    passed: number;
    goalpost?: { before: number; after: number };
  };
  /** Whether it did what its axis asked for; absent without an axis, and where that cannot be told. */
  followed?: boolean;
}

export interface UpdateState {
  stats: UpdateStats;
  groups: { role: Role; task: TaskType | 'proposal'; rollouts: number; meanReward: number }[];
  sequences: number;
}

/** What an update learned beside the sampled texts. */
export interface HindsightState {
  sequences: number;
  /** Answers of earlier iterations among them, and those of these that need no further one. */
  replayed: number;
  mastered: number;
  tokens: number;
  /** Mean log-probability of a whole answer before the update, in nats. */
  logprob: number;
}

export interface IterationState {
  iteration: number;
  /** Ids of the goalposts drawn, with their axes. Unguided proposals come after theirs. */
  goalposts: string[];
  axes: (Axis | null)[];
  stones: Stone[];
  /** The bank's own questions that the student trained on. */
  real?: { question: string; passRate: number }[];
  update?: UpdateState;
  hindsight?: HindsightState;
  /** Set when the iteration is complete: the run's counters at its end. */
  counters?: Counters;
  startedAt: number;
}

export interface CheckpointState {
  iteration: number;
  blob: string;
  bytes: number;
  /** Kept for good; others make way for the next one. */
  kept: boolean;
  at: number;
}

export interface EvaluationState {
  iteration: number;
  samples: number;
  /** Answers that passed, by goalpost id. */
  passed: Record<string, number>;
  /** Natural log-probabilities of reference answers by goalpost id; absent in older runs. */
  logprobs?: Record<string, number>;
  /** Mean share of cases passed, of goalposts without a reference answer. */
  cases?: Record<string, number>;
  /** The answer that solved it, by goalpost id, of goalposts solved for the first time; absent in older runs. */
  right?: Record<string, string>;
}

/** Validation questions tried during the run, by question id as in an evaluation. */
export type ValidationState = Pick<EvaluationState, 'iteration' | 'samples' | 'passed'>;

/** Questions of one split tried with the weights of one checkpoint. */
export interface Measurement {
  iteration: number;
  split: Split;
  samples: number;
  /** By question id: a digit for each answer, 1 where it passed. */
  answers: Record<string, string>;
  /** Natural log-probabilities of reference answers by question id. */
  logprobs?: Record<string, number>;
}

export interface RunState {
  run: string;
  name: string;
  settings: Settings;
  model: string;
  bank: string;
  goalposts: Question[];
  /** The bank's own training questions, for methods that train on them. */
  questions?: Question[];
  branchedFrom?: { run: string; iteration: number };
  /** A person's notes on the run. */
  notes?: string;
  policy?: PolicyInfo;
  startedAt: number;
  updatedAt: number;
  /** In order; the last one may be unfinished. */
  iterations: IterationState[];
  /** Questions that a person wrote in the teacher's place and kept, apart from the model's proposals. */
  taught: Stone[];
  evaluations: EvaluationState[];
  checkpoints: CheckpointState[];
  /** Absent where no unseen questions are tried. */
  validations?: ValidationState[];
  /** Absent until something was measured. */
  measurements?: Measurement[];
}

/** The next state; `state` is null before `run-started`. Untouched parts are shared, never changed. */
export function applyEvent(state: RunState | null, event: RunEvent): RunState {
  if (event.type === 'run-started') {
    return {
      run: event.run,
      name: event.name,
      settings: completeSettings(event.settings),
      model: event.model,
      bank: event.bank,
      goalposts: event.goalposts,
      ...(event.questions && { questions: event.questions }),
      ...(event.branchedFrom && { branchedFrom: event.branchedFrom }),
      startedAt: event.at,
      updatedAt: event.at,
      iterations: [],
      taught: [],
      evaluations: [],
      checkpoints: [],
    };
  }
  if (!state)
    throw new Error(`The log begins with "${event.type}" (event ${event.seq}), not with "run-started".`);
  const next = { ...state, updatedAt: aboutTheRun(event) ? state.updatedAt : event.at };
  switch (event.type) {
    case 'renamed':
      next.name = event.name;
      break;
    case 'noted':
      next.notes = event.text;
      break;
    case 'resumed':
      next.policy = event.policy;
      break;
    case 'iteration-started':
      next.iterations = [
        ...state.iterations,
        {
          iteration: event.iteration,
          goalposts: event.goalposts,
          axes: event.axes,
          stones: [],
          startedAt: event.at,
        },
      ];
      break;
    case 'proposed':
      next.iterations = changeIteration(state, event.iteration, (iteration) => ({
        ...iteration,
        stones: [
          ...iteration.stones,
          {
            id: event.proposal.id,
            iteration: event.iteration,
            proposal: event.proposal,
            trials: [],
            accepted: false,
            ...followed(state, event.proposal),
          },
        ],
      }));
      break;
    case 'attempted': {
      const { iteration: practisedIn, attempts, passRate } = event;
      const kept = state.taught.findLastIndex((stone) => stone.id === event.question);
      if (kept >= 0) {
        const stone = state.taught[kept]!;
        const trials = [...stone.trials, { task: event.task, attempts, passRate, practisedIn }];
        next.taught = state.taught.with(kept, { ...stone, trials });
        break;
      }
      const isReal = ({ id }: Question) => id === event.question;
      if (state.questions?.some(isReal) || state.goalposts.some(isReal)) {
        next.iterations = changeIteration(state, event.iteration, (iteration) => ({
          ...iteration,
          real: [...(iteration.real ?? []), { question: event.question, passRate: event.passRate }],
        }));
        break;
      }
      next.iterations = changeStone(
        state,
        event.iteration,
        (stone) => (stone.proposal.question?.id ?? stone.id) === event.question,
        (stone) => ({
          ...stone,
          trials: [
            ...stone.trials,
            {
              task: event.task,
              ...(event.index !== undefined && { index: event.index }),
              attempts: event.attempts,
              passRate: event.passRate,
            },
          ],
          ...(event.task === 'induction' && { passRate: event.passRate }),
        }),
      );
      break;
    }
    case 'rewarded':
      next.iterations = changeStone(
        state,
        event.iteration,
        (stone) => stone.id === event.proposal,
        (stone) => ({
          ...stone,
          passRate: event.passRate,
          reward: event.reward,
          accepted: event.accepted,
          ...(event.reaches && { reaches: event.reaches }),
          ...(event.startPassRate !== undefined && { startPassRate: event.startPassRate }),
        }),
      );
      break;
    case 'hindsight':
      next.iterations = changeIteration(state, event.iteration, (iteration) => ({
        ...iteration,
        hindsight: {
          ...{ sequences: event.sequences, replayed: event.replayed, tokens: event.tokens },
          ...{ logprob: event.logprob, mastered: event.mastered.length },
        },
      }));
      break;
    case 'taught': {
      const { iteration, proposal, attempts, passRate, reward, accepted, startPassRate } = event;
      const trials: Trial[] = [{ task: 'induction', attempts, passRate }];
      next.taught = [
        ...state.taught,
        {
          ...{ id: proposal.id, iteration, proposal, trials, passRate, reward, accepted },
          ...(startPassRate !== undefined && { startPassRate }),
          ...followed(state, proposal),
        },
      ];
      break;
    }
    case 'taught-tried': {
      const { question, iteration, samples, passed, goalpost } = event;
      const learned = { iteration, samples, passed, ...(goalpost && { goalpost }) };
      next.taught = state.taught.map((stone) => (stone.id === question ? { ...stone, learned } : stone));
      break;
    }
    case 'updated':
      next.iterations = changeIteration(state, event.iteration, (iteration) => ({
        ...iteration,
        update: { stats: event.stats, groups: event.groups, sequences: event.sequences },
      }));
      break;
    case 'evaluated':
      next.evaluations = [
        ...state.evaluations,
        {
          iteration: event.iteration,
          samples: event.samples,
          passed: event.passed,
          ...(event.logprobs && { logprobs: event.logprobs }),
          ...(event.cases && { cases: event.cases }),
          ...(event.right && { right: event.right }),
        },
      ];
      break;
    case 'validated':
      next.validations = [
        ...(state.validations ?? []),
        { iteration: event.iteration, samples: event.samples, passed: event.passed },
      ];
      break;
    case 'measured':
      next.measurements = complete(state.measurements ?? [], event);
      break;
    case 'checkpoint':
      // The newest one replaces the one before it, unless that one is kept.
      next.checkpoints = [
        ...state.checkpoints.filter((checkpoint) => checkpoint.kept),
        {
          iteration: event.iteration,
          blob: event.blob,
          bytes: event.bytes,
          kept: event.kept,
          at: event.at,
        },
      ];
      break;
    case 'iteration-finished':
      next.iterations = changeIteration(state, event.iteration, (iteration) => ({
        ...iteration,
        counters: event.counters,
      }));
      break;
  }
  return next;
}

/** The state after all valid events. Null for an empty log. Throws when the log does not begin with `run-started`. */
export function foldEvents(events: readonly RunEvent[]): RunState | null {
  return validEvents(events).reduce<RunState | null>(applyEvent, null);
}

function followed(state: RunState, { axis, question, parent, goalpost }: Proposal): Pick<Stone, 'followed'> {
  if (!axis || !question) return {};
  const from =
    parent === undefined
      ? state.goalposts.find(({ id }) => id === goalpost)
      : findStone(state, parent)?.proposal.question;
  const follows = from && followsAxis(axis, from, question);
  return follows === undefined ? {} : { followed: follows };
}

/** With one more part of a measurement, which joins the parts that it completes. */
function complete(measurements: Measurement[], part: Measurement): Measurement[] {
  const { iteration, split, samples, answers, logprobs } = part;
  const at = measurements.findIndex(
    (m) => m.iteration === iteration && m.split === split && m.samples === samples,
  );
  const before = measurements[at];
  const scored = { ...before?.logprobs, ...logprobs };
  const whole = {
    ...{ iteration, split, samples, answers: { ...before?.answers, ...answers } },
    ...(Object.keys(scored).length > 0 && { logprobs: scored }),
  };
  return before ? measurements.with(at, whole) : [...measurements, whole];
}

/** A proposal by its id, the model's or a person's. */
export function findStone(state: RunState, id: string | undefined): Stone | undefined {
  if (id === undefined) return undefined;
  // Ids begin with their iteration's number.
  const number = Number(id.split('.')[0]);
  const iteration = state.iterations.findLast((candidate) => candidate.iteration === number);
  return [...(iteration?.stones ?? []), ...state.taught].find((stone) => stone.id === id);
}

function changeIteration(
  state: RunState,
  number: number,
  change: (iteration: IterationState) => IterationState,
): IterationState[] {
  // Nearly always the last one, so look from the end.
  const at = state.iterations.findLastIndex((candidate) => candidate.iteration === number);
  const iteration = state.iterations[at];
  return iteration ? state.iterations.with(at, change(iteration)) : state.iterations;
}

function changeStone(
  state: RunState,
  iteration: number,
  matches: (stone: Stone) => boolean,
  change: (stone: Stone) => Stone,
): IterationState[] {
  return changeIteration(state, iteration, (current) => {
    const at = current.stones.findLastIndex(matches);
    const stone = current.stones[at];
    return stone ? { ...current, stones: current.stones.with(at, change(stone)) } : current;
  });
}

/** Number of the last complete iteration, 0 when there is none. */
export function finishedIterations(state: RunState): number {
  return state.iterations.findLast((iteration) => iteration.counters)?.iteration ?? 0;
}

/** Counters at the end of the last complete iteration. */
export function currentCounters(state: RunState): Counters {
  const last = state.iterations.findLast((iteration) => iteration.counters);
  return last?.counters ?? { tokensSampled: 0, tokensTrained: 0, seconds: 0 };
}

export interface GoalpostState {
  question: Question;
  /** Its evaluations, in order; the one before any training is the starting model's. */
  tries: { iteration: number; samples: number; passed: number }[];
  /** Natural log-probabilities of its reference answer, in order; none where it has no such answer. */
  distances: { iteration: number; logprob: number }[];
  /** First evaluation after training in which an answer passed. */
  solvedAt?: number;
  /** The answer that passed then; absent in older runs. */
  answer?: string;
  /** How often it was drawn. */
  drawn: number;
}

/** A state never changes, and several parts of the page ask. */
const goalpostsOf = new WeakMap<RunState, GoalpostState[]>();

/** Goalposts in the order of the run's list, each with how its evaluations went. */
export function goalpostStates(state: RunState): GoalpostState[] {
  const known = goalpostsOf.get(state);
  if (known) return known;
  const drawn = new Map<string, number>();
  for (const iteration of state.iterations)
    for (const id of iteration.goalposts) drawn.set(id, (drawn.get(id) ?? 0) + 1);
  const goalposts = state.goalposts.map((question) => {
    const tries = state.evaluations
      .filter((evaluation) => question.id in evaluation.passed)
      .map((evaluation) => ({
        iteration: evaluation.iteration,
        samples: evaluation.samples,
        passed: evaluation.passed[question.id] ?? 0,
      }));
    const solved = tries.find((attempt) => attempt.iteration > 0 && attempt.passed > 0);
    const answer = state.evaluations.find(({ right }) => right && question.id in right)?.right?.[question.id];
    const distances = state.evaluations.flatMap(({ iteration, logprobs }) => {
      const logprob = logprobs?.[question.id];
      return logprob === undefined ? [] : [{ iteration, logprob }];
    });
    return {
      question,
      tries,
      distances,
      drawn: drawn.get(question.id) ?? 0,
      ...(solved && { solvedAt: solved.iteration }),
      ...(solved && answer !== undefined && { answer }),
    };
  });
  goalpostsOf.set(state, goalposts);
  return goalposts;
}

/** Goalposts whose first right answer after training came in the trial after this iteration. */
export const newlySolved = (state: RunState, iteration: number): GoalpostState[] =>
  goalpostStates(state).filter(({ solvedAt }) => solvedAt === iteration);

/** The goalposts whose flags came down, in that order: the first trials after training with a right answer. */
export function flagsDown(state: RunState): { id: string; title: string; iteration: number }[] {
  return goalpostStates(state)
    .flatMap(({ question: { id, title }, solvedAt }) =>
      solvedAt === undefined ? [] : [{ id, title, iteration: solvedAt }],
    )
    .sort((a, b) => a.iteration - b.iteration);
}

/** Goalposts with at least one success, and the mean of pass@1 over all goalposts tried. */
export function summarizeEvaluation(evaluation: Pick<EvaluationState, 'samples' | 'passed'>): {
  solved: number;
  tried: number;
  meanPassRate: number;
} {
  const counts = Object.values(evaluation.passed);
  const sum = counts.reduce((total, passed) => total + passed, 0);
  return {
    solved: counts.filter((passed) => passed > 0).length,
    tried: counts.length,
    meanPassRate: counts.length === 0 ? 0 : sum / (counts.length * evaluation.samples),
  };
}

interface RoleMeans {
  passRate: number;
  reward: number;
  accepted: number;
  proposed: number;
}

/** An iteration never changes, and curves ask for all of them with every step through time. */
const means = new WeakMap<IterationState, Partial<Record<Proposal['role'], RoleMeans>>>();

/** Means over the stones of one role in one iteration; NaN where there are none. */
export function roleMeans(iteration: IterationState, role: Proposal['role']): RoleMeans {
  const known = means.get(iteration) ?? {};
  means.set(iteration, known);
  const before = known[role];
  if (before) return before;
  const stones = iteration.stones.filter((stone) => stone.proposal.role === role);
  const tried = stones.filter((stone) => stone.passRate !== undefined);
  const paid = stones.filter((stone) => stone.reward !== undefined);
  known[role] = {
    passRate: tried.reduce((sum, stone) => sum + stone.passRate!, 0) / tried.length,
    reward: paid.reduce((sum, stone) => sum + stone.reward!, 0) / paid.length,
    accepted: stones.filter((stone) => stone.accepted).length,
    proposed: stones.length,
  };
  return known[role];
}
