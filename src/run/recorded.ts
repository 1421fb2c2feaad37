/** A run that came whole from elsewhere, and how far the weights that came along let it go on. */
import type { RecordedRun } from './journal.ts';

/** Iterations of the checkpoints that came along with a run, in order. */
export function resumePoints({ events, checkpoints }: RecordedRun): number[] {
  const here = new Set(checkpoints.map(({ blob }) => blob));
  return events.flatMap((e) => (e.type === 'checkpoint' && here.has(e.blob) ? [e.iteration] : []));
}

/** The run up to its last checkpoint that came along and is not past `iteration`; undefined without one. */
export function resumable({ events, checkpoints }: RecordedRun, iteration: number): RecordedRun | undefined {
  const end = resumePoints({ events, checkpoints }).findLast((point) => point <= iteration);
  if (end === undefined) return undefined;
  const next = events.findIndex((event) => event.type === 'iteration-started' && event.iteration > end);
  const kept = next < 0 ? events : events.slice(0, next);
  const named = new Set(kept.flatMap((event) => (event.type === 'checkpoint' ? [event.blob] : [])));
  return { events: kept, checkpoints: checkpoints.filter(({ blob }) => named.has(blob)) };
}
