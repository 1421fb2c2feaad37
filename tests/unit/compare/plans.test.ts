import { expect, test } from 'vitest';
import { measurementPlans, ON_THE_WAY } from '../../../src/compare/plans.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { exampleEvents } from '../../fixtures/events.ts';

/** Checkpoints are kept every ten iterations; the last one, of iteration 47, is there too. */
const state = foldEvents(exampleEvents({ iterations: 47, goalposts: 12 }))!;
const [question] = state.goalposts;
const heldout = Array.from({ length: 9 }, (_, i) => ({ ...question!, id: `h${i}` }));
const validation = heldout.map((q) => ({ ...q, id: `v${q.id}` }));

test('held-out questions and goalposts at the end; earlier checkpoints evenly spread, with fewer answers', () => {
  const plans = measurementPlans(state, heldout, { samples: 100, questions: 6, checkpoints: 3, validation });
  expect(plans.map((p) => [p.split, p.iteration, p.samples, p.questions.length])).toEqual([
    ['heldout', 47, 100, 6],
    ['goalposts', 47, 100, 6],
    ['goalposts', 10, ON_THE_WAY, 6],
    ['goalposts', 20, ON_THE_WAY, 6],
    ['goalposts', 40, ON_THE_WAY, 6],
    ['validation', 10, ON_THE_WAY, 6],
    ['validation', 20, ON_THE_WAY, 6],
    ['validation', 40, ON_THE_WAY, 6],
    ['validation', 47, ON_THE_WAY, 6],
  ]);
  // A share of the questions is taken from all over the list: they are sorted by difficulty.
  expect(plans[0]!.questions.map(({ id }) => id)).toEqual(['h0', 'h1', 'h3', 'h4', 'h6', 'h7']);
});

test('with one checkpoint there is nothing to pick from', () => {
  const short = foldEvents(exampleEvents({ iterations: 7 }))!;
  const plans = measurementPlans(short, heldout, {
    samples: 8,
    questions: Infinity,
    checkpoints: 3,
    start: true,
    validation,
  });
  expect(plans.map((p) => [p.split, p.iteration])).toEqual([
    ['heldout', 7],
    ['goalposts', 7],
    ['heldout', 0],
    ['goalposts', 0],
  ]);
});
