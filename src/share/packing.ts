/** Shared bytes as text that fits into a link, and back; the text may come from anybody. */
import { fromBase64, toBase64 } from '../util/base64.ts';
import { collect, gunzip } from '../util/gzip.ts';
import { CutOffGzip, DamagedGzip, TooManyBytes } from '../util/gzipErrors.ts';
import { CutOffError, ShareError } from './shareError.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Unpacks shared bytes. Throws `ShareError` where they are no gzip, were changed, or are too large; `CutOffError` for a part. */
export const unzip = (bytes: Bytes, limit: number): Promise<Bytes> => gunzip(bytes, limit).catch(explain);

/** All bytes of a session that comes from elsewhere. Throws `ShareError` where they are more than `limit`. */
export const receive = (reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Bytes> =>
  collect(reader, limit).catch(explain);

function explain(error: unknown): never {
  if (error instanceof TooManyBytes) {
    const megabytes = Math.round(error.limit / 1e6);
    throw new ShareError(`The session holds more than ${megabytes} MB, which no run of its size does.`);
  }
  if (error instanceof CutOffGzip)
    throw new CutOffError('The session is damaged: it is cut off, its end is missing.');
  if (error instanceof DamagedGzip) {
    throw new ShareError('The session is damaged: a part of it is missing or was changed on the way.');
  }
  throw error;
}

/** base64 with the alphabet that links may hold as it is, without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Bytes): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function fromBase64Url(text: string): Bytes {
  if (!/^[\w-]*$/.test(text)) throw new ShareError('The link holds characters that no such link has.');
  // One character alone is the beginning of a byte: what it belongs to is missing.
  const whole = text.length % 4 === 1 ? text.slice(0, -1) : text;
  return fromBase64(whole.replaceAll('-', '+').replaceAll('_', '/'));
}
