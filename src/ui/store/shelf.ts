/** The stored runs as a person keeps them: listed, named, annotated, deleted and taken back, copied in and out. */
import type { RunEvent, RunEventBody } from '../../run/events.ts';
import type { Journal, RecordedRun, RunSummary } from '../../run/journal.ts';

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
  runs: RunSummary[];
  /** The run that was deleted last, as long as that can be undone. */
  deleted: { run: string; name: string } | null;
  /** Null where the browser does not tell. */
  room: StorageRoom | null;
}

export class Shelf {
  private undoable: { summary: RunSummary; recorded: RecordedRun } | undefined;
  private runs: RunSummary[] = [];

  constructor(
    private readonly openStore: () => Promise<RunStore>,
    private readonly change: (part: Partial<ShelfState>) => void,
    private readonly report: (error: unknown, advice: string) => void,
  ) {}

  reader(): Promise<RunStore> {
    return this.openStore();
  }

  async refresh(): Promise<void> {
    try {
      this.runs = await (await this.reader()).list();
      this.change({ runs: this.runs });
    } catch (error) {
      this.report(
        error,
        'Runs cannot be stored here. Allow storage for this site, or leave private browsing.',
      );
    }
  }

  /** The event that was stored, for whoever shows the run; undefined where it could not be. */
  async tell(run: string, body: RunEventBody & { type: 'renamed' | 'noted' }): Promise<RunEvent | undefined> {
    try {
      const [event] = await (await this.reader()).append(run, [body]);
      await this.refresh();
      return event;
    } catch (error) {
      this.report(error, 'Name and notes are as they were.');
      return undefined;
    }
  }

  /** Deletes a run at once and holds it in memory, until another one is deleted or the page is left. */
  async remove(run: string): Promise<boolean> {
    try {
      const store = await this.reader();
      const summary = this.runs.find((other) => other.run === run);
      const recorded = await store.exportRun(run);
      await store.remove(run);
      if (summary) this.undoable = { summary, recorded };
      this.change({ deleted: summary ? { run, name: summary.name } : null });
      return true;
    } catch (error) {
      this.report(error, 'If the run is open in another tab, close that tab first.');
      return false;
    } finally {
      await this.refresh();
    }
  }

  async undoRemove(): Promise<void> {
    const { undoable } = this;
    if (!undoable) return;
    try {
      await (await this.reader()).importRun(undoable.summary.run, undoable.recorded);
      this.forget();
    } catch (error) {
      this.report(error, 'It is still held in memory: free some space and undo again, before you leave.');
    }
    await this.refresh();
  }

  /** The deletion cannot be undone any more, and its memory is free. */
  forget(): void {
    this.undoable = undefined;
    this.change({ deleted: null });
  }

  /** Stores runs from elsewhere under ids of their own. Returns those ids; throws where one does not fit. */
  async adopt(runs: readonly RecordedRun[]): Promise<string[]> {
    const store = await this.reader();
    const taken = new Set((await store.list()).map(({ name }) => name));
    const ids: string[] = [];
    try {
      for (const { events, checkpoints } of runs) {
        const run = newId();
        const own = events.map((event): RunEvent => {
          if (event.type === 'run-started') return { ...event, run, name: freeName(event.name, taken) };
          return event.type === 'renamed' ? { ...event, name: freeName(event.name, taken) } : event;
        });
        await store.importRun(run, { events: own, checkpoints });
        ids.push(run);
        for (const event of own) if ('name' in event) taken.add(event.name);
      }
    } finally {
      await this.refresh();
    }
    return ids;
  }

  /** Looks up how much room there is. */
  async measure(): Promise<void> {
    // Pages over plain http have none, and private windows may refuse.
    if (!navigator.storage?.estimate) return;
    try {
      const [{ usage = 0, quota = 0 }, kept] = await Promise.all([
        navigator.storage.estimate(),
        navigator.storage.persisted(),
      ]);
      this.change({ room: { used: usage, quota, kept } });
    } catch {
      this.change({ room: null });
    }
  }

  /** Asks the browser not to clear this site's storage when the disk fills up. */
  async keepSafe(): Promise<void> {
    await navigator.storage.persist().catch(() => false);
    await this.measure();
  }
}

/** A name that no other run will ever have. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The name, or with a number behind it where it is taken. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}
