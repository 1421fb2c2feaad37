/** gzip, and streams read to their end, never past a stated size. */

import { joined } from './bytes.ts';
import { CutOffGzip, DamagedGzip, TooManyBytes } from './gzipErrors.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** gzip, whose checksum tells later whether all of it arrived as it was. */
export async function gzip(parts: BlobPart[]): Promise<Bytes> {
  if (typeof CompressionStream === 'undefined') {
    const { gzipPlain } = await import('./plainGzip.ts');
    return gzipPlain(new Uint8Array(await new Blob(parts).arrayBuffer()));
  }
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Whether it begins as gzip does (RFC 1952). */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Throws `TooManyBytes` or `DamagedGzip`: `CutOffGzip` where nothing is wrong as far as it goes. */
export async function gunzip(bytes: Bytes, limit: number): Promise<Bytes> {
  if (typeof DecompressionStream === 'undefined')
    return (await import('./plainGzip.ts')).gunzipPlain(bytes, limit);
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  let taken = false;
  const written = writer.write(bytes).then(() => {
    taken = true;
    return writer.close();
  });
  written.catch(() => {}); // The reader hears of it.
  return collect(readable.getReader(), limit).catch((error: unknown) => {
    if (error instanceof TooManyBytes) throw error;
    // The stream takes no byte after a damaged one: all that were written are sound.
    if (taken) throw new CutOffGzip('cut off', { cause: error });
    throw new DamagedGzip('not gzip, or changed', { cause: error });
  });
}

/** All bytes of a stream, which is given up with `TooManyBytes` once there are more than `limit`. */
export async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      void reader.cancel().catch(() => {});
      throw new TooManyBytes(limit);
    }
    chunks.push(value);
  }
  return joined(chunks, length);
}
