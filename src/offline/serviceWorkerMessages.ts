/** Messages between the page and its service worker. */

/** `keep-all`: keep every file there is, for use without network. `take-over`: the waiting one becomes the one in charge. */
export type OfflineCommand = 'keep-all' | 'take-over';

/** Files that are kept so far. */
export interface KeepReport {
  kept: number;
  of: number;
  failed?: true;
}
