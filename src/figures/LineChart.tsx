/** Lines with their spread, named at their ends: no legend to look up. */
import { useContext } from 'react';
import { CursorContext } from './cursor.ts';
import { chartWidth, Drawing, XLabel, YTick } from './Drawing.tsx';
import { dashOf, MarkAt } from './marks.tsx';
import { linear, ticks } from './scale.ts';
import { at, bandPath, linePath } from './shapes.ts';

export interface Line {
  label: string;
  /** Of `marksFor`. */
  mark: number;
  points: { x: number; y: number; sd: number }[];
}

const height = 232;
const top = 12;
const bottom = height - 34;
const left = 40;
/** Room for a name at the end of each line, and between two of them. */
const lineHeight = 12;
/** Points that a line has at most for each of them to bear its mark. */
const mostMarks = 12;

/** In a page whose figures share a cursor (`CursorContext`), what a line is at there stands beside it. */
export function LineChart(props: {
  title: string;
  lines: Line[];
  /** Behind them, without names and shades. */
  faint?: Line[];
  x: { title: string; log?: boolean; ticks?: number[]; format?: (value: number) => string };
  y: { format: (value: number) => string; from?: number; to?: number };
}) {
  const { title, x, y, faint = [] } = props;
  const cursor = useContext(CursorContext);
  const lines = props.lines.filter((line) => line.points.length > 0);
  if (lines.length === 0) {
    return (
      <Drawing height={40} title={title} about="Nothing to draw yet">
        <text x={left} y={24}>
          nothing to draw yet
        </text>
      </Drawing>
    );
  }
  const points = [...lines, ...faint].flatMap((line) => line.points);
  const longest = Math.max(...lines.map(({ label }) => label.length));
  const right = chartWidth - Math.min(110, 14 + longest * 7);
  const low = Math.min(y.from ?? Infinity, ...points.map((p) => p.y - p.sd));
  // A line that is flat, at zero perhaps, lies at the bottom of some axis all the same.
  const high = Math.max(y.to ?? -Infinity, ...points.map((p) => p.y + p.sd), low + 0.01);
  const py = linear([low, high], [bottom, top]);
  const place = x.log ? Math.log : (value: number) => value;
  const [first, last] = [Math.min(...points.map((p) => p.x)), Math.max(...points.map((p) => p.x))];
  const placed = linear([place(first), place(last)], [left + 6, right - 6]);
  const px = (value: number) => placed(place(value));
  const clamp = (value: number) => Math.max(top, Math.min(bottom, py(value)));
  // No two ticks that would bear the same label.
  const labelled = (marks: number[]) => new Set(marks.map(y.format)).size === marks.length;
  const yTicks = [3, 2, 1].map((wanted) => ticks(low, high, wanted)).find(labelled) ?? [];
  const names = spreadOut(
    lines.map((line) => py(line.points.at(-1)!.y)),
    lineHeight,
    top,
    bottom,
  );
  const about = lines
    .map(({ label, points: own }) => `${label}: ${y.format(own[0]!.y)} to ${y.format(own.at(-1)!.y)}`)
    .join('; ');
  const valueAt = (clientX: number, box: DOMRect) => {
    const along = (((clientX - box.left) / box.width) * chartWidth - left - 6) / (right - left - 12);
    const value = place(first) + along * (place(last) - place(first));
    return x.log ? Math.exp(value) : value;
  };
  // Only axes of one kind share it.
  const shared = x.log ? null : cursor;
  const here =
    shared?.x === null || shared?.x === undefined || shared.x < first || shared.x > last ? null : shared.x;
  const chart = (
    <Drawing height={height} title={title} about={about}>
      {faint.map(({ label, mark, points: own }) => (
        <path
          key={label}
          className={`line m${mark}`}
          strokeOpacity={0.3}
          strokeWidth={0.8}
          d={linePath(own.map((p) => [px(p.x), py(p.y)]))}
        />
      ))}
      {yTicks.map((value) => (
        <YTick key={value} left={left} right={right} y={py(value)}>
          {y.format(value)}
        </YTick>
      ))}
      {(x.ticks ?? ticks(first, last, 4)).map((value) => (
        <g key={value}>
          <line className="rule" x1={at(px(value))} x2={at(px(value))} y1={bottom} y2={bottom + 4} />
          <XLabel x={px(value)} y={bottom + 15}>
            {(x.format ?? String)(value)}
          </XLabel>
        </g>
      ))}
      <XLabel x={(left + right) / 2} y={height - 4}>
        {x.title}
      </XLabel>
      {lines.map(({ label, mark, points: own }) => (
        <path
          key={label}
          className={`band m${mark}`}
          d={bandPath(own.map((p) => ({ x: px(p.x), low: clamp(p.y - p.sd), high: clamp(p.y + p.sd) })))}
        />
      ))}
      {lines.map(({ label, mark, points: own }, i) => {
        const end = own.at(-1)!;
        return (
          <g key={label}>
            <path
              className={`line m${mark}`}
              d={linePath(own.map((p) => [px(p.x), py(p.y)]))}
              strokeDasharray={dashOf(mark)}
            />
            {(own.length <= mostMarks ? own : [end]).map((p) => (
              <MarkAt key={p.x} mark={mark} x={px(p.x)} y={py(p.y)} />
            ))}
            <line
              className="rule"
              x1={at(px(end.x) + 5)}
              x2={at(right + 4)}
              y1={at(py(end.y))}
              y2={at(names[i]!)}
            />
            <text className={`name m${mark}`} x={at(right + 7)} y={at(names[i]! + 4)}>
              {label}
            </text>
          </g>
        );
      })}
      {here !== null && (
        <g>
          <line className="rule" x1={at(px(here))} x2={at(px(here))} y1={top} y2={bottom} />
          {lines.map(({ label, mark, points: own }) => {
            const point = own.findLast((p) => p.x <= here) ?? own[0]!;
            return (
              <text
                key={label}
                className={`name m${mark}`}
                x={at(px(here) + (px(here) > (left + right) / 2 ? -5 : 5))}
                y={at(py(point.y) - 4)}
                textAnchor={px(here) > (left + right) / 2 ? 'end' : 'start'}
              >
                {y.format(point.y)}
              </text>
            );
          })}
        </g>
      )}
    </Drawing>
  );
  if (!shared) return chart;
  return (
    <div
      onPointerMove={(event) => {
        const box = event.currentTarget.querySelector('svg')!.getBoundingClientRect();
        shared.move(valueAt(event.clientX, box));
      }}
      onPointerLeave={() => shared.move(null)}
    >
      {chart}
    </div>
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
