/** SGS's pay, by hand. */
import { expect, test } from 'vitest';
import type { Judge } from '../../../src/gasp/ports.ts';
import { cleanness, payByGuide, relevance, solveRateRewards } from '../../../src/gasp/selfGuided.ts';
import { MicroJudge, program, question } from './microWorld.ts';

const inputs = [
  [3, 1, 2],
  [5, 9, 4, 4],
  [0, -1, 7],
];
const made = (id: string, ...ids: string[]) => question(id, program(...ids), inputs);
const target = made('target', 'sort', 'drop-first', 'reverse', 'append-maximum');

test('the easiest 30 % of what is partly solved earn nothing, nor does what is never or always solved', () => {
  // Between 0 and 1 in order: 1/8, 1/8, 1/4, 1/4, 1/2, 1/2, 3/4, 7/8; the one at 0.7 of 8, at place 5, is 1/2.
  const rates = [0, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8, 1, 1 / 4, 1 / 2, 1 / 8];
  expect(solveRateRewards(rates)).toEqual([0, 7 / 8, 3 / 4, 1 / 2, 0, 0, 0, 3 / 4, 1 / 2, 7 / 8]);
  expect(solveRateRewards([0, 1, 1])).toEqual([0, 0, 0]);
  expect(solveRateRewards([0.5])).toEqual([0.5]);
  expect(solveRateRewards([])).toEqual([]);
});

test('a part of the goalpost is more relevant than another program, the goalpost itself not at all', () => {
  const part = relevance(made('part', 'sort', 'drop-first', 'reverse'), target);
  const less = relevance(made('less', 'sort', 'negate', 'double'), target);
  expect(part).toBeGreaterThan(less);
  expect(part).toBeLessThanOrEqual(1);
  expect(less).toBeGreaterThan(0);
  expect(relevance({ ...target, id: 'copy', title: 'in other words', inputs: [] }, target)).toBe(0);
  const renamed = { ...target, program: target.program.replace(/\bx\b/g, 'y') };
  expect(relevance(renamed, target)).toBe(0);
  for (const none of [undefined, { ...target, program: '' }])
    expect(relevance(made('a', 'sort'), none)).toBe(1);
});

test('a clean program has no line that can go', async () => {
  const judge = new MicroJudge();
  const questions = [
    made('clean', 'sort', 'drop-first'),
    // Of two sorts either can go; of negations none, since one alone changes the outputs.
    made('twice', 'sort', 'sort', 'drop-first', 'double'),
    made('back', 'negate', 'double'),
  ];
  expect(await cleanness(questions, judge)).toEqual([1, 0.5, 1]);
  expect(await cleanness([], judge)).toEqual([]);
});

test('what cannot run without a line needs it; what returns stays, and comments do not count', async () => {
  const runs: string[] = [];
  const judge: Judge = {
    run: async (all) => {
      runs.push(...all.map((one) => one.program));
      return all.map(({ inputs }) => ({
        status: 'ran',
        calls: inputs.map(() => ({ status: 'raised', error: 'NameError' })),
      }));
    },
    sameValue: (a, b) => a === b,
    dispose: async () => {},
  };
  const code = 'import math\n\ndef f(a):\n    # the root\n    b = math.sqrt(a)\n\n    return b';
  const one = { ...target, program: code };
  expect(await cleanness([one, { ...target, program: 'def f(a):\n    return a' }], judge)).toEqual([1, 1]);
  expect(runs).toEqual(['import math\n\ndef f(a):\n    # the root\n\n    return b']);
});

test('the pay is the product of the three', async () => {
  const judge = new MicroJudge();
  const near = made('near', 'sort', 'drop-first', 'reverse');
  const idle = made('idle', 'sort', 'sort', 'drop-first', 'reverse');
  const tried = [near, idle, near, target].map((one, i) => ({
    ...{ question: one, goalpost: target },
    passRate: [1 / 4, 1 / 4, 7 / 8, 1 / 4][i]!,
  }));
  const paid = await payByGuide(tried, judge);
  expect(paid[0]!.reward).toBeCloseTo(0.75 * relevance(near, target), 12);
  expect(paid[1]!.reward).toBeCloseTo(0.75 * relevance(idle, target) * 0.5, 12);
  expect(paid[2]).toEqual({ reward: 0, accepted: false });
  expect(paid[3]).toEqual({ reward: 0, accepted: false });
  expect(paid.map(({ accepted }) => accepted)).toEqual([true, true, false, false]);
});
