/** The journal in the browser: three object stores, one transaction an append. */
import { CodedError } from '../util/codedError.ts';
import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction, openDB } from 'idb';
import { parseCheckpoint } from './checkpointFormat.ts';
import { channelLock } from './channelLock.ts';
import type { RunEvent } from './events.ts';
import { type Journal, RunLockedError, StorageFullError } from './journal.ts';
import { newestFirst, prepareEntry, prepareImport, type RunHead } from './journalEntry.ts';

interface Schema extends DBSchema {
  /** By run. */
  runs: { key: string; value: RunHead };
  /** By run and `seq`. */
  events: { key: [string, number]; value: RunEvent };
  /** Serialized snapshots by run and blob. */
  checkpoints: { key: [string, string]; value: Uint8Array<ArrayBuffer> };
}

const VERSION = 1;
/** Milliseconds that a lock may take to come free before the run counts as open elsewhere. */
const LOCK_PATIENCE = 2000;
/** Milliseconds that opening the database may take: seconds on a busy disk. */
const OPENING_PATIENCE = 20_000;
const STORES = ['runs', 'events', 'checkpoints'] as const;

type Writing = IDBPTransaction<Schema, typeof STORES, 'readwrite'>;

/** All keys that begin with this run: arrays sort after strings and numbers. */
const allOf = (run: string) => IDBKeyRange.bound([run], [run, []]);

/**
 * Opens (and at first makes) the database; `name` sets runs of tests apart from a person's. Throws
 * `storage-missing` where there is none or it cannot be opened, `storage-silent` where it has not answered after
 * `patience` milliseconds: while another tab holds up its deletion it neither opens nor fails.
 */
export async function openIndexedDbJournal(name = 'foothold', patience = OPENING_PATIENCE): Promise<Journal> {
  let connection: Promise<IDBPDatabase<Schema>> | undefined;
  let closed = false;

  /** A browser may drop the connection at any time; the next call opens another one. */
  const database = () => {
    if (closed) throw new Error('The journal is closed');
    connection ??= answerOf(patience, () =>
      openDB<Schema>(name, VERSION, {
        upgrade(db) {
          for (const store of STORES) db.createObjectStore(store);
        },
        // A newer version of the page wants to change the stores: let it, rather than block it.
        blocking(_current, _blocked, event) {
          connection = undefined;
          (event.target as IDBDatabase).close();
        },
        terminated() {
          connection = undefined;
        },
      }),
    );
    connection.catch(() => {
      connection = undefined;
    });
    return connection;
  };
  await database();

  /** One request in its own transaction; waits for both, so that neither can fail unheard. */
  async function readFrom<Name extends (typeof STORES)[number], T>(
    name: Name,
    request: (store: IDBPObjectStore<Schema, [Name], Name>) => Promise<T>,
  ): Promise<T> {
    const tx = (await database()).transaction(name);
    const [value] = await Promise.all([request(tx.store), tx.done]);
    return value;
  }

  /** One transaction over all stores: what `work` does in it lands together or not at all. */
  async function write<T>(work: (tx: Writing) => Promise<T>): Promise<T> {
    const tx = (await database()).transaction(STORES, 'readwrite', { durability: 'strict' });
    // Watched from the start: a transaction that fails early must not go unhandled.
    const outcome = tx.done.then(
      () => undefined,
      (error: unknown) => tx.error ?? error,
    );
    try {
      const result = await work(tx);
      const failure = await outcome;
      if (failure) throw failure;
      return result;
    } catch (error) {
      try {
        tx.abort();
      } catch {
        // It has ended already.
      }
      const failure = (await outcome) ?? error;
      if ([error, failure].some((e) => e instanceof Error && e.name === 'QuotaExceededError')) {
        throw new StorageFullError("The browser's storage is full; nothing of this step was written.", {
          cause: error,
        });
      }
      throw error;
    }
  }

  /** Locks of this very journal, so that it may remove a run that it holds itself. */
  const held = new Set<string>();
  /** Locks given up that the browser may not have taken back yet. */
  const releasing = new Map<string, Promise<void>>();

  async function lock(run: string): Promise<() => void> {
    if (!navigator.locks) return lockOverChannel(run);
    await releasing.get(run);
    return new Promise((resolve, reject) => {
      // The browser holds the lock until the inner promise settles, or until this tab or worker is gone:
      // one that was just closed or has crashed is not at once.
      const patience = new AbortController();
      const waiting = setTimeout(() => {
        patience.abort(new RunLockedError('run-locked', { run }, 'This run is open in another tab.'));
      }, LOCK_PATIENCE);
      const done = navigator.locks
        .request(`${name}/${run}`, { signal: patience.signal }, async () => {
          clearTimeout(waiting);
          await new Promise<void>((release) => {
            held.add(run);
            resolve(() => {
              held.delete(run);
              releasing.set(run, done);
              release();
            });
          });
        })
        .catch(reject);
    });
  }

  async function lockOverChannel(run: string): Promise<() => void> {
    const patience = Date.now() + LOCK_PATIENCE;
    while (!held.has(run)) {
      const release = await channelLock(`${name}/${run}`);
      if (release) {
        held.add(run);
        return () => {
          held.delete(run);
          release();
        };
      }
      if (Date.now() > patience) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new RunLockedError('run-locked', { run }, 'This run is open in another tab.');
  }

  return {
    lock,

    async list() {
      const heads = await readFrom('runs', (store) => store.getAll());
      return heads.map((head) => head.summary).sort(newestFirst);
    },

    async append(run, bodies, checkpoint) {
      return write(async (tx) => {
        const runs = tx.objectStore('runs');
        const entry = prepareEntry(run, await runs.get(run), bodies, checkpoint, Date.now());
        const log = tx.objectStore('events');
        const checkpoints = tx.objectStore('checkpoints');
        const { checkpoint: added } = entry;
        await Promise.all([
          ...entry.events.map((event) => log.add(event, [run, event.seq])),
          ...entry.dropped.map((blob) => checkpoints.delete([run, blob])),
          added && checkpoints.put(added.bytes, [run, added.blob]),
          runs.put(entry.head, run),
        ]);
        return entry.events;
      });
    },

    async read(run) {
      return readFrom('events', (store) => store.getAll(allOf(run)));
    },

    async checkpoints(run) {
      const keys = await readFrom('checkpoints', (store) => store.getAllKeys(allOf(run)));
      return keys.map(([, blob]) => blob);
    },

    async getCheckpoint(run, blob) {
      const bytes = await readFrom('checkpoints', (store) => store.get([run, blob]));
      return bytes && parseCheckpoint(bytes);
    },

    async exportRun(run, wanted = () => true) {
      const tx = (await database()).transaction(['events', 'checkpoints']);
      const checkpoints = tx.objectStore('checkpoints');
      const [events, keys] = await Promise.all([
        tx.objectStore('events').getAll(allOf(run)),
        checkpoints.getAllKeys(allOf(run)),
      ]);
      const found = await Promise.all(
        keys.flatMap(([, blob]) =>
          wanted(blob) ? [checkpoints.get([run, blob]).then((bytes) => ({ blob, bytes: bytes! }))] : [],
        ),
      );
      await tx.done;
      return { events, checkpoints: found };
    },

    async importRun(run, recorded) {
      const { head } = prepareImport(run, recorded);
      await write(async (tx) => {
        const log = tx.objectStore('events');
        const checkpoints = tx.objectStore('checkpoints');
        if (await tx.objectStore('runs').getKey(run)) throw new Error(`Run ${run} exists already`);
        await Promise.all([
          tx.objectStore('runs').put(head, run),
          ...recorded.events.map((event) => log.add(event, [run, event.seq])),
          ...recorded.checkpoints.map(({ blob, bytes }) => checkpoints.add(bytes, [run, blob])),
        ]);
      });
    },

    async remove(run) {
      const release = held.has(run) ? undefined : await lock(run);
      try {
        const tx = (await database()).transaction(STORES, 'readwrite', { durability: 'strict' });
        await Promise.all([
          tx.objectStore('runs').delete(run),
          tx.objectStore('events').delete(allOf(run)),
          tx.objectStore('checkpoints').delete(allOf(run)),
          tx.done,
        ]);
      } finally {
        release?.();
      }
    },

    async close() {
      closed = true;
      const open = connection;
      connection = undefined;
      (await open?.catch(() => undefined))?.close();
    },
  };
}

/** The result of opening, unless it takes longer than `patience`; closed at once where it comes too late. */
async function answerOf(
  patience: number,
  open: () => Promise<IDBPDatabase<Schema>>,
): Promise<IDBPDatabase<Schema>> {
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    if (patience === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => {
      late = true;
      reject(new CodedError('storage-silent', {}, 'The browser’s storage does not answer.'));
    }, patience);
  });
  try {
    // Where storage is blocked, already naming it may throw.
    const opening = open();
    opening.then(
      (database) => late && database.close(),
      () => {},
    );
    return await Promise.race([opening, silence]);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError('storage-missing', {}, 'The browser does not let this page store anything.', {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}
