/** Times contenders in turns, so that a busy machine slows all of them alike. */

export interface Contender {
  name: string;
  /** Does the work once and returns how many units (tokens) it was. */
  run: () => Promise<number>;
}

export interface Rate {
  name: string;
  /** Units a second, over the runs. */
  min: number;
  median: number;
  max: number;
}

/** One unmeasured turn for each contender, then `turns` measured rounds. */
export async function race(contenders: readonly Contender[], turns: number): Promise<Rate[]> {
  const rates: number[][] = contenders.map(() => []);
  for (const { run } of contenders) await run();
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, { run }] of contenders.entries()) {
      const start = performance.now();
      const units = await run();
      rates[i]!.push((units / (performance.now() - start)) * 1000);
    }
  }
  return contenders.map(({ name }, i) => {
    const sorted = rates[i]!.sort((a, b) => a - b);
    const middle = sorted.length / 2;
    const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
    return { name, min: sorted[0]!, median, max: sorted.at(-1)! };
  });
}

export function table(rates: readonly Rate[], unit: string): string {
  const width = Math.max(...rates.map((r) => r.name.length));
  const number = (v: number) => v.toFixed(0).padStart(8);
  const lines = rates.map(
    (r) => `${r.name.padEnd(width)} ${number(r.min)} ${number(r.median)} ${number(r.max)}`,
  );
  return [
    `${unit.padEnd(width)} ${['min', 'median', 'max'].map((h) => h.padStart(8)).join(' ')}`,
    ...lines,
  ].join('\n');
}
