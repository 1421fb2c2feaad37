import { expect, test } from 'vitest';
import { comparedGoalposts } from '../../../src/compare/goalpostKinds.ts';
import type { Proposal, Question } from '../../../src/gasp/question.ts';
import { foldEvents, type RunState, type Stone } from '../../../src/run/state.ts';
import { exampleEvents } from '../../fixtures/events.ts';
import { program, question } from '../gasp/microWorld.ts';

const inputs = [
  [3, 1, 2],
  [5, 4, 6, 4],
  [2, 0],
];
const goalposts = [
  question('whole', program('sort', 'drop-first', 'reverse', 'dedupe'), inputs),
  question('part', program('drop-first', 'reverse'), inputs),
  question('scattered', program('sort', 'reverse'), inputs),
  question('twin', program('sort', 'drop-first', 'reverse', 'dedupe'), inputs),
  { ...question('one-liner', program('sort'), inputs), program: 'def f(x):\n    return sorted(x)\n' },
];
const example = foldEvents(exampleEvents({ iterations: 1, goalposts: 3 }))!;
const stone = (own: Question, changes: object = {}): Stone => {
  const proposal: Proposal = { id: '1.lemma.0', role: 'lemma', text: '', question: own };
  return { id: '1.lemma.0', iteration: 1, proposal, trials: [], accepted: false, ...changes };
};
const compared = (stones: Stone[], taught: Stone[] = []) => {
  const iterations = [{ ...example.iterations[0]!, stones }];
  const state: RunState = { ...example, goalposts, iterations, taught };
  return comparedGoalposts(state);
};
const ids = (key: 'isPart' | 'wasProposed', of: ReturnType<typeof compared>) =>
  of.filter((goalpost) => goalpost[key]).map(({ id }) => id);

test('a goalpost is a part whose lines stand one after another within a longer one', () => {
  expect(ids('isPart', compared([]))).toEqual(['part']);
});

test('a proposal with the same program gives a goalpost away, whatever its comments and inputs', () => {
  const lines = program('drop-first', 'reverse');
  const traced = question('p', lines, [[7, 8]]);
  traced.program = traced.program.replace('x = x[1:]', 'x = x[1:]  # 8');
  expect(traced.program).toContain('# 8');
  expect(ids('wasProposed', compared([stone(traced)]))).toEqual(['part']);
  expect(ids('wasProposed', compared([], [stone(traced)]))).toEqual(['part']);
  expect(ids('wasProposed', compared([stone(question('p', program('sort'), inputs))]))).toEqual([]);
  expect(ids('wasProposed', compared([]))).toEqual([]);
});

test('so does one that answers it, as the run recorded', () => {
  const other = question('p', program('sort', 'sort'), inputs);
  expect(ids('wasProposed', compared([stone(other, { reaches: ['twin', 'whole'] })]))).toEqual([
    'whole',
    'twin',
  ]);
});
