/**
 * Errors that people are told of. An error says what happened in a sentence that is right wherever it is read;
 * its code and data say it to programs. What a person can do about it depends on where they are, so each front
 * end has its own words for every code (`ui/parts/wording.ts`, `cli/wording.ts`).
 */
import type { LoraErrorData } from 'onnx-lora';
import type { Tuning } from './tuning.ts';

type Nothing = Record<string, never>;

/** The codes of the app beside those of the library, each with its data: JSON values, as errors cross workers. */
export interface ErrorData extends LoraErrorData {
  /** Any error without a code of its own. */
  unexpected: Nothing;

  'run-unknown': { run: string };
  /** Recorded in another format of events. */
  'run-version': { version: number };
  /** Somebody else holds the run. `lock`: the file that says so, where it is one. */
  'run-locked': { run: string; lock?: string };
  'log-damaged': { run: string; line: number };
  /** A folder for runs can neither be made nor written. */
  'folder-unusable': { folder: string };
  /** Nothing of the last step was written. */
  'storage-full': Nothing;
  /** There is no database, or it cannot be opened. */
  'storage-missing': Nothing;
  /** The database neither opens nor fails. */
  'storage-silent': Nothing;
  'method-untrained': { method: string };
  /** The fault of each setting. */
  'settings-invalid': { settings: Record<string, string> };
  'questions-missing': { method: string };
  'goalposts-missing': { method: string };
  'goalposts-unreadable': { count: number };
  /** A benchmark's question came without its tests, or with damaged ones. */
  'tests-missing': Nothing;
  'trial-gone': Nothing;

  /** The weights of one checkpoint were not kept. */
  'checkpoint-gone': Nothing;
  'checkpoints-gone': { run: string };
  'checkpoint-damaged': Nothing;
  /** Said of a run that goes on from an older one, of iteration `from`, 0 where it starts. */
  'checkpoint-lost': { iteration: number; from: number };

  'model-unknown': { model: string };
  /** The run's model is in a folder that has to be named again. */
  'model-folder-needed': { folder: string };
  'model-too-big': ModelTooBig;
  'dtype-unknown': { dtype: string; known: readonly string[] };
  'tuning-not-lora': Nothing;

  /** A session from elsewhere is damaged, or not one. */
  share: Nothing;
  'share-version': { format: string; reads: number };
  'share-link-long': { length: number; limit: number };
  /** A link that something changed, or cut off, on its way. */
  'share-link-changed': Nothing;
  /** A session at an address cannot be had. */
  'share-address': { address: string };

  'replica-ended': Nothing;
  'python-failed': Nothing;
  /** The lab's worker has ended, or could not start. */
  'lab-ended': Nothing;
  /** The lab's worker has sent nothing yet. */
  'lab-silent': Nothing;
}

export interface ModelTooBig {
  model: string;
  /** Bytes: the peak that the model needs, and the limit. */
  needed: number;
  limit: number;
  /** The requested run, and the largest run that fits; absent: not searched for; null: none fits. */
  wanted?: MemoryRun;
  fitting?: (MemoryRun & { needed: number }) | null;
}

/** The settings that decide how much memory a run takes. */
export interface MemoryRun {
  dtype: string;
  settings: {
    tuning: Tuning;
    microbatchTokens: number;
    goalpostsPerIteration: number;
    rollouts: number;
  };
}

export type ErrorCode = keyof ErrorData;

/** An error as it crosses workers and processes. */
export type ToldError = { [C in ErrorCode]: { code: C; data: ErrorData[C]; message: string } }[ErrorCode];

/** An error with a code that a front end has words for, the app's or the library's. */
export const hasCode = (error: unknown): error is Error & { code: ErrorCode; data: object } =>
  error instanceof Error && 'code' in error && 'data' in error;

/**
 * Of the library's errors it has the form and not the class: the judge raises it while Vite reads its configuration,
 * where the library has no address yet.
 */
export class CodedError<C extends ErrorCode = ErrorCode> extends Error {
  override name = 'CodedError';
  constructor(
    readonly code: C,
    readonly data: ErrorData[C],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Any error as data. Its message begins and ends as a sentence does: an advice may follow it. */
export function tellError(error: unknown): ToldError {
  const message = sentence(error instanceof Error ? error.message : String(error));
  if (!hasCode(error)) return { code: 'unexpected', data: {}, message };
  return { code: error.code, data: error.data, message } as ToldError;
}

/** The error that was told of elsewhere. */
export function toldError({ code, data, message }: ToldError): Error {
  return code === 'unexpected' ? new Error(message) : new CodedError(code, data, message);
}

/** A capital, but for the name of a file, and a full stop. */
function sentence(text: string): string {
  const begun = /^[a-z]+[ ,:]/.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
