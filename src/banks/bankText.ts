/** The text of a bank's file, plain or compressed by gzip as HumanEval is handed out, up to a stated size. */
import { collect, isGzip } from '../share/packing.ts';

/** Read as one text: more than this would not fit in a tab's memory with all that is made of it. */
export const MAX_BANK_BYTES = 256 * 2 ** 20;

/** Throws `Error` with a sentence for a person: too large, or damaged. `name` is what they call the file. */
export async function readBankText(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  name: string,
  limit = MAX_BANK_BYTES,
): Promise<string> {
  const tooLarge = new Error(
    `${name} has more than ${Math.round(limit / 2 ** 20)} MB, all that the page reads. Split it by lines.`,
  );
  const bytes = await collect(body.getReader(), limit, () => tooLarge);
  if (!isGzip(bytes)) return decodeText(bytes);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return decodeText(
    await collect(unpacked.getReader(), limit, () => tooLarge).catch((error: unknown) => {
      if (error === tooLarge) throw error;
      throw new Error(`${name} is gzip, and damaged or cut off. Download it again.`);
    }),
  );
}

/** UTF-8, or UTF-16 with its mark at the beginning, as Windows' shell writes what is sent to a file. */
export function decodeText(bytes: Uint8Array<ArrayBuffer>): string {
  const [a, b] = bytes;
  const encoding = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
