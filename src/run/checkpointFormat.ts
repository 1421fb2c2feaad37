/**
 * A policy snapshot as bytes, the same in IndexedDB and in a file:
 *
 *     0   8 bytes   "FOOTHOLD"
 *     8   uint32    length of the header, a multiple of 4
 *     12  uint32    CRC-32 of everything after this field
 *     16  header    JSON padded with spaces: { format, layout, step, length, arrays }
 *         float32   the arrays named in the header, one after the other, `length` values each
 *
 * All numbers are little-endian.
 */
import { CodedError } from '../util/codedError.ts';
import type { PolicySnapshot } from '../gasp/ports.ts';

const MAGIC = 'FOOTHOLD';
const FORMAT = 1;
const PREFIX = 16;
const CHECKSUM_FROM = 16;
const ARRAYS = ['weights', 'firstMoment', 'secondMoment'] as const;

interface Header {
  format: number;
  layout: string;
  step: number;
  /** Values in each array. */
  length: number;
  arrays: readonly string[];
}

/** The bytes are not a whole, unchanged checkpoint. An older checkpoint of the run may still be good. */
export class DamagedCheckpointError extends CodedError<'checkpoint-damaged'> {
  override name = 'DamagedCheckpointError';
  constructor(message: string) {
    super('checkpoint-damaged', {}, message);
  }
}

function encodeHeader(snapshot: PolicySnapshot): Uint8Array {
  const header: Header = {
    format: FORMAT,
    layout: snapshot.layout,
    step: snapshot.step,
    length: snapshot.weights.length,
    arrays: ARRAYS,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4).fill(0x20);
  padded.set(bytes);
  return padded;
}

/** Size in bytes of the serialized snapshot, for the `checkpoint` event, which is written with it. */
export function checkpointBytes(snapshot: PolicySnapshot): number {
  return PREFIX + encodeHeader(snapshot).length + ARRAYS.length * snapshot.weights.byteLength;
}

export function serializeCheckpoint(snapshot: PolicySnapshot): Uint8Array<ArrayBuffer> {
  const length = snapshot.weights.length;
  for (const name of ARRAYS) {
    if (snapshot[name].length !== length) {
      throw new Error(`Snapshot has ${length} weights, but ${snapshot[name].length} values in ${name}`);
    }
  }
  const header = encodeHeader(snapshot);
  const bytes = new Uint8Array(checkpointBytes(snapshot));
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, header.length, true);
  bytes.set(header, PREFIX);
  ARRAYS.forEach((name, index) => {
    const target = new Float32Array(bytes.buffer, PREFIX + header.length + index * length * 4, length);
    target.set(snapshot[name]);
  });
  view.setUint32(12, crc32(bytes.subarray(CHECKSUM_FROM)), true);
  return bytes;
}

/** Throws `DamagedCheckpointError` for anything but the bytes of a whole checkpoint. */
export function parseCheckpoint(bytes: Uint8Array): PolicySnapshot {
  const decoder = new TextDecoder();
  if (bytes.length < PREFIX || decoder.decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new DamagedCheckpointError('This is not a Foothold checkpoint, or it lacks its beginning.');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = PREFIX + view.getUint32(8, true);
  if (bytes.length < start) {
    throw new DamagedCheckpointError(`The checkpoint is cut off within its header (${bytes.length} bytes).`);
  }
  let header: Header;
  try {
    header = JSON.parse(decoder.decode(bytes.subarray(PREFIX, start))) as Header;
  } catch {
    throw new DamagedCheckpointError("The checkpoint's header cannot be read.");
  }
  if (header.format !== FORMAT) {
    throw new DamagedCheckpointError(
      `The checkpoint has format ${header.format}; this version reads format ${FORMAT}.`,
    );
  }
  const expected = start + ARRAYS.length * header.length * 4;
  if (bytes.length !== expected) {
    throw new DamagedCheckpointError(
      `The checkpoint has ${bytes.length} bytes where its header promises ${expected}: it was cut off or overwritten.`,
    );
  }
  if (crc32(bytes.subarray(CHECKSUM_FROM)) !== view.getUint32(12, true)) {
    throw new DamagedCheckpointError("The checkpoint's checksum does not match: its data were changed.");
  }
  const array = (index: number) => {
    const values = new Float32Array(header.length);
    const from = start + index * values.byteLength;
    // A copy: the values may start at any address in `bytes`, whose memory is not ours to keep.
    new Uint8Array(values.buffer).set(bytes.subarray(from, from + values.byteLength));
    return values;
  };
  return {
    layout: header.layout,
    step: header.step,
    weights: array(0),
    firstMoment: array(1),
    secondMoment: array(2),
  };
}

/** `TABLES[k][b]`: CRC of byte b followed by k zero bytes, so that four bytes are taken in at a time. */
const TABLES = crcTables();

function crcTables(): Uint32Array[] {
  const first = new Uint32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  const tables = [first];
  for (let k = 1; k < 4; k++) tables.push(tables[k - 1]!.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)));
  return tables;
}

/** CRC-32 (IEEE 802.3, as in zlib) of the bytes, unsigned. */
export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const whole = bytes.length & ~3;
  let crc = 0xffffffff;
  let i = 0;
  for (; i < whole; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!;
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
