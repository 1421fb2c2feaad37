/** Where the page keeps runs: in the browser's database, or in memory where that cannot be had or does not answer. */
import { openIndexedDbJournal } from '../../run/indexedDbJournal.ts';
import type { Journal } from '../../run/journal.ts';
import { tellError, type ToldError } from '../../util/codedError.ts';

/** Milliseconds until the page goes on in memory: nobody waits longer for a first page. */
const PATIENCE = 3000;

type Serve = (journal: Journal, port: MessagePort) => void;

let journal: Promise<Journal> | undefined;
/** What is kept in memory, and what lets the lab use it: code that only such a page loads. */
let memory: { journal: Journal; serve: Serve } | undefined;
/** The lab writes to memory: it stays there. */
let settled = false;
let tell: (reason: ToldError | null) => void = () => {};

/** `listener` is told why runs are kept in memory; null once they are stored after all. */
export function watchStorage(listener: (reason: ToldError | null) => void): void {
  tell = listener;
}

/** The page's journal, the same each time. Fails only where neither the database nor the code for memory is there. */
export function openStorage(): Promise<Journal> {
  journal ??= databaseOrMemory().catch((error: unknown) => {
    // The next call tries again.
    journal = undefined;
    throw error;
  });
  return journal;
}

async function databaseOrMemory(): Promise<Journal> {
  const opening = openDatabase();
  try {
    const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null));
    const database = await Promise.race([opening, late]);
    if (database) return database;
  } catch (error) {
    return openMemory(tellError(error));
  }
  const opened = await openMemory({
    code: 'storage-silent',
    data: {},
    message: 'The browser’s storage does not answer.',
  });
  opening.then(
    (answered) => void leaveMemory(answered),
    () => {}, // What was said holds: there is none.
  );
  return opened;
}

async function openMemory(reason: ToldError): Promise<Journal> {
  const [{ openMemoryJournal }, { serveJournal }] = await Promise.all([
    import('../../run/memoryJournal.ts'),
    import('../../run/portJournal.ts'),
  ]);
  memory = { journal: openMemoryJournal(), serve: serveJournal };
  tell(reason);
  return memory.journal;
}

/** The database, once it has answered a question: one that opens may still say nothing. */
async function openDatabase(): Promise<Journal> {
  const database = await openIndexedDbJournal(undefined, Number.POSITIVE_INFINITY);
  await database.list();
  return database;
}

/** To the database that answered at last, as long as nothing was kept in memory. */
async function leaveMemory(database: Journal): Promise<void> {
  if (settled || !memory || (await memory.journal.list()).length > 0) return;
  memory = undefined;
  journal = Promise.resolve(database);
  tell(null);
}

/** For the lab: the port to what is in memory; undefined where it opens the database itself. */
export async function portForLab(): Promise<MessagePort | undefined> {
  // Where nothing can be had, the lab finds the same and says so.
  const opened = await openStorage().catch(() => undefined);
  if (!memory || opened !== memory.journal) return undefined;
  settled = true;
  const { port1, port2 } = new MessageChannel();
  memory.serve(memory.journal, port1);
  return port2;
}

/** Asks before runs that are in memory alone are lost with the page. */
export function guardMemory(): void {
  window.addEventListener('beforeunload', (event) => {
    if (settled) event.preventDefault();
  });
}
