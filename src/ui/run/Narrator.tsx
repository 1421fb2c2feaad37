/** One line that says what happens now in plain words, live and while a replay is scrubbed. It can be put away. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { narrate } from '../../run/narration.ts';
import { usePage } from '../store/usePage.ts';
import { useShown } from './ShownRun.tsx';
import './Narrator.css';

/** Milliseconds that a line stays while events follow each other by themselves: time to read it. */
const READING = 2500;
const KEPT = 'foothold-narrator';

/** Nothing while no run is open. */
export function Narrator() {
  const { open, timeline, live, status } = usePage('open', 'timeline', 'live', 'status');
  const { time } = useShown();
  const [away, setAway] = useState(() => stored() === 'away');
  // It is read, not watched: under a hand that drags it follows as the cards do.
  const moment = (time.playing ? time.moment : time.still.cards) ?? timeline?.length ?? 0;
  const line = useMemo(
    () => (timeline && !away ? narrate(timeline.at(moment), timeline.eventAt(moment)) : null),
    [timeline, moment, away],
  );
  // Where a hand moves through time, each moment has its own line at once.
  const goesOn = time.playing || (time.moment === null && live && status === 'running');
  const held = useHeld(line, goesOn ? READING : 0);
  if (!open) return null;
  const turn = () => {
    setAway(!away);
    store(away ? 'here' : 'away');
  };
  return (
    <section className="narrator" aria-label="What happens" data-away={away || undefined}>
      {/* Not announced: a screen reader would speak without a pause. It is read where somebody goes to it. */}
      {!away && <p>{held ?? ' '}</p>}
      <button type="button" className="link" onClick={turn}>
        {away ? 'Tell what happens' : 'Hide'}
        {!away && <span className="visually-hidden"> the narrator</span>}
      </button>
    </section>
  );
}

/** The newest value, each for at least `hold` milliseconds. A null keeps the one before it. */
function useHeld(value: string | null, hold: number): string | null {
  const [held, setHeld] = useState(value);
  const since = useRef(-Infinity);
  useEffect(() => {
    if (value === null || value === held) return;
    const wait = Math.max(0, since.current + hold - performance.now());
    const timer = setTimeout(() => {
      since.current = performance.now();
      setHeld(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, held, hold]);
  return hold === 0 ? (value ?? held) : held;
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // A page that may store nothing tells its story each time.
  }
}

function store(value: string): void {
  try {
    localStorage.setItem(KEPT, value);
  } catch {
    // As above.
  }
}
