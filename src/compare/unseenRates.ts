/** Right answers to unseen questions in the course of runs, compared: nothing was measured for it after the fact. */
import { change, type Rate, rateOf } from '../run/gains.ts';
import { points, tenths } from '../run/gainWords.ts';
import type { Line } from '../figures/LineChart.tsx';
import type { RunDigest } from './digest.ts';
import { byLabel, spread } from './summary.ts';
import type { UnseenTrial } from './unseenTrials.ts';

/** The share of right answers of several trials together, with its interval at 95 %. */
function pooled(trials: readonly UnseenTrial[]): Rate | undefined {
  const [first] = trials;
  if (!first) return undefined;
  const right = trials.reduce((sum, trial) => sum + trial.right, 0);
  const answers = trials.reduce((sum, trial) => sum + trial.answers, 0);
  return rateOf(first.iteration, { right, answers });
}

/**
 * A line a label over tokens: of one run with half of the 95 % interval of its answers to either side, of several with
 * one standard deviation of the runs.
 */
export function unseenLines(runs: readonly RunDigest[], marks: ReadonlyMap<string, number>): Line[] {
  return [...byLabel(runs)].flatMap(([label, own]): Line[] => {
    const iterations = [...new Set(own.flatMap(({ unseen }) => unseen.map((trial) => trial.iteration)))];
    const points = iterations
      .sort((a, b) => a - b)
      .flatMap((iteration) => {
        const trials = own.flatMap(({ unseen }) => unseen.filter((trial) => trial.iteration === iteration));
        const { rate, low, high } = pooled(trials)!;
        const { sd } = spread(trials.map(({ right, answers }) => right / answers));
        const x = trials.reduce((sum, { tokens }) => sum + tokens, 0) / trials.length;
        return [{ x, y: rate, sd: own.length > 1 ? sd : (high - low) / 2 }];
      });
    return points.length > 1 ? [{ label, mark: marks.get(label)!, points }] : [];
  });
}

/** Columns of the table by label; none where no run tried any. `baseline`: a label whose newest trials the others are set against. */
export function unseenColumns(
  runs: readonly RunDigest[],
  baseline?: string,
): { head: string[]; cells: (label: string) => string[] } {
  const all = byLabel(runs);
  if (runs.every(({ unseen }) => unseen.length === 0)) return { head: [], cells: () => [] };
  const rates = (label: string) => {
    const own = all.get(label) ?? [];
    const [first, last] = [0, -1].map((at) => pooled(own.flatMap(({ unseen }) => unseen.at(at) ?? [])));
    return { first, last: last && last.iteration > 0 ? last : undefined };
  };
  const words = (from: Rate | undefined, to: Rate | undefined): string => {
    if (!from || !to) return '–';
    const { difference, low, high } = change(from, to);
    return `${points(difference)} (${points(low)} to ${points(high)})`;
  };
  const base = baseline === undefined ? undefined : rates(baseline);
  return {
    head: [
      'Right on unseen questions',
      'points gained (95%)',
      ...(base ? [`points over ${baseline} (95%)`] : []),
    ],
    cells: (label) => {
      const { first, last } = rates(label);
      const share = [first, last].flatMap((rate) => (rate ? [tenths(rate.rate)] : [])).join(' to ') || '–';
      return [
        share,
        words(first, last),
        ...(base ? [label === baseline ? '–' : words(base.last ?? base.first, last ?? first)] : []),
      ];
    },
  };
}
