/** `lab run` as a person calls it: a process of its own on the shipped model. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bank, evenly } from '../../../src/gasp/bank.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { openFolderJournal } from '../../../src/run/folderJournal.ts';
import { validEvents } from '../../../src/run/history.ts';
import { lab } from './command.ts';

const small = () => [
  ...['--bank', join(folder, 'small.json')],
  ...['--set', 'goalpostsPerIteration=6', '--set', 'rollouts=4', '--set', 'studentTrainsOn=valid'],
  ...['--set', 'evaluateEvery=0', '--threads', '1', '--samples', '2', '--seed', '3'],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-run-'));
  // All goalposts are tried before and after: a few show as much as all 146.
  const shipped = fileURLToPath(new URL('../../../public/banks/micro.json', import.meta.url));
  const bank = JSON.parse(await readFile(shipped, 'utf8')) as Bank;
  const goalposts = evenly(bank.goalposts ?? [], 24);
  await writeFile(join(folder, 'small.json'), JSON.stringify({ ...bank, goalposts }));
});
afterAll(() => rm(folder, { recursive: true }));

async function readLog(out: string): Promise<RunEvent[]> {
  const journal = await openFolderJournal(out);
  const [run] = await journal.list();
  const events = await journal.read(run!.run);
  await journal.close();
  return events;
}
/** Everything but clocks, the run's random id and the record of resuming. */
function essence(events: readonly RunEvent[]): unknown[] {
  return validEvents(events).flatMap(({ seq, at, ...body }): unknown[] => {
    if (body.type === 'resumed') return [];
    if (body.type === 'run-started') return [{ ...body, run: '' }];
    if (body.type === 'iteration-finished') return [{ ...body, counters: { ...body.counters, seconds: 0 } }];
    return [body];
  });
}

describe('a run', () => {
  const straight = () => join(folder, 'straight');
  const killed = () => join(folder, 'killed');

  test('ends with a report, one JSON object on the last line', async () => {
    const { code, stdout, stderr } = await lab([
      'run',
      '--out',
      straight(),
      '--iterations',
      '3',
      '--json',
      ...small(),
    ]);
    expect(stderr).toContain('3 iterations in');
    expect(code).toBe(0);
    const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
    expect(report).toMatchObject({
      method: 'gasp-hindsight',
      seed: 3,
      iterations: 3,
      backend: 'cpu',
      samples: 2,
    });
    for (const key of ['seconds', 'tokensSampled', 'goalposts']) expect(report[key]).toBeGreaterThan(0);
    for (const key of ['tokensTrained', 'acceptedLemmas', 'acceptedLifts']) {
      expect(report[key]).toBeGreaterThanOrEqual(0);
    }
    for (const key of ['before', 'after']) {
      expect(report[key]).toEqual({
        solved: expect.any(Number),
        meanPass1: expect.any(Number),
        scored: report.goalposts,
        meanLog10: expect.any(Number),
        expectedSolved: expect.any(Number),
      });
      // The shipped model's goalposts are unlikely, and not impossible.
      const { meanLog10, expectedSolved } = report[key] as { meanLog10: number; expectedSolved: number };
      expect(meanLog10).toBeGreaterThan(-15);
      expect(meanLog10).toBeLessThan(-2);
      expect(expectedSolved).toBeGreaterThan(0);
    }
    const distances = report.distances as { before: number; after: number }[];
    expect(distances).toHaveLength(report.goalposts as number);
    for (const { before, after } of distances) expect([before < 0, after < 0]).toEqual([true, true]);
    expect(report.flagsDown).toEqual([]);
    expect(stderr).toContain('their reference answers, ');
  }, 300_000);

  test('Ctrl-C on two cores: the iteration is finished, and on one core the run goes on as it would have', async () => {
    const shared = (out: string, threads: number) => [
      ...['run', '--out', join(folder, out), '--iterations', '3'],
      ...small().map((arg) => arg.replace('rollouts=4', 'rollouts=32')),
      ...['--threads', String(threads)],
    ];
    let pressed = false;
    const first = await lab(
      shared('interrupted', 2),
      (said, { pid }) => {
        if (pressed || !/^ +1 /m.test(said)) return;
        pressed = true;
        // As a terminal does: to all that the command has started, too.
        process.kill(-pid!, 'SIGINT');
      },
      { group: true },
    );
    expect(first.stdout).toContain('cpu, 2 cores');
    expect(first.code, first.stderr).toBe(130);
    expect(first.stderr).toContain('the same command goes on');
    const finished = (await readLog(join(folder, 'interrupted'))).filter(
      (e) => e.type === 'iteration-finished',
    );
    expect(finished.length).toBeGreaterThan(0);
    expect(finished.length).toBeLessThan(3);
    expect((await lab(shared('interrupted', 1))).code).toBe(0);
    expect((await lab(shared('uninterrupted', 2))).code).toBe(0);
    const [broken, whole] = await Promise.all(
      ['interrupted', 'uninterrupted'].map((out) => readLog(join(folder, out))),
    );
    expect(essence(broken!)).toEqual(essence(whole!));
  }, 300_000);

  test('killed in the middle of an iteration, the same command goes on as if nothing had been', async () => {
    const command = ['run', '--out', killed(), '--iterations', '3', ...small()];
    const first = await lab(command, (stdout, child) => {
      // The first iteration is told when it is stored: by now the second one is under way.
      if (/^ +1 /m.test(stdout)) child.kill('SIGKILL');
    });
    expect(first.code).toBeNull();
    const before = await readLog(killed());
    const second = await lab(command);
    expect(second.stderr).toBe('');
    expect(second.code).toBe(0);
    const after = await readLog(killed());
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.filter((e) => e.type === 'resumed')).toHaveLength(2);
    expect(essence(after)).toEqual(essence(await readLog(straight())));
  }, 300_000);

  test('under other settings it is refused, and nothing changes', async () => {
    const before = await readLog(straight());
    const { code, stderr } = await lab(['run', '--out', straight(), ...small(), '--set', 'rollouts=5']);
    expect(code).toBe(2);
    expect(stderr).toContain('rollouts is 4');
    expect(await readLog(straight())).toEqual(before);
  });
});

test.each([
  [['run'], '--out DIR is missing'],
  [['run', '--out', '/dev/null/x', '--set', 'colour=red'], '--set takes KEY=VALUE'],
  [['run', '--out', '/dev/null/x', '--set', 'rollouts=0'], 'rollouts: Must be at least 1'],
  [['run', '--out', '/dev/null/x', '--iterations', 'many'], '--iterations takes a whole number'],
  [['run', '--out', '/dev/null/x', '--backend', 'gpu'], '--backend takes cpu or webgpu'],
  [['run', '--flag'], '--flag'],
  [['dance'], 'There is no command "dance"'],
])('%j is refused with the usage', async (args, message) => {
  const { code, stdout, stderr } = await lab(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).toContain('lab run --out DIR');
});
