/** What a branch goes back to, and where other runs stand beside it. */
import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/run/events.ts';
import { foldEvents, type RunState } from '../../../src/run/state.ts';
import { ancestorsOf, pastLength, shiftBetween } from '../../../src/ui/store/lineage.ts';
import { viewOf } from '../../../src/ui/figures/climbLayout.ts';
import { exampleEvents } from '../../fixtures/events.ts';

function runOf(run: string, iterations: number, branchedFrom?: RunState['branchedFrom']): RunState {
  const events = exampleEvents({ iterations }).map(
    (event): RunEvent =>
      event.type === 'run-started' ? { ...event, run, ...(branchedFrom && { branchedFrom }) } : event,
  );
  return foldEvents(events)!;
}

const first = runOf('first', 9);
const second = runOf('second', 5, { run: 'first', iteration: 7 });
const third = runOf('third', 2, { run: 'second', iteration: 4 });
const stored = new Map([first, second, third].map((state) => [state.run, state]));
const read = async (run: string) => stored.get(run) ?? null;

test('a branch of a branch stands right of all that its weights went through, and of nothing later', async () => {
  const past = await ancestorsOf(third, read);
  expect(past.map(({ state, upTo, shift }) => [state.run, upTo, shift])).toEqual([
    ['second', 4, -4],
    ['first', 7, -11],
  ]);
  expect(pastLength(past)).toBe(11);
  const columns = past.flatMap(({ state, shift }) =>
    state.iterations.map(({ iteration }) => iteration + shift),
  );
  expect(columns.toSorted((a, b) => a - b)).toEqual([-10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0]);
  for (const { state, upTo } of past) {
    expect(state.evaluations.every(({ iteration }) => iteration <= upTo)).toBe(true);
    expect(state.checkpoints.every(({ iteration }) => iteration <= upTo)).toBe(true);
  }
});

test('what is not stored ends the past; a start and a run that names itself have none', async () => {
  const known = await ancestorsOf(third, async (run) => (run === 'second' ? second : null));
  expect(known.map(({ state }) => state.run)).toEqual(['second']);
  expect(await ancestorsOf({ run: 'x', branchedFrom: { run: 'first', iteration: 0 } }, read)).toEqual([]);
  expect(await ancestorsOf({ run: 'first', branchedFrom: { run: 'first', iteration: 3 } }, read)).toEqual([]);
  // Two that name each other, as only a file from elsewhere can have them.
  const circle = runOf('first', 9, { run: 'third', iteration: 2 });
  const past = await ancestorsOf(third, async (run) => (run === 'first' ? circle : read(run)));
  expect(past).toHaveLength(2);
});

test('runs of one family stand by when they happened', async () => {
  const past = await ancestorsOf(third, read);
  const sister = runOf('sister', 3, { run: 'second', iteration: 1 });
  const aunt = runOf('aunt', 3, { run: 'first', iteration: 9 });
  const child = runOf('child', 3, { run: 'third', iteration: 2 });
  expect(shiftBetween(third, past, second)).toBe(-4);
  expect(shiftBetween(third, past, first)).toBe(-11);
  expect(shiftBetween(third, past, sister)).toBe(-3);
  expect(shiftBetween(third, past, aunt)).toBe(-2);
  expect(shiftBetween(third, past, child)).toBe(2);
  expect(shiftBetween(third, past, runOf('stranger', 3))).toBe(0);
  // The origin need not be stored.
  expect(shiftBetween(third, [], sister)).toBe(-3);
});

test('the past takes half of the climb at most', () => {
  const view = viewOf(1000, { lastIteration: 3, past: 100 });
  expect(view.lead).toBe(view.columns);
  expect(view.x(0.5)).toBeCloseTo((view.plot.left + view.lane + view.plot.right) / 2);
  expect(viewOf(1000, { lastIteration: 3, past: 5 }).lead).toBe(5);
});
