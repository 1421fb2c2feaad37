/** What got better, against published intervals and numbers by hand. */
import { expect, test } from 'vitest';
import { approach, change, unseenGain, unseenRate } from '../../../src/run/gains.ts';

const tried = (iteration: number, samples: number, ...passed: number[]) => ({
  iteration,
  samples,
  passed: Object.fromEntries(passed.map((count, i) => [`q${i}`, count])),
});

test('the share of right answers over all questions, with Wilson’s interval', () => {
  // 81 of 263: 0.2553 to 0.3662 (Newcombe 1998, Statistics in Medicine 17:857, table I).
  const { rate, low, high } = unseenRate(tried(3, 263, 81));
  expect([rate, low, high].map((x) => Number(x.toFixed(4)))).toEqual([0.308, 0.2553, 0.3662]);
  expect(unseenRate(tried(0, 4, 4, 0, 1)).rate).toBeCloseTo(5 / 12, 12);
  expect(unseenRate(tried(0, 4))).toMatchObject({ rate: 0, low: 0, high: 1 });
});

test('the difference of two rates has Newcombe’s interval', () => {
  // 56/70 against 48/80: 0.0524 to 0.3339 (Newcombe 1998, 17:873, table II, example a, method 10).
  const d = change(unseenRate(tried(0, 80, 48)), unseenRate(tried(9, 70, 56)));
  expect([d.difference, d.low, d.high].map((x) => Number(x.toFixed(4)))).toEqual([0.2, 0.0524, 0.3339]);
});

test('the gain is that of the newest trial over the one before training', () => {
  const [before, first, second] = [tried(0, 100, 9, 9), tried(5, 4, 0, 1), tried(10, 4, 2, 1)];
  expect(unseenGain({})).toBeUndefined();
  expect(unseenGain({ validations: [first] })).toBeUndefined();
  expect(unseenGain({ validations: [before] })).toEqual({ start: unseenRate(before) });
  expect(unseenGain({ validations: [before, first, second] })).toEqual({
    start: unseenRate(before),
    now: unseenRate(second),
  });
});

test('goalposts come nearer by the geometric mean of their references’ probabilities', () => {
  const scored = (iteration: number, logprobs?: Record<string, number>) => ({
    ...tried(iteration, 8, 0, 0),
    ...(logprobs && { logprobs }),
  });
  const ln = Math.log;
  const evaluations = [
    scored(0, { a: ln(1e-4), b: ln(1e-3), c: ln(0.5) }),
    scored(10),
    scored(20, { a: ln(1e-3), b: ln(1e-3), d: ln(0.1) }),
  ];
  // a is ten times as likely, b as before; c and d were scored only once.
  const { factor, ...rest } = approach({ evaluations })!;
  expect(factor).toBeCloseTo(Math.sqrt(10), 9);
  expect(rest).toEqual({ goalposts: 2, nearer: 1, iteration: 20 });
  expect(approach({ evaluations: evaluations.slice(0, 2) })).toBeUndefined();
});
