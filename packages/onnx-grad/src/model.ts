/** ONNX models as plain data; `proto.ts` reads and writes their files. */

/** Element types by their names in this project, with ONNX's number and the bytes of one element. */
export const DTYPES = {
  float32: { code: 1, bytes: 4 },
  uint8: { code: 2, bytes: 1 },
  int8: { code: 3, bytes: 1 },
  uint16: { code: 4, bytes: 2 },
  int16: { code: 5, bytes: 2 },
  int32: { code: 6, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  string: { code: 8, bytes: 0 },
  bool: { code: 9, bytes: 1 },
  float16: { code: 10, bytes: 2 },
  float64: { code: 11, bytes: 8 },
  uint32: { code: 12, bytes: 4 },
  uint64: { code: 13, bytes: 8 },
  bfloat16: { code: 16, bytes: 2 },
  uint4: { code: 21, bytes: 0.5 },
  int4: { code: 22, bytes: 0.5 },
} as const;
export type DType = keyof typeof DTYPES;

/** A dimension: a size, or a name for one that is known only at run time. */
export type Dim = number | string;

/** Where an initializer's bytes lie when they are not in the model file. */
export interface ExternalData {
  location: string;
  offset: number;
  /** Bytes; absent means to the end of the file. */
  length?: number;
}

/** A constant. `bytes` are little-endian, row-major; absent where they lie in an `external` file that was not loaded. */
export interface Constant {
  dtype: DType;
  dims: number[];
  bytes?: Uint8Array;
  external?: ExternalData;
}

export type Attribute =
  | { type: 'int'; value: number }
  | { type: 'float'; value: number }
  | { type: 'string'; value: string }
  | { type: 'tensor'; value: Constant }
  | { type: 'ints'; value: number[] }
  | { type: 'floats'; value: number[] }
  | { type: 'strings'; value: string[] }
  | { type: 'graph'; value: Graph };

/** One operator. An absent optional input is the empty string. `domain` is '' for ONNX's own. */
export interface Node {
  op: string;
  domain: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
  /** Path of the module that the node comes from, where the exporter noted it: `model.layers.0.mlp.up_proj`. */
  scope?: string;
}

export interface ValueInfo {
  dtype: DType;
  shape: Dim[];
}

/** Nodes are in topological order, as ONNX demands. */
export interface Graph {
  name: string;
  nodes: Node[];
  inputs: Map<string, ValueInfo>;
  outputs: Map<string, ValueInfo>;
  initializers: Map<string, Constant>;
  /**
   * Types and shapes of the nodes' outputs, where they are known. ONNX Runtime reuses buffers of equal shape.
   * Where a file states no shapes, it compares sizes that it names itself, and opening a session takes time
   * quadratic in the number of nodes.
   */
  values?: ReadonlyMap<string, ValueInfo>;
}

export interface Model {
  irVersion: number;
  producer: string;
  /** Version by domain; '' is ONNX's own. */
  opsets: Record<string, number>;
  graph: Graph;
}

export function emptyModel(name: string): Model {
  return {
    irVersion: 9,
    producer: 'foothold',
    opsets: { '': 18, 'com.microsoft': 1 },
    graph: { name, nodes: [], inputs: new Map(), outputs: new Map(), initializers: new Map() },
  };
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

export function float32Constant(dims: number[], values: ArrayLike<number>): Constant {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  if (data.length !== elementCount(dims)) {
    throw new Error(`${data.length} values do not fill a tensor of shape [${dims}]`);
  }
  return { dtype: 'float32', dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

export function int64Constant(dims: number[], values: readonly number[]): Constant {
  const data = BigInt64Array.from(values, (v) => BigInt(v));
  return { dtype: 'int64', dims, bytes: new Uint8Array(data.buffer) };
}

/** The values of a numeric constant as float32 or float64 numbers; fp16 and bf16 are widened. */
export function constantValues(constant: Constant): Float32Array | Float64Array {
  const { bytes, dtype } = constant;
  if (!bytes) throw new Error('the constant lies in an external file that was not loaded');
  const n = elementCount(constant.dims);
  // Copied, because typed arrays need alignment and a view may start at any byte of the file. (`slice` of
  // Node's Buffer does not copy.)
  const { buffer } = new Uint8Array(bytes);
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, 0, n);
    case 'float64':
      return new Float64Array(buffer, 0, n);
    case 'float16': {
      const half = new Uint16Array(buffer, 0, n);
      const out = new Float32Array(n);
      halves ??= Float32Array.from({ length: 65536 }, (_, h) => halfToFloat(h));
      for (let i = 0; i < n; i++) out[i] = halves[half[i]!]!;
      return out;
    }
    case 'bfloat16': {
      const out = new Uint32Array(n);
      const half = new Uint16Array(buffer, 0, n);
      for (let i = 0; i < n; i++) out[i] = half[i]! << 16;
      return new Float32Array(out.buffer);
    }
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, 0, n), Number);
    case 'int32':
      return Float64Array.from(new Int32Array(buffer, 0, n));
    case 'uint8':
    case 'bool':
      return Float64Array.from(new Uint8Array(buffer, 0, n));
    case 'int8':
      return Float64Array.from(new Int8Array(buffer, 0, n));
    default:
      throw new Error(`constants of type ${dtype} cannot be read as numbers`);
  }
}

/** All half-precision numbers by their bits: a look-up is faster than `halfToFloat`, and tables have millions. */
let halves: Float32Array | undefined;

/** IEEE 754 half precision to number. */
export function halfToFloat(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Number to IEEE 754 half precision, rounding to nearest, ties to even. */
export function floatToHalf(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (a >= 65520) return sign | 0x7c00;
  const exponent = a === 0 ? -15 : Math.max(Math.floor(Math.log2(a)), -15);
  if (exponent < -14) return sign | roundEven(a * 2 ** 24);
  const mantissa = roundEven((a / 2 ** exponent - 1) * 1024);
  // A mantissa that rounds up to 1024 carries into the exponent by plain addition.
  return sign | (((exponent + 15) << 10) + mantissa);
}

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
