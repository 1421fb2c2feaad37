/** Where an iteration stands on an axis of tokens. */
import type { RunState } from '../run/state.ts';

/** Sampled plus trained up to the end of an iteration; 0 at the start, undefined for one that is not finished. */
export function tokensAt({ iterations }: RunState): (iteration: number) => number | undefined {
  const known = new Map(
    iterations.map(({ iteration, counters }) => [
      iteration,
      counters ? counters.tokensSampled + counters.tokensTrained : undefined,
    ]),
  );
  return (iteration) => (iteration === 0 ? 0 : known.get(iteration));
}
