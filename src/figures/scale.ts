/** Axes: where values fall, and which of them get a label. */
export { ticks } from 'd3-array';

export type Scale = (value: number) => number;

/** From `domain` to `range`; a domain of one value falls on the middle. */
export function linear([low, high]: [number, number], [from, to]: [number, number]): Scale {
  if (low === high) return () => (from + to) / 2;
  // The two ends are met exactly.
  return (value) => {
    const share = (value - low) / (high - low);
    return from * (1 - share) + to * share;
  };
}
