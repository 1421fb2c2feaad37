import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DamagedCheckpointError } from '../../../src/run/checkpointFormat.ts';
import { DamagedLogError, openFolderJournal } from '../../../src/run/folderJournal.ts';
import { RunLockedError, StorageFullError } from '../../../src/run/journal.ts';
import { finishedIterations, foldEvents } from '../../../src/run/state.ts';
import { testJournal } from './journalContract.ts';
import { checkpointed, finished, snapshot, started } from './journalSamples.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-journal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('contract', () => {
  testJournal(
    () => openFolderJournal(folder),
    async () => {},
  );
});

test('a log with every kind of event that version 1 began with opens as it was written, and goes on', async () => {
  const bytes = await readFile(new URL('../../fixtures/run/everyKind.v1.jsonl', import.meta.url));
  await mkdir(join(folder, 'every-kind'));
  await writeFile(join(folder, 'every-kind', 'events.jsonl'), bytes);
  const journal = await openFolderJournal(folder);
  const written = bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  const events = await journal.read('every-kind');
  expect(events).toEqual(written.filter((line) => 'type' in line));
  expect(await journal.list()).toMatchObject([
    { run: 'every-kind', name: 'loud-ridge', iterations: 1, notes: 'It <b>learns</b>.' },
  ]);
  const state = foldEvents(events)!;
  expect(finishedIterations(state)).toBe(1);
  expect(state.iterations[0]!.stones).toHaveLength(3);
  const [next] = await journal.append('every-kind', [{ type: 'noted', text: 'and goes on' }]);
  expect(next).toMatchObject({ seq: events.length });
});

const logPath = () => join(folder, 'a', 'events.jsonl');

async function journalWithTwoAppends() {
  const journal = await openFolderJournal(folder);
  const first = await journal.append('a', [started('a')]);
  const cut = (await readFile(logPath())).length;
  const second = await journal.append('a', [checkpointed(1, 'c1'), finished(1)], {
    blob: 'c1',
    snapshot: snapshot(1),
  });
  return { journal, first, second, cut };
}

describe('after a crash', () => {
  test('an append cut anywhere is as if it had never been, and the next one replaces it', async () => {
    const { first, second, cut } = await journalWithTwoAppends();
    const whole = await readFile(logPath());
    for (let length = cut; length < whole.length; length++) {
      await writeFile(logPath(), whole.subarray(0, length));
      expect(await (await openFolderJournal(folder)).read('a'), `cut to ${length}`).toEqual(first);
    }
    const journal = await openFolderJournal(folder);
    expect(await journal.getCheckpoint('a', 'c1'), 'its event is missing').toBeUndefined();
    const [event] = await journal.append('a', [finished(7)]);
    expect(event?.seq).toBe(second[0]?.seq);
    expect((await (await openFolderJournal(folder)).read('a')).at(-1)).toEqual(event);
    expect((await readFile(logPath(), 'utf8')).match(/"checkpoint"/g)).toBeNull();
  });

  test('a hole in the last append voids that append only', async () => {
    const { first, cut } = await journalWithTwoAppends();
    const bytes = await readFile(logPath());
    bytes.fill(0, cut + 10, cut + 60);
    await writeFile(logPath(), bytes);
    const journal = await openFolderJournal(folder);
    expect(await journal.read('a')).toEqual(first);
    await journal.append('a', [finished(1)]);
    expect((await (await openFolderJournal(folder)).read('a')).length).toBe(2);
  });

  test('damage before a good append is an error, and hides no other run', async () => {
    const { journal } = await journalWithTwoAppends();
    await journal.append('b', [started('b')]);
    const bytes = await readFile(logPath());
    bytes.fill(0, 10, 20);
    await writeFile(logPath(), bytes);
    const other = await openFolderJournal(folder);
    await expect(other.read('a')).rejects.toBeInstanceOf(DamagedLogError);
    await expect(other.append('a', [finished(2)])).rejects.toBeInstanceOf(DamagedLogError);
    expect((await other.list()).map((summary) => summary.run)).toEqual(['b']);
    expect(await readFile(logPath())).toEqual(bytes);
  });

  test('leftover checkpoint files go with the next checkpoint', async () => {
    const { journal } = await journalWithTwoAppends();
    const files = join(folder, 'a', 'checkpoints');
    await writeFile(join(files, 'c2.bin'), 'never committed');
    await writeFile(join(files, 'c2.bin.123.tmp'), 'half written');
    expect(await journal.getCheckpoint('a', 'c2')).toBeUndefined();
    await journal.append('a', [checkpointed(3, 'c3')], { blob: 'c3', snapshot: snapshot(3) });
    expect((await readdir(files)).sort()).toEqual(['c1.bin', 'c3.bin']);
  });

  test('a truncated checkpoint says so', async () => {
    const { journal } = await journalWithTwoAppends();
    await truncate(join(folder, 'a', 'checkpoints', 'c1.bin'), 5000);
    await expect(journal.getCheckpoint('a', 'c1')).rejects.toBeInstanceOf(DamagedCheckpointError);
  });
});

test('what another process appended is seen', async () => {
  const { journal } = await journalWithTwoAppends();
  await appendFile(logPath(), `${JSON.stringify({ ...finished(2), seq: 3, at: 1 })}\n{"committed":4}\n`);
  const [event] = await journal.append('a', [finished(3)]);
  expect(event?.seq).toBe(4);
});

test('names that would leave the folder are refused', async () => {
  const journal = await openFolderJournal(folder);
  for (const run of ['../x', 'a/b', '.', '..', '']) {
    await expect(journal.append(run, [started(run)]), run).rejects.toThrow(/cannot name a file/);
  }
});

describe('lock', () => {
  const lockPath = () => join(folder, 'a', 'lock');

  test('of a process that is gone is taken over', async () => {
    const { journal } = await journalWithTwoAppends();
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(lockPath(), JSON.stringify({ pid, host: hostname() }));
    const release = await journal.lock('a');
    await expect((await openFolderJournal(folder)).lock('a')).rejects.toBeInstanceOf(RunLockedError);
    release();
    expect((await readdir(join(folder, 'a'))).sort()).toEqual(['checkpoints', 'events.jsonl']);
  });

  test.runIf(process.platform === 'linux')('of an earlier process with our id is taken over', async () => {
    const { journal } = await journalWithTwoAppends();
    await writeFile(lockPath(), JSON.stringify({ pid: process.pid, host: hostname(), start: '1' }));
    (await journal.lock('a'))();
  });

  test('of another machine holds, and the error names the file', async () => {
    const { journal } = await journalWithTwoAppends();
    await writeFile(lockPath(), JSON.stringify({ pid: 1, host: 'elsewhere' }));
    const attempt = journal.lock('a');
    await expect(attempt).rejects.toBeInstanceOf(RunLockedError);
    await expect(attempt).rejects.toMatchObject({ data: { run: 'a', lock: lockPath() } });
  });

  test('many at once: one gets it, also over a stale one', async () => {
    const { journal } = await journalWithTwoAppends();
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(lockPath(), JSON.stringify({ pid, host: hostname() }));
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => journal.lock('a')));
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled').length).toBe(1);
  });
});

const child = (name: string, ...args: string[]) => [
  '--import',
  'tsx',
  new URL(`./${name}`, import.meta.url).pathname,
  ...args,
];

test.runIf(process.platform === 'linux')('a full disk: nothing of the append is written', async () => {
  const { journal, first, second } = await journalWithTwoAppends();
  const log = await readFile(logPath());
  // A limit on file size fails like a full disk: a part is written, then the error comes.
  const script = `
    import { openFolderJournal } from './src/run/folderJournal.ts';
    import { checkpointed, snapshot, finished } from './tests/unit/run/journalSamples.ts';
    const journal = await openFolderJournal(${JSON.stringify(folder)});
    const name = async (promise) => console.log(await promise.then(() => 'stored', (error) => error.name));
    await name(journal.append('a', [checkpointed(2, 'c2')], { blob: 'c2', snapshot: snapshot(2, 30000) }));
    await name(journal.append('a', [{ type: 'renamed', name: 'n'.repeat(300000) }]));
    await name(journal.append('a', [finished(2)]));`;
  const run = spawnSync(
    'bash',
    [
      ...['-c', 'ulimit -f 200; exec "$@"', 'bash', process.execPath],
      ...['--import', 'tsx', '--input-type=module', '-e', script],
    ],
    { encoding: 'utf8' },
  );
  expect(run.stdout.split('\n'), run.stderr).toEqual([
    StorageFullError.name,
    StorageFullError.name,
    'stored',
    '',
  ]);
  expect((await readFile(logPath())).subarray(0, log.length)).toEqual(log);
  expect((await journal.read('a')).slice(0, -1)).toEqual([...first, ...second]);
  expect(await readdir(join(folder, 'a', 'checkpoints'))).toEqual(['c1.bin']);
});

test('killed at ten random moments: the log is whole and nothing confirmed is lost', async () => {
  let confirmed = 0;
  let killed = 0;
  for (let kill = 0; kill < 10; kill++) {
    const before = confirmed;
    const process = spawn(globalThis.process.execPath, child('appendForever.ts', folder), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve) => {
      process.stdout.on('data', (data: Buffer) => {
        confirmed = Number(data.toString().trimEnd().split('\n').at(-1));
        // Once it is going: anywhere within the next few appends.
        if (confirmed > before && !killed) killed = killSoon(process);
      });
      process.once('close', () => resolve());
    });
    killed = 0;

    const journal = await openFolderJournal(folder);
    const events = await journal.read('a');
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i));
    const last = events.findLast((event) => event.type === 'checkpoint')!;
    expect(last.iteration).toBeGreaterThanOrEqual(confirmed);
    expect(last.iteration).toBeLessThanOrEqual(confirmed + 1);
    // The checkpoint and the events of one append: all or nothing.
    expect(events.filter((event) => event.type === 'checkpoint').length).toBe(last.iteration);
    expect(events.at(-1)?.type).toBe('iteration-finished');
    for (const age of [0, 1, 2]) {
      const iteration = last.iteration - age;
      if (iteration > 0) {
        expect((await journal.getCheckpoint('a', `c${iteration}`))?.step).toBe(iteration);
      }
    }
    expect(await journal.getCheckpoint('a', `c${last.iteration - 3}`)).toBeUndefined();
    confirmed = last.iteration;
  }
}, 120_000);

function killSoon(process: ChildProcess): number {
  setTimeout(() => process.kill('SIGKILL'), Math.random() * 30);
  return 1;
}
