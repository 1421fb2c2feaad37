/** Where things lie on the climb. */
import { expect, test } from 'vitest';
import { foldEvents } from '../../../src/run/state.ts';
import { columnsFor, placeRun, viewOf } from '../../../src/ui/figures/climbLayout.ts';
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

test.each([1100, 330])(
  'stones keep to their columns, off the names of the bands: %i pixels wide',
  (width) => {
    const state = foldEvents(exampleEvents({ iterations: 9 }))!;
    const view = viewOf(width, 9);
    const placed = placeRun(state, view);
    expect(placed.length).toBeGreaterThan(40);
    for (const { stone, x, y } of placed) {
      expect(Math.abs(x - view.x(stone.iteration))).toBeLessThan(view.columnWidth / 2);
      expect(x).toBeGreaterThan(view.plot.left + view.lane);
      expect(x).toBeLessThan(view.plot.right);
      expect(y).toBeGreaterThanOrEqual(view.plot.top);
      expect(y).toBeLessThanOrEqual(view.plot.bottom);
    }
  },
);
