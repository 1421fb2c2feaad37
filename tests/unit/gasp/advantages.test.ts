import { expect, test } from 'vitest';
import {
  type AdvantageOptions,
  advantages,
  type Rollout,
  rewardGroups,
} from '../../../src/gasp/advantages.ts';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { type EstimatorName, ESTIMATOR_NAMES, ESTIMATORS } from '../../../src/gasp/estimators.ts';

const { passK, rankPenalty, focal, teacherPay } = DEFAULT_SETTINGS;
const by = (
  rollouts: readonly Rollout[],
  estimator: EstimatorName,
  options: Partial<AdvantageOptions> = {},
): number[] => advantages(rollouts, { estimator, passK, rankPenalty, focal, teacherPay, ...options });

const answer = (question: string, reward: number, task: Rollout['task'] = 'induction'): Rollout => ({
  role: 'solver',
  task,
  question,
  reward,
  passed: reward === 1,
  logprob: -1,
});
const proposal = (role: Rollout['role'], reward: number): Rollout => ({
  role,
  task: 'proposal',
  question: '',
  reward,
  passed: reward > 0,
  logprob: -1,
});

test('trr++ normalizes within (task type, role), across questions', () => {
  // By hand: induction rewards 1, -0.5, -0.5, 1 have mean 0.25 and sd 0.75; deduction's 1, -1 mean 0 and
  // sd 1; lemmas' 1, 0.4, -0.5 have mean 0.3 and variance (0.49 + 0.01 + 0.64) / 3 = 0.38.
  const rollouts = [
    answer('a', 1),
    proposal('lemma', 1),
    answer('a', -0.5),
    answer('d', 1, 'deduction'),
    answer('b', -0.5),
    proposal('lemma', 0.4),
    answer('b', 1),
    answer('e', -1, 'deduction'),
    proposal('lemma', -0.5),
    proposal('lift', 0.9),
  ];
  const sd = Math.sqrt(0.38);
  const expected = [1, 0.7 / sd, -1, 1, -1, 0.1 / sd, 1, -1, -0.8 / sd, 0];
  by(rollouts, 'trr++').forEach((a, i) => {
    expect(a).toBeCloseTo(expected[i]!, 12);
  });
});

test('per-question compares an answer with its question’s answers, a proposal with its role’s', () => {
  const rollouts = [
    answer('easy', 1),
    answer('easy', 1),
    answer('hard', 1),
    answer('hard', -0.5),
    answer('hard', -0.5),
    proposal('lemma', 1),
    proposal('lemma', 0),
  ];
  const expected = [0, 0, Math.SQRT2, -Math.SQRT1_2, -Math.SQRT1_2, 1, -1];
  by(rollouts, 'per-question').forEach((a, i) => {
    expect(a).toBeCloseTo(expected[i]!, 12);
  });
});

test('positive weighs right answers by (1 - p) / sd and leaves wrong ones out; proposals keep both signs', () => {
  const rollouts = [
    ...[1, -0.5, -1, -0.5].map((r) => answer('hard', r)), // p = 1/4: 0.75 / sqrt(3/16) = sqrt(3)
    ...[1, 1].map((r) => answer('solved', r)),
    ...[-0.5, -1].map((r) => answer('hopeless', r)),
    proposal('lift', 1),
    proposal('lift', 0.2),
    proposal('lift', -0.5),
  ];
  const mean = 0.7 / 3;
  const sd = Math.sqrt(((1 - mean) ** 2 + (0.2 - mean) ** 2 + (0.5 + mean) ** 2) / 3);
  const expected = [Math.sqrt(3), 0, 0, 0, 0, 0, 0, 0, ...[1, 0.2, -0.5].map((r) => (r - mean) / sd)];
  by(rollouts, 'positive').forEach((a, i) => {
    expect(a).toBeCloseTo(expected[i]!, 12);
  });
});

test('rloo measures an answer by the mean of its question’s others; proposals keep their role’s scale', () => {
  // By hand: 1 against (-0.5 - 1 + 1) / 3 = -1/6; -0.5 against (1 - 1 + 1) / 3 = 1/3; -1 against 1.5 / 3.
  const rollouts = [
    ...[1, -0.5, -1, 1].map((r) => answer('hard', r)),
    ...[1, 1].map((r) => answer('solved', r)),
    answer('alone', -0.5),
    proposal('lemma', 1),
    proposal('lemma', 0),
  ];
  const expected = [7 / 6, -5 / 6, -3 / 2, 7 / 6, 0, 0, 0, 1, -1];
  by(rollouts, 'rloo').forEach((a, i) => {
    expect(a).toBeCloseTo(expected[i]!, 12);
  });
});

/** Answers to one question: `right` right ones of n, in that order. */
const group = (n: number, right: number): Rollout[] =>
  Array.from({ length: n }, (_, i) => answer('q', i < right ? 1 : i % 2 ? -0.5 : -1));

function expectClose(found: readonly number[], expected: readonly number[], digits = 12): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((a, i) => {
    expect(a).toBeCloseTo(expected[i]!, digits);
  });
}
const rightThenWrong = (n: number, c: number, right: number, wrong: number) =>
  Array.from({ length: n }, (_, i) => (i < c ? right : wrong));

test('dr-grpo is per-question without the division; proposals keep their role’s scale', () => {
  // By hand: the mean of 1, -0.5, -1, 1 is 1/8.
  const rollouts = [
    ...[1, -0.5, -1, 1].map((r) => answer('hard', r)),
    ...[1, 1].map((r) => answer('solved', r)),
    answer('alone', -0.5),
    proposal('lemma', 1),
    proposal('lemma', 0),
  ];
  expectClose(by(rollouts, 'dr-grpo'), [7 / 8, -5 / 8, -9 / 8, 7 / 8, 0, 0, 0, 1, -1]);
});

test('pass@k is what an answer adds to the best of k - 1 others', () => {
  // By hand, n = 8 and k = 4: (1/2) C(8 - c, 3) / C(7, 3) = C(8 - c, 3) / 70.
  const byCount = [0, 35, 20, 10, 4, 1, 0, 0, 0].map((subsets) => subsets / 70);
  byCount.forEach((right, c) => {
    expectClose(by(group(8, c), 'pass@k', { passK: 4 }), rightThenWrong(8, c, right, 0));
  });
  // k = n: only a right answer that is alone counts, and k above n is n.
  for (const k of [3, 7]) {
    expectClose(by(group(3, 1), 'pass@k', { passK: k }), [1, 0, 0]);
    expectClose(by(group(3, 2), 'pass@k', { passK: k }), [0, 0, 0]);
  }
  expect(by(group(1, 1), 'pass@k')).toEqual([0]);
  expect(by(group(1, 0), 'pass@k')).toEqual([0]);
});

test('pass@k is the mean over all subsets of k answers, counted one by one', () => {
  for (const [n, k, c] of [
    [5, 2, 2],
    [6, 3, 1],
    [6, 3, 4],
    [7, 5, 2],
  ] as const) {
    const right = Array.from({ length: n }, (_, i) => i < c);
    let subsets = 0;
    const gains = right.map(() => 0);
    for (let set = 0; set < 2 ** n; set++) {
      const members = right.flatMap((_, i) => (set & (1 << i) ? [i] : []));
      if (members.length !== k) continue;
      subsets++;
      for (const i of members) {
        const others = members.some((j) => j !== i && right[j]);
        gains[i]! += Number(right[i]! || others) - Number(others);
      }
    }
    const expected = gains.map((gain) => gain / subsets);
    expectClose(by(group(n, c), 'pass@k', { passK: k }), expected);
  }
});

test('half counts right answers alike, up to a pass rate of one half', () => {
  for (const c of [0, 1, 3, 4]) expect(by(group(8, c), 'half')).toEqual(rightThenWrong(8, c, 1, 0));
  for (const c of [5, 8]) expect(by(group(8, c), 'half')).toEqual(rightThenWrong(8, c, 0, 0));
  expect(by(group(1, 1), 'half')).toEqual([0]);
});

test('maxrl divides by the pass rate, whatever a wrong answer costs', () => {
  expectClose(by(group(8, 1), 'maxrl'), rightThenWrong(8, 1, 7, -1));
  expectClose(by(group(8, 2), 'maxrl'), rightThenWrong(8, 2, 3, -1));
  for (const c of [0, 8]) expect(by(group(8, c), 'maxrl')).toEqual(rightThenWrong(8, c, 0, 0));
  expect(by(group(1, 1), 'maxrl')).toEqual([0]);
});

test('unlikeliness ranks right answers by their likelihood', () => {
  // By hand: r' = 0.75, 0, 0, 0.9375 at ranks 0 to 3, mean 0.421875, sd 0.427052.
  const ranked = (rights: readonly boolean[], logprobs: readonly number[]) =>
    rights.map((right, i) => ({ ...answer('q', right ? 1 : -0.5), logprob: logprobs[i]! }));
  const example = ranked([true, false, false, true], [-1, -2, -3, -4]);
  const expected = [0.76835, -0.98788, -0.98788, 1.20741];
  expectClose(by(example, 'unlikeliness', { rankPenalty: 0.25 }), expected, 5);
  const order = [2, 0, 3, 1];
  const shuffled = order.map((i) => example[i]!);
  expectClose(
    by(shuffled, 'unlikeliness'),
    order.map((i) => expected[i]!),
    5,
  );
  // Without a penalty it is GRPO on 0 and 1; equal texts get equal advantages; all wrong teach nothing.
  expectClose(by(example, 'unlikeliness', { rankPenalty: 0 }), [1, -1, -1, 1]);
  const [first, second] = by(ranked([true, true, false], [-1, -1, -2]), 'unlikeliness');
  expect(first).toBe(second);
  expect(by(group(8, 0), 'unlikeliness')).toEqual(new Array(8).fill(0));
  expect(by(group(1, 1), 'unlikeliness')).toEqual([0]);
  // All right, the ranks alone tell them apart: 0.75, 0.8125, 0.875, 0.9375, three steps of 2 / sqrt(5).
  const all = by(ranked([true, true, true, true], [-1, -2, -3, -4]), 'unlikeliness');
  expectClose(
    all,
    [-3, -1, 1, 3].map((x) => x / Math.sqrt(5)),
  );
});

test('the focal factor takes (1 - p)^g of any estimator’s answers and leaves proposals alone', () => {
  const rollouts = [...group(8, 6), proposal('lemma', 1), proposal('lemma', 0)];
  // By hand, n = 8 and c = 6 with wrong answers alike: 0.57735 and -1.73205, times 1/4.
  const alike = rollouts.map((r) => (r.task === 'proposal' || r.passed ? r : { ...r, reward: -0.5 }));
  const expected = [...rightThenWrong(8, 6, 0.14434, -0.43301), 1, -1];
  expectClose(by(alike, 'per-question', { focal: 1 }), expected, 5);
  for (const estimator of ESTIMATOR_NAMES) {
    const plain = by(rollouts, estimator);
    const focused = by(rollouts, estimator, { focal: 2 });
    expectClose(
      focused,
      plain.map((a, i) => (i < 8 ? a / 16 : a)),
    );
  }
  // TRR++ compares all answers of a task type, and each question has its own factor.
  const two = [...group(4, 4), ...group(4, 1).map((r) => ({ ...r, question: 'other' }))];
  const plain = by(two, 'trr++');
  expectClose(
    by(two, 'trr++', { focal: 1 }),
    plain.map((a, i) => (i < 4 ? 0 : a * 0.75)),
  );
});

test('under a guide proposals’ rewards are put between 0 and 1', () => {
  const rollouts = [0.2, 0, 0.4, 0].map((reward) => proposal('lemma', reward));
  expectClose(by(rollouts, 'half', { teacherPay: 'guide' }), [0.5, 0, 1, 0]);
  expect(by(rollouts.slice(0, 1), 'half', { teacherPay: 'guide' })).toEqual([0]);
});

test('every estimator says what it does, by which formula and whose', () => {
  for (const { label, note, formula, source } of Object.values(ESTIMATORS)) {
    expect(label).not.toBe('');
    expect(note).toMatch(/\.$/);
    expect(formula).toMatch(/^A = /);
    expect(source.url).toMatch(/^https:\/\/arxiv\.org\/abs\/\d/);
  }
});

test('a group without variance gets zeros, whatever its rounding', () => {
  const same = Array.from({ length: 7 }, () => proposal('lemma', 0.1 + 0.2));
  for (const estimator of ESTIMATOR_NAMES) {
    expect(by(same, estimator)).toEqual(same.map(() => 0));
    const equal = Array.from({ length: 7 }, () => ({ ...answer('a', 0.1 + 0.2), passed: true }));
    expect(by(equal, estimator)).toEqual(equal.map(() => 0));
  }
  expect(by([], 'trr++')).toEqual([]);
});

test('rewardGroups counts and averages by role and task', () => {
  expect(rewardGroups([proposal('lemma', 1), answer('a', 1), answer('b', -0.5)])).toEqual([
    { role: 'lemma', task: 'proposal', rollouts: 1, meanReward: 1 },
    { role: 'solver', task: 'induction', rollouts: 2, meanReward: 0.25 },
  ]);
});
