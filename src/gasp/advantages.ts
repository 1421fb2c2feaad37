/**
 * From the rewards of an iteration's texts to their advantages. A group without variance has nothing to
 * tell apart, so its advantages are 0.
 */
import { groupBy } from '../util/groupBy.ts';
import { ESTIMATORS, type EstimatorName, standardize } from './estimators.ts';
import type { Role, TaskType } from './question.ts';

/** One sampled text that may be trained on. */
export interface Rollout {
  role: Role;
  /** The kind of text: an answer's task type, or a proposal. */
  task: TaskType | 'proposal';
  /** The task that an answer is for. Answers with equal keys share a baseline; unused for proposals. */
  question: string;
  reward: number;
  /** The student's answer is right; unused for proposals. */
  passed: boolean;
}

/**
 * The advantage of each rollout, in order. That of an answer comes from the estimator, among its group's answers.
 *
 * A prompt for a proposal is sampled once, so a proposal has no siblings to be compared with. Under
 * every estimator it gets `(r - mean) / sd` over the iteration's proposals of its role, of either sign. With
 * positive advantages alone, nothing would push a teacher back that has passed its band: the highest reward is
 * for the hardest questions that are still solved, and next to them are those that none solves.
 */
export function advantages(rollouts: readonly Rollout[], estimator: EstimatorName): number[] {
  const { group, advantages: ofAnswers } = ESTIMATORS[estimator];
  const out = new Array<number>(rollouts.length).fill(0);
  const comparedWith = ({ task, role, question }: Rollout) =>
    task === 'proposal' || group === 'task' ? `${task}/${role}` : `${task}/${role}/${question}`;
  for (const members of groupBy(rollouts.keys(), (i) => comparedWith(rollouts[i]!)).values()) {
    const scores = members.map((i) => rollouts[i]!);
    const isProposal = scores[0]!.task === 'proposal';
    const found = isProposal ? standardize(scores.map(({ reward }) => reward)) : ofAnswers(scores);
    members.forEach((i, j) => {
      out[i] = found[j]!;
    });
  }
  return out;
}

/** Mean reward and size of each (task type, role), in order of first appearance. */
export function rewardGroups(
  rollouts: readonly Rollout[],
): { role: Role; task: Rollout['task']; rollouts: number; meanReward: number }[] {
  return [...groupBy(rollouts, (r) => `${r.task}/${r.role}`).values()].map((members) => {
    const { role, task } = members[0]!;
    const total = members.reduce((sum, { reward }) => sum + reward, 0);
    return { role, task, rollouts: members.length, meanReward: total / members.length };
  });
}
