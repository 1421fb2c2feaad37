/** The frame of a figure that page, report and file show alike, and the labels of its axes. */
import type { ReactNode } from 'react';
import { at } from './shapes.ts';

/** Width of a figure that is fitted into a column, in its own units. */
export const chartWidth = 360;

/** An SVG with a name and a description for screen readers; `figureStyle` has its styles. */
export function Drawing(props: {
  width?: number;
  height: number;
  title: string;
  about: string;
  children: ReactNode;
}) {
  const { width = chartWidth, height, title, about, children } = props;
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      className="figure"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={`${title}. ${about}`}
    >
      {children}
    </svg>
  );
}

/** A label below the plot. */
export function XLabel({ x, y, children }: { x: number; y: number; children: string }) {
  return (
    <text x={at(x)} y={at(y)} textAnchor="middle">
      {children}
    </text>
  );
}

/** A line across the plot at a value, and the value left of it. */
export function YTick({
  left,
  right,
  y,
  children,
}: {
  left: number;
  right: number;
  y: number;
  children: string;
}) {
  return (
    <g>
      <line className="rule" x1={left} x2={right} y1={at(y)} y2={at(y)} />
      <text x={left - 6} y={at(y + 4)} textAnchor="end">
        {children}
      </text>
    </g>
  );
}
