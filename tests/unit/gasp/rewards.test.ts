import { describe, expect, test } from 'vitest';
import {
  faultReward,
  inBand,
  lemmaReward,
  liftReward,
  proposerReward,
  studentReward,
  unguidedReward,
} from '../../../src/gasp/rewards.ts';

describe('lemmaReward', () => {
  test('is 1 at its peak and the paper’s formula inside the band', () => {
    expect(lemmaReward(0.5)).toBe(1);
    expect(lemmaReward(3 / 8)).toBeCloseTo((4 * 0.375 * 0.625) ** 5, 12);
    expect(lemmaReward(0.3)).toBeCloseTo(0.84 ** 5, 12);
    expect(lemmaReward(0.7)).toBeCloseTo(0.84 ** 5, 12);
  });
  test('is -0.5 just outside of it', () => {
    for (const p of [0, 2 / 8, 0.2999, 0.7001, 6 / 8, 1]) expect(lemmaReward(p)).toBe(-0.5);
  });
  test('a rate of 3 in 10 and 7 in 10 counts as in the band', () => {
    expect(inBand('lemma', 3 / 10) && inBand('lemma', 7 / 10)).toBe(true);
  });
});

describe('liftReward', () => {
  test('is 1 at p = 0.1 and falls towards 0.5', () => {
    expect(liftReward(0.1)).toBeCloseTo(1, 12);
    expect(liftReward(1 / 8)).toBeCloseTo(1.25 * (0.875 / 0.9) ** 9, 12);
    expect(liftReward(0.5)).toBeCloseTo(5 * (0.5 / 0.9) ** 9, 12);
    expect(liftReward(0.2)).toBeLessThan(liftReward(0.15));
  });
  test('is -0.5 just outside of the band', () => {
    for (const p of [0, 0.0999, 0.5001, 5 / 8, 1]) expect(liftReward(p)).toBe(-0.5);
  });
});

test('unguidedReward is 1 - p, and nothing at both ends', () => {
  expect([0, 0.25, 0.875, 1].map(unguidedReward)).toEqual([0, 0.75, 0.125, 0]);
  expect([0, 0.25, 1].map((p) => inBand('unguided', p))).toEqual([false, true, false]);
});

test('proposerReward pays each role by its own curve', () => {
  expect([
    proposerReward('lemma', 0.5),
    proposerReward('unguided', 0.5),
    proposerReward('lift', 0.75),
  ]).toEqual([1, 0.5, -0.5]);
});

test('studentReward and faultReward tell unreadable from wrong', () => {
  expect(studentReward('passed')).toBe(1);
  for (const verdict of ['wrong', 'raised', 'timeout', 'unsafe'] as const) {
    expect(studentReward(verdict)).toBe(-0.5);
  }
  expect(studentReward('unparsable')).toBe(-1);
  for (const kind of ['unparsable', 'syntax', 'unsafe', 'raises', 'timeout', 'nondeterministic'] as const) {
    expect(faultReward(kind)).toBe(-1);
  }
  expect([faultReward('copy'), faultReward('degenerate')]).toEqual([-0.5, -0.5]);
});
