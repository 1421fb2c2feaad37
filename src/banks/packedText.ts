/**
 * Text that was pickled, compressed by zlib and written in base64. A pickle is a program for Python's
 * unpickler, which can be made to call anything: none runs here. The few operations that a text alone
 * consists of are read as data, and any other is refused.
 */

import { fromBase64 } from '../util/base64.ts';

/** The packed text cannot be read; the message is for a person. */
export class PackError extends Error {
  override name = 'PackError';
}

/** A text that grows beyond this is no set of tests. */
const MAX_BYTES = 1 << 29;

/** Throws `PackError`. */
export async function unpackText(base64: string): Promise<string> {
  let packed: Uint8Array<ArrayBuffer>;
  try {
    packed = fromBase64(base64.replaceAll(/\s/g, ''));
  } catch {
    throw new PackError('It is neither JSON nor base64.');
  }
  return readPickledText(await inflate(packed));
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > MAX_BYTES) {
        await reader.cancel();
        throw new PackError(`It unpacks to more than ${MAX_BYTES >> 20} MB.`);
      }
      parts.push(value);
    }
  } catch (error) {
    if (error instanceof PackError) throw error;
    throw new PackError('Its base64 is no zlib stream: it is damaged or cut off.');
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The text of a pickle that holds one text and nothing else, of any protocol. Throws `PackError`. */
export function readPickledText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text: string | undefined;
  let at = 0;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new PackError('Its pickle is cut off.');
    const part = bytes.subarray(at, at + length);
    at += length;
    text = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(part);
  };
  const line = () => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw new PackError('Its pickle is cut off.');
    const start = at;
    at = end + 1;
    return start;
  };
  try {
    while (at < bytes.length) {
      const operation = bytes[at++]!;
      switch (operation) {
        case 0x80: // PROTO
          at += 1;
          break;
        case 0x95: // FRAME
          at += 8;
          break;
        case 0x8c: // SHORT_BINUNICODE
          take(bytes[at++]!);
          break;
        case 0x58: // BINUNICODE
          at += 4;
          take(view.getUint32(at - 4, true));
          break;
        case 0x8d: // BINUNICODE8
          at += 8;
          take(Number(view.getBigUint64(at - 8, true)));
          break;
        case 0x56: {
          // UNICODE, of protocol 0
          const start = line();
          const raw = new TextDecoder('latin1').decode(bytes.subarray(start, at - 1));
          text = raw.replaceAll(/\\u([0-9a-f]{4})|\\U([0-9a-f]{8})/gi, (_, short, long) =>
            String.fromCodePoint(Number.parseInt(short ?? long, 16)),
          );
          break;
        }
        case 0x94: // MEMOIZE
          break;
        case 0x71: // BINPUT
          at += 1;
          break;
        case 0x72: // LONG_BINPUT
          at += 4;
          break;
        case 0x70: // PUT
          line();
          break;
        case 0x2e: // STOP
          if (text === undefined) throw new PackError('Its pickle is empty.');
          return text;
        default:
          throw new PackError(
            `Its pickle holds something else than a text (operation 0x${operation.toString(16)}), and is not run.`,
          );
      }
    }
  } catch (error) {
    if (error instanceof RangeError) throw new PackError('Its pickle is cut off.');
    throw error;
  }
  throw new PackError('Its pickle is cut off.');
}
