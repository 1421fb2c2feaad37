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
}

const LINK = /^(recipe|replay)=[\w-]+$/;
const ID = /^[\w.:/+-]{1,200}$/;
const NAME = /^[a-z]{1,30}$/i;

/**
 * The session link that a hash begins with, empty where there is none, and the place behind it. Undefined where the
 * hash is neither: something that was changed on its way, or of somebody else's making.
 */
export function readHash(hash: string): { link: string; place: Place } | undefined {
  const parts = hash.replace(/^#/, '').split('&').filter(Boolean);
  const link = parts[0] !== undefined && LINK.test(parts[0]) ? parts.shift()! : '';
  const place: Place = {};
  for (const part of parts) {
    const [key, value = ''] = part.split('=', 2);
    const text = decoded(value);
    if (text === undefined) return undefined;
    if (key === 'at' && /^[1-9]\d{0,8}$/.test(text)) place.at = Number(text);
    else if ((key === 'run' || key === 'question' || key === 'goalpost') && ID.test(text)) place[key] = text;
    else if (key === 'sheet' && NAME.test(text)) place.sheet = text;
    else return undefined;
  }
  return { link, place };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The hash of a place behind a link; empty where there is nothing to say. */
export function writeHash(link: string, { run, at, question, goalpost, sheet }: Place): string {
  const parts = Object.entries({ run, at, question, goalpost, sheet }).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [`${key}=${encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':')}`],
  );
  const all = link === '' ? parts : [link, ...parts];
  return all.length === 0 ? '' : `#${all.join('&')}`;
}
