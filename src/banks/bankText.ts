/** The text of a bank's file, plain or compressed by gzip as HumanEval is handed out, up to a stated size. */
import { collect, gunzip, isGzip } from '../util/gzip.ts';
import { DamagedGzip, TooManyBytes } from '../util/gzipErrors.ts';

/** Read as one text: more than this would not fit in a tab's memory with all that is made of it. */
export const MAX_BANK_BYTES = 256 * 2 ** 20;

/** Throws `Error` with a sentence for a person: too large, or damaged. `name` is the file's name for people. */
export async function readBankText(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  name: string,
  limit = MAX_BANK_BYTES,
): Promise<string> {
  try {
    const bytes = await collect(body.getReader(), limit);
    return decodeText(isGzip(bytes) ? await gunzip(bytes, limit) : bytes);
  } catch (error) {
    if (error instanceof TooManyBytes) {
      const megabytes = Math.round(limit / 2 ** 20);
      throw new Error(`${name} has more than ${megabytes} MB, more than can be read. Split it by lines.`);
    }
    if (error instanceof DamagedGzip) {
      throw new Error(`${name} is gzip, and damaged or cut off. Download it again.`);
    }
    throw error;
  }
}

/** UTF-8, or UTF-16 with its mark at the beginning, as Windows' shell writes redirected output. */
export function decodeText(bytes: Uint8Array<ArrayBuffer>): string {
  const [a, b] = bytes;
  const encoding = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
