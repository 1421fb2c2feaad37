/** Lines with their spread, named at their ends: no legend to look up. */
import { linear, ticks } from '../../figures/scale.ts';
import { dashOf, markAt } from './marks.ts';
import { at, drawing, path, type SvgNode, svg } from './svg.ts';

export interface Line {
  label: string;
  /** Of `marksFor`. */
  mark: number;
  points: { x: number; y: number; sd: number }[];
}

export interface LineChart {
  title: string;
  lines: Line[];
  x: { title: string; log?: boolean; ticks?: number[]; format?: (value: number) => string };
  y: { format: (value: number) => string; from?: number; to?: number };
}

export const chartWidth = 360;
const height = 232;
const top = 12;
const bottom = height - 34;
const left = 40;
/** Room for a name at the end of each line, and between two of them. */
const lineHeight = 12;

export function lineChart({ title, lines, x, y }: LineChart): SvgNode {
  const drawn = lines.filter((line) => line.points.length > 0);
  const points = drawn.flatMap((line) => line.points);
  const longest = Math.max(0, ...drawn.map(({ label }) => label.length));
  const right = chartWidth - Math.min(110, 14 + longest * 7);
  const low = Math.min(y.from ?? Infinity, ...points.map((p) => p.y - p.sd));
  // A line that is flat, at zero perhaps, lies at the bottom of some axis all the same.
  const high = Math.max(y.to ?? -Infinity, ...points.map((p) => p.y + p.sd), low + 0.01);
  const scaleY = linear([low, high], [bottom, top]);
  const place = x.log ? Math.log : (value: number) => value;
  const xs = points.map((p) => p.x);
  const scaleX = linear([place(Math.min(...xs)), place(Math.max(...xs))], [left + 6, right - 6]);
  const px = (value: number) => scaleX(place(value));
  const clamp = (value: number) => Math.max(top, Math.min(bottom, scaleY(value)));
  // No two ticks that would bear the same label.
  const labelled = (marks: number[]) => new Set(marks.map(y.format)).size === marks.length;
  const yTicks = [5, 4, 3, 2, 1].map((wanted) => ticks(low, high, wanted)).find(labelled) ?? [];
  const xTicks = x.ticks ?? ticks(Math.min(...xs), Math.max(...xs), 4);
  const names = spreadOut(
    drawn.map((line) => scaleY(line.points.at(-1)!.y)),
    lineHeight,
    top,
    bottom,
  );
  const about = drawn
    .map(({ label, points: own }) => `${label}: ${y.format(own[0]!.y)} to ${y.format(own.at(-1)!.y)}`)
    .join('; ');
  if (points.length === 0) {
    return drawing(
      { width: chartWidth, height: 40, title, about: 'Nothing to draw yet' },
      svg('text', { x: left, y: 24 }, 'nothing to draw yet'),
    );
  }
  return drawing(
    { width: chartWidth, height, title, about },
    ...yTicks.map((value) =>
      svg(
        'g',
        {},
        svg('line', { class: 'rule', x1: left, x2: right, y1: at(scaleY(value)), y2: at(scaleY(value)) }),
        svg('text', { x: left - 6, y: at(scaleY(value)) + 4, 'text-anchor': 'end' }, y.format(value)),
      ),
    ),
    ...xTicks.map((value) =>
      svg(
        'g',
        {},
        svg('line', { class: 'rule', x1: at(px(value)), x2: at(px(value)), y1: bottom, y2: bottom + 4 }),
        svg(
          'text',
          { x: at(px(value)), y: bottom + 15, 'text-anchor': 'middle' },
          (x.format ?? String)(value),
        ),
      ),
    ),
    svg('text', { x: at((left + right) / 2), y: height - 4, 'text-anchor': 'middle' }, x.title),
    ...drawn.map(({ mark, points: own }) => {
      const upper = own.map((p) => [px(p.x), clamp(p.y + p.sd)] as const);
      const lower = own.map((p) => [px(p.x), clamp(p.y - p.sd)] as const).toReversed();
      return svg('path', { class: `band m${mark}`, d: `${path([...upper, ...lower])}Z` });
    }),
    ...drawn.map(({ label, mark, points: own }, i) => {
      const end = own.at(-1)!;
      const few = own.length <= 12;
      return svg(
        'g',
        {},
        svg('path', {
          class: `line m${mark}`,
          d: path(own.map((p) => [px(p.x), scaleY(p.y)] as const)),
          ...dashOf(mark),
        }),
        ...(few ? own : [end]).map((p) => markAt(mark, px(p.x), scaleY(p.y))),
        svg('line', {
          class: 'rule',
          x1: at(px(end.x) + 5),
          x2: at(right + 4),
          y1: at(scaleY(end.y)),
          y2: at(names[i]!),
        }),
        svg('text', { class: `name m${mark}`, x: at(right + 7), y: at(names[i]! + 4) }, label),
      );
    }),
  );
}

/** Places for labels: near where they belong, at least `gap` apart, within bounds where there is room. */
export function spreadOut(wanted: readonly number[], gap: number, from: number, to: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = new Array<number>(wanted.length);
  let last = -Infinity;
  for (const i of order) {
    last = placed[i] = Math.max(wanted[i]!, last + gap, from);
  }
  // Those pushed beyond the end push the ones above them back.
  let next = Infinity;
  for (const i of order.toReversed()) {
    next = placed[i] = Math.min(placed[i]!, next - gap, next === Infinity ? to : Infinity);
  }
  return placed;
}
