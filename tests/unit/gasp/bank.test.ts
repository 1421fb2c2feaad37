import { describe, expect, it } from 'vitest';
import { type Bank, firstGoalposts } from '../../../src/gasp/bank.ts';
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
