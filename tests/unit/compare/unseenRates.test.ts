/** Unseen questions in a comparison: pooled shares, their gains, and the lines. */
import { expect, test } from 'vitest';
import { digestRun, type RunDigest } from '../../../src/compare/digest.ts';
import { unseenColumns, unseenLines } from '../../../src/compare/unseenRates.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { exampleEvents } from '../../fixtures/events.ts';

const digest = digestRun(foldEvents(exampleEvents({ iterations: 2 }))!);
/** Right answers of 100 at the start and after 5 iterations. */
const run = (label: string, start: number, last: number): RunDigest => ({
  ...digest,
  label,
  unseen: [
    { iteration: 0, tokens: 0, right: start, answers: 100 },
    { iteration: 5, tokens: 4000, right: last, answers: 100 },
  ],
});

test('trials are told with their gain, and over a baseline, each with its interval', () => {
  const runs = [run('GASP 1', 10, 30), run('AZR 1', 10, 12), { ...digest, label: 'none', unseen: [] }];
  const { head, cells } = unseenColumns(runs, 'AZR 1');
  expect(head).toEqual(['Right on unseen questions', 'points gained (95%)', 'points over AZR 1 (95%)']);
  // Newcombe's method 10 for 30 of 100 and 10 of 100: 0.0900 to 0.3058; for 30 and 12: 0.0674 to 0.2881.
  expect(cells('GASP 1')).toEqual(['10.0% to 30.0%', '+20.0 (+9.0 to +30.6)', '+18.0 (+6.7 to +28.8)']);
  expect(cells('AZR 1').at(-1)).toBe('–');
  expect(cells('none')).toEqual(['–', '–', '–']);
  expect(unseenColumns([{ ...digest, unseen: [] }]).head).toEqual([]);
});

test('a line of one run has its interval, of several their spread', () => {
  const marks = new Map([['GASP', 0]]);
  const [alone] = unseenLines([run('GASP', 10, 30)], marks);
  expect(alone!.points.map(({ x, y }) => [x, y])).toEqual([
    [0, 0.1],
    [4000, 0.3],
  ]);
  // Wilson's interval for 30 of 100 is 0.2189 to 0.3958.
  expect(alone!.points[1]!.sd).toBeCloseTo((0.3958 - 0.2189) / 2, 3);
  const [both] = unseenLines([run('GASP', 10, 30), run('GASP', 10, 40)], marks);
  expect(both!.points[1]).toMatchObject({ y: 0.35, sd: expect.closeTo(Math.SQRT1_2 / 10, 9) });
});
