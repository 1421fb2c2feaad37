/** Where things lie on the climb. */
import { describe, expect, test } from 'vitest';
import { foldEvents, type GoalpostState, type IterationState } from '../../../src/run/state.ts';
import {
  binStart,
  cellSize,
  cellsOf,
  climbTable,
  columnsFor,
  flagHeight,
  placeIteration,
  placeRun,
  viewOf,
} from '../../../src/ui/figures/climbLayout.ts';
import { exampleEvents } from '../../fixtures/events.ts';

test('the axis makes room in steps, never too little and never a third too much', () => {
  expect([1, 12, 13, 16, 17, 43, 100, 101, 1000].map((last) => columnsFor(last, 12))).toEqual([
    12, 12, 16, 16, 20, 44, 100, 125, 1000,
  ]);
  for (let last = 12; last < 3000; last++) {
    const columns = columnsFor(last, 12);
    expect(columns).toBeGreaterThanOrEqual(last);
    expect(columns).toBeLessThan(last * 1.34);
    expect(columnsFor(columns, 12)).toBe(columns);
  }
});

const state = foldEvents(exampleEvents({ iterations: 9 }))!;

test.each([
  [1100, 9],
  [330, 9],
  [1100, 300],
])('stones keep to the place of their iterations: %i pixels wide, %i iterations', (width, last) => {
  const view = viewOf(width, { lastIteration: last });
  expect(view.bin > 1).toBe(last > 100 || width < 400);
  expect(view.binWidth).toBeGreaterThanOrEqual(20);
  const placed = placeRun(state, view);
  expect(placed.length).toBeGreaterThan(40);
  for (const { stone, x, y } of placed) {
    const first = binStart(view, stone.iteration);
    expect(first).toBeLessThanOrEqual(stone.iteration);
    expect(x).toBeGreaterThan(view.x(first - 0.5));
    expect(x).toBeLessThan(view.x(first + view.bin - 0.5));
    expect(x).toBeGreaterThan(view.plot.left);
    expect(y).toBeGreaterThanOrEqual(view.plot.top);
    expect(y).toBeLessThanOrEqual(view.plot.bottom);
  }
});

test('a question lies as high as the starting model seldom has it right, whatever its pass rate is now', () => {
  const view = viewOf(1000, { lastIteration: 9 });
  for (const { stone, y } of placeRun(state, view))
    expect(y).toBeCloseTo(view.y(-Math.log10(stone.startPassRate!)), 9);
});

test('without the starting model’s rates the length of its program places a question, about', () => {
  const of = (iterations: IterationState[]) =>
    iterations.map((iteration) => ({
      ...iteration,
      stones: iteration.stones.map(({ startPassRate: _, ...stone }) => stone),
    }));
  const older = { ...state, iterations: of(state.iterations) };
  for (const measure of ['start', 'lines'] as const) {
    const view = viewOf(1000, { lastIteration: 9, measure, longest: 4 });
    const heights = new Map<number, number[]>();
    for (const { stone, y } of placeRun(older, view)) {
      const depth = Number(stone.proposal.question!.tags!.depth);
      heights.set(depth, [...(heights.get(depth) ?? []), y]);
    }
    expect([...heights.keys()].length).toBeGreaterThan(2);
    const rows = [...heights].toSorted(([a], [b]) => a - b).map(([, ys]) => ys);
    for (let i = 1; i < rows.length; i++)
      expect(Math.max(...rows[i]!), measure).toBeLessThan(Math.min(...rows[i - 1]!));
  }
});

describe('iterations that share a place', () => {
  const view = viewOf(1000, { lastIteration: 3000 });
  const [one] = state.iterations;
  const placed = placeIteration(one!, view, 6);

  test('are summed up by height: every stone is counted once, and so is every accepted one', () => {
    const cells = cellsOf(placed, view, 1);
    expect(cells.reduce((sum, { stones }) => sum + stones, 0)).toBe(placed.length);
    expect(cells.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(
      placed.filter(({ stone }) => stone.accepted).length,
    );
    for (const { y } of cells) expect(y).toBeLessThanOrEqual(view.plot.bottom);
  });

  test('have marks that say how many there are an iteration, by their area', () => {
    expect(cellSize(2, 1, view)).toBeCloseTo(cellSize(200, 100, view), 12);
    expect(cellSize(4, 1, view) / cellSize(1, 1, view)).toBeCloseTo(2, 12);
    // No mark reaches the next height, or the place beside it.
    expect(cellSize(1e6, 1, view)).toBeLessThan(Math.min(12, view.binWidth / 4));
  });

  test('are as many as give a mark room, and no more', () => {
    expect(viewOf(1000, { lastIteration: 12 }).bin).toBe(1);
    for (const last of [100, 1000, 3000]) {
      const { binWidth, bin } = viewOf(1000, { lastIteration: last });
      expect(binWidth).toBeGreaterThan(22);
      expect((binWidth * (bin - 1)) / bin).toBeLessThan(24);
    }
  });

  test('lie within the plot from the first to the last, those of a past too', () => {
    for (const [last, past] of [
      [2000, 0],
      [301, 1000],
      [47, 9],
    ] as const) {
      const crowded = viewOf(1000, { lastIteration: last, past });
      expect(crowded.bin).toBeGreaterThan(1);
      const first = binStart(crowded, 1 - crowded.lead);
      const end = binStart(crowded, crowded.columns) + crowded.bin - 1;
      expect(crowded.x(first - 0.5)).toBeGreaterThanOrEqual(crowded.plot.left + crowded.lane - 1e-9);
      expect(crowded.x(end + 0.5)).toBeLessThanOrEqual(crowded.plot.right + 1e-9);
    }
  });
});

describe('a flag', () => {
  const goalpost = (
    logprobs: Record<number, number>,
    program = 'def f(x):\n    x = x\n    x = x\n',
  ): GoalpostState => ({
    question: { ...state.goalposts[0]!, program },
    tries: [],
    distances: Object.entries(logprobs).map(([iteration, logprob]) => ({
      iteration: Number(iteration),
      logprob,
    })),
    drawn: 0,
  });
  const ln = Math.LN10;

  test('stands at one in a thousand and comes down to one in ten', () => {
    expect(flagHeight(goalpost({ 0: -3 * ln, 10: -ln }), 'start')).toEqual({
      start: expect.closeTo(3, 9),
      now: expect.closeTo(1, 9),
    });
  });

  test('stands where the bank knows it to be until the run has measured it, and nowhere where nobody does', () => {
    expect(flagHeight(goalpost({}), 'start', -2 * ln)).toEqual({
      start: expect.closeTo(2, 9),
      now: expect.closeTo(2, 9),
    });
    expect(flagHeight(goalpost({}), 'start')).toBeUndefined();
  });

  test('by lines has what is left of its program’s length', () => {
    expect(flagHeight(goalpost({ 0: -60, 10: -30 }), 'lines')).toEqual({ start: 2, now: 1 });
    expect(flagHeight(goalpost({}), 'lines')).toEqual({ start: 2, now: 2 });
    expect(flagHeight(goalpost({}, ''), 'lines')).toBeUndefined();
  });
});

test('the table has a row for each question tried, with what the axis came to', () => {
  const run = { name: 'a', iterations: state.iterations, taught: [], points: [], shift: 0 };
  const { columns, rows } = climbTable([run], 'start');
  const tried = state.iterations.flatMap(({ stones }) =>
    stones.filter(({ passRate }) => passRate !== undefined),
  );
  expect(rows).toHaveLength(tried.length);
  const cell = (row: number, column: string) => rows[row]![columns.indexOf(column)];
  for (const [i, { startPassRate, followed, passRate }] of tried.entries()) {
    expect(cell(i, 'pass rate')).toBe(passRate);
    expect(cell(i, 'starting pass rate')).toBe(startPassRate);
    expect(cell(i, 'followed')).toBe(followed === undefined ? '' : followed ? 'yes' : 'no');
  }
});
