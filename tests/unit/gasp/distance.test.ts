import { expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import {
  expectedSolved,
  nearestFirst,
  scoreReferences,
  summarizeDistances,
} from '../../../src/gasp/distance.ts';
import { countPasses } from '../../../src/gasp/goalposts.ts';
import { answers } from '../../../src/dialects/micro/microText.ts';
import { MicroJudge, program, question, ScriptedPolicy } from './microWorld.ts';

const inputs = [[3, 1, 2], [5, 4, 6, 4], [2, 0], [9, 9, 1], [7]];
const dialect = microDialect();

test('a reference answer’s log-probability is the sum over its tokens; what cannot be written has none', async () => {
  // This policy gives every token, here every character, a log-probability of -1.
  const policy = new ScriptedPolicy(() => () => '');
  const short = question('short', program('sort'), inputs);
  const long = question('long', program('sort', 'drop-first', 'reverse'), inputs);
  const foreign = { ...short, id: 'foreign', program: 'def f(x):\n    return sum(x)' };
  const scored = await scoreReferences([short, long, foreign], { policy, dialect });
  expect(Object.keys(scored)).toEqual(['short', 'long']);
  expect(scored.short).toBe(-dialect.referenceAnswer(short)!.length);
  expect(scored.long).toBe(-dialect.referenceAnswer(long)!.length);
  expect(await scoreReferences([foreign], { policy, dialect })).toEqual({});
});

test('expected solved is the sum of 1 - (1 - p)^k', () => {
  const [half, quarter] = [Math.log(1 / 2), Math.log(1 / 4)];
  expect(expectedSolved({ a: half }, 1)).toBeCloseTo(1 / 2, 12);
  // 1 - 1/4 and 1 - 9/16.
  expect(expectedSolved({ a: half, b: quarter }, 2)).toBeCloseTo(3 / 4 + 7 / 16, 12);
  // What a subtraction from 1 would lose.
  expect(expectedSolved({ a: Math.log(1e-18) }, 100) / 1e-16).toBeCloseTo(1, 9);
  expect(expectedSolved({ certain: 0, rounded: 1e-7 }, 8)).toBe(2);
  expect(expectedSolved({}, 8)).toBe(0);
});

test('the mean is of decimal logarithms', () => {
  const { scored, meanLog10 } = summarizeDistances({ a: Math.log(1e-2), b: Math.log(1e-5) });
  expect(scored).toBe(2);
  expect(meanLog10).toBeCloseTo(-3.5, 12);
  expect(summarizeDistances({})).toEqual({ scored: 0, meanLog10: Number.NaN });
});

test('the nearest come first, by references, else by cases; both kinds mixed evenly; the unknown last', () => {
  const list = [...'abcdef'].map((id) => question(id, program('sort'), inputs));
  const order = (logprobs: Record<string, number>, cases: Record<string, number>) =>
    nearestFirst(list, { logprobs, cases })
      .map(({ id }) => id)
      .join('');
  expect(order({ a: -9, b: -2, c: -5, d: -1, e: -7, f: -3 }, {})).toBe('dbfcea');
  expect(order({}, { a: 0.1, b: 0.9, c: 0, d: 0.5, e: 0.2, f: 0.3 })).toBe('bdfeac');
  expect(order({ b: -5, c: -1 }, {})).toBe('cbadef');
  expect(order({ a: -9, b: -2, c: -5 }, { d: 0.1, e: 0.8, f: 0.4 })).toBe('becfad');
  // A reference says more than cases passed.
  expect(order({ a: -1, b: -2 }, { a: 0, b: 1 }).slice(0, 2)).toBe('ab');
});

test('the share of cases that answers pass', async () => {
  const [sorted, none] = [question('s', program('sort'), inputs), question('n', program('sort'), inputs)];
  // As it stands, a list is sorted already in one case of five: the last.
  const text = answers.traced(program('reverse', 'reverse'), [1]);
  const policy = new ScriptedPolicy(() => (_, sample) => (sample === 0 ? text : 'not a program'));
  const tools = { policy, judge: new MicroJudge(), dialect };
  const options = { samples: 2, temperature: 1, topP: 1, seed: 1, stage: 'evaluating' } as const;
  const { passed, cases } = await countPasses([sorted, none], options, tools);
  expect(passed).toEqual({ s: 0, n: 0 });
  expect(cases.s).toBeCloseTo((1 / 5 + 0) / 2, 12);
});
