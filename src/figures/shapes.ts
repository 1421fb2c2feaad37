/** Paths of lines and bands. Coordinates are to a tenth, finer than a screen, where nobody enlarges them. */
import { area, line } from 'd3-shape';

export const at = (value: number, parts = 10): number => Math.round(value * parts) / parts;

/** Coordinates to one of `parts`. */
export const linePath = (points: readonly (readonly [x: number, y: number])[], parts = 10): string =>
  line()(points.map(([x, y]) => [at(x, parts), at(y, parts)])) ?? '';

const bands = area<{ x: number; low: number; high: number }>()
  .x(({ x }) => at(x))
  .y0(({ low }) => at(low))
  .y1(({ high }) => at(high));

export const bandPath = (points: readonly { x: number; low: number; high: number }[]): string =>
  bands(points.slice()) ?? '';
