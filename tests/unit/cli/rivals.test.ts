/** Rival methods on the shipped model: they train, and stopped they go on to the same. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bank, evenly } from '../../../src/gasp/bank.ts';
import type { RunEventBody } from '../../../src/run/events.ts';
import { openFolderJournal } from '../../../src/run/folderJournal.ts';
import { validEvents } from '../../../src/run/history.ts';
import { lab } from './command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-rivals-'));
  const shipped = fileURLToPath(new URL('../../../public/banks/micro.json', import.meta.url));
  const bank = JSON.parse(await readFile(shipped, 'utf8')) as Bank;
  await writeFile(
    join(folder, 'small.json'),
    JSON.stringify({ ...bank, goalposts: evenly(bank.goalposts ?? [], 8) }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** The run's events, but for clocks, its random id and the record of resuming. */
async function eventsOf(out: string): Promise<RunEventBody[]> {
  const journal = await openFolderJournal(out);
  const [run] = await journal.list();
  const events = await journal.read(run!.run);
  await journal.close();
  return validEvents(events).flatMap(({ seq, at, ...body }): RunEventBody[] => {
    if (body.type === 'resumed') return [];
    if (body.type === 'run-started') return [{ ...body, run: '' }];
    if (body.type === 'iteration-finished') return [{ ...body, counters: { ...body.counters, seconds: 0 } }];
    return [body];
  });
}

test.each(['sgs', 'soar'])(
  '%s',
  async (method) => {
    const run = async (out: string, iterations: number) => {
      const { code, stderr } = await lab([
        ...['run', '--method', method, '--out', join(folder, out), '--iterations', String(iterations)],
        ...['--bank', join(folder, 'small.json'), '--threads', '1', '--samples', '1', '--seed', '3'],
        ...['--set', 'goalpostsPerIteration=8', '--set', 'evaluateEvery=0'],
      ]);
      expect(code, stderr).toBe(0);
    };
    await run(`${method}-straight`, 2);
    await run(`${method}-stopped`, 1);
    await run(`${method}-stopped`, 2);
    const events = await eventsOf(join(folder, `${method}-straight`));
    expect(await eventsOf(join(folder, `${method}-stopped`))).toEqual(events);
    const of = <T extends RunEventBody['type']>(type: T) =>
      events.filter((e): e is Extract<RunEventBody, { type: T }> => e.type === type);
    expect(of('updated').every(({ stats }) => stats.moved > 0)).toBe(true);
    expect(of('proposed')).not.toEqual([]);
    const rewards = of('rewarded').map(({ reward }) => reward);
    expect(new Set(rewards).size).toBeGreaterThan(1);
    if (method === 'sgs') expect(rewards.every((reward) => reward >= 0 && reward < 1)).toBe(true);
  },
  600_000,
);
