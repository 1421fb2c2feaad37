/** One cursor over all figures with the same axis: where the pointer is on one of them, a line stands on each. */
import { createContext } from 'react';

export interface Cursor {
  /** In the axis's units; null while the pointer is elsewhere. */
  x: number | null;
  move(x: number | null): void;
}

/** Null where figures are only drawn, as in a report. */
export const CursorContext = createContext<Cursor | null>(null);
