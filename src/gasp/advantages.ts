/**
 * From rewards to advantages: the three estimators. Each is safe where a group has no variance:
 * such a group has nothing to tell apart, so its advantages are 0.
 */
import { groupBy } from '../util/groupBy.ts';
import type { Role, TaskType } from './question.ts';
import type { Estimator } from './settings.ts';

/** One sampled text that may be trained on. */
export interface Rollout {
  role: Role;
  /** What kind of text it is: an answer's task type, or a proposal. */
  task: TaskType | 'proposal';
  /** The task that an answer is for. Answers with equal keys share a baseline; unused for proposals. */
  question: string;
  reward: number;
  /** The student's answer is right; unused for proposals. */
  passed: boolean;
}

/**
 * The advantage of each rollout, in order.
 *
 * - `trr++`: Task-Relative REINFORCE++ (AZR, equation 8). `(r - mean) / sd` over all rollouts with the
 *   same (task type, role).
 * - `per-question`: `(r - mean) / sd` over one question's rollouts (the baseline of GRPO).
 * - `positive`: only right answers count, with `(1 - p) / sd = sqrt((1 - p) / p)` for a question solved
 *   with rate p: what `per-question` gives them for 0/1 rewards.
 *
 * A prompt for a proposal is sampled once, so a proposal has no siblings to be compared with. Under
 * every estimator it gets `(r - mean) / sd` over the iteration's proposals of its role, of either sign:
 * paid for accepted ones alone, a teacher runs past its band (a proposer whose best pay is for the
 * hardest question still solved ends up where none is) with nothing to push it back.
 *
 * Standard deviations are the population's.
 */
export function advantages(rollouts: readonly Rollout[], estimator: Estimator): number[] {
  const out = new Array<number>(rollouts.length).fill(0);
  for (const members of groupBy(rollouts.keys(), (i) => baselineKey(rollouts[i]!, estimator)).values()) {
    // Right answers score 1 and all others 0 where only the right ones will count.
    const binary = estimator === 'positive' && rollouts[members[0]!]!.task !== 'proposal';
    const scores = members.map((i) => (binary ? Number(rollouts[i]!.passed) : rollouts[i]!.reward));
    const standardized = standardize(scores);
    members.forEach((i, j) => {
      const advantage = standardized[j]!;
      out[i] = binary && !rollouts[i]!.passed ? 0 : advantage;
    });
  }
  return out;
}

function baselineKey(rollout: Rollout, estimator: Estimator): string {
  const group = `${rollout.task}/${rollout.role}`;
  return estimator === 'trr++' || rollout.task === 'proposal' ? group : `${group}/${rollout.question}`;
}

/** `(x - mean) / sd` with the population's sd; all 0 where they are equal. */
export function standardize(values: readonly number[]): number[] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  // Equal rewards can leave a rounding error of a few ulps in the mean: that is no variance.
  return values.map((x) => (sd > 1e-9 ? (x - mean) / sd : 0));
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
