/** One curve of every run, averaged over the runs of each label. */
import type { Point, RunDigest } from './digest.ts';
import { byLabel, spread } from './summary.ts';
import type { Line } from '../figures/LineChart.tsx';

/** A line for each label that has this curve, over tokens, of at most so many points; labels without one are left out. */
export function seriesLines(
  runs: readonly RunDigest[],
  name: string,
  marks: ReadonlyMap<string, number>,
  most: number,
): Line[] {
  const longest = Math.max(0, ...runs.flatMap((run) => run.series[name]?.map((point) => point.tokens) ?? []));
  if (longest === 0) return [];
  const width = longest / most;
  return [...byLabel(runs)].flatMap(([label, own]): Line[] => {
    const binned = own.map((run) => bins(run.series[name] ?? [], width, most));
    const points = Array.from({ length: most }, (_, bin) => {
      const values = binned.flatMap((run) => run.get(bin) ?? []);
      return values.length === 0 ? [] : [{ bin, ...spread(values) }];
    }).flat();
    if (points.length === 0) return [];
    return [
      {
        label,
        mark: marks.get(label)!,
        points: points.map(({ bin, mean, sd }) => ({ x: (bin + 0.5) * width, y: mean, sd })),
      },
    ];
  });
}

function bins(points: readonly Point[], width: number, most: number): Map<number, number> {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { tokens, value } of points) {
    const bin = Math.min(most - 1, Math.floor(tokens / width));
    const { sum, count } = sums.get(bin) ?? { sum: 0, count: 0 };
    sums.set(bin, { sum: sum + value, count: count + 1 });
  }
  return new Map([...sums].map(([bin, { sum, count }]) => [bin, sum / count]));
}
