/**
 * The estimators, as data: how the rewards of a group of answers become advantages, the weights of their
 * texts in the update. To add one, add its entry here and a test with numbers by hand; the settings sheet,
 * `--set estimator=`, `--help` and the glossary read this table.
 */
import { azrPaper, type Citation, grpoPaper } from './citations.ts';

/** The score of an answer. */
export interface Score {
  reward: number;
  passed: boolean;
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
  advantages: (group: readonly Score[]) => number[];
}

/** Equal rewards can leave a rounding error of a few ulps in their mean: that is no difference. */
const ROUNDING = 1e-9;

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
        return Math.abs(advantage) > ROUNDING ? advantage : 0;
      });
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

/** `(x - mean) / sd` with the population's sd; all 0 where they are equal. */
export function standardize(values: readonly number[]): number[] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return values.map((x) => (sd > ROUNDING ? (x - mean) / sd : 0));
}
