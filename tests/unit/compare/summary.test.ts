import { describe, expect, test } from 'vitest';
import { compareRuns } from '../../../src/compare/comparison.ts';
import type { RunDigest } from '../../../src/compare/digest.ts';
import { spread, summarize } from '../../../src/compare/summary.ts';
import type { MethodName } from '../../../src/gasp/methods.ts';

/** A measured run; `solves` lists the goalposts out of a to f that it solves once in ten answers. */
function run(method: MethodName, seed: number, solves: string, passed = 5): RunDigest {
  const answers = (ids: string, digits: (id: string) => string) =>
    Object.fromEntries([...ids].map((id) => [id, digits(id)]));
  return {
    run: `${method}-${seed}`,
    label: method,
    method,
    seed,
    iterations: 10 * seed,
    seconds: 1,
    tokensSampled: 100,
    tokensTrained: 10 * seed,
    goalposts: [...'abcdef'].map((id) => ({ id, title: id })),
    heldout: [
      { iteration: 10 * seed, samples: 10, answers: answers('xy', () => '1'.repeat(passed).padEnd(10, '0')) },
    ],
    validation: [
      { iteration: 10 * seed, samples: 4, answers: answers('v', () => (passed > 5 ? '1111' : '0100')) },
    ],
    picked: 10 * seed,
    tries: [
      // An earlier checkpoint that solves everything, with more answers: not the one that counts.
      { iteration: 1, samples: 32, answers: answers('abcdef', () => '1'.repeat(32)) },
      {
        iteration: 10 * seed,
        samples: 10,
        answers: answers('abcdef', (id) => (solves.includes(id) ? '0000000001' : '0000000000')),
      },
    ],
    series: {},
    proposals: [],
  };
}

describe('methods side by side', () => {
  const runs = [
    run('base', 1, 'a'),
    run('azr', 1, 'ab'),
    run('azr', 2, ''),
    run('gasp', 1, 'bc', 4),
    run('gasp', 2, 'cd', 6),
    run('gasp+real', 1, 'ce'),
  ];
  const methods = summarize(runs);

  test('means and spread over seeds, of the newest checkpoint', () => {
    expect(Object.keys(methods)).toEqual(['base', 'azr', 'gasp', 'gasp+real']);
    expect(methods.gasp).toMatchObject({ seeds: [1, 2], iterations: 15, tokens: 115 });
    expect(methods.gasp!.heldout).toMatchObject({ n: 10, questions: 2 });
    // pass@1 is 0.4 and 0.6; pass@2 is 1 - C(6,2)/C(10,2) and 1 - C(4,2)/C(10,2).
    expect(methods.gasp!.heldout.pass['1']!.mean).toBeCloseTo(0.5, 12);
    expect(methods.gasp!.heldout.pass['1']!.sd).toBeCloseTo(Math.sqrt(0.02), 12);
    expect(methods.gasp!.heldout.pass['2']!.mean).toBeCloseTo(1 - (15 + 6) / 2 / 45, 12);
    expect(Object.keys(methods.gasp!.heldout.pass)).toEqual(['1', '2', '5', '10']);
    expect(methods.base!.heldout.pass['1']).toEqual({ mean: 0.5, sd: 0 });
    expect(methods.gasp!.validation).toMatchObject({ n: 4, questions: 1 });
    // One of four and four of four: pass@2 is 1 - C(3,2)/C(4,2) = 1/2 and 1.
    expect(methods.gasp!.validation.pass['2']!.mean).toBeCloseTo(0.75, 12);
  });

  test('goalposts are counted over all seeds; what only one method solves, its extensions aside', () => {
    const counts = Object.entries(methods).map(([name, { goalposts: g }]) => [
      name,
      g.total,
      g.solved,
      g.solved_only_here,
    ]);
    // b is azr's and gasp's, c is gasp's for gasp+real contains it, d is gasp's, e is gasp+real's.
    expect(counts).toEqual([
      ['base', 6, 1, 0],
      ['azr', 6, 2, 0],
      ['gasp', 6, 3, 2],
      ['gasp+real', 6, 2, 1],
    ]);
    expect(methods.gasp!.goalposts.by_seed).toEqual([2, 2]);
    expect(methods.azr!.goalposts.pass['1']!.mean).toBeCloseTo(2 / 60 / 2, 12);
  });

  test('the budget is said in words, and what is still to come', () => {
    const comparison = compareRuns(runs, { budget: { tokens: 50_000 }, bank: 'b', runsWanted: 9 });
    expect(comparison.reading[0]).toContain('50,000 tokens (sampled plus trained)');
    expect(comparison.complete).toBe(false);
    // With 4 to 6 of 10 answers right both are at 1 in pass@10.
    expect(comparison.reading.join(' ')).toContain('GASP is 0.0 points above AZR in pass@10');
    expect(comparison.reading.join(' ')).not.toContain('real-data RL all leave unsolved');
    const whole = compareRuns([...runs, run('real', 1, 'd')], { budget: {}, bank: 'b' });
    expect(whole.reading.join(' ')).toContain('GASP solves 1 of 6 goalposts (16.7%)');
    expect(comparison.runs[3]).toMatchObject({ label: 'gasp', seed: 1, solved: ['b', 'c'] });
  });
});

test('spread is the sample’s', () => {
  expect(spread([1, 2, 3, 4])).toEqual({ mean: 2.5, sd: Math.sqrt(5 / 3) });
  expect(spread([7])).toEqual({ mean: 7, sd: 0 });
});
