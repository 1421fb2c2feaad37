/** The series of a run over its iterations, for the figures of page and comparison. */
import type { Axis, ProposerRole, TaskType } from '../gasp/question.ts';
import { type IterationState, roleMeans } from './state.ts';

export interface RunSeries {
  title: string;
  note: string;
  /** Whether it lies between 0 and 1. */
  share?: true;
  /** The value of a finished iteration; NaN or undefined where it has none. */
  value: (iteration: IterationState) => number | undefined;
}

const mean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, x) => sum + x, 0) / values.length;

const roleMean =
  (role: ProposerRole, key: 'passRate' | 'reward' | 'accepted') =>
  (iteration: IterationState): number =>
    roleMeans(iteration, role)[key];

const statistic =
  (key: 'loss' | 'entropy' | 'gradNorm') =>
  ({ update }: IterationState): number | undefined =>
    update && update.stats.steps > 0 ? update.stats[key] : undefined;

const studentReward =
  (task: TaskType) =>
  ({ update }: IterationState): number | undefined =>
    update?.groups.findLast((group) => group.role === 'solver' && group.task === task)?.meanReward;

const followedShare =
  (axis: Axis) =>
  ({ stones }: IterationState): number | undefined =>
    mean(
      stones.flatMap(({ proposal, followed }) =>
        proposal.axis === axis && followed !== undefined ? [Number(followed)] : [],
      ),
    );

/** The series that a comparison shows, in this order. */
export const RUN_SERIES = {
  similarity: {
    title: 'Similarity of proposals',
    note: 'mean cosine with the nearest earlier question; near 1 they are copies',
    share: true,
    value: ({ stones }) => mean(stones.flatMap(({ proposal }) => proposal.similarity ?? [])),
  },
  copies: {
    title: 'Copies turned away',
    note: 'share of proposals that the novelty filter rejects',
    share: true,
    value: ({ stones }) => mean(stones.map(({ proposal }) => Number(proposal.fault?.kind === 'copy'))),
  },
  'followed, io': {
    title: 'The same program along I/O',
    note: 'share of lemmas and lifts on the I/O axis that keep the program they were made from',
    share: true,
    value: followedShare('io'),
  },
  'followed, f': {
    title: 'The same inputs along f',
    note: 'share of lemmas and lifts on the f axis that keep the inputs they were made from',
    share: true,
    value: followedShare('f'),
  },
  'pass rate, lemma': {
    title: 'Pass rate of lemmas',
    note: 'mean over those tried',
    share: true,
    value: roleMean('lemma', 'passRate'),
  },
  'pass rate, lift': {
    title: 'Pass rate of lifts',
    note: 'mean over those tried',
    share: true,
    value: roleMean('lift', 'passRate'),
  },
  'pass rate, unguided': {
    title: 'Pass rate of unguided questions',
    note: 'mean over those tried',
    share: true,
    value: roleMean('unguided', 'passRate'),
  },
  'pass rate, real': {
    title: 'Pass rate of real questions',
    note: 'mean over those trained on',
    share: true,
    value: ({ real = [] }) => mean(real.map(({ passRate }) => passRate)),
  },
  'reward, lemma': {
    title: 'Reward for lemmas',
    note: 'mean over those tried',
    value: roleMean('lemma', 'reward'),
  },
  'reward, lift': {
    title: 'Reward for lifts',
    note: 'mean over those tried',
    value: roleMean('lift', 'reward'),
  },
  'reward, unguided': {
    title: 'Reward for unguided questions',
    note: 'mean over those tried',
    value: roleMean('unguided', 'reward'),
  },
  'reward, solver induction': {
    title: 'Student’s reward, induction',
    note: 'mean over its answers',
    value: studentReward('induction'),
  },
  'reward, solver deduction': {
    title: 'Student’s reward, deduction',
    note: 'mean over its answers',
    value: studentReward('deduction'),
  },
  'reward, solver abduction': {
    title: 'Student’s reward, abduction',
    note: 'mean over its answers',
    value: studentReward('abduction'),
  },
  hindsight: {
    title: 'Answers learned in hindsight',
    note: 'mean log-probability of a whole answer before the update, nats',
    value: ({ hindsight }) => hindsight?.logprob,
  },
  entropy: {
    title: 'Entropy',
    note: 'nats a token; near 0 all answers are alike',
    value: statistic('entropy'),
  },
  gradNorm: { title: 'Gradient norm', note: 'before clipping', value: statistic('gradNorm') },
} satisfies Record<string, RunSeries>;

/** The series that are shown for a run by itself only. */
export const OWN_SERIES = {
  'accepted, lemma': {
    title: 'Accepted lemmas',
    note: 'questions accepted, an iteration',
    value: roleMean('lemma', 'accepted'),
  },
  'accepted, lift': {
    title: 'Accepted lifts',
    note: 'questions accepted, an iteration',
    value: roleMean('lift', 'accepted'),
  },
  'accepted, unguided': {
    title: 'Accepted questions',
    note: 'questions accepted, an iteration',
    value: roleMean('unguided', 'accepted'),
  },
  loss: { title: 'Loss', note: 'policy gradient; its level means little', value: statistic('loss') },
} satisfies Record<string, RunSeries>;
