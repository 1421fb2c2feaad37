/** Sessions in the page's address: `#recipe=…`, `#replay=…` and `?session=URL`. `place.ts` has what may stand behind them. */
import { readHash } from './place.ts';

/**
 * Characters of a link's fragment: three iterations with the default settings need 66,000 or so. Browsers take
 * more, but Safari ends at 80,000, the page's own address included. Beyond it a file is due.
 */
export const LINK_LIMIT = 78_000;
/** Ending of the files that hold sessions. */
export const FILE_ENDING = '.foothold';

export type Source =
  | { from: 'link'; kind: 'recipe' | 'replay'; text: string }
  | { from: 'address'; url: string }
  /** Something that came with the page's address and is not as it is written here; `sentText.ts` reads it. */
  | { from: 'sent'; text: string };

/** A server takes a `#` that was escaped for a part of the path. */
const ESCAPED_HASH = /%(?:25)*23/i;
/** What every link of ours begins with, a key that one of ours has, or far more than the name of a place. */
const TELLTALE = /h4si|(?:recipe|replay|session)\s*(?:[=:/]|%|$)|[\w-]{60}/i;

type Address = Pick<Location, 'hash' | 'search'> & Partial<Pick<Location, 'pathname'>>;

/** What an address asks to open; undefined where it asks for nothing. */
export function sourceOf({ pathname = '', hash, search }: Address): Source | null {
  const read = readHash(hash);
  if (read?.link) {
    const [kind, text] = read.link.split('=') as ['recipe' | 'replay', string];
    return { from: 'link', kind, text };
  }
  const url = new URLSearchParams(search).get('session');
  if (url !== null && /^https?:\/\/[\w-][\w./:%-]*[\w/]$/i.test(url)) return { from: 'address', url };
  // A place in the page, and nothing that was sent.
  if (read && hash.length > 1 && withoutEmbed(search) === '' && !TELLTALE.test(read.unread.join('&')))
    return null;
  const escaped = pathname.search(ESCAPED_HASH);
  const text = (escaped < 0 ? '' : pathname.slice(escaped)) + search + hash;
  return TELLTALE.test(text.normalize('NFKC')) ? { from: 'sent', text } : null;
}

/** Whether the page is asked to show a replay alone, as a part of another page. */
export const isEmbed = (search: string): boolean => new URLSearchParams(search).has('embed');

function withoutEmbed(search: string): string {
  const asked = new URLSearchParams(search);
  asked.delete('embed');
  return asked.toString();
}

/** The address of a session as it is put into another page. */
export function embedAddress(link: string): string {
  const [page = '', session] = link.split('#', 2);
  return `${page}${page.includes('?') ? '&' : '?'}embed${session === undefined ? '' : `#${session}`}`;
}

/** The same address as a page of its own. */
export function wholeAddress(embed: string): string {
  const url = new URL(embed);
  url.search = withoutEmbed(url.search);
  return url.href;
}

/** The page's own address, without what it opened. */
export function bare(page: string): string {
  const url = new URL(page);
  url.hash = '';
  url.search = '';
  url.pathname = url.pathname.split(ESCAPED_HASH)[0]!;
  return url.href;
}
