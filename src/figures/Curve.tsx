/** A small line chart: one quantity over iterations, at most two series. */
import {
  type KeyboardEvent,
  memo,
  type PointerEvent,
  type ReactNode,
  type RefObject,
  useMemo,
  useState,
} from 'react';
import type { FigureTable } from './figure.ts';
import { linear } from './scale.ts';
import { linePath } from './shapes.ts';
import { useWidth } from './useWidth.ts';
import './Curve.css';

export interface Series {
  name: string;
  /** Name of its run, where that is not the open one. */
  of?: string;
  /** A class that sets `--hue`, or none for ink. */
  className?: string;
  /**
   * 'other': of the run that this one is compared with; 'past': of a run that it branches from; 'part': one of those
   * that a line is the mean of, drawn thin and not read off.
   */
  as?: 'other' | 'past' | 'part';
  points: { iteration: number; value: number }[];
}

const height = 84;

const fullName = ({ name, of }: Series) => (of ? `${name} of ${of}` : name);

export const Curve = memo(function Curve(props: {
  title: string;
  /** In the title's place, where one of its words explains itself. */
  heading?: ReactNode;
  /** One line about the curve. */
  note: string;
  /** Said in its place while there is nothing to draw. */
  empty?: string;
  series: Series[];
  format: (value: number) => string;
  /** Values that the axis reaches at least. */
  from?: number;
  to?: number;
  /** Where the axis begins: 0, or less where the run goes back to others. */
  first?: number;
  lastIteration: number;
  /** The name of an iteration; absent: its number. */
  nameOf?: (iteration: number) => string;
  /** The buttons beside the curve; `figure` holds its one SVG. */
  tools?: (title: string, figure: RefObject<HTMLElement | null>, table: () => FigureTable) => ReactNode;
}) {
  const { title, note, empty = 'nothing yet', series, format, first = 0, lastIteration } = props;
  const nameOf = props.nameOf ?? String;
  const [box, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);

  const { from, to } = props;
  const { drawn, blank, low, high, x, y } = useMemo(() => {
    const lines = series.map((line) => ({
      ...line,
      points: line.points.filter((point) => Number.isFinite(point.value)),
    }));
    const values = lines.flatMap((line) => line.points.map((point) => point.value));
    const low = Math.min(from ?? Infinity, ...values);
    const high = Math.max(to ?? -Infinity, ...values, low + 1e-9);
    const x = linear([first, Math.max(1, lastIteration)], [4, width - 4]);
    const y = linear([low, high], [height - 8, 8]);
    const path = (points: Series['points']) =>
      linePath(points.map(({ iteration, value }) => [x(iteration), y(value)]));
    const drawn = lines.map((line) => ({
      ...line,
      raw: path(line.points),
      smooth: line.as !== 'part' && line.points.length > 20 && path(smooth(line.points)),
    }));
    return { drawn, blank: values.length === 0, low, high, x, y };
  }, [series, from, to, width, first, lastIteration]);

  const at = (line: Series): { iteration: number; value: number } | undefined =>
    pointed === null
      ? line.points.at(-1)
      : (line.points.findLast((point) => point.iteration <= pointed) ??
        (pointed < 0 ? undefined : line.points[0]));
  /** Before the run's start it is the past that is read off. */
  const isRead = ({ as }: Series) => as === (pointed !== null && pointed < 0 ? 'past' : undefined);
  const read = drawn.filter(isRead);

  const named = drawn.filter(({ as }) => as !== 'part');

  const value = (line: (typeof drawn)[number], named: boolean) => {
    const point = at(line);
    return (
      <span key={fullName(line)} className={line.className}>
        <span className={named ? 'curve-name' : 'visually-hidden'}>{named ? line.name : fullName(line)}</span>
        <output>{point ? format(point.value) : '–'}</output>
      </span>
    );
  };

  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const share = (left - 4) / (width - 8);
    setPointed(Math.round(first + share * (Math.max(1, lastIteration) - first)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    setPointed(Math.max(first, Math.min(lastIteration, (pointed ?? lastIteration) + step)));
  };

  return (
    <figure className="curve">
      <figcaption>
        <div className="curve-head">
          <h3>{props.heading ?? title}</h3>
          {!blank && props.tools?.(title, box, () => tableOf(drawn))}
        </div>
        <p className="curve-values">
          {blank && <span>{empty}</span>}
          {!blank &&
            read.map((line) => value(line, read.length > 1 || drawn.some(({ as }) => as === 'other')))}
          {pointed !== null && !blank && <span className="curve-at">at {nameOf(pointed)}</span>}
        </p>
        {/* A line of its own, so that the figures beside each other stay level. */}
        {!blank && drawn.some((line) => line.as === 'other') && (
          <p className="curve-values" data-other>
            {drawn.filter((line) => line.as === 'other').map((line) => value(line, false))}
          </p>
        )}
      </figcaption>
      <div ref={box}>
        {width > 0 && (
          <svg
            data-figure
            width={width}
            height={height}
            role="img"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys read the values off
            tabIndex={0}
            aria-label={`${title}: ${named.map((line) => `${fullName(line)} ${line.points.length ? `from ${format(line.points[0]!.value)} to ${format(line.points.at(-1)!.value)}` : 'nothing yet'}`).join('; ')}`}
            onPointerMove={onPointerMove}
            onPointerLeave={() => setPointed(null)}
            onKeyDown={onKeyDown}
            onBlur={() => setPointed(null)}
          >
            <line className="curve-base" x1={4} x2={width - 4} y1={height - 8} y2={height - 8} />
            {low < 0 && high > 0 && <line className="curve-base" x1={4} x2={width - 4} y1={y(0)} y2={y(0)} />}
            {drawn.map((line) => {
              const mark = line.as === 'part' || (line.as === 'past' && !isRead(line)) ? undefined : at(line);
              return (
                <g key={fullName(line)} className={line.className} data-as={line.as}>
                  <path className="curve-raw" d={line.raw} />
                  {line.smooth !== false && <path className="curve-smooth" d={line.smooth} />}
                  {mark && <circle cx={x(mark.iteration)} cy={y(mark.value)} r={2.5} />}
                </g>
              );
            })}
            {first < 0 && <line className="curve-start" x1={x(0)} x2={x(0)} y1={4} y2={height - 4} />}
            {pointed !== null && (
              <line className="curve-cursor" x1={x(pointed)} x2={x(pointed)} y1={4} y2={height - 4} />
            )}
          </svg>
        )}
      </div>
      <p className="curve-note">{note}</p>
    </figure>
  );
});

/** One row an iteration, one column a line. */
function tableOf(series: readonly Series[]): FigureTable {
  const iterations = [...new Set(series.flatMap((line) => line.points.map((point) => point.iteration)))];
  return {
    columns: ['iteration', ...series.map(fullName)],
    rows: iterations
      .sort((a, b) => a - b)
      .map((iteration) => [
        iteration,
        ...series.map(
          (line) => line.points.find((point) => point.iteration === iteration)?.value ?? Number.NaN,
        ),
      ]),
  };
}

/** Running mean over a tenth of the points. */
function smooth(points: Series['points']): Series['points'] {
  const half = Math.max(1, Math.floor(points.length / 20));
  const sums = [0];
  for (const { value } of points) sums.push(sums.at(-1)! + value);
  return points.map(({ iteration }, i) => {
    const [first, end] = [Math.max(0, i - half), Math.min(points.length, i + half + 1)];
    return { iteration, value: (sums[end]! - sums[first]!) / (end - first) };
  });
}
