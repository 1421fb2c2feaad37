/**
 * Reads links that something changed on their way: escaped once too often, wrapped, with punctuation, with the
 * parameters of whoever counts visits. What a link carries has a checksum, so that readings can be tried.
 */

/** Possible readings, the likelier first. */
export interface Readings {
  /** Texts of a link, in the alphabet of links. `kind` is absent where the key was lost. */
  links: { kind?: 'recipe' | 'replay'; text: string }[];
  /** Addresses of a file. */
  addresses: string[];
  /** A key or a link's beginning is there, so that something was sent. */
  found: boolean;
}

/** Readings of a link that are tried; each costs some milliseconds. */
const MOST_READINGS = 60;
/** Services that stand between a mail and its links, by the parameter that holds the address. */
const FORWARDING = ['url', 'u', 'q', 'a', 'target', 'to', 'dest', 'destination', 'redirect', 'link'];
/** Parameters that count visits. */
const COUNTING =
  /[?&](?:utm_\w+|fbclid|gclid|dclid|wbraid|gbraid|msclkid|igshid?|mc_[ce]id|_hs\w+|mkt_tok|ref(?:_src)?|si|s?cid)=[^&#]*/gi;
/** Every gzip stream begins so in base64 (RFC 1952: 1f 8b 08). */
const BEGINNING = 'H4sI';
/** Invisible characters: soft hyphens, zero-width spaces and joiners, marks of direction and of byte order. */
const INVISIBLE = /\u034f|\ufe0f|[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;

export function readSent(sent: string): Readings {
  const text = unescapeAll(sent.split(':~:')[0]!.replaceAll(COUNTING, (match) => match[0]!));
  const addresses = addressesIn(sent);
  // The key alone may be a folder in the address of a file.
  const links = linksIn(text, !text.includes(BEGINNING) && addresses.length === 0);
  const found = links.length > 0 || addresses.length > 0 || /h4si|\bsession\s*[=:]|[\w-]{60}/i.test(text);
  return { links, addresses, found };
}

/** Escapes of all kinds undone, as often as they were done. */
function unescapeAll(text: string): string {
  let now = text.normalize('NFKC');
  for (let times = 0; times < 8; times++) {
    const next = unescapeEntities(unescapePercent(now));
    if (next === now) break;
    now = next;
  }
  return now.replaceAll(INVISIBLE, '').normalize('NFKC');
}

const unescapePercent = (text: string): string =>
  text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      // Not UTF-8, or cut in the middle of a character.
      return run.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    }
  });

const ENTITIES: Record<string, string> = {
  amp: '&',
  num: '#',
  equals: '=',
  lowbar: '_',
  hyphen: '-',
  dash: '-',
  ndash: '–',
  mdash: '—',
  quest: '?',
  sol: '/',
  plus: '+',
  colon: ':',
  percnt: '%',
  period: '.',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: ' ',
  shy: '',
  zwnj: '',
  zwj: '',
};

const unescapeEntities = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (match, decimal, hex, name) => {
    if (name) return ENTITIES[String(name).toLowerCase()] ?? match;
    const code = decimal ? Number(decimal) : parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : match;
  });

/** Links, wherever they stand in it; the same one may be there twice. `keyAlone`: also what does not begin as one does. */
function linksIn(text: string, keyAlone: boolean): Readings['links'] {
  const links = new Map<string, Readings['links'][number]>();
  const parts = text.split(/(recipe|replay)\s*(?=[=:/]|H4sI)[=:/]*/i);
  for (let at = 0; at < parts.length; at += 2) {
    const key = parts[at - 1]?.toLowerCase() as 'recipe' | 'replay' | undefined;
    const begins = parts[at]!.indexOf(BEGINNING);
    if (begins < 0 && !(key && keyAlone)) continue;
    for (const reading of readingsOf(parts[at]!.slice(Math.max(0, begins))))
      if (!links.has(reading)) links.set(reading, { ...(key && { kind: key }), text: reading });
  }
  return [...links.values()].slice(0, MOST_READINGS);
}

/** Texts that a link may have had before it was changed into this one. */
function readingsOf(sent: string): string[] {
  const plain = sent
    .replaceAll(/<\/?[a-z][^>]*>/gi, '') // <wbr> and the like
    .replaceAll(/\s*[\r\n]+\s*(?:>[>\s]*)*/g, ' ') // lines, and the marks of a quoted mail
    .replaceAll('\\', '') // Markdown's escapes
    .replaceAll('\u2010', '-')
    .replaceAll('\u2011', '-')
    .replaceAll('\u2212', '-');
  const run = /^[\w\-+/=\s–—]*/.exec(plain)![0];
  const words = run.trim().split(/\s+/);
  const joined = [
    words.join(''),
    words[0]!,
    // In a form's encoding a space stands for a plus, which the other base64 has for our hyphen.
    run.replaceAll(/\s/g, '-'),
    run.replaceAll(/-\s+|\s/g, ''),
  ];
  // Words that follow the link in a sentence, or its punctuation.
  for (let kept = words.length - 1; kept > 1 && kept > words.length - 12; kept--)
    joined.push(words.slice(0, kept).join(''));
  const readings = joined.flatMap(dashes).flatMap((text) => {
    const inAlphabet = text.replaceAll('=', '').replaceAll('+', '-');
    const atSlash = inAlphabet.split('/')[0]!;
    const whole = inAlphabet.replaceAll('/', '_');
    return [whole, whole.replace(/[_-]+$/, ''), atSlash];
  });
  return [...new Set(readings)];
}

/** Word processors make a dash of two hyphens, or of three. */
function dashes(text: string): string[] {
  if (!/[–—]/.test(text)) return [text];
  return ['--', '-'].flatMap((short) =>
    ['--', '---', '-'].map((long) => text.replaceAll('–', short).replaceAll('—', long)),
  );
}

/** Values of `session`, up to the next parameter and, for addresses with parameters of their own, to the end. */
function addressesIn(sent: string): string[] {
  const key = /(?:^|[?&#;/!]|%3f|%26|%23)session(?:=|%3d|:)(.*)$/is.exec(sent);
  if (!key) return [];
  const whole = key[1]!.replaceAll(COUNTING, (match) => match[0]!);
  const first = whole.split(/&(?:amp;)?(?!amp;)|#/)[0]!;
  const addresses = [first, whole].flatMap((value) => {
    const spaced = value.replaceAll('+', ' ');
    return [cleanAddress(spaced), cleanAddress(value), unescapePercent(spaced).trim()];
  });
  return [...new Set(addresses)].filter((address) => address !== '').slice(0, 5);
}

/** An address without what was put around it. */
function cleanAddress(value: string): string {
  let now = unescapePercent(value);
  // Its own escapes stay: it is unescaped until it looks like an address.
  for (let times = 0; times < 5 && !/^\W*https?:/i.test(now); times++) now = unescapePercent(now);
  now = unescapeEntities(now)
    .replaceAll(INVISIBLE, '')
    .replaceAll(/[\r\n\t]+/g, '')
    .split(':~:')[0]!
    .trim()
    .replace(/^[<("'“‘«[{*_]+/, '')
    .replace(/[>)"'”’»\]}*_.,;:!?…&#\s]+$/, '')
    .replace(/^(https?):\/*(?=[^/])/i, '$1://');
  return forwarded(now) ?? now;
}

/** The address behind that of a forwarding service: safe links, counted links. */
function forwarded(address: string): string | undefined {
  const defended = /\/v3\/__(https?:.+?)__;/.exec(address)?.[1];
  if (defended) return defended.replace(/^(https?):\/(?=[^/])/i, '$1://');
  if (!URL.canParse(address)) return undefined;
  const { searchParams, pathname } = new URL(address);
  // A file by its own name, which may well take an address as a parameter.
  if (pathname.endsWith('.foothold')) return undefined;
  for (const name of FORWARDING) {
    const value = searchParams.get(name);
    if (value && /^https?:\/\//i.test(value)) return value;
  }
  return undefined;
}
