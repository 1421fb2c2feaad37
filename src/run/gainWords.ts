/** How shares of right answers, and what became of them, are written: on the page, by the narrator, in the terminal. */
import type { Change } from './gains.ts';

/** Shares that are compared with each other: both to a tenth of a percent. */
export const tenths = (share: number): string => `${(share * 100).toFixed(1)}%`;

/** A difference of shares in points of a percent, with its sign. */
export const points = (difference: number): string => {
  const text = Math.abs(difference * 100).toFixed(1);
  return text === '0.0' ? '0.0' : `${difference < 0 ? '−' : '+'}${text}`;
};

/** Which way it went; even where it may be chance. */
export const trend = ({ low, high }: Change): 'up' | 'down' | 'even' =>
  low > 0 ? 'up' : high < 0 ? 'down' : 'even';
