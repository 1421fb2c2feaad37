/**
 * Weights quantized in blocks: the layout of ONNX Runtime's MatMulNBits, and its values back in the
 * graph. B is uint8 [N, blocks, blockSize * bits / 8], the lower value of a byte first; a weight is
 * `(q - zeroPoint) * scale` with one scale and zero point a block (8 or 128 where none is stored).
 */
import type { GraphBuilder, Value } from './builder.ts';
import { type Constant, elementCount, type Node } from './model.ts';
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

/** Appends nodes that widen the weight of a MatMulNBits node to float32 [N, K]. */
export function dequantize(b: GraphBuilder, node: Node): Value {
  const layout = blockLayout(node);
  const { n, k, bits, blockSize, blocks } = layout;
  const [, weight, scales, zeros, order] = node.inputs;
  if (bits !== 4 && bits !== 8) {
    throw new QuantizationError(
      `weights of ${bits} bits (node ${node.name}) cannot be trained through: choose q4, q4f16, fp16 or fp32`,
    );
  }
  if (order) {
    throw new QuantizationError(
      `weights in an order of their own (g_idx, node ${node.name}) cannot be trained through: choose another dtype`,
    );
  }
  const constant = (name: string | undefined) => (name ? b.model.graph.initializers.get(name) : undefined);
  const packed = constant(weight);
  if (!packed?.bytes) throw new QuantizationError(`the weight of node ${node.name} is no constant`);
  const dtype = bits === 4 ? 'uint4' : 'uint8';
  const name = `${weight}:values`;
  const known = b.has(name);
  if (!known) b.initializer(name, { dtype, dims: [n, blocks * blockSize], bytes: packed.bytes });
  const scale = b.reshape(scales!, [n, blocks]);
  const stored = constant(zeros);
  const attributes = { axis: 1, block_size: blockSize };
  let wide: Value;
  if (stored && stored.dtype !== 'uint8') {
    // Zero points of the scales' type are subtracted after scaling.
    const plain = b.node('DequantizeLinear', [name, scale], attributes);
    const shift = b.unsqueeze(b.mul(b.reshape(zeros!, [n, blocks]), scale), [2]);
    wide = b.reshape(b.sub(b.reshape(plain, [n, blocks, blockSize]), shift), [n, blocks * blockSize]);
  } else {
    const zeroName = `${weight}:zeros`;
    if (!b.has(zeroName))
      b.initializer(zeroName, { dtype, dims: [n, blocks], bytes: zeroPoints(layout, stored) });
    wide = b.node('DequantizeLinear', [name, scale, zeroName], attributes);
  }
  return k === blocks * blockSize ? wide : b.slice(wide, 0, k, 1);
}

/** Zero points as ONNX packs a 4-bit tensor, without MatMulNBits' fill at the end of a row. */
function zeroPoints({ n, bits, blocks }: BlockLayout, stored: Constant | undefined): Uint8Array {
  if (bits === 8) return stored?.bytes ?? new Uint8Array(n * blocks).fill(128);
  const out = new Uint8Array(Math.ceil((n * blocks) / 2));
  if (!stored?.bytes) return out.fill(0x88);
  if (blocks % 2 === 0) return stored.bytes;
  const stride = Math.ceil(blocks / 2);
  for (let i = 0; i < n * blocks; i++) {
    const row = Math.floor(i / blocks);
    const j = i % blocks;
    const byte = stored.bytes[row * stride + (j >> 1)]!;
    const value = j % 2 ? byte >> 4 : byte & 15;
    out[i >> 1]! |= i % 2 ? value << 4 : value;
  }
  return out;
}
