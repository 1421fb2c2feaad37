/** Sessions in addresses and files: made, fetched, read. */
import type { RecordedRun } from '../run/journal.ts';
import { bare, LINK_LIMIT, type Source } from './address.ts';
import { packRecipe, packRuns, type Shared, unpack } from './bundle.ts';
import { fromBase64Url, receive, toBase64Url } from './packing.ts';
import { CutOffError, ShareError } from './shareError.ts';
import type { Recipe } from './schema.ts';
import { readSent } from './sentText.ts';

/** Bytes that a link may unpack to: a hundred times what the longest one of ours does. */
const LINK_UNPACKED_LIMIT = 32e6;
/** Bytes of a file, and what it may unpack to: checkpoints hardly shrink, events to a tenth or so. */
const FILE_LIMIT = 512e6;
const FILE_UNPACKED_LIMIT = 768e6;

export async function recipeLink(recipe: Recipe, page: string): Promise<string> {
  return `${bare(page)}#recipe=${toBase64Url(await packRecipe(recipe))}`;
}

/** The link, or null for a run that does not fit in one. */
export async function replayLink(run: RecordedRun, page: string): Promise<string | null> {
  const text = toBase64Url(await packRuns([{ ...run, checkpoints: [] }]));
  return text.length > LINK_LIMIT ? null : `${bare(page)}#replay=${text}`;
}

/**
 * The sent session; null where a closer look finds none. Throws `ShareError` for anything but a sound
 * session.
 */
export async function openSource(source: Source, page: string): Promise<Shared | null> {
  if (source.from === 'address') return openAddress(source.url, page);
  if (source.from === 'link') {
    try {
      return await openLink(source.text, source.kind);
    } catch (error) {
      // A stray character at its end is enough for it not to be what was sent.
      const { links } = readSent(`#${source.kind}=${source.text}`);
      const others = links.filter(({ text }) => text !== source.text);
      return firstToOpen(others, ({ text, kind }) => openLink(text, kind)).catch(() => {
        throw error;
      });
    }
  }
  const { links, addresses, found } = readSent(source.text);
  if (!found) return null;
  // A link in the place of a file's address is read as the link that it is.
  if (links.length > 0) return firstToOpen(links, ({ text, kind }) => openLink(text, kind));
  if (addresses.length > 0) return firstToOpen(addresses, (address) => openAddress(address, page));
  throw new ShareError(
    'Something was sent with this address, and it cannot be read: a part of it is missing or was changed on the way.',
    'share-link-changed',
  );
}

/** The first of several readings that is sound; where none is, what is wrong with the likeliest. */
async function firstToOpen<T>(
  readings: readonly T[],
  read: (reading: T) => Promise<Shared>,
): Promise<Shared> {
  const errors: unknown[] = [];
  for (const reading of readings) {
    try {
      return await read(reading);
    } catch (error) {
      if (!(error instanceof ShareError)) throw error;
      errors.push(error);
    }
  }
  throw errors[0];
}

async function openLink(text: string, kind?: 'recipe' | 'replay'): Promise<Shared> {
  if (text.length > LINK_LIMIT)
    throw new ShareError(
      `The link has ${text.length} characters; ours have ${LINK_LIMIT} at most.`,
      'share-link-long',
      { length: text.length, limit: LINK_LIMIT },
    );
  if (text === '')
    throw new ShareError(
      'This is not a Foothold session: the link is cut off before it begins.',
      'share-link-changed',
    );
  if (/^h4si/i.test(text) && !text.startsWith('H4sI'))
    throw new ShareError(
      'The link is damaged: capital and small letters were changed on the way, and they matter.',
      'share-link-changed',
    );
  try {
    const shared = await unpack(fromBase64Url(text), LINK_UNPACKED_LIMIT);
    if (kind && shared.kind !== kind) throw new ShareError(`The link says ${kind} and holds something else.`);
    return shared;
  } catch (error) {
    if (!(error instanceof CutOffError)) throw error;
    throw new ShareError(
      `The link is damaged: it is cut off, and only ${text.length} characters of it arrived.`,
      'share-link-changed',
    );
  }
}

export async function openFile(file: Blob): Promise<Shared> {
  if (file.size > FILE_LIMIT) throw new ShareError(`The file has more than ${FILE_LIMIT / 1e6} MB.`);
  return unpack(new Uint8Array(await file.arrayBuffer()), unpackedLimit(file.size));
}

/** Small files do not hold much; what unpacks to a thousand times its size is a trap. */
const unpackedLimit = (size: number) => Math.min(FILE_UNPACKED_LIMIT, 64e6 + 40 * size);

async function openAddress(address: string, page: string): Promise<Shared> {
  const refuse = (message: string): never => {
    throw new ShareError(message, 'share-address', { address });
  };
  let url: URL;
  try {
    url = new URL(address, page);
  } catch {
    return refuse(`“${address.slice(0, 200)}” is not an address.`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return refuse(`Sessions are fetched by https or http, not by ${url.protocol.slice(0, 40)}`);
  let response: Response;
  try {
    // A stranger's host learns nothing beyond the request itself.
    response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-cache' });
  } catch {
    return refuse(`${url.host} cannot be reached, or does not let other pages read the file.`);
  }
  if (!response.ok || !response.body)
    return refuse(`${url.host} does not have the file (answer ${response.status}).`);
  const bytes = await receive(response.body.getReader(), FILE_LIMIT);
  return unpack(bytes, unpackedLimit(bytes.length));
}
