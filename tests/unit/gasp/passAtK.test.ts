import { expect, test } from 'vitest';
import { meanPassAtK, passAtK, wilson } from '../../../src/gasp/passAtK.ts';

/** Share of all subsets of size k that hold one of the first c of n. */
function byEnumeration(n: number, c: number, k: number): number {
  let hits = 0;
  let all = 0;
  for (let subset = 0; subset < 1 << n; subset++) {
    let size = 0;
    for (let bit = 0; bit < n; bit++) size += (subset >> bit) & 1;
    if (size !== k) continue;
    all++;
    if (subset & ((1 << c) - 1)) hits++;
  }
  return hits / all;
}

test('passAtK equals exact enumeration of subsets', () => {
  for (let n = 1; n <= 9; n++) {
    for (let c = 0; c <= n; c++) {
      for (let k = 1; k <= n; k++) expect(passAtK(n, c, k)).toBeCloseTo(byEnumeration(n, c, k), 12);
    }
  }
});

test('passAtK holds for many samples, where factorials would overflow', () => {
  expect(passAtK(100_000, 1, 50_000)).toBeCloseTo(0.5, 9);
  expect(passAtK(1000, 10, 1)).toBeCloseTo(0.01, 12);
  expect(passAtK(100, 0, 100)).toBe(0);
  expect(passAtK(100, 1, 100)).toBe(1);
});

test('passAtK refuses more draws than there are samples', () => {
  expect(() => passAtK(8, 1, 16)).toThrow('needs at least 16');
  expect(() => passAtK(8, 9, 1)).toThrow(RangeError);
});

test('meanPassAtK averages over questions', () => {
  expect(meanPassAtK(4, [0, 4, 2], 1)).toBeCloseTo(0.5, 12);
});

test('Wilson’s interval, as SciPy computes it', () => {
  // scipy.stats.binomtest(c, n).proportion_ci(method='wilson').
  const known: [number, number, number, number][] = [
    [0, 8, 0.0, 0.32440756],
    [1, 8, 0.02241749, 0.47088818],
    [5, 10, 0.23659309, 0.76340691],
    [8, 8, 0.67559244, 1.0],
    [3, 100, 0.01025452, 0.08451936],
  ];
  for (const [passed, samples, low, high] of known) {
    const [a, b] = wilson(passed, samples);
    expect(a).toBeCloseTo(low, 6);
    expect(b).toBeCloseTo(high, 6);
  }
  expect(wilson(0, 0)).toEqual([0, 1]);
});
