/**
 * The safetensors format (huggingface/safetensors):
 *
 *     0      uint64   length n of the header
 *     8      header   JSON: { "__metadata__"?: { text: text }, name: { dtype, shape, data_offsets: [begin, end] }, ... }
 *     8 + n  data     row-major, little-endian; the offsets count from here and leave no gap
 */
import { elementCount, halfToFloat } from 'onnx-grad';

type Values = Float32Array | Float64Array;

/** Element types: the bytes of one element, and how `n` of them, aligned at the buffer's start, are read as numbers. */
const DTYPES = {
  BOOL: { bytes: 1, read: (b, n) => Float64Array.from(new Uint8Array(b, 0, n)) },
  U8: { bytes: 1, read: (b, n) => Float64Array.from(new Uint8Array(b, 0, n)) },
  I8: { bytes: 1, read: (b, n) => Float64Array.from(new Int8Array(b, 0, n)) },
  F8_E5M2: {
    bytes: 1,
    read: (b, n) => Float32Array.from(new Uint8Array(b, 0, n), (x) => halfToFloat(x << 8)),
  },
  F8_E4M3: { bytes: 1, read: (b, n) => Float32Array.from(new Uint8Array(b, 0, n), e4m3ToFloat) },
  I16: { bytes: 2, read: (b, n) => Float64Array.from(new Int16Array(b, 0, n)) },
  U16: { bytes: 2, read: (b, n) => Float64Array.from(new Uint16Array(b, 0, n)) },
  F16: { bytes: 2, read: (b, n) => Float32Array.from(new Uint16Array(b, 0, n), halfToFloat) },
  BF16: {
    bytes: 2,
    // The upper half of a float32.
    read: (b, n) => new Float32Array(Uint32Array.from(new Uint16Array(b, 0, n), (x) => x << 16).buffer),
  },
  I32: { bytes: 4, read: (b, n) => Float64Array.from(new Int32Array(b, 0, n)) },
  U32: { bytes: 4, read: (b, n) => Float64Array.from(new Uint32Array(b, 0, n)) },
  F32: { bytes: 4, read: (b, n) => new Float32Array(b, 0, n) },
  F64: { bytes: 8, read: (b, n) => new Float64Array(b, 0, n) },
  I64: { bytes: 8, read: (b, n) => Float64Array.from(new BigInt64Array(b, 0, n), Number) },
  U64: { bytes: 8, read: (b, n) => Float64Array.from(new BigUint64Array(b, 0, n), Number) },
} as const satisfies Record<string, { bytes: number; read: (buffer: ArrayBuffer, n: number) => Values }>;
export type SafeDType = keyof typeof DTYPES;

/** `bytes` are little-endian and row-major; of a file that was read, they are a view into it. */
export interface SafeTensor {
  dtype: SafeDType;
  dims: number[];
  bytes: Uint8Array;
}

export interface Safetensors {
  tensors: Map<string, SafeTensor>;
  /** Notes of the writer, such as `format: "pt"`. */
  metadata: Record<string, string>;
}

/** The bytes are not a whole safetensors file; the message says where it breaks. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

/** The reference implementation's bound on a header. */
const MAX_HEADER = 100_000_000;

/** Reads a whole file. Throws `SafetensorsError` for anything but one. */
export function readSafetensors(file: Uint8Array): Safetensors {
  if (file.length < 8) {
    throw new SafetensorsError(`It has ${file.length} bytes; the length of a header alone takes 8.`);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER) {
    throw new SafetensorsError(`Its header claims ${length} bytes: this is not a safetensors file.`);
  }
  const start = 8 + Number(length);
  if (file.length < start) {
    throw new SafetensorsError(
      `It is cut off within its header (${file.length} of at least ${start} bytes).`,
    );
  }
  const header = parseHeader(file.subarray(8, start));
  const data = file.subarray(start);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = new Map<string, SafeTensor>();
  for (const [name, entry] of Object.entries(entries)) tensors.set(name, readEntry(name, entry, data));
  checkCoverage(tensors, data);
  return { tensors, metadata: readMetadata(metadata) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SafetensorsError('Its header is not JSON: this is not a safetensors file, or it is damaged.', {
      cause,
    });
  }
  if (isRecord(header)) return header;
  throw new SafetensorsError('Its header is not a JSON object.');
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const shown = (name: string) => (name.length > 120 ? `${name.slice(0, 119)}…` : name);

function readEntry(name: string, entry: unknown, data: Uint8Array): SafeTensor {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
    const known = Object.keys(DTYPES).join(', ');
    throw new SafetensorsError(`${shown(name)} has the type ${String(dtype)}; ${known} can be read.`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new SafetensorsError(`${shown(name)} has no shape of whole numbers.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new SafetensorsError(`${shown(name)} has no pair of data offsets.`);
  }
  const [begin, end] = offsets as [number, number];
  if (end < begin || end > data.length) {
    throw new SafetensorsError(
      `${shown(name)} lies at bytes ${begin} to ${end} of ${data.length}: the file is cut off or damaged.`,
    );
  }
  const expected = elementCount(shape) * DTYPES[dtype as SafeDType].bytes;
  if (end - begin !== expected) {
    throw new SafetensorsError(
      `${shown(name)} has ${end - begin} bytes where ${dtype} [${shape}] takes ${expected}.`,
    );
  }
  return { dtype: dtype as SafeDType, dims: shape, bytes: data.subarray(begin, end) };
}

/** Tensors lie one after the other, from the data's first byte to its last: bytes that belong to none are an error. */
function checkCoverage(tensors: ReadonlyMap<string, SafeTensor>, data: Uint8Array): void {
  const offset = (tensor: SafeTensor) => tensor.bytes.byteOffset - data.byteOffset;
  const order = [...tensors].sort(([, a], [, b]) => offset(a) - offset(b) || a.bytes.length - b.bytes.length);
  let at = 0;
  for (const [name, tensor] of order) {
    if (offset(tensor) !== at) {
      throw new SafetensorsError(
        `${shown(name)} begins at byte ${offset(tensor)}, but the tensors before it end at ${at}.`,
      );
    }
    at += tensor.bytes.length;
  }
  if (at !== data.length) {
    throw new SafetensorsError(`${data.length - at} bytes follow the last tensor: the header is damaged.`);
  }
}

function readMetadata(value: unknown): Record<string, string> {
  if (isRecord(value) && Object.values(value).every((text) => typeof text === 'string')) {
    return value as Record<string, string>;
  }
  throw new SafetensorsError('Its metadata are not texts by name.');
}

/** A file of these tensors, in the reference implementation's order: wide elements first, then by name. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const order = [...tensors].sort(
    ([a, x], [b, y]) => DTYPES[y.dtype].bytes - DTYPES[x.dtype].bytes || (a < b ? -1 : a > b ? 1 : 0),
  );
  const entries: [string, unknown][] = Object.keys(metadata).length ? [['__metadata__', metadata]] : [];
  let size = 0;
  for (const [name, { dtype, dims, bytes }] of order) {
    const expected = elementCount(dims) * DTYPES[dtype].bytes;
    if (bytes.length !== expected) {
      throw new Error(`${name} has ${bytes.length} bytes where ${dtype} [${dims}] takes ${expected}`);
    }
    entries.push([name, { dtype, shape: dims, data_offsets: [size, size + bytes.length] }]);
    size += bytes.length;
  }
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Padded with spaces, so that the data are aligned.
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(start + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.fill(0x20, 8, start);
  file.set(header, 8);
  let at = start;
  for (const [, { bytes }] of order) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** The elements as numbers, in memory of their own. Integers beyond 2^53 lose their last digits. */
export function safeTensorValues({ dtype, dims, bytes }: SafeTensor): Values {
  // A view may start at any byte of the file; typed arrays need alignment.
  const { buffer } = new Uint8Array(bytes);
  return DTYPES[dtype].read(buffer, elementCount(dims));
}

/** An F32 tensor of these values. */
export function safeFloat32(dims: number[], values: Float32Array): SafeTensor {
  return { dtype: 'F32', dims, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** OCP's 8-bit float with 4 bits of exponent: no infinities, one pattern that is not a number. */
function e4m3ToFloat(x: number): number {
  const sign = x & 0x80 ? -1 : 1;
  const exponent = (x >> 3) & 15;
  const fraction = x & 7;
  if (exponent === 15 && fraction === 7) return Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (1 + fraction / 8) * 2 ** (exponent - 7));
}
