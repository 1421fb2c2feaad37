/** Where runs live. One implementation on IndexedDB (browser), one on a folder (Node). */
import type { PolicySnapshot } from '../gasp/ports.ts';
import type { RunEvent, RunEventBody } from './events.ts';

export interface RunSummary {
  run: string;
  name: string;
  startedAt: number;
  updatedAt: number;
  iterations: number;
  bytes: number;
}

/**
 * Appends are atomic: after a crash at any moment the log holds whole events, in order, and a
 * checkpoint exists if and only if its event does.
 */
export interface Journal {
  list(): Promise<RunSummary[]>;
  /** Takes the run for this tab or process alone; fails with `RunLockedError` where another has it. */
  lock(run: string): Promise<() => void>;
  /** Adds `seq` and `at`; all events and the snapshot land together or not at all. */
  append(
    run: string,
    events: RunEventBody[],
    checkpoint?: { blob: string; snapshot: PolicySnapshot; drop?: string[] },
  ): Promise<RunEvent[]>;
  read(run: string): Promise<RunEvent[]>;
  getCheckpoint(run: string, blob: string): Promise<PolicySnapshot | undefined>;
  remove(run: string): Promise<void>;
  close(): Promise<void>;
}

export class RunLockedError extends Error {
  override name = 'RunLockedError';
}
/** The store is full; nothing of the append was written. */
export class StorageFullError extends Error {
  override name = 'StorageFullError';
}
