import { expect, test } from 'vitest';
import type { Question } from '../../../src/gasp/question.ts';
import type { RunEvent, RunEventBody } from '../../../src/run/events.ts';
import { acceptedQuestions, lastFinished, validEvents } from '../../../src/run/history.ts';
import { finished, started } from './journalSamples.ts';

const log = (...bodies: RunEventBody[]): RunEvent[] => bodies.map((body, seq) => ({ ...body, seq, at: seq }));
const policy = { model: 'm', backend: 'cpu', parameters: 1, trainable: 1 };
const resumed = (after: number): RunEventBody => ({ type: 'resumed', after, policy });
const begun = (iteration: number): RunEventBody => ({
  type: 'iteration-started',
  iteration,
  goalposts: [],
  axes: [],
});
const proposed = (iteration: number, id: string): RunEventBody => {
  const question: Question = { id, title: '', message: '', program: '', inputs: [], outputs: [], shown: 0 };
  return { type: 'proposed', iteration, proposal: { id, role: 'lemma', text: '', question } };
};
const rewarded = (iteration: number, proposal: string, accepted = true): RunEventBody => ({
  type: 'rewarded',
  iteration,
  proposal,
  passRate: 0.5,
  reward: 1,
  accepted,
});

// Iteration 2 is interrupted twice, once after a rename; iteration 3 is in progress.
const events = log(
  started('r'),
  resumed(0),
  begun(1),
  proposed(1, 'a'),
  rewarded(1, 'a'),
  finished(1),
  begun(2),
  proposed(2, 'b'),
  { type: 'renamed', name: 'other' },
  rewarded(2, 'b'),
  resumed(1),
  begun(2),
  resumed(1),
  begun(2),
  proposed(2, 'b'),
  rewarded(2, 'b', false),
  finished(2),
  begun(3),
  proposed(3, 'c'),
  rewarded(3, 'c'),
);

test('validEvents drops what interrupted iterations left, and nothing else', () => {
  expect(validEvents(events).map((e) => e.seq)).toEqual([
    0, 1, 2, 3, 4, 5, 8, 10, 12, 13, 14, 15, 16, 17, 18, 19,
  ]);
  expect(validEvents([])).toEqual([]);
});

test('going back to an older iteration voids the finished ones after it', () => {
  const back = [...events, ...log(resumed(1))];
  expect(lastFinished(validEvents(events))).toBe(2);
  expect(lastFinished(validEvents(back))).toBe(1);
});

test('acceptedQuestions counts what counts, up to an iteration', () => {
  const ids = (upTo: number) => acceptedQuestions(events, upTo).map((q) => q.id);
  expect([ids(0), ids(1), ids(2), ids(3)]).toEqual([[], ['a'], ['a'], ['a', 'c']]);
});
