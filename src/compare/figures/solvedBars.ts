/** How many goalposts each method solves: in any seed, by it alone, and seed by seed. */
import { linear, ticks } from '../../figures/scale.ts';
import type { Comparison } from '../comparison.ts';
import type { RunDigest } from '../digest.ts';
import { byLabel } from '../summary.ts';
import { chartWidth } from './lineChart.ts';
import { markAt } from './marks.ts';
import { at, drawing, type Figure, svg } from './svg.ts';

const rowHeight = 30;
const top = 8;

export function solvedBars(
  comparison: Comparison,
  runs: readonly RunDigest[],
  marks: ReadonlyMap<string, number>,
): Figure {
  const rows = [...byLabel(runs).keys()]
    .map((label) => ({ label, ...comparison.methods[label]!.goalposts }))
    .filter(({ total }) => total > 0);
  const left = 14 + 7 * Math.min(18, Math.max(4, ...rows.map(({ label }) => label.length)));
  const right = chartWidth - 40;
  const most = Math.max(4, ...rows.map((row) => row.solved));
  const x = linear([0, most], [left, right]);
  const bottom = top + rows.length * rowHeight;
  const title = 'Goalposts solved';
  const about = rows
    .map((row) => `${row.label}: ${row.solved} of ${row.total}, ${row.solved_only_here} by it alone`)
    .join('; ');
  return {
    id: 'goalposts-solved',
    title,
    caption:
      'Bar: solved in some seed; its full part: by no other method compared in any seed (methods that contain it aside). Marks: each seed alone.',
    node: drawing(
      { width: chartWidth, height: bottom + 34, title, about },
      ...ticks(0, most, 5).map((value) =>
        svg(
          'g',
          {},
          svg('line', { class: 'rule', x1: at(x(value)), x2: at(x(value)), y1: top, y2: bottom }),
          svg('text', { x: at(x(value)), y: bottom + 14, 'text-anchor': 'middle' }, String(value)),
        ),
      ),
      svg(
        'text',
        { x: at((left + right) / 2), y: bottom + 29, 'text-anchor': 'middle' },
        `of ${Math.max(0, ...rows.map((row) => row.total))} goalposts`,
      ),
      ...rows.map((row, i) => {
        const mark = marks.get(row.label)!;
        const y = top + i * rowHeight;
        return svg(
          'g',
          {},
          svg('text', { class: `name m${mark}`, x: left - 8, y: y + 16, 'text-anchor': 'end' }, row.label),
          svg('rect', {
            class: `bar is-soft m${mark}`,
            x: left,
            y: y + 4,
            width: at(x(row.solved) - left),
            height: 9,
          }),
          svg('rect', {
            class: `bar m${mark}`,
            x: left,
            y: y + 4,
            width: at(x(row.solved_only_here) - left),
            height: 9,
          }),
          ...row.by_seed.map((solved) => markAt(mark, x(solved), y + 20, 2.8)),
          svg('text', { class: 'strong', x: at(x(row.solved) + 5), y: y + 13 }, String(row.solved)),
        );
      }),
    ),
    table: [
      ['method', 'solved in some seed', 'by it alone', 'goalposts', 'by seed'],
      ...rows.map((row) => [row.label, row.solved, row.solved_only_here, row.total, row.by_seed.join(' ')]),
    ],
  };
}
