import { expect, test } from 'vitest';
import { advantages, type Rollout, rewardGroups } from '../../../src/gasp/advantages.ts';
import { ESTIMATOR_NAMES, ESTIMATORS } from '../../../src/gasp/estimators.ts';

const answer = (question: string, reward: number, task: Rollout['task'] = 'induction'): Rollout => ({
  role: 'solver',
  task,
  question,
  reward,
  passed: reward === 1,
});
const proposal = (role: Rollout['role'], reward: number): Rollout => ({
  role,
  task: 'proposal',
  question: '',
  reward,
  passed: reward > 0,
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
  advantages(rollouts, 'trr++').forEach((a, i) => {
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
  advantages(rollouts, 'per-question').forEach((a, i) => {
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
  advantages(rollouts, 'positive').forEach((a, i) => {
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
  advantages(rollouts, 'rloo').forEach((a, i) => {
    expect(a).toBeCloseTo(expected[i]!, 12);
  });
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
    expect(advantages(same, estimator)).toEqual(same.map(() => 0));
    const equal = Array.from({ length: 7 }, () => ({ ...answer('a', 0.1 + 0.2), passed: true }));
    expect(advantages(equal, estimator)).toEqual(equal.map(() => 0));
  }
  expect(advantages([], 'trr++')).toEqual([]);
});

test('rewardGroups counts and averages by role and task', () => {
  expect(rewardGroups([proposal('lemma', 1), answer('a', 1), answer('b', -0.5)])).toEqual([
    { role: 'lemma', task: 'proposal', rollouts: 1, meanReward: 1 },
    { role: 'solver', task: 'induction', rollouts: 2, meanReward: 0.25 },
  ]);
});
