/** How much of this machine other programs take while something is measured. */
import { cpus } from 'node:os';
import type { Browser, CDPSession } from 'playwright';

/** Other programs' share of all processors above which times are not to be trusted. */
export const IDLE_SHARE = 0.05;

export interface Spent {
  /** Milliseconds of processor time of the browser, all its processes together. */
  browser: number;
  /** Share of all processors that neither the browser nor this program took. */
  others: number;
}

/** Starts to measure; what it gives says what was spent since, and can be asked again. Without a browser this program alone is ours. */
export async function watchPrograms(browser?: Browser): Promise<() => Promise<Spent>> {
  const system = await browser?.newBrowserCDPSession();
  let before = await processorTimes(system);
  return async () => {
    const after = await processorTimes(system);
    const spent = (key: keyof typeof after) => after[key] - before[key];
    const others = (spent('busy') - spent('browser') - spent('bench')) / spent('all');
    const result = { browser: spent('browser'), others: Math.max(0, others) };
    before = after;
    return result;
  };
}

/** Milliseconds of processor time so far: of the browser, of this program, of everything, and what there was. */
async function processorTimes(system: CDPSession | undefined) {
  const { processInfo } = (await system?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] };
  const bench = process.cpuUsage();
  const cores = cpus().map(({ times }) => Object.values(times).reduce((sum, time) => sum + time, 0));
  const idle = cpus().reduce((sum, { times }) => sum + times.idle, 0);
  const all = cores.reduce((sum, time) => sum + time, 0);
  return {
    browser: 1000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    bench: (bench.user + bench.system) / 1000,
    busy: all - idle,
    all,
  };
}

/** What to say of it: the share, and whether to measure again. */
export function saidOfOthers(share: number): string {
  const taken = `other programs took ${(100 * share).toFixed(0)} % of this machine`;
  return share > IDLE_SHARE ? `${taken}: it was not idle, measure again` : `${taken}: it was idle`;
}
