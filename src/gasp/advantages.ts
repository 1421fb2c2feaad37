/**
 * From the rewards of an iteration's texts to their advantages. A group without variance has nothing to
 * tell apart, so its advantages are 0.
 */
import { groupBy } from '../util/groupBy.ts';
import {
  type EstimatorName,
  type EstimatorOptions,
  ESTIMATORS,
  type Score,
  standardize,
} from './estimators.ts';
import type { Role, TaskType } from './question.ts';
import type { TeacherPay } from './rewards.ts';

/** One sampled text that may be trained on. */
export interface Rollout extends Score {
  role: Role;
  /** The kind of text: an answer's task type, or a proposal. */
  task: TaskType | 'proposal';
  /** The task that an answer is for. Answers with equal keys share a baseline; unused for proposals. */
  question: string;
  /** The student's answer is right; unused for proposals. */
  passed: boolean;
}

/** The settings that decide the advantages. */
export interface AdvantageOptions extends EstimatorOptions {
  estimator: EstimatorName;
  /** The power g of the focal factor. */
  focal: number;
  teacherPay: TeacherPay;
}

/**
 * The advantage of each rollout, in order. That of an answer comes from the estimator, among its group's answers,
 * times the focal factor `(1 - p)^g` of its question (F-GRPO, Plyusov et al. 2026, https://arxiv.org/abs/2602.06717):
 * of answers to questions that most solve, right and wrong, it takes most of the weight.
 *
 * A prompt for a proposal is sampled once, so a proposal has no siblings to be compared with. Under
 * every estimator it gets `(r - mean) / sd` over the iteration's proposals of its role, of either sign. With
 * positive advantages alone, nothing would push a teacher back that has passed its band: the highest reward is
 * for the hardest questions that are still solved, and next to them are those that none solves. A guide's
 * rewards are put between 0 and 1 in place of that, as in SGS: there is no push back.
 */
export function advantages(rollouts: readonly Rollout[], options: AdvantageOptions): number[] {
  const { group, advantages: ofAnswers } = ESTIMATORS[options.estimator];
  const out = new Array<number>(rollouts.length).fill(0);
  const ofQuestion = ({ task, role, question }: Rollout) => `${task}/${role}/${question}`;
  const comparedWith = (rollout: Rollout) =>
    rollout.task === 'proposal' || group === 'task' ? `${rollout.task}/${rollout.role}` : ofQuestion(rollout);
  for (const members of groupBy(rollouts.keys(), (i) => comparedWith(rollouts[i]!)).values()) {
    const scores = members.map((i) => rollouts[i]!);
    const isProposal = scores[0]!.task === 'proposal';
    const ofProposals = options.teacherPay === 'guide' ? spread : standardize;
    const found = isProposal ? ofProposals(scores.map(({ reward }) => reward)) : ofAnswers(scores, options);
    members.forEach((i, j) => {
      out[i] = found[j]!;
    });
  }
  if (options.focal > 0) {
    const answers = [...rollouts.keys()].filter((i) => rollouts[i]!.task !== 'proposal');
    for (const members of groupBy(answers, (i) => ofQuestion(rollouts[i]!)).values()) {
      const right = members.filter((i) => rollouts[i]!.passed).length;
      const factor = (1 - right / members.length) ** options.focal;
      for (const i of members) out[i]! *= factor;
    }
  }
  return out;
}

/** `(x - min) / (max - min)`; all 0 where they are equal (SGS, appendix G.5). */
function spread(values: readonly number[]): number[] {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return values.map((x) => (max > min ? (x - min) / (max - min) : 0));
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
