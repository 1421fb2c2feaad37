/** Where runs live. One implementation on IndexedDB (browser), one on a folder (Node). */
import { CodedError } from '../util/codedError.ts';
import type { PolicySnapshot } from '../gasp/ports.ts';
import type { RunEvent, RunEventBody } from './events.ts';

export interface RunSummary {
  run: string;
  name: string;
  startedAt: number;
  updatedAt: number;
  iterations: number;
  bytes: number;
  /** A person's notes on the run. */
  notes?: string;
}

/** A whole run on its way from one place to another: into a file, back from a deletion. */
export interface RecordedRun {
  events: RunEvent[];
  /** Serialized, as `checkpointFormat.ts` says; any number of those that the log names. */
  checkpoints: { blob: string; bytes: Uint8Array<ArrayBuffer> }[];
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
  /** Names of the run's checkpoints that are there. */
  checkpoints(run: string): Promise<string[]>;
  getCheckpoint(run: string, blob: string): Promise<PolicySnapshot | undefined>;
  /** The run with those of its checkpoints that are wanted and still there. */
  exportRun(run: string, wanted?: (blob: string) => boolean): Promise<RecordedRun>;
  /**
   * Stores a run that was recorded before as it is, its times included, all of it or nothing. `run` is
   * the id in its first event and not in use. Damaged checkpoints are refused (`DamagedCheckpointError`).
   */
  importRun(run: string, recorded: RecordedRun): Promise<void>;
  remove(run: string): Promise<void>;
  close(): Promise<void>;
}

export class RunLockedError extends CodedError<'run-locked'> {
  override name = 'RunLockedError';
}
/** The store is full; nothing of the append was written. */
export class StorageFullError extends CodedError<'storage-full'> {
  override name = 'StorageFullError';
  constructor(message: string, options?: ErrorOptions) {
    super('storage-full', {}, message, options);
  }
}
