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
