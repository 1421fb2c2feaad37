/** The ports that the lab is given by its surroundings: a browser's worker, Node, a test. */
import type { Dialect, Judge, Policy } from '../gasp/ports.ts';
import type { Settings } from '../gasp/settings.ts';
import type { Journal } from '../run/journal.ts';
import type { BackendChoice, Message } from './protocol.ts';

export interface LoadOptions {
  signal: AbortSignal;
  /** `total` 0 when unknown. */
  onProgress: (done: number, total: number, unit: string) => void;
}
export interface ModelOptions extends LoadOptions {
  tuning: Settings['tuning'];
  backend: BackendChoice;
  /** Seeds the trained weights where they start at random. */
  seed: number;
  /** Of the run, on which its memory depends. */
  settings?: Settings;
}

export interface LabPorts {
  journal: Journal;
  /** A policy with its weights at the start, and the dialect it speaks. */
  loadModel(model: string, options: ModelOptions): Promise<{ policy: Policy; dialect: Dialect }>;
  loadJudge(options: LoadOptions): Promise<Judge>;
  send(message: Message): void;
  /** Milliseconds; only for display and the counter of seconds. */
  now?: () => number;
  /** A name that no other run will ever have. */
  newRunId?: () => string;
}
