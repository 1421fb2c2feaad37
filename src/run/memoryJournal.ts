/** The journal where nothing can be stored: in memory, for as long as the page is open. */
import { parseCheckpoint } from './checkpointFormat.ts';
import type { RunEvent } from './events.ts';
import { type Journal, RunLockedError } from './journal.ts';
import { newestFirst, prepareEntry, prepareImport, type RunHead } from './journalEntry.ts';

interface Kept {
  head: RunHead;
  events: RunEvent[];
  checkpoints: Map<string, Uint8Array<ArrayBuffer>>;
}

/** The stored runs, for any number of journals on them. */
export class MemoryPlace {
  readonly runs = new Map<string, Kept>();
  readonly locked = new Set<string>();
}

export function openMemoryJournal(place = new MemoryPlace()): Journal {
  const { runs, locked } = place;
  /** Locks of this very journal, so that it may remove a run that it holds itself. */
  const held = new Set<string>();

  async function lock(run: string): Promise<() => void> {
    if (locked.has(run)) throw new RunLockedError('run-locked', { run }, 'This run is at work already.');
    locked.add(run);
    held.add(run);
    return () => {
      if (held.delete(run)) locked.delete(run);
    };
  }

  return {
    lock,

    async list() {
      return [...runs.values()].map(({ head }) => head.summary).sort(newestFirst);
    },

    async append(run, bodies, checkpoint) {
      const before = runs.get(run);
      const {
        events,
        head,
        dropped,
        checkpoint: added,
      } = prepareEntry(run, before?.head, bodies, checkpoint, Date.now());
      const checkpoints = before?.checkpoints ?? new Map();
      for (const blob of dropped) checkpoints.delete(blob);
      if (added) checkpoints.set(added.blob, added.bytes);
      runs.set(run, { head, events: [...(before?.events ?? []), ...events], checkpoints });
      return events;
    },

    async read(run) {
      return runs.get(run)?.events.slice() ?? [];
    },

    async checkpoints(run) {
      return [...(runs.get(run)?.checkpoints.keys() ?? [])];
    },

    async getCheckpoint(run, blob) {
      const bytes = runs.get(run)?.checkpoints.get(blob);
      return bytes && parseCheckpoint(bytes);
    },

    async exportRun(run, wanted = () => true) {
      const { events = [], checkpoints = [] } = runs.get(run) ?? {};
      const asked = [...checkpoints].filter(([blob]) => wanted(blob));
      return { events: events.slice(), checkpoints: asked.map(([blob, bytes]) => ({ blob, bytes })) };
    },

    async importRun(run, recorded) {
      const { head } = prepareImport(run, recorded);
      if (runs.has(run)) throw new Error(`Run ${run} exists already`);
      const checkpoints = new Map(recorded.checkpoints.map(({ blob, bytes }) => [blob, bytes]));
      runs.set(run, { head, events: recorded.events.slice(), checkpoints });
    },

    async remove(run) {
      const release = held.has(run) ? undefined : await lock(run);
      runs.delete(run);
      release?.();
    },

    async close() {
      for (const run of held) locked.delete(run);
      held.clear();
    },
  };
}
