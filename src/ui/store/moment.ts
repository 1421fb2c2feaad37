/** The moment of the open run that the address names. Where the page is in time is React's own state. */
import type { Store } from './store.ts';

export interface MomentState {
  /** A moment to go to once its run is there: so many events have happened. */
  askedAt: number | null;
  /** The moment that is shown, once a hand rests; null: the run as it is. */
  shownAt: number | null;
}

export const FIRST_MOMENT: MomentState = { askedAt: null, shownAt: null };

export interface Moments {
  ask(at: number | null): void;
  /** The page is there. */
  arrived(): void;
  tell(at: number | null): void;
}

export const createMoments = (store: Store<MomentState>): Moments => ({
  ask: (askedAt) => store.set({ askedAt }),
  arrived: () => store.set({ askedAt: null }),
  tell(shownAt) {
    if (store.get().shownAt !== shownAt) store.set({ shownAt });
  },
});
