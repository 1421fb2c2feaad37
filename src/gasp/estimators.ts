/**
 * The estimators, as data: how the rewards of a group of answers become advantages, the weights of their
 * texts in the update. To add one, add its entry here and a test with numbers by hand; the settings sheet,
 * `--set estimator=`, `--help` and the glossary read this table.
 */
import { azrPaper, type Citation, drGrpoPaper, grpoPaper, sgsPaper } from './citations.ts';

/** The score of an answer. */
export interface Score {
  reward: number;
  passed: boolean;
  /** Its summed log-probability when it was sampled. */
  logprob: number;
}

/** The settings that estimators read. */
export interface EstimatorOptions {
  /** k of `pass@k`; where there are fewer answers, their number. */
  passK: number;
  /** What `unlikeliness` takes off the most likely answer's reward. */
  rankPenalty: number;
}

export interface Estimator {
  /** Its name in a list of choices. */
  label: string;
  /** Its effect and its use, in a sentence for a person. */
  note: string;
  /** The advantage A of an answer with reward r. */
  formula: string;
  source: Citation;
  /** The answers that are compared with each other: all of a task type, or those to one question. */
  group: 'task' | 'question';
  /** The advantages of such a group, in its order. All are 0 where the rewards do not differ. */
  advantages: (group: readonly Score[], options: EstimatorOptions) => number[];
}

/** Equal rewards can leave a rounding error of a few ulps in their mean: that is no difference. */
const ROUNDING = 1e-9;
const withoutRounding = (difference: number) => (Math.abs(difference) > ROUNDING ? difference : 0);

const table = {
  positive: {
    label: 'right answers only',
    note: 'Trains on right answers only, the rare ones most: learns fastest, forgets most.',
    formula: 'A = (1 − p) / sd = √((1 − p) / p) for a right answer to a question solved with rate p, else 0',
    // GRPO's advantage of right answers where rewards are 0 or 1; wrong answers get none.
    source: grpoPaper,
    group: 'question',
    advantages: (group) => {
      const standardized = standardize(group.map(({ passed }) => Number(passed)));
      return group.map(({ passed }, i) => (passed ? standardized[i]! : 0));
    },
  },
  'per-question': {
    label: 'baseline per question',
    note: 'Measures an answer by its own question’s others: keeps more of what the model knew.',
    formula: 'A = (r − mean) / sd over the answers to one question',
    source: grpoPaper,
    group: 'question',
    advantages: (group) => standardize(group.map(({ reward }) => reward)),
  },
  rloo: {
    label: 'leave-one-out baseline',
    note: 'Measures an answer by the mean of its question’s others, unscaled: half-solved questions count most.',
    formula: 'A = r − mean of the other answers to the question, 0 for a lone answer',
    source: { text: 'Ahmadian et al. 2024', url: 'https://arxiv.org/abs/2402.14740' },
    group: 'question',
    advantages: (group) => {
      const others = group.length - 1;
      const total = group.reduce((sum, { reward }) => sum + reward, 0);
      return group.map(({ reward }) => {
        const advantage = others === 0 ? 0 : reward - (total - reward) / others;
        return withoutRounding(advantage);
      });
    },
  },
  'dr-grpo': {
    label: 'baseline, unscaled',
    note: 'The baseline per question without a division by sd: half-solved questions count most.',
    formula: 'A = r − mean over the answers to one question',
    // The half of Dr. GRPO that is about rewards; `lossMean=longest` is the other.
    source: drGrpoPaper,
    group: 'question',
    advantages: (group) => {
      const rewards = group.map(({ reward }) => reward);
      const mean = meanOf(rewards);
      return rewards.map((reward) => withoutRounding(reward - mean));
    },
  },
  'pass@k': {
    label: 'pass@k',
    note: 'Aims at one right answer among k: trains on right answers while few are.',
    formula: 'A = (k/n) · C(n − c, k − 1) / C(n − 1, k − 1) for a right answer, c of n being right, else 0',
    // PKPO's equation 33, its leave-one-out-minus-one form, for rewards 0 and 1: the mean over all k answers of what
    // one adds to the best of its k - 1 others, which is nothing unless it alone is right. A lone answer has no others.
    source: { text: 'Walder and Karkhanis 2025', url: 'https://arxiv.org/abs/2505.15201' },
    group: 'question',
    advantages: (group, { passK }) => {
      const n = group.length;
      const k = Math.min(passK, n);
      const wrong = group.filter(({ passed }) => !passed).length;
      if (k < 2) return group.map(() => 0);
      // C(n - c, k - 1) / C(n - 1, k - 1), factor by factor.
      let alone = k / n;
      for (let i = 0; i < k - 1; i++) alone *= Math.max(0, wrong - i) / (n - 1 - i);
      return group.map(({ passed }) => (passed ? alone : 0));
    },
  },
  half: {
    label: 'right, at most half',
    note: 'Right answers to questions that at most half solve count alike, no others.',
    formula: 'A = 1 for a right answer to a question solved with rate p ≤ 1/2, else 0',
    source: sgsPaper,
    group: 'question',
    advantages: (group) => {
      const p = passRate(group);
      return group.map(({ passed }) => Number(passed && p <= 0.5));
    },
  },
  maxrl: {
    label: 'maximum likelihood',
    note: 'Follows the likelihood of being right: rare right answers count most; over several steps it needs a clip of 0.2.',
    formula: 'A = (r − p) / p with r = 1 for a right answer and 0 for a wrong one; 0 where p = 0',
    source: { text: 'Tajwar et al. 2026', url: 'https://arxiv.org/abs/2602.02710' },
    group: 'question',
    advantages: (group) => {
      const p = passRate(group);
      return group.map(({ passed }) => (p > 0 && p < 1 ? (Number(passed) - p) / p : 0));
    },
  },
  unlikeliness: {
    label: 'unlikely ones more',
    note: 'Of a question’s right answers the unlikelier count more; over several steps it needs a clip of 0.2.',
    formula:
      'A = (r′ − mean) / sd with r′ = 1 − b · (n − rank) / n for a right answer, rank 0 the most likely, else 0',
    source: { text: 'He et al. 2025', url: 'https://arxiv.org/abs/2506.02355' },
    group: 'question',
    advantages: (group, { rankPenalty }) => {
      // As in the authors' code, right answers to a question that all answers solve differ by their ranks, too.
      const n = group.length;
      const ranks = likelihoodRanks(group);
      return standardize(
        group.map(({ passed }, i) => Number(passed) * (1 - (rankPenalty * (n - ranks[i]!)) / n)),
      );
    },
  },
  'trr++': {
    label: 'TRR++, as in the paper',
    note: 'Measures an answer by all of its task and role; over several steps it needs a clip of 0.2.',
    formula: 'A = (r − mean) / sd over all answers of one task type',
    // Task-Relative REINFORCE++, equation 8.
    source: azrPaper,
    group: 'task',
    advantages: (group) => standardize(group.map(({ reward }) => reward)),
  },
} satisfies Record<string, Estimator>;

export type EstimatorName = keyof typeof table;
export const ESTIMATORS: Record<EstimatorName, Estimator> = table;
export const ESTIMATOR_NAMES = Object.keys(ESTIMATORS) as EstimatorName[];

const meanOf = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const passRate = (group: readonly Score[]) => meanOf(group.map(({ passed }) => Number(passed)));

/** How many answers are likelier, 0 for the likeliest. Equally likely ones, such as equal texts, share their mean rank. */
function likelihoodRanks(group: readonly Score[]): number[] {
  const count = (test: (logprob: number) => boolean) => group.filter(({ logprob }) => test(logprob)).length;
  return group.map(
    ({ logprob }) => count((other) => other > logprob) + (count((other) => other === logprob) - 1) / 2,
  );
}

/** `(x - mean) / sd` with the population's sd; all 0 where they are equal. */
export function standardize(values: readonly number[]): number[] {
  const mean = meanOf(values);
  const sd = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return values.map((x) => (sd > ROUNDING ? (x - mean) / sd : 0));
}
