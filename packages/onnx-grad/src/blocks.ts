/**
 * Weights quantized in blocks, as ONNX Runtime's MatMulNBits stores them, and nodes that widen them. The
 * weight is uint8 [N, blocks, blockSize * bits / 8], values from the low bits of a byte on. A value q stands for
 * `(q - zeroPoint) * scale`, with one scale and zero point a block (2^(bits - 1) where none is stored).
 */
import { intAttribute } from './attributes.ts';
import type { GraphWriter, Value } from './graphWriter.ts';
import {
  type Constant,
  constantValues,
  elementCount,
  float32Constant,
  int64Constant,
  type Node,
} from './model.ts';

/** A quantized weight that can be run but has no gradient; the message says why and what to choose. */
export class QuantizationError extends Error {
  override name = 'QuantizationError';
}

export interface BlockLayout {
  /** Rows (outputs) and columns (inputs) of the weight. */
  n: number;
  k: number;
  bits: number;
  blockSize: number;
  /** Blocks in a row. */
  blocks: number;
}

export function blockLayout(node: Node): BlockLayout {
  const [n, k, bits, blockSize] = [
    intAttribute(node.attributes, 'N', 0),
    intAttribute(node.attributes, 'K', 0),
    intAttribute(node.attributes, 'bits', 4),
    intAttribute(node.attributes, 'block_size', 32),
  ];
  return { n, k, bits, blockSize, blocks: Math.ceil(k / blockSize) };
}

/** Rows `from` to `to` of a tensor whose rows are of equal size. */
export function rows(constant: Constant, from: number, to: number, count: number): Constant {
  const bytes = constant.bytes!;
  const size = bytes.length / count;
  const perRow = elementCount(constant.dims) / count;
  const dims = constant.dims[0] === count ? [to - from, ...constant.dims.slice(1)] : [(to - from) * perRow];
  return { dtype: constant.dtype, dims, bytes: bytes.subarray(from * size, to * size) };
}

/** Bits a value for which `columns` can unpack bytes. */
const WIDTHS = [1, 2, 4, 8];

/** Rows that are transposed at a time: for one column they fill a cache line of 64 bytes. */
const TILE = 64;

/**
 * Unpacks and transposes: from `rows` rows of `stride` bytes, `count` values of `bits` bits in each (low bits
 * first), to one byte a value, [count, rows].
 */
function columns(bytes: Uint8Array, bits: number, rows: number, stride: number, count: number): Uint8Array {
  const each = 8 / bits;
  const top = (1 << bits) - 1;
  const out = new Uint8Array(count * rows);
  for (let first = 0; first < rows; first += TILE) {
    const end = Math.min(first + TILE, rows);
    for (let c = 0; c < count; c++) {
      const shift = bits * (c % each);
      let from = first * stride + Math.floor(c / each);
      for (let r = first; r < end; r++, from += stride) out[c * rows + r] = (bytes[from]! >> shift) & top;
    }
  }
  return out;
}

/**
 * Appends nodes that widen the weight of a MatMulNBits node to float32 [K, N], an output a column. Values are
 * stored again as bytes with blocks along the first axis, because ONNX Runtime widens those 20 times as fast as
 * 4-bit values with blocks along the last axis (0.2 instead of 3.6 ns a weight).
 */
export function dequantize(b: GraphWriter, node: Node): Value {
  const layout = blockLayout(node);
  const { n, k, bits, blockSize, blocks } = layout;
  const [, weight, scales, zeros, order] = node.inputs;
  if (!WIDTHS.includes(bits)) {
    throw new QuantizationError(
      `weights of ${bits} bits (node ${node.name}) cannot be trained through: choose q4, q4f16, fp16 or fp32`,
    );
  }
  const constant = (name: string | undefined) => (name ? b.model.graph.initializers.get(name) : undefined);
  const packed = constant(weight);
  if (!packed?.bytes) throw new QuantizationError(`the weight of node ${node.name} is no constant`);
  const stored = constant(zeros);
  const integers = stored?.dtype === 'uint8' ? stored.bytes : undefined;
  const fractional = stored !== undefined && integers === undefined;
  const bytes = (name: string, height: number, make: () => Uint8Array) =>
    b.has(name) ? name : b.initializer(name, { dtype: 'uint8', dims: [height, n], bytes: make() });
  const height = fractional ? blocks * blockSize : k;
  const stride = packed.bytes.length / n;
  const codes = bytes(`${weight}:codes`, height, () => columns(packed.bytes!, bits, n, stride, height));
  /** [n, blocks] with rows and columns exchanged; of a constant once for all. */
  const down = (value: Value) => {
    const known = constant(value);
    if (!known?.bytes || known.dtype !== 'float32') {
      return b.transpose(b.reshape(value, [n, blocks]), [1, 0]);
    }
    const name = `${value}:down`;
    if (b.has(name)) return name;
    const values = constantValues(known);
    const turned = new Float32Array(n * blocks);
    for (let r = 0; r < n; r++) for (let c = 0; c < blocks; c++) turned[c * n + r] = values[r * blocks + c]!;
    return b.initializer(name, float32Constant([blocks, n], turned));
  };
  const scale = down(scales!);
  const middle = 2 ** (bits - 1);
  const shuffled = blockOrder(constant(order), layout);
  if (shuffled) {
    // The inputs of a block are not neighbours: each input looks up the scale of its block.
    if (stored) {
      throw new QuantizationError(
        `weights in an order of their own with zero points (g_idx, node ${node.name}), which ONNX Runtime reads in two ways, cannot be trained through: choose another dtype`,
      );
    }
    const centred = b.sub(b.node('DequantizeLinear', [codes, b.scalar(1)]), b.scalar(middle));
    return b.mul(centred, b.node('Gather', [scale, shuffled(b, `${weight}:order`)], { axis: 0 }));
  }
  const attributes = { axis: 0, block_size: blockSize };
  if (fractional) {
    // Zero points of the scales' type are not integers: they are scaled and subtracted after widening.
    const scaled = b.reshape(b.node('DequantizeLinear', [codes, scale], attributes), [blocks, blockSize, n]);
    const shift = b.unsqueeze(b.mul(down(zeros!), scale), [1]);
    const wide = b.reshape(b.sub(scaled, shift), [height, n]);
    return k === height ? wide : b.slice(wide, 0, k, 0);
  }
  // Each row of packed zero points is padded to a whole byte.
  const zero = bytes(`${weight}:zeros`, blocks, () =>
    integers
      ? columns(integers, bits, n, integers.length / n, blocks)
      : new Uint8Array(blocks * n).fill(middle),
  );
  return b.node('DequantizeLinear', [codes, scale, zero], attributes);
}

/** The block of each input (g_idx); undefined where inputs are in the order of their blocks. */
function blockOrder(order: Constant | undefined, { k, blockSize }: BlockLayout) {
  if (!order) return undefined;
  const values = Array.from(constantValues(order)).slice(0, k);
  if (values.every((v, i) => v === Math.floor(i / blockSize))) return undefined;
  return (b: GraphWriter, name: string): Value =>
    b.has(name) ? name : b.initializer(name, int64Constant([k], values));
}
