/**
 * Times contenders in turns, so that a busy machine slows all of them alike; every other round goes through
 * them backwards, so that none always comes after the same other.
 */

export interface Contender {
  name: string;
  /** Does the work once and returns how many units (tokens) it was. */
  run: () => Promise<number>;
  /** Contenders of one group are settings of one thing, of which the best counts: see `race`. */
  group?: string;
}

/** Share of its group's best below which a contender is not run again. */
const FAR_FROM_BEST = 0.7;

export interface Rate {
  name: string;
  /** Units a second, over the runs. */
  min: number;
  median: number;
  max: number;
  /** Median of units a second of processor time, which a busy machine disturbs less; where it can be known (Node). */
  processor?: number;
}

/** Seconds of processor time of this program so far. */
function processorSeconds(): number | undefined {
  const usage = globalThis.process?.cpuUsage?.();
  return usage && (usage.user + usage.system) / 1e6;
}

/**
 * One turn for each contender that does not count, then `turns` measured rounds. A contender far from the best of
 * its group in the first is not run again: its rate is that turn's, and its name says so.
 */
export async function race(contenders: readonly Contender[], turns: number): Promise<Rate[]> {
  const rates: number[][] = contenders.map(() => []);
  const processor: number[][] = contenders.map(() => []);
  const first: number[] = [];
  for (const { run } of contenders) {
    const start = performance.now();
    first.push(((await run()) / (performance.now() - start)) * 1000);
  }
  const dropped = contenders.map(({ group }, i) => {
    const best = Math.max(...first.filter((_, j) => contenders[j]!.group === group));
    return group !== undefined && first[i]! < FAR_FROM_BEST * best;
  });
  for (let turn = 0; turn < turns; turn++) {
    const order = [...contenders.entries()];
    for (const [i, { run }] of turn % 2 ? order.reverse() : order) {
      if (dropped[i]) continue;
      const [began, start] = [processorSeconds(), performance.now()];
      const units = await run();
      rates[i]!.push((units / (performance.now() - start)) * 1000);
      if (began !== undefined) processor[i]!.push(units / (processorSeconds()! - began));
    }
  }
  return contenders.map(({ name }, i) => {
    if (dropped[i]) return { name: `${name} (once)`, min: first[i]!, median: first[i]!, max: first[i]! };
    const sorted = rates[i]!.toSorted((a, b) => a - b);
    return {
      name,
      min: sorted[0]!,
      median: median(sorted),
      max: sorted.at(-1)!,
      ...(processor[i]!.length > 0 && { processor: median(processor[i]!) }),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

export function table(rates: readonly Rate[], unit: string): string {
  const width = Math.max(unit.length, ...rates.map((r) => r.name.length));
  const number = (v: number) => v.toFixed(v < 10 ? 2 : v < 100 ? 1 : 0).padStart(9);
  const columns = rates.some((r) => r.processor)
    ? ['min', 'median', 'max', 'processor']
    : ['min', 'median', 'max'];
  const lines = rates.map(
    (r) =>
      `${r.name.padEnd(width)} ${[r.min, r.median, r.max].map(number).join(' ')}${r.processor ? ` ${number(r.processor)}` : ''}`,
  );
  return [`${unit.padEnd(width)} ${columns.map((h) => h.padStart(9)).join(' ')}`, ...lines].join('\n');
}
