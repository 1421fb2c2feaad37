/** Sessions in the page's address: `#recipe=…`, `#replay=…` and `?session=URL`. */

/**
 * Characters of a link's fragment: three iterations with the default settings need 66,000 or so. Browsers take
 * more, but Safari ends at 80,000, the page's own address included. Beyond it a file is due.
 */
export const LINK_LIMIT = 78_000;
/** Ending of the files that hold sessions. */
export const FILE_ENDING = '.foothold';

export type Source =
  | { from: 'link'; kind: 'recipe' | 'replay'; text: string }
  | { from: 'address'; url: string };

/** What an address asks to open, if it asks for anything. */
export function sourceOf({ hash, search }: Pick<Location, 'hash' | 'search'>): Source | null {
  const link = /^#(recipe|replay)=(.*)$/s.exec(hash);
  if (link) return { from: 'link', kind: link[1] as 'recipe' | 'replay', text: link[2]! };
  const url = new URLSearchParams(search).get('session');
  return url === null ? null : { from: 'address', url };
}

/** The page's own address, without what it opened. */
export function bare(page: string): string {
  const url = new URL(page);
  url.hash = '';
  url.search = '';
  return url.href;
}
