import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { compareRuns } from '../../../src/compare/comparison.ts';
import { overBaseline } from '../../../src/compare/overBaseline.ts';
import type { RunDigest } from '../../../src/compare/digest.ts';
import { spread, summarize } from '../../../src/compare/summary.ts';
import { summaryTable } from '../../../src/compare/summaryTable.ts';
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
    goalposts: [...'abcdef'].map((id) => ({
      ...{ id, title: id },
      ...(id === 'c' && { isPart: true as const }),
      // What this run solves by being shown it.
      ...(method === 'gasp' && seed === 1 && id === 'b' && { wasProposed: true as const }),
    })),
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
        // Half of the goalposts with probability 1/10, half with 10^-(2 seed - 1).
        ...(method !== 'azr' && {
          logprobs: Object.fromEntries(
            [...'abcd'].map((id, i) => [id, i < 2 ? Math.log(0.1) : (1 - 2 * seed) * Math.log(10)]),
          ),
        }),
      },
    ],
    series: {},
    proposals: [],
    unseen: [],
    settings: DEFAULT_SETTINGS,
  };
}

test('a column sets each method against a baseline, with the standard error over seeds', () => {
  const runs = [run('azr', 1, ''), run('azr', 2, '', 0), run('gasp', 1, '', 0), run('gasp', 2, '', 0)];
  const comparison = compareRuns(runs, { budget: {}, bank: '' });
  const { head, cells } = overBaseline(comparison, 'azr');
  const k = head[0]!.match(/pass@(\d+), points over azr/)![1]!;
  const [ours, theirs] = ['gasp', 'azr'].map((label) => comparison.methods[label]!.heldout.pass[k]!);
  const error = 100 * Math.sqrt(ours!.sd ** 2 / 2 + theirs!.sd ** 2 / 2);
  const told = cells('gasp')[0]!.match(/^([+−][\d.]+) \(standard error ([\d.]+)\)$/)!;
  expect(Number(told[1]!.replace('−', '-'))).toBeCloseTo(100 * (ours!.mean - theirs!.mean), 1);
  expect(Number(told[2])).toBeCloseTo(error, 1);
  expect(cells('azr')).toEqual(['–']);
  expect(overBaseline(comparison, undefined).head).toEqual([]);
});

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

  test('which were solved, without parts of others, and without those that a proposal gave away', () => {
    const { goalposts } = methods.gasp!;
    expect(goalposts.solved_ids).toEqual(['b', 'c', 'd']);
    expect(goalposts.not_parts).toEqual({ total: 5, solved: 2 });
    expect(goalposts.never_proposed).toEqual({ total: 5, solved: 2 });
    expect(methods.azr!.goalposts.never_proposed).toEqual({ total: 6, solved: 2 });
  });

  test('the probability of reference answers, and what follows of it', () => {
    const { reference } = methods.gasp!.goalposts;
    expect(reference!.scored).toBe(4);
    // Seed 1: -1 for all four; seed 2: -1, -1, -3, -3.
    expect(reference!.log10_by_seed.map((x) => x.toFixed(9))).toEqual(['-1.000000000', '-2.000000000']);
    expect(reference!.log10.mean).toBeCloseTo(-1.5, 12);
    const tenth = 1 - 0.9 ** 10;
    const expected = [4 * tenth, 2 * tenth + 2 * (1 - 0.999 ** 10)];
    expect(reference!.expected_solved.mean).toBeCloseTo((expected[0]! + expected[1]!) / 2, 9);
    expect(methods.azr!.goalposts.reference).toBeUndefined();
    const { head, rows } = summaryTable(compareRuns(runs, { budget: {}, bank: 'b' }));
    const cell = (row: number, column: string) => rows[row]![head.indexOf(column)];
    expect(cell(2, 'Mean log₁₀ p of references')).toBe('−1.50 ± 0.71');
    expect(cell(1, 'Mean log₁₀ p of references')).toBe('–');
    expect(cell(2, 'without parts of others')).toBe('2 of 5');
    expect(cell(2, 'never proposed whole')).toBe('2 of 5');
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
