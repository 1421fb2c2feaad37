/**
 * The journal on Node: a folder for each run.
 *
 *     <folder>/<run>/events.jsonl           one event a line, and after each append a line `{"committed":...}`
 *     <folder>/<run>/checkpoints/<blob>.bin as `checkpointFormat.ts` says
 *     <folder>/<run>/lock                   who has the run
 *
 * The `committed` line is what makes an append count: it goes out in one write with the events, after
 * the checkpoint is safely in place. What follows the last one is the rest of a write that a crash
 * cut short; readers ignore it and the next append cuts it off.
 */
import { CodedError } from '../util/codedError.ts';
import { randomUUID } from 'node:crypto';
import { constants, readFileSync, unlinkSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseCheckpoint } from './checkpointFormat.ts';
import type { RunEvent } from './events.ts';
import { type Journal, RunLockedError, type RunSummary, StorageFullError } from './journal.ts';
import { newestFirst, prepareEntry, prepareImport, type RunHead, summarize } from './journalEntry.ts';

/** The line that ends an append. */
interface Commit {
  /** Events in the log so far. */
  committed: number;
  checkpoint?: { blob: string; bytes: number };
  dropped?: string[];
}

/** A log as far as it is committed. */
interface Log {
  head: RunHead | undefined;
  events: RunEvent[];
  /** Bytes up to the end of the last `committed` line. */
  end: number;
}

/** The log is broken in the middle, which no crash of ours explains. */
export class DamagedLogError extends CodedError<'log-damaged'> {
  override name = 'DamagedLogError';
}

const errorCode = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code;
const isMissing = (error: unknown) => errorCode(error) === 'ENOENT';
/** No space, over quota, over a limit on file size. */
const isFull = (error: unknown) => ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errorCode(error) ?? '');

/** Runs and blobs name files, so they are held to a harmless alphabet. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

function fileName(name: string): string {
  if (!NAME.test(name)) throw new Error(`"${name}" cannot name a file`);
  return name;
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes sure that a rename or a new file in the folder survives a power failure. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // Folders cannot be opened there
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parseLog(run: string, bytes: Buffer): Log {
  const log: Log = { head: undefined, events: [], end: 0 };
  let summary: RunSummary = { run, name: run, startedAt: 0, updatedAt: 0, iterations: 0, bytes: 0 };
  const checkpoints: Record<string, number> = {};
  let pending: RunEvent[] = [];
  let pendingBytes = 0;
  let eventBytes = 0;
  /** Line at which the log stops making sense: a crash's doing if nothing was committed after it. */
  let broken: number | undefined;
  let ended = false;
  let start = 0;
  for (let number = 1; start < bytes.length; number++) {
    const stop = bytes.indexOf(0x0a, start);
    if (stop < 0) break;
    let line: RunEvent | Commit;
    try {
      line = JSON.parse(bytes.toString('utf8', start, stop)) as RunEvent | Commit;
    } catch {
      broken ??= number;
      start = stop + 1;
      continue;
    }
    if ('committed' in line) {
      if (ended) {
        const damaged = broken ?? number;
        throw new DamagedLogError(
          'log-damaged',
          { run, line: damaged },
          `The log of run ${run} is damaged at line ${damaged}: something else changed it.`,
        );
      }
      if (broken !== undefined || line.committed !== log.events.length + pending.length) {
        // A power failure may keep the end of a write and lose its middle.
        broken ??= number;
        ended = true;
        start = stop + 1;
        continue;
      }
      log.events.push(...pending);
      eventBytes += pendingBytes;
      log.end = stop + 1;
      summary = pending.reduce(summarize, summary);
      for (const blob of line.dropped ?? []) delete checkpoints[blob];
      if (line.checkpoint) checkpoints[line.checkpoint.blob] = line.checkpoint.bytes;
      pending = [];
      pendingBytes = 0;
    } else {
      pending.push(line);
      pendingBytes += stop + 1 - start;
    }
    start = stop + 1;
  }
  if (log.events.length > 0) {
    const size = Object.values(checkpoints).reduce((a, b) => a + b, eventBytes);
    log.head = { nextSeq: log.events.length, summary: { ...summary, bytes: size }, checkpoints };
  }
  return log;
}

/** A process as the lock file names it. */
interface Owner {
  pid: number;
  host: string;
  /** When the process started, where the system tells: process ids are used again. */
  start?: string;
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot; undefined where there is no such file. */
function processStart(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true; // Nobody here can tell
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
  }
  return owner.start === undefined || owner.start === processStart(owner.pid);
}

/** Makes the folder if it is not there. */
export async function openFolderJournal(folder: string): Promise<Journal> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    const why = errorCode(error) ?? String(error);
    throw new CodedError('folder-unusable', { folder }, `Runs cannot be kept in ${folder} (${why}).`, {
      cause: error,
    });
  });

  const runFolder = (run: string) => join(folder, fileName(run));
  const logFile = (run: string) => join(runFolder(run), 'events.jsonl');
  const checkpointFolder = (run: string) => join(runFolder(run), 'checkpoints');
  const checkpointFile = (run: string, blob: string) => join(checkpointFolder(run), `${fileName(blob)}.bin`);

  /** The head of the log when this journal last read it, and its length then. */
  const known = new Map<string, { head: RunHead | undefined; end: number; size: number }>();
  /** The last append of each run: appends of one run wait for each other. */
  const queues = new Map<string, Promise<unknown>>();
  const held = new Set<string>();

  async function readLog(run: string): Promise<Log> {
    try {
      return parseLog(run, await readFile(logFile(run)));
    } catch (error) {
      if (isMissing(error)) return { head: undefined, events: [], end: 0 };
      throw error;
    }
  }

  /** Head and end of the log, read again only when the file is not as this journal left it. */
  async function headOf(run: string): Promise<{ head: RunHead | undefined; end: number }> {
    const size = await stat(logFile(run)).then(
      (stats) => stats.size,
      () => 0,
    );
    const before = known.get(run);
    if (before && before.size === size) return before;
    const { head, end } = await readLog(run);
    known.set(run, { head, end, size });
    return { head, end };
  }

  async function writeCheckpoint(run: string, blob: string, bytes: Uint8Array): Promise<void> {
    const target = checkpointFile(run, blob);
    const temporary = `${target}.${randomUUID()}.tmp`;
    try {
      await writeDurably(temporary, bytes);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(checkpointFolder(run));
  }

  /** Removes what no commit speaks for: leftovers of crashes and of drops that a crash cut short. */
  async function sweepCheckpoints(run: string, head: RunHead): Promise<void> {
    const live = new Set(Object.keys(head.checkpoints).map((blob) => `${blob}.bin`));
    for (const file of await readdir(checkpointFolder(run))) {
      if (!live.has(file)) await rm(join(checkpointFolder(run), file), { force: true });
    }
  }

  async function appendNow(...[run, bodies, checkpoint]: Parameters<Journal['append']>): Promise<RunEvent[]> {
    const { head, end } = await headOf(run);
    const entry = prepareEntry(run, head, bodies, checkpoint, Date.now());
    const commit: Commit = { committed: entry.head.nextSeq };
    if (entry.checkpoint) {
      commit.checkpoint = { blob: entry.checkpoint.blob, bytes: entry.checkpoint.bytes.length };
    }
    if (entry.dropped.length > 0) commit.dropped = entry.dropped;
    const text = Buffer.from(`${entry.lines}${JSON.stringify(commit)}\n`);

    known.delete(run); // Known again once all has gone well
    try {
      await mkdir(checkpointFolder(run), { recursive: true });
      if (entry.checkpoint) await writeCheckpoint(run, entry.checkpoint.blob, entry.checkpoint.bytes);
      const log = await open(logFile(run), constants.O_RDWR | constants.O_CREAT);
      try {
        await log.truncate(end);
        await writeAll(log, text, end);
        await log.sync();
      } catch (error) {
        await log.truncate(end).catch(() => undefined);
        throw error;
      } finally {
        await log.close();
      }
      if (end === 0) {
        await syncFolder(runFolder(run));
        await syncFolder(folder);
      }
    } catch (error) {
      if (entry.checkpoint) await rm(checkpointFile(run, entry.checkpoint.blob), { force: true });
      if (!isFull(error)) throw error;
      throw new StorageFullError(
        `No space is left for ${runFolder(run)}; nothing of this step was written.`,
        { cause: error },
      );
    }
    known.set(run, { head: entry.head, end: end + text.length, size: end + text.length });
    if (entry.checkpoint) await sweepCheckpoints(run, entry.head);
    return entry.events;
  }

  const journal: Journal = {
    async list() {
      const entries = await readdir(folder, { withFileTypes: true });
      const summaries: RunSummary[] = [];
      for (const entry of entries) {
        if (!entry.isDirectory() || !NAME.test(entry.name)) continue;
        try {
          const { head } = await headOf(entry.name);
          if (head) summaries.push(head.summary);
        } catch (error) {
          // One damaged run hides no other; whoever reads it gets the message.
          if (!(error instanceof DamagedLogError)) throw error;
        }
      }
      return summaries.sort(newestFirst);
    },

    async lock(run) {
      const path = join(runFolder(run), 'lock');
      await mkdir(runFolder(run), { recursive: true });
      const start = processStart(process.pid);
      const me: Owner = { pid: process.pid, host: hostname(), ...(start ? { start } : {}) };
      const mine = `${path}.${randomUUID()}`;
      await writeFile(mine, JSON.stringify(me));
      try {
        // A link appears whole or not at all, so nobody reads half a lock.
        while (!(await tryLink(mine, path))) {
          const text = await readFile(path, 'utf8').catch(() => undefined);
          if (text === undefined) continue; // Released just now
          const owner = parseOwner(text);
          if (owner && isAlive(owner)) {
            throw new RunLockedError(
              'run-locked',
              { run, lock: path },
              `Run ${run} is open in process ${owner.pid} on ${owner.host}.`,
            );
          }
          if (await replaceStaleLock(mine, path, text)) break;
        }
      } finally {
        await unlink(mine);
      }
      held.add(run);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        held.delete(run);
        try {
          unlinkSync(path);
        } catch (error) {
          if (!isMissing(error)) throw error; // Removed with its run
        }
      };
    },

    append(...args) {
      const [run] = args;
      const turn = (queues.get(run) ?? Promise.resolve()).then(() => appendNow(...args));
      queues.set(
        run,
        turn.catch(() => undefined),
      );
      return turn;
    },

    async read(run) {
      return (await readLog(run)).events;
    },

    async checkpoints(run) {
      return Object.keys((await headOf(run)).head?.checkpoints ?? {});
    },

    async getCheckpoint(run, blob) {
      const { head } = await headOf(run);
      if (!head || !(blob in head.checkpoints)) return undefined;
      return parseCheckpoint(await readFile(checkpointFile(run, blob)));
    },

    async exportRun(run, wanted = () => true) {
      const { head, events } = await readLog(run);
      const blobs = Object.keys(head?.checkpoints ?? {}).filter(wanted);
      const checkpoints = await Promise.all(
        blobs.map(async (blob) => ({
          blob,
          bytes: new Uint8Array(await readFile(checkpointFile(run, blob))),
        })),
      );
      return { events, checkpoints };
    },

    async importRun(run, recorded) {
      const { head, lines } = prepareImport(run, recorded);
      // An empty one is not there: whoever asked for its lock left the folder behind.
      if ((await headOf(run)).head) throw new Error(`Run ${run} exists already`);
      const commits = recorded.checkpoints.map(
        ({ blob, bytes }): Commit => ({
          committed: head.nextSeq,
          checkpoint: { blob, bytes: bytes.length },
        }),
      );
      const text = [lines, ...[{ committed: head.nextSeq }, ...commits].map((c) => `${JSON.stringify(c)}\n`)];
      await mkdir(checkpointFolder(run), { recursive: true });
      for (const { blob, bytes } of recorded.checkpoints) await writeCheckpoint(run, blob, bytes);
      // The log in its place is what makes the run exist.
      const temporary = join(runFolder(run), `import-${randomUUID()}.tmp`);
      await writeDurably(temporary, Buffer.from(text.join('')));
      await rename(temporary, logFile(run));
      await syncFolder(runFolder(run));
      await syncFolder(folder);
    },

    async remove(run) {
      const release = held.has(run) ? undefined : await journal.lock(run);
      try {
        await queues.get(run);
        known.delete(run);
        await rm(runFolder(run), { recursive: true, force: true });
        await syncFolder(folder);
      } finally {
        release?.();
      }
    },

    async close() {
      await Promise.all(queues.values());
    },
  };
  return journal;
}

/** One write as a rule; a full disk may take only a part and name its error with the next one. */
async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

/** Whether `target` was free and now names the same file. */
async function tryLink(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined;
  }
}

/**
 * Puts `mine` in the place of a lock whose owner is gone. Others may try at the same time: a second lock
 * lets one of them at it, and it looks again before it does, so that a living owner's lock never moves.
 */
async function replaceStaleLock(mine: string, path: string, stale: string): Promise<boolean> {
  const guard = `${path}.takeover`;
  if (!(await tryLink(mine, guard))) {
    const text = await readFile(guard, 'utf8').catch(() => undefined);
    const owner = text === undefined ? undefined : parseOwner(text);
    // Left behind by a process that died between these few lines.
    if (owner && !isAlive(owner)) await rm(guard, { force: true });
    return false;
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) !== stale) return false;
    const copy = `${path}.${randomUUID()}`;
    await link(mine, copy);
    await rename(copy, path);
    return true;
  } finally {
    await unlink(guard);
  }
}
