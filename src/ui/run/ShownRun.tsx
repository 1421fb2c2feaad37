/** The shown part of the open run: the moment in its past that the page is at, and the runs that are drawn with it. */
import { createContext, type ReactNode, useContext, useEffect, useMemo } from 'react';
import { chosenQuestions } from '../../gasp/bank.ts';
import type { RunState } from '../../run/state.ts';
import { TermsOf } from '../parts/Term.tsx';
import { type Ancestor, useAncestors } from '../store/lineage.ts';
import { type Other, useOther } from '../store/secondRun.ts';
import { type Time, useTime } from '../store/time.ts';
import { useActions, usePage } from '../store/usePage.ts';

export interface Shown {
  time: Time;
  /** The run at the moment that the page is at; null on the first page. */
  state: RunState | null;
  /** The same, or an empty run with the flags of the goalposts that are chosen. */
  climb: RunState;
  /** The run as its cards and its curves show it: both may lag behind while a hand scrubs. */
  cards: RunState | null;
  curves: RunState | null;
  /** The last iteration of the open run, and of all that is drawn with it. */
  lastIteration: number;
  span: number;
  /** The runs that it goes back to, nearest first. */
  past: Ancestor[];
  /** A second run on its figures; `compare` chooses it. */
  other: Other | null;
  compare: (run: string | null) => void;
}

const Context = createContext<Shown | null>(null);

export function useShown(): Shown {
  const shown = useContext(Context);
  if (!shown) throw new Error('There is no ShownRun above this component.');
  return shown;
}

export function ShownRun({ children }: { children: ReactNode }) {
  const page = usePage('open', 'timeline', 'replay', 'bank', 'chosen', 'settings', 'model');
  const { open, timeline, replay, bank, chosen, settings, model } = page;
  const time = useTime(timeline, replay !== null);
  const stateAt = (moment: number | null) => (timeline && moment !== null ? timeline.at(moment) : open);
  const { moment, still } = time;
  // A moment of a timeline is the same run for good; the run as it is changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const state = useMemo(() => stateAt(moment), [timeline, moment, moment ?? open]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const cards = useMemo(() => stateAt(still.cards), [timeline, still.cards, still.cards ?? open]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  const curves = useMemo(() => stateAt(still.curves), [timeline, still.curves, still.curves ?? open]);
  const { askedAt } = usePage('askedAt');
  const { moments } = useActions();
  const { seek, playing } = time;
  // From the address to the page, once the run is there; and back, once a hand rests.
  useEffect(() => {
    if (askedAt === null || !timeline) return;
    seek(askedAt);
    moments.arrived();
  }, [askedAt, timeline, seek, moments]);
  useEffect(() => {
    if (!playing && askedAt === null) moments.tell(timeline ? still.cards : null);
  }, [playing, askedAt, timeline, still.cards, moments]);
  const preview = useMemo(
    () => emptyRun({ settings, model, goalposts: chosenQuestions(bank, chosen) }),
    [settings, model, bank, chosen],
  );
  const past = useAncestors();
  const [other, compare] = useOther(past);
  const lastIteration = open?.iterations.at(-1)?.iteration ?? 0;
  const span = Math.max(lastIteration, other?.last ?? 0);
  const climb = state ?? preview;
  const shown = useMemo(
    () => ({ time, state, climb, cards, curves, lastIteration, span, past, other, compare }),
    [time, state, climb, cards, curves, lastIteration, span, past, other, compare],
  );
  return (
    <Context value={shown}>
      <TermsOf run={curves}>{children}</TermsOf>
    </Context>
  );
}

const emptyRun = (chosen: Pick<RunState, 'settings' | 'model' | 'goalposts'>): RunState => ({
  run: '',
  name: '',
  bank: '',
  startedAt: 0,
  updatedAt: 0,
  iterations: [],
  taught: [],
  evaluations: [],
  checkpoints: [],
  ...chosen,
});
