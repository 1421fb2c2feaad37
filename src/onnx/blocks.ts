/**
 * Weights quantized in blocks: the layout of ONNX Runtime's MatMulNBits, and its values back in the
 * graph. B is uint8 [N, blocks, blockSize * bits / 8], the lower value of a byte first; a weight is
 * `(q - zeroPoint) * scale` with one scale and zero point a block (8 or 128 where none is stored).
 */
import type { GraphBuilder, Value } from './builder.ts';
import { type Constant, constantValues, elementCount, int64Constant, type Node } from './model.ts';
import { intAttribute } from './shapes.ts';

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

/** Widths that are stored; ONNX itself has a type for 4 and for 8 bits, to which narrower ones are widened. */
const WIDTHS = [1, 2, 4, 8];

/** Values of `bits` bits each, the lower ones of a byte first. */
function unpack(bytes: Uint8Array, bits: number): Uint8Array {
  const each = 8 / bits;
  const top = (1 << bits) - 1;
  const out = new Uint8Array(bytes.length * each);
  for (let i = 0; i < out.length; i++) out[i] = (bytes[Math.floor(i / each)]! >> (bits * (i % each))) & top;
  return out;
}
/** Two values a byte, as ONNX packs a 4-bit tensor. */
function pack4(values: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(values.length / 2));
  values.forEach((v, i) => {
    out[i >> 1]! |= i % 2 ? v << 4 : v;
  });
  return out;
}

/** Appends nodes that widen the weight of a MatMulNBits node to float32 [N, K]. */
export function dequantize(b: GraphBuilder, node: Node): Value {
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
  const dtype = bits === 8 ? 'uint8' : 'uint4';
  const name = `${weight}:values`;
  if (!b.has(name)) {
    const bytes = bits < 4 ? pack4(unpack(packed.bytes, bits)) : packed.bytes;
    b.initializer(name, { dtype, dims: [n, blocks * blockSize], bytes });
  }
  const stored = constant(zeros);
  const scale = b.reshape(scales!, [n, blocks]);
  const shuffled = blockOrder(constant(order), layout);
  if (shuffled) {
    // Columns of a block lie apart: each gets its block's scale by itself.
    if (stored) {
      throw new QuantizationError(
        `weights in an order of their own with zero points (g_idx, node ${node.name}), which ONNX Runtime reads in two ways, cannot be trained through: choose another dtype`,
      );
    }
    const values = b.slice(b.node('DequantizeLinear', [name, b.scalar(1)]), 0, k, 1);
    const centred = b.sub(values, b.scalar(2 ** (bits - 1)));
    return b.mul(centred, b.node('Gather', [scale, shuffled(b, `${weight}:order`)], { axis: 1 }));
  }
  const attributes = { axis: 1, block_size: blockSize };
  let wide: Value;
  if (stored && stored.dtype !== 'uint8') {
    // Zero points of the scales' type are no integers: they are subtracted after scaling.
    const scaled = b.node('DequantizeLinear', [name, scale], attributes);
    const shift = b.unsqueeze(b.mul(b.reshape(zeros!, [n, blocks]), scale), [2]);
    wide = b.reshape(b.sub(b.reshape(scaled, [n, blocks, blockSize]), shift), [n, blocks * blockSize]);
  } else {
    const zeroName = `${weight}:zeros`;
    if (!b.has(zeroName)) {
      b.initializer(zeroName, { dtype, dims: [n, blocks], bytes: zeroPoints(layout, stored) });
    }
    wide = b.node('DequantizeLinear', [name, scale, zeroName], attributes);
  }
  return k === blocks * blockSize ? wide : b.slice(wide, 0, k, 1);
}

/** The block of each column (g_idx); undefined where columns are in the order of their blocks. */
function blockOrder(order: Constant | undefined, { k, blockSize }: BlockLayout) {
  if (!order) return undefined;
  const values = Array.from(constantValues(order)).slice(0, k);
  if (values.every((v, i) => v === Math.floor(i / blockSize))) return undefined;
  return (b: GraphBuilder, name: string): Value =>
    b.has(name) ? name : b.initializer(name, int64Constant([k], values));
}

/** Zero points as ONNX packs them, without MatMulNBits' fill at the end of a row; in the middle where none are stored. */
function zeroPoints({ n, bits, blocks }: BlockLayout, stored: Constant | undefined): Uint8Array {
  if (bits === 8) return stored?.bytes ?? new Uint8Array(n * blocks).fill(128);
  if (!stored?.bytes) return pack4(new Uint8Array(n * blocks).fill(1 << (bits - 1)));
  const all = unpack(stored.bytes, bits);
  const stride = all.length / n;
  const out = new Uint8Array(n * blocks);
  for (let r = 0; r < n; r++) out.set(all.subarray(r * stride, r * stride + blocks), r * blocks);
  return pack4(out);
}
