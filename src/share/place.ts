/**
 * Where in the page one is, in its address: `#run=ID&at=120&question=3.lemma.2`. A session link stands before it:
 * `#replay=DATA&at=120`.
 */

/** What is looked at; a sheet is named as the page names it, a question or a goalpost by its id. */
export interface Place {
  /** A run that is stored in this browser. */
  run?: string;
  /** The moment of the run that is shown: so many of its events have happened. Absent: the run as it is. */
  at?: number;
  question?: string;
  goalpost?: string;
  sheet?: string;
  /** Of the lecture: the iteration, 0 for the whole run, and the page, from 1, such as `3.2`. */
  page?: string;
  /** Of a comparison: the ids of its runs, with commas between them. */
  runs?: string;
}

const LINK = /^(recipe|replay)=[\w-]+$/;
const ID = /^[\w.:/+-]{1,200}$/;
const KEYS: ReadonlySet<string> = new Set<keyof Place>([
  'run',
  'at',
  'question',
  'goalpost',
  'sheet',
  'page',
  'runs',
]);
const NAME = /^[a-z]{1,30}$/i;

/** The session link in a hash, empty where there is none, and the place beside it. */
export interface ReadHash {
  link: string;
  place: Place;
  /** Parts that say nothing here as they are: damaged ones, and those of somebody else's making. */
  unread: string[];
}

/** Undefined where nothing in the hash is ours. What a mail program or a tracker adds costs none of the rest. */
export function readHash(hash: string): ReadHash | undefined {
  const parts = hash.replace(/^#/, '').split('&').filter(Boolean);
  const read: ReadHash = { link: '', place: {}, unread: [] };
  for (const part of parts) {
    if (LINK.test(part) && read.link === '') read.link = part;
    else if (!take(part, read.place)) read.unread.push(part);
  }
  const isOurs = parts.length === 0 || read.unread.length < parts.length || damagedParts(read).length > 0;
  return isOurs ? read : undefined;
}

/** Of the parts that were not read those that have a name of ours, so that somebody meant something by them. */
export const damagedParts = ({ unread }: ReadHash): string[] =>
  unread.filter((part) => KEYS.has(part.split('=', 1)[0]!));

/** Whether the part says where one is. */
function take(part: string, place: Place): boolean {
  // As a page's source writes what stands before it.
  const [key, value = ''] = part.replace(/^amp;/, '').split('=', 2);
  const text = decoded(value);
  if (text === undefined) return false;
  if (key === 'at' && /^[1-9]\d{0,8}$/.test(text)) place.at = Number(text);
  else if ((key === 'run' || key === 'question' || key === 'goalpost') && ID.test(text)) place[key] = text;
  else if (key === 'sheet' && NAME.test(text)) place.sheet = text;
  else if (key === 'runs' && /^[\w-]{1,100}(,[\w-]{1,100}){0,99}$/.test(text)) place.runs = text;
  else if (key === 'page' && /^\d{1,6}\.[1-9]\d?$/.test(text)) place.page = text;
  else return false;
  return true;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The hash of a place behind a link; empty where there is nothing to say. */
export function writeHash(link: string, { run, at, question, goalpost, sheet, page, runs }: Place): string {
  const parts = Object.entries({ run, at, question, goalpost, sheet, page, runs }).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [
          `${key}=${encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%2C', ',')}`,
        ],
  );
  const all = link === '' ? parts : [link, ...parts];
  return all.length === 0 ? '' : `#${all.join('&')}`;
}
