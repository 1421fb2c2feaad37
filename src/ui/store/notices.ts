/** What did not work, and what to do about it: one notice at a time. */
import { tellError, type ToldError } from '../../util/codedError.ts';
import { type ErrorNotice, problemOf } from '../parts/wording.ts';
import type { Store } from './store.ts';

export interface NoticesState {
  problem: ErrorNotice | null;
}

export const FIRST_NOTICES: NoticesState = { problem: null };

export interface Notices {
  /** Says that something did not work, with the advice of who knows what it was part of. */
  report(error: unknown, advice: string): void;
  /** The same with the advice that goes with the error's code; `otherwise` where there is none. */
  reportByCode(error: unknown, otherwise: string): void;
  /** What the lab says went wrong. */
  hear(error: ToldError): void;
  dismiss(): void;
}

export function createNotices(store: Store<NoticesState>): Notices {
  return {
    report: (error, advice) => store.set({ problem: { ...problemOf(tellError(error)), advice } }),
    reportByCode: (error, otherwise) => store.set({ problem: problemOf(tellError(error), otherwise) }),
    hear: (error) => store.setSoon({ problem: problemOf(error) }),
    dismiss: () => store.set({ problem: null }),
  };
}
