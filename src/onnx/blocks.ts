/**
 * Weights quantized in blocks: the layout of ONNX Runtime's MatMulNBits, and its values back in the
 * graph. B is uint8 [N, blocks, blockSize * bits / 8], the lower value of a byte first; a weight is
 * `(q - zeroPoint) * scale` with one scale and zero point a block (8 or 128 where none is stored).
 */
import { intAttribute } from './attributes.ts';
import type { GraphWriter, Value } from './graphWriter.ts';
import { type Constant, constantValues, elementCount, int64Constant, type Node } from './model.ts';

/** This use of a quantized weight is one that can be run but not trained through; says which. */
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

/** Widths that can be widened again, in bits. */
const WIDTHS = [1, 2, 4, 8];

/** Rows that are transposed at a time: what they write for one column is a cache line. */
const TILE = 64;

/**
 * One byte a value, transposed: [columns, rows] of `rows` rows of `stride` bytes, `bits` for each value, the
 * lower ones of a byte first.
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
 * Appends nodes that widen the weight of a MatMulNBits node to float32 [K, N], an output a column. ONNX
 * Runtime widens bytes whose blocks stand one below the other 20 times as fast as it does halves of bytes
 * with blocks side by side (0.2 instead of 3.6 ns a weight), so they are laid out like that, a byte each.
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
  const down = (value: Value) => b.transpose(b.reshape(value, [n, blocks]), [1, 0]);
  const scale = down(scales!);
  const middle = 2 ** (bits - 1);
  const shuffled = blockOrder(constant(order), layout);
  if (shuffled) {
    // Inputs of a block lie apart: each gets its block's scale by itself.
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
    // Zero points of the scales' type are no integers: they are subtracted after scaling.
    const scaled = b.reshape(b.node('DequantizeLinear', [codes, scale], attributes), [blocks, blockSize, n]);
    const shift = b.unsqueeze(b.mul(down(zeros!), scale), [1]);
    const wide = b.reshape(b.sub(scaled, shift), [height, n]);
    return k === height ? wide : b.slice(wide, 0, k, 0);
  }
  // MatMulNBits fills a row of zero points up to a whole byte.
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
