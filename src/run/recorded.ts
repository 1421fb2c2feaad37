/** A run that came whole from elsewhere, and how far the weights that came along let it go on. */
import type { RunEvent } from './events.ts';
import type { RecordedRun } from './journal.ts';
import { randomRunId } from './runId.ts';

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

/** The run under an id of its own, and under names that are not `taken`: ready to be stored among others. */
export function ownCopy(
  { events, checkpoints }: RecordedRun,
  taken: ReadonlySet<string>,
): { run: string; recorded: RecordedRun } {
  const run = randomRunId();
  const own = events.map((event): RunEvent => {
    if (event.type === 'run-started') return { ...event, run, name: freeName(event.name, taken) };
    return event.type === 'renamed' ? { ...event, name: freeName(event.name, taken) } : event;
  });
  return { run, recorded: { events: own, checkpoints } };
}

/** The name, or with a number behind it where it is taken. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}
