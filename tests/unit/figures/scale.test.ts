/** Scales of axes. */
import { expect, test } from 'vitest';
import { linear } from '../../../src/figures/scale.ts';

test('a linear scale meets both ends exactly, in either direction, and goes on beyond them', () => {
  const down = linear([0, 0.3], [100, 0.1]);
  expect([down(0), down(0.3)]).toEqual([100, 0.1]);
  expect(linear([10, 20], [0, 50])(12)).toBeCloseTo(10, 12);
  expect(linear([10, 20], [0, 50])(25)).toBeCloseTo(75, 12);
});

test('a domain of one value falls on the middle', () => {
  expect(linear([5, 5], [0, 30])(5)).toBe(15);
});
