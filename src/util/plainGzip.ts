/** gzip for browsers without compression streams. */
import { gzipSync, Gunzip } from 'fflate';
import { joined } from './bytes.ts';
import { CutOffGzip, DamagedGzip, TooManyBytes } from './gzipErrors.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export const gzipPlain = (bytes: Bytes): Bytes => gzipSync(bytes) as Bytes;

/** Bytes unpacked at once: no more than a thousand times as many come of them. */
const PIECE = 16_384;

/** As `gunzip`. */
export function gunzipPlain(bytes: Bytes, limit: number): Bytes {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const unpacking = new Gunzip((chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) throw new TooManyBytes(limit);
  });
  try {
    for (let at = 0; at < bytes.length; at += PIECE)
      unpacking.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
  } catch (error) {
    if (error instanceof TooManyBytes) throw error;
    // fflate's code for an early end.
    if ((error as { code?: number }).code === 0) throw new CutOffGzip('cut off', { cause: error });
    throw new DamagedGzip('not gzip, or changed', { cause: error });
  }
  const all = joined(chunks, length);
  // The library does not look at the trailer: checksum and length (RFC 1952, 2.3.1).
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + Math.max(0, bytes.length - 8));
  if (bytes.length < 18 || trailer.getUint32(4, true) !== length)
    throw new CutOffGzip('cut off before its length');
  if (trailer.getUint32(0, true) !== crc32(all)) throw new DamagedGzip('not what it was');
  return all;
}

/** The checksum of gzip (RFC 1952, section 8). */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
