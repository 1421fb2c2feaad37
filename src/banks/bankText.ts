/** The text of a bank's file, plain or compressed by gzip as HumanEval is handed out, up to a stated size. */

/** Read as one text: more than this would not fit in a tab's memory with all that is made of it. */
export const MAX_BANK_BYTES = 256 * 2 ** 20;

/** Throws `Error` with a sentence for a person: too large, or damaged. `name` is what they call the file. */
export async function readBankText(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  name: string,
  limit = MAX_BANK_BYTES,
): Promise<string> {
  const tooLarge = () =>
    new Error(
      `${name} has more than ${Math.round(limit / 2 ** 20)} MB, all that the page reads. Split it by lines.`,
    );
  const parts = await collect(body, limit, tooLarge);
  const [first] = parts;
  if (first?.[0] !== 0x1f || first[1] !== 0x8b) return decodeText(await new Blob(parts).arrayBuffer());
  const unpacked = new Blob(parts).stream().pipeThrough(new DecompressionStream('gzip'));
  const damaged = () => new Error(`${name} is gzip, and damaged or cut off. Download it again.`);
  return decodeText(await new Blob(await collect(unpacked, limit, tooLarge, damaged)).arrayBuffer());
}

/** UTF-8, or UTF-16 with its mark at the beginning, as Windows' shell writes what is sent to a file. */
export function decodeText(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
  const [a, b] = new Uint8Array(bytes.slice(0, 2));
  const encoding = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

async function collect(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  limit: number,
  tooLarge: () => Error,
  damaged?: () => Error,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const reader = body.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw damaged?.() ?? error;
    });
    if (done) return parts;
    size += value.length;
    if (size > limit) {
      void reader.cancel().catch(() => {});
      throw tooLarge();
    }
    if (value.length > 0) parts.push(value);
  }
}
