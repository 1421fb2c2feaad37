/** Axes: where values fall, and which of them get a label. */
import { scaleLinear } from 'd3-scale';

export { ticks } from 'd3-array';

export type Scale = (value: number) => number;

/** From `domain` to `range`; a domain of one value falls on the middle. */
export const linear = (domain: [number, number], range: [number, number]): Scale =>
  scaleLinear(domain, range);
