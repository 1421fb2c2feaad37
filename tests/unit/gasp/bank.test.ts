import { describe, expect, it } from 'vitest';
import { type Bank, bankFor, firstGoalposts } from '../../../src/gasp/bank.ts';
import type { Question } from '../../../src/gasp/question.ts';

function bankOf(size: number): Bank {
  const goalposts = Array.from({ length: size }, (_, i) => ({ id: String(i) }) as Question);
  return { name: '', title: '', description: '', goalposts, questions: [], heldout: [] };
}

describe('firstGoalposts', () => {
  it('takes all of a small bank, in order', () => {
    for (const size of [0, 1, 23, 24]) {
      expect(firstGoalposts(bankOf(size))).toEqual(bankOf(size).goalposts);
    }
  });

  it('takes the nearest of a bank that says how near they are, the nearest first', () => {
    const bank = bankOf(60);
    // A permutation of 1 to 60, since 61 is prime.
    const place = (id: string) => ((Number(id) + 1) * 7) % 61;
    const distances = Object.fromEntries(bank.goalposts.map(({ id }) => [id, -place(id)]));
    const places = firstGoalposts({ ...bank, distances }).map(({ id }) => place(id));
    expect(places).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  });

  it('spreads a few evenly over a large bank', () => {
    for (const size of [25, 40, 113, 601]) {
      const places = firstGoalposts(bankOf(size)).map(({ id }) => Number(id));
      expect(places).toHaveLength(24);
      const steps = places.map((place, i) => (places[i + 1] ?? size) - place);
      expect(Math.min(...steps)).toBe(Math.floor(size / 24));
      expect(Math.max(...steps)).toBe(Math.ceil(size / 24));
    }
  });
});

describe('bankFor', () => {
  const own = (id: string) => ({ id }) as Question;
  const from = (file: string, id: string) =>
    ({ id: `${file}:${id}`, tags: { source: 'imported' } }) as unknown as Question;
  const bank: Bank = {
    ...bankOf(2),
    questions: [own('a'), from('lcb', '1'), from('other', '1'), from('lcb', '2')],
    heldout: [own('b'), from('lcb', '3')],
    validation: [own('c')],
  };
  const ids = ({ questions, heldout, validation = [] }: Bank) =>
    [questions, heldout, validation].map((list) => list.map(({ id }) => id));

  it('takes the questions of the files that the goalposts came in', () => {
    expect(ids(bankFor(bank, [from('lcb', '1')]))).toEqual([['lcb:1', 'lcb:2'], ['lcb:3'], ['c']]);
    expect(ids(bankFor(bank, [own('0'), from('other', '1')]))).toEqual([['a', 'other:1'], ['b'], ['c']]);
  });

  it('takes those of the bank itself for its own goalposts, and for those of a file that holds nothing out', () => {
    expect(ids(bankFor(bank, bank.goalposts))).toEqual([['a'], ['b'], ['c']]);
    expect(ids(bankFor(bank, [from('gone', '1')]))).toEqual([['a'], ['b'], ['c']]);
    expect(ids(bankFor(bank, []))).toEqual([['a'], ['b'], ['c']]);
  });
});
