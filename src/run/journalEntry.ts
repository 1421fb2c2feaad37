/** Steps before an append is stored, shared by all journals: check it, number it, fold it into the summary. */
import type { PolicySnapshot } from '../gasp/ports.ts';
import { parseCheckpoint, serializeCheckpoint } from './checkpointFormat.ts';
import type { RunEvent, RunEventBody } from './events.ts';
import { aboutTheRun } from './history.ts';
import type { RecordedRun, RunSummary } from './journal.ts';

/** The `checkpoint` argument of `Journal.append`. */
export interface NewCheckpoint {
  blob: string;
  snapshot: PolicySnapshot;
  /** Checkpoints that are no longer kept. */
  drop?: string[];
}

/** A stored run as the next append finds it. */
export interface RunHead {
  /** `seq` of the next event. */
  nextSeq: number;
  /** `bytes` counts the events as JSON lines and every checkpoint that is still there. */
  summary: RunSummary;
  /** Checkpoints that are still there, with their sizes in bytes. */
  checkpoints: Record<string, number>;
}

export interface Entry {
  events: RunEvent[];
  /** One JSON line an event, newlines included. */
  lines: string;
  checkpoint?: { blob: string; bytes: Uint8Array<ArrayBuffer> };
  dropped: string[];
  /** The head once this entry is stored. */
  head: RunHead;
}

/** Throws, before anything is stored, where the append would leave a log that does not make sense. */
export function prepareEntry(
  run: string,
  before: RunHead | undefined,
  bodies: RunEventBody[],
  checkpoint: NewCheckpoint | undefined,
  now: number,
): Entry {
  const [first] = bodies;
  if (!first) throw new Error('An append needs at least one event');
  if (!before && !(first.type === 'run-started' && first.run === run)) {
    throw new Error(`There is no run ${run}: its first event must be its own run-started, not ${first.type}`);
  }
  if (before && bodies.some((body) => body.type === 'run-started')) {
    throw new Error(`Run ${run} exists already; a run starts once`);
  }
  const announced = bodies.flatMap((body) => (body.type === 'checkpoint' ? [body.blob] : []));
  if (announced.join() !== (checkpoint?.blob ?? '')) {
    throw new Error('A checkpoint and its event are stored together, one of each');
  }
  if (checkpoint && before && checkpoint.blob in before.checkpoints) {
    throw new Error(`Run ${run} has a checkpoint ${checkpoint.blob} already`);
  }

  const nextSeq = before?.nextSeq ?? 0;
  const texts = bodies.map((body, index) => JSON.stringify({ ...body, seq: nextSeq + index, at: now }));
  const lines = texts.map((text) => `${text}\n`).join('');
  // Events as a reader will get them, so that the caller never sees more than the log holds.
  const events = texts.map((text) => JSON.parse(text) as RunEvent);
  const bytes = checkpoint && serializeCheckpoint(checkpoint.snapshot);

  const checkpoints = { ...before?.checkpoints };
  const dropped = (checkpoint?.drop ?? []).filter((blob) => blob in checkpoints);
  let size = (before?.summary.bytes ?? 0) + new TextEncoder().encode(lines).length;
  for (const blob of dropped) {
    size -= checkpoints[blob]!;
    delete checkpoints[blob];
  }
  if (checkpoint && bytes) {
    size += bytes.length;
    checkpoints[checkpoint.blob] = bytes.length;
  }
  const summary = events.reduce(
    summarize,
    before?.summary ?? { run, name: run, startedAt: now, updatedAt: now, iterations: 0, bytes: 0 },
  );
  return {
    events,
    lines,
    ...(checkpoint && bytes ? { checkpoint: { blob: checkpoint.blob, bytes } } : {}),
    dropped,
    head: { nextSeq: nextSeq + events.length, summary: { ...summary, bytes: size }, checkpoints },
  };
}

/** Head and lines of a run that comes whole. Throws where it could not have been recorded as one. */
export function prepareImport(
  run: string,
  { events, checkpoints }: RecordedRun,
): { head: RunHead; lines: string } {
  const [first] = events;
  if (first?.type !== 'run-started' || first.run !== run) {
    throw new Error(`The first event of run ${run} must be its own run-started`);
  }
  if (events.some((event, index) => event.seq !== index || (index > 0 && event.type === 'run-started'))) {
    throw new Error(`The events of run ${run} are not numbered from 0 without gaps`);
  }
  const named = new Set(events.flatMap((event) => (event.type === 'checkpoint' ? [event.blob] : [])));
  for (const { blob, bytes } of checkpoints) {
    if (!named.delete(blob)) throw new Error(`No event of run ${run} speaks for a checkpoint ${blob}`);
    parseCheckpoint(bytes);
  }
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  const sizes = Object.fromEntries(checkpoints.map(({ blob, bytes }) => [blob, bytes.length]));
  const empty = { run, name: run, startedAt: first.at, updatedAt: first.at, iterations: 0 };
  const size = new TextEncoder().encode(lines).length;
  const summary = {
    ...events.reduce(summarize, { ...empty, bytes: 0 }),
    bytes: Object.values(sizes).reduce((sum, bytes) => sum + bytes, size),
  };
  return { head: { nextSeq: events.length, summary, checkpoints: sizes }, lines };
}

/** The summary after one more event; `bytes` is the journal's own business. */
export function summarize(summary: RunSummary, event: RunEvent): RunSummary {
  const next = { ...summary, updatedAt: aboutTheRun(event) ? summary.updatedAt : event.at };
  switch (event.type) {
    case 'run-started':
      next.name = event.name;
      next.startedAt = event.at;
      break;
    case 'renamed':
      next.name = event.name;
      break;
    case 'noted':
      next.notes = event.text;
      break;
    case 'resumed':
      next.iterations = event.after;
      break;
    case 'iteration-finished':
      next.iterations = event.iteration;
      break;
  }
  return next;
}

/** For lists: the run touched last comes first. */
export const newestFirst = (a: RunSummary, b: RunSummary) => b.updatedAt - a.updatedAt;
