/** A run at any moment of its past, at the speed of a hand that drags a slider. */
import type { RunEvent } from './events.ts';
import { validEvents } from './history.ts';
import { applyEvent, type RunState } from './state.ts';

/** Events that are folded at most to get from a state that is kept to one that is asked for. */
const STRIDE = 64;
/** Milliseconds that a pause between two events counts for at most: nobody waits for a night to pass. */
const LONGEST_PAUSE = 5000;

/** The kinds of moments that the page can jump to. */
export const LANDMARKS = [
  'iteration',
  'accepted lemma',
  'accepted lift',
  'update',
  'evaluation',
  'goalpost solved',
  'resume',
] as const;
export type Landmark = (typeof LANDMARKS)[number];

const ABOUT_OTHER_WEIGHTS: ReadonlySet<RunEvent['type']> = new Set(['evaluated', 'validated', 'measured']);

/**
 * The valid events of a log and the states between them. A moment is a number of events: `at(0)` does
 * not exist, `at(1)` is the run as it started, `at(length)` is the run as it is.
 *
 * States are kept at the end of each iteration and every few events within one, so that an iteration
 * that has ended is the same object in all of them.
 */
export class Timeline {
  private valid: RunEvent[] = [];
  private readonly kept: { moment: number; state: RunState }[] = [];
  private tip: RunState | null = null;
  /** Events since the last state that is kept. */
  private since = 0;
  /** The state that was asked for last: what plays forward goes on from it. */
  private last: { moment: number; state: RunState } | undefined;
  private clock: number[] = [];
  private landmarks = new Map<Landmark, number[]>();

  /** Throws for an empty log and one that does not begin with `run-started`. */
  constructor(log: readonly RunEvent[]) {
    if (log.length === 0) throw new Error('The log is empty.');
    this.push(validEvents(log));
  }

  /** Goes on with events that void nothing: after a `resumed` a new timeline is due. */
  push(events: readonly RunEvent[]): void {
    for (const event of events) {
      this.tip = applyEvent(this.tip, event);
      const before = this.valid.at(-1);
      const pause = before ? Math.max(0, Math.min(LONGEST_PAUSE, event.at - before.at)) : 0;
      this.clock.push((this.clock.at(-1) ?? 0) + pause);
      this.valid.push(event);
      this.since++;
      if (this.length > 1 && event.type !== 'iteration-finished' && this.since < STRIDE) continue;
      this.kept.push({ moment: this.length, state: this.tip });
      this.since = 0;
    }
    this.landmarks.clear();
  }

  get length(): number {
    return this.valid.length;
  }

  /** The run as it is. */
  get state(): RunState {
    return this.tip!;
  }

  /** The run after its first `moment` events; moments outside of the run are taken as its ends. */
  at(moment: number): RunState {
    const wanted = Math.max(1, Math.min(this.length, Math.floor(moment)));
    if (wanted === this.length) return this.state;
    let { moment: from, state } = this.kept.findLast((kept) => kept.moment <= wanted)!;
    if (this.last && this.last.moment > from && this.last.moment <= wanted)
      ({ moment: from, state } = this.last);
    for (; from < wanted; from++) state = applyEvent(state, this.valid[from]!);
    this.last = { moment: wanted, state };
    return state;
  }

  /** The event that a moment comes right after. */
  eventAt(moment: number): RunEvent {
    return this.valid[Math.max(1, Math.min(this.length, moment)) - 1]!;
  }

  /** The iteration that a moment belongs to; 0 before the first one. */
  iterationAt(moment: number): number {
    for (let i = Math.min(this.length, moment) - 1; i >= 0; i--) {
      const event = this.valid[i]!;
      // The starting weights may be tried in the middle of a later iteration, and older ones measured at any time.
      if ('iteration' in event && !ABOUT_OTHER_WEIGHTS.has(event.type)) return event.iteration;
    }
    return 0;
  }

  /** The last moment of an iteration: its end, or where the log stops. 0 means before the first one. */
  endOf(iteration: number): number {
    const next = this.valid.findIndex((e) => e.type === 'iteration-started' && e.iteration > iteration);
    return next < 0 ? this.length : next;
  }

  /** Milliseconds from the start to a moment, with long pauses left out: 0 for the first one. */
  elapsedAt(moment: number): number {
    return this.clock[Math.max(1, Math.min(this.length, moment)) - 1]!;
  }

  /** The last moment that is over after so many milliseconds. */
  momentAfter(milliseconds: number): number {
    let [low, high] = [0, this.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.clock[middle]! <= milliseconds) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** The moments right after each such event, in order. */
  momentsOf(landmark: Landmark): readonly number[] {
    let moments = this.landmarks.get(landmark);
    if (!moments) {
      const is = recognizer(landmark);
      moments = this.valid.flatMap((event, i) => (is(event) ? [i + 1] : []));
      this.landmarks.set(landmark, moments);
    }
    return moments;
  }

  /** The next such moment in a direction, if there is one. */
  jump(from: number, landmark: Landmark, direction: 1 | -1): number | undefined {
    const moments = this.momentsOf(landmark);
    return direction > 0
      ? moments.find((moment) => moment > from)
      : moments.findLast((moment) => moment < from);
  }
}

/** Says of each event of a log, asked in order, whether it is one. */
function recognizer(landmark: Landmark): (event: RunEvent) => boolean {
  const roles = new Map<string, string>();
  const solved = new Set<string>();
  switch (landmark) {
    case 'iteration':
      return (event) => event.type === 'iteration-started';
    case 'update':
      return (event) => event.type === 'updated';
    case 'evaluation':
      return (event) => event.type === 'evaluated';
    case 'resume':
      return (event) => event.type === 'resumed';
    case 'goalpost solved':
      return (event) => {
        if (event.type !== 'evaluated' || event.iteration === 0) return false;
        const before = solved.size;
        for (const [id, passed] of Object.entries(event.passed)) if (passed > 0) solved.add(id);
        return solved.size > before;
      };
    case 'accepted lemma':
    case 'accepted lift':
      return (event) => {
        if (event.type === 'proposed') roles.set(event.proposal.id, `accepted ${event.proposal.role}`);
        return event.type === 'rewarded' && event.accepted && roles.get(event.proposal) === landmark;
      };
  }
}
