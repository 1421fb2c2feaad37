/** The stored runs as a person keeps them: listed, named, annotated, deleted and taken back, copied in and out. */
import type { MethodName } from '../../gasp/methods.ts';
import type { RunEvent, RunEventBody } from '../../run/events.ts';
import type { Journal, RecordedRun, RunSummary } from '../../run/journal.ts';
import { runName } from '../../run/names.ts';
import { ownCopy } from '../../run/recorded.ts';
import type { ToldError } from '../../util/codedError.ts';
import type { Notices } from './notices.ts';
import type { Store } from './store.ts';

/** The part of the journal that the page uses: what a run does is appended by the lab alone. */
export type RunStore = Pick<
  Journal,
  'list' | 'read' | 'append' | 'remove' | 'exportRun' | 'importRun' | 'checkpoints' | 'getCheckpoint'
>;

/** Bytes that this site takes up and may take up; `kept`: the browser promised not to clear them by itself. */
export interface StorageRoom {
  used: number;
  quota: number;
  kept: boolean;
}

export interface ShelfState {
  /** False until the stored runs have been looked up. */
  ready: boolean;
  /** The stored runs, newest first. */
  runs: RunSummary[];
  /** The run that was deleted last, as long as that can be undone. */
  deleted: { run: string; name: string } | null;
  /** Null where the browser does not tell. */
  room: StorageRoom | null;
  /** Why runs are kept in memory only; null where they are stored. */
  memoryReason: ToldError | null;
}

export const FIRST_SHELF: ShelfState = {
  ready: false,
  runs: [],
  deleted: null,
  room: null,
  memoryReason: null,
};

export interface Shelf {
  /** Where the runs are stored. Throws where that cannot be had. */
  reader(): Promise<RunStore>;
  /** Looks the stored runs up. */
  refresh(): Promise<void>;
  /** The log of a stored run. */
  readRun(run: string): Promise<RunEvent[]>;
  /** Adds to a run's log. Gives the event that was stored; undefined where it could not be. */
  tell(run: string, body: RunEventBody & { type: 'renamed' | 'noted' }): Promise<RunEvent | undefined>;
  /** Deletes a run at once and holds it in memory, until another one is deleted or the page is left. */
  remove(run: string): Promise<boolean>;
  undoRemove(): Promise<void>;
  /** Stores runs from elsewhere under ids of their own. Returns those ids; throws where one does not fit. */
  adopt(runs: readonly RecordedRun[]): Promise<string[]>;
  /** A name for a new run of this method, which no stored run has. */
  freshName(method: MethodName): string;
  /** Looks up how much room there is. */
  measure(): Promise<void>;
  /** Asks the browser not to clear this site's storage when the disk fills up. */
  keepSafe(): Promise<void>;
  setMemoryReason(reason: ToldError | null): void;
}

export function createShelf(
  store: Store<ShelfState>,
  openStore: () => Promise<RunStore>,
  notices: Notices,
): Shelf {
  let undoable: { summary: RunSummary; recorded: RecordedRun } | undefined;
  const shelf: Shelf = {
    reader: () => openStore(),
    async refresh() {
      try {
        store.set({ runs: await (await openStore()).list() });
      } catch (error) {
        notices.report(
          error,
          'Runs cannot be stored here. Allow storage for this site, or leave private browsing.',
        );
      }
    },
    async readRun(run) {
      return (await openStore()).read(run);
    },
    async tell(run, body) {
      try {
        const [event] = await (await openStore()).append(run, [body]);
        await shelf.refresh();
        return event;
      } catch (error) {
        notices.report(error, 'Name and notes are as they were.');
        return undefined;
      }
    },
    async remove(run) {
      try {
        const opened = await openStore();
        const summary = store.get().runs.find((other) => other.run === run);
        const recorded = await opened.exportRun(run);
        await opened.remove(run);
        if (summary) undoable = { summary, recorded };
        store.set({ deleted: summary ? { run, name: summary.name } : null });
        return true;
      } catch (error) {
        notices.report(error, 'If the run is open in another tab, close that tab first.');
        return false;
      } finally {
        await shelf.refresh();
      }
    },
    async undoRemove() {
      if (!undoable) return;
      try {
        await (await openStore()).importRun(undoable.summary.run, undoable.recorded);
        // What was held in memory is free.
        undoable = undefined;
        store.set({ deleted: null });
      } catch (error) {
        notices.report(
          error,
          'It is still held in memory: free some space and undo again, before you leave.',
        );
      }
      await shelf.refresh();
    },
    async adopt(runs) {
      const opened = await openStore();
      const taken = new Set((await opened.list()).map(({ name }) => name));
      const ids: string[] = [];
      try {
        for (const whole of runs) {
          const { run, recorded } = ownCopy(whole, taken);
          await opened.importRun(run, recorded);
          ids.push(run);
          for (const event of recorded.events) if ('name' in event) taken.add(event.name);
        }
      } finally {
        await shelf.refresh();
      }
      return ids;
    },
    freshName: (method) =>
      runName(
        method,
        store.get().runs.map((run) => run.name),
      ),
    async measure() {
      // Pages over plain http have none, and private windows may refuse.
      if (!navigator.storage?.estimate) return;
      try {
        const [{ usage = 0, quota = 0 }, kept] = await Promise.all([
          navigator.storage.estimate(),
          navigator.storage.persisted(),
        ]);
        store.set({ room: { used: usage, quota, kept } });
      } catch {
        store.set({ room: null });
      }
    },
    async keepSafe() {
      await navigator.storage.persist().catch(() => false);
      await shelf.measure();
    },
    setMemoryReason(memoryReason) {
      store.set({ memoryReason });
      void shelf.refresh();
    },
  };
  void shelf.refresh().finally(() => store.set({ ready: true }));
  return shelf;
}
