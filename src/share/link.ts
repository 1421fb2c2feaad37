/** Sessions in addresses and files: made, fetched, read. */
import type { RecordedRun } from '../run/journal.ts';
import { bare, LINK_LIMIT, type Source } from './address.ts';
import { packRecipe, packRuns, type Shared, unpack } from './bundle.ts';
import { fromBase64Url, receive, toBase64Url } from './packing.ts';
import { ShareError } from './problem.ts';
import type { Recipe } from './schema.ts';

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

/** Throws `ShareError` for whatever is not a sound session. */
export async function openSource(source: Source, page: string): Promise<Shared> {
  if (source.from === 'address') return openAddress(source.url, page);
  if (source.text.length > LINK_LIMIT)
    throw new ShareError(
      `The link has ${source.text.length} characters; ours have ${LINK_LIMIT} at most.`,
      'share-link-long',
      { length: source.text.length, limit: LINK_LIMIT },
    );
  const shared = await unpack(fromBase64Url(source.text), LINK_UNPACKED_LIMIT);
  if (shared.kind !== source.kind)
    throw new ShareError(`The link says ${source.kind} and holds something else.`);
  return shared;
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
