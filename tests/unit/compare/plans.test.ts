import { expect, test } from 'vitest';
import { ON_THE_WAY, pickingPlans, reportPlans } from '../../../src/compare/plans.ts';
import type { MeasurementPlan } from '../../../src/run/measurementPlan.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { exampleEvents } from '../../fixtures/events.ts';

/** Checkpoints are kept every ten iterations; the last one, of iteration 47, is there too. */
const state = foldEvents(exampleEvents({ iterations: 47, goalposts: 12 }))!;
const [question] = state.goalposts;
const heldout = Array.from({ length: 9 }, (_, i) => ({ ...question!, id: `h${i}` }));
const validation = heldout.map((q) => ({ ...q, id: `v${q.id}` }));

const wanted = { samples: 100, questions: 6, checkpoints: 3 };
const listed = (plans: MeasurementPlan[]) =>
  plans.map((p) => [p.split, p.iteration, p.samples, p.questions.length]);

test('a checkpoint is picked from some that are evenly spread, and the last', () => {
  const plans = pickingPlans(state, validation, wanted);
  expect(listed(plans)).toEqual([10, 20, 40, 47].map((at) => ['validation', at, ON_THE_WAY, 6]));
  // A share of the questions is taken from all over the list: they are sorted by difficulty.
  expect(plans[0]!.questions.map(({ id }) => id)).toEqual(['vh0', 'vh1', 'vh3', 'vh4', 'vh6', 'vh7']);
});

test('the picked one is measured in full, the others with fewer answers', () => {
  expect(listed(reportPlans(state, 20, heldout, wanted))).toEqual([
    ['heldout', 20, 100, 6],
    ['goalposts', 20, 100, 6],
    ['goalposts', 10, ON_THE_WAY, 6],
    ['goalposts', 40, ON_THE_WAY, 6],
    ['goalposts', 47, ON_THE_WAY, 6],
    ['heldout', 47, ON_THE_WAY, 6],
  ]);
});

test('validation questions are tried with one checkpoint too; the start can be measured', () => {
  const short = foldEvents(exampleEvents({ iterations: 7 }))!;
  const all = { samples: 8, questions: Infinity, checkpoints: 3 };
  expect(listed(pickingPlans(short, validation, all))).toEqual([['validation', 7, 8, 9]]);
  expect(listed(pickingPlans(short, validation, { ...all, start: true }))).toEqual([
    ['validation', 0, 8, 9],
    ['validation', 7, 8, 9],
  ]);
  expect(pickingPlans(state, [], all)).toEqual([]);
  expect(listed(reportPlans(short, 7, heldout, { ...all, start: true }))).toEqual([
    ['heldout', 7, 8, 9],
    ['goalposts', 7, 8, 12],
    ['heldout', 0, 8, 9],
    ['goalposts', 0, 8, 12],
  ]);
});
