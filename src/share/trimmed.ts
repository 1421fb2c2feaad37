/** A run cut down to what a shipped session shows of it. */
import type { RunEvent } from '../run/events.ts';
import { validEvents } from '../run/history.ts';

interface Cut {
  name: string;
  note: string;
  /** Iterations are left out from the one on that ends above so many sampled tokens. */
  tokens: number;
  /** After this iteration only the answers to accepted questions are kept. */
  answersUpTo: number;
}

/** Its events from the first to the end of an iteration, under another name, with a note and without checkpoints. */
export function trimmed(events: readonly RunEvent[], { name, note, tokens, answersUpTo }: Cut): RunEvent[] {
  const valid = validEvents(events);
  const last = valid.reduce(
    (last, event) =>
      event.type === 'iteration-finished' && event.counters.tokensSampled <= tokens ? event.iteration : last,
    0,
  );
  const accepted = new Set(
    valid.flatMap((event) => (event.type === 'rewarded' && event.accepted ? [event.proposal] : [])),
  );
  const proposed = new Map(
    valid.flatMap((event) =>
      event.type === 'proposed' && event.proposal.question
        ? [[event.proposal.question.id, event.proposal.id] as const]
        : [],
    ),
  );
  const kept = valid.filter((event) => {
    if (event.type === 'checkpoint' || event.type === 'renamed' || event.type === 'noted') return false;
    // A run is shown from its first event to its last; that it was interrupted tells nothing.
    if (event.type === 'resumed' && event.after > 0) return false;
    if (!('iteration' in event)) return true;
    if (event.iteration > last) return false;
    if (event.type !== 'attempted' || event.iteration <= answersUpTo) return true;
    const proposal = proposed.get(event.question);
    return proposal === undefined || accepted.has(proposal);
  });
  const [start, ...rest] = kept;
  if (start?.type !== 'run-started') throw new Error('The log does not begin with the start of a run.');
  const words = { type: 'noted', text: note, seq: 1, at: start.at } as const;
  return [{ ...start, name }, words, ...rest].map((event, seq) => ({ ...event, seq }));
}
