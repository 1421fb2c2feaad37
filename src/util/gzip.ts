/** gzip, and streams read to their end, never past a stated size. */

type Bytes = Uint8Array<ArrayBuffer>;

/** A stream holds more than `limit` bytes. */
export class TooManyBytes extends Error {
  override name = 'TooManyBytes';
  constructor(readonly limit: number) {
    super(`more than ${Math.round(limit / 1e6)} MB`);
  }
}

/** What was to be unpacked is no gzip, or a part of it is missing or was changed. */
export class DamagedGzip extends Error {
  override name = 'DamagedGzip';
}

/** gzip, whose checksum tells later whether all of it arrived as it was. */
export async function gzip(parts: BlobPart[]): Promise<Bytes> {
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Whether it begins as gzip does (RFC 1952). */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Throws `TooManyBytes` or `DamagedGzip`. */
export async function gunzip(bytes: Bytes, limit: number): Promise<Bytes> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  return collect(reader, limit).catch((error: unknown) => {
    if (error instanceof TooManyBytes) throw error;
    throw new DamagedGzip('not gzip, cut off or changed', { cause: error });
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
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
