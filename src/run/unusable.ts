/** Whether a run's teacher writes nothing that can be used any more. */
import type { Fault } from '../gasp/question.ts';
import type { RunState } from './state.ts';

/** Finished iterations in a row without a usable proposal after which it is said. */
const PATIENCE = 2;

export interface Unusable {
  /** The newest finished iterations, all of whose proposals are unusable. */
  iterations: number;
  proposals: number;
  /** What is wrong with most of them, in words, and with which share of all. */
  commonest: string;
  share: number;
}

const words: Record<Fault['kind'], string> = {
  unparsable: 'not in the form that is asked for.',
  syntax: 'the program is not Python.',
  unsafe: 'the program uses what is not allowed.',
  raises: 'the program raises an error.',
  timeout: 'the program does not end.',
  nondeterministic: 'the program gives other outputs each time.',
  degenerate: 'the outputs are all alike.',
  copy: 'a copy of an earlier question.',
};

/** Undefined while something can be used, and before enough iterations. */
export function unusableProposals({ iterations, settings }: RunState): Unusable | undefined {
  const finished = iterations.filter(({ counters }) => counters);
  const good = finished.findLastIndex(({ stones }) => stones.some(({ proposal }) => !proposal.fault));
  const barren = finished.slice(good + 1).filter(({ stones }) => stones.length > 0);
  if (settings.realShare === 1 || barren.length < PATIENCE) return undefined;
  const faults = barren.flatMap(({ stones }) => stones.flatMap(({ proposal }) => proposal.fault ?? []));
  const counts = new Map<Fault['kind'], number>();
  for (const { kind } of faults) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  if (!most) return undefined;
  return {
    iterations: barren.length,
    proposals: faults.length,
    commonest: words[most[0]],
    share: most[1] / faults.length,
  };
}
