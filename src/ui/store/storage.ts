/** Where the page keeps runs: in the browser's database, or in memory where that cannot be had or does not answer. */
import { openIndexedDbJournal } from '../../run/indexedDbJournal.ts';
import type { Journal } from '../../run/journal.ts';
import { openMemoryJournal } from '../../run/memoryJournal.ts';
import { serveJournal } from '../../run/portJournal.ts';
import { tellError, type ToldError } from '../../util/codedError.ts';

/** Milliseconds until the page goes on in memory: nobody waits longer for a first page. */
const PATIENCE = 3000;

let journal: Promise<Journal> | undefined;
let memory: Journal | undefined;
/** The lab writes to memory: it stays there. */
let settled = false;
let reason: ToldError | null = null;
const listeners = new Set<() => void>();

/** Why runs are kept in memory; null where they are stored. */
export const getMemoryReason = (): ToldError | null => reason;
export function subscribeStorage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
function say(next: ToldError | null): void {
  reason = next;
  for (const listener of listeners) listener();
}

/** The page's journal, the same each time. Never fails. */
export function openStorage(): Promise<Journal> {
  journal ??= databaseOrMemory();
  return journal;
}

async function databaseOrMemory(): Promise<Journal> {
  const opening = openDatabase();
  try {
    const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null));
    const database = await Promise.race([opening, late]);
    if (database) return database;
    say({ code: 'storage-silent', data: {}, message: 'The browser’s storage does not answer.' });
    opening.then(
      (answered) => void leaveMemory(answered),
      () => {}, // What was said holds: there is none.
    );
  } catch (error) {
    say(tellError(error));
  }
  memory = openMemoryJournal();
  return memory;
}

/** The database, once it has answered a question: one that opens may still say nothing. */
async function openDatabase(): Promise<Journal> {
  const database = await openIndexedDbJournal(undefined, Number.POSITIVE_INFINITY);
  await database.list();
  return database;
}

/** To the database that answered at last, as long as nothing was kept in memory. */
async function leaveMemory(database: Journal): Promise<void> {
  if (settled || !memory || (await memory.list()).length > 0) return;
  memory = undefined;
  journal = Promise.resolve(database);
  say(null);
}

/** For the lab: the port to what is in memory; undefined where it opens the database itself. */
export async function portForLab(): Promise<MessagePort | undefined> {
  const opened = await openStorage();
  if (opened !== memory) return undefined;
  settled = true;
  const { port1, port2 } = new MessageChannel();
  serveJournal(opened, port1);
  return port2;
}

/** Asks before runs that are in memory alone are lost with the page. */
export function guardMemory(): void {
  window.addEventListener('beforeunload', (event) => {
    if (settled) event.preventDefault();
  });
}
