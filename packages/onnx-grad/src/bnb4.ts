/**
 * Weights in the 4-bit formats of bitsandbytes (Dettmers et al. 2023, "QLoRA", appendix E): each is one of 16
 * unevenly spaced numbers times the largest magnitude of its block. ONNX Runtime's only operator for them is a
 * product that WebGPU does not have, so they are widened to float32 when a model is loaded.
 */
import { intAttribute } from './attributes.ts';
import { constantValues, float32Constant, type Graph, type Node } from './model.ts';

const FP4 = [0, 1 / 192, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4];
/** The 16 numbers of each `quant_type`: 0 is FP4, 1 is NF4. */
const NUMBERS = [
  [...FP4, ...FP4.map((v) => -v)],
  [
    ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635],
    ...[-0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725],
    ...[0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941],
    ...[0.7229568362236023, 1],
  ],
];

/** Rows that are transposed at a time. */
const TILE = 64;

/** Replaces products with packed weights by MatMul; the widened weight keeps the name of the packed one. */
export function widenBnb4(graph: Graph): void {
  for (const node of graph.nodes) {
    if (node.op !== 'MatMulBnb4') continue;
    const [x, packed, largest] = node.inputs as [string, string, string];
    const [n, k] = [intAttribute(node.attributes, 'N', 0), intAttribute(node.attributes, 'K', 0)];
    // Two nodes may share one weight.
    if (graph.initializers.get(packed)?.dtype === 'uint8') {
      graph.initializers.set(packed, float32Constant([k, n], widened(graph, node, n, k)));
    }
    Object.assign(node, { op: 'MatMul', domain: '', inputs: [x, packed], attributes: {} });
    if (!graph.nodes.some((other) => other.op === 'MatMulBnb4' && other.inputs[2] === largest)) {
      graph.initializers.delete(largest);
    }
  }
}

/** The weight as [K, N]; packed it is [N, K], two values a byte, the first in the upper four bits. */
function widened(graph: Graph, node: Node, n: number, k: number): Float32Array {
  const [, packed, largest] = node.inputs as [string, string, string];
  const bytes = graph.initializers.get(packed)!.bytes!;
  const scales = constantValues(graph.initializers.get(largest)!);
  const numbers = NUMBERS[intAttribute(node.attributes, 'quant_type', 1)]!;
  const block = intAttribute(node.attributes, 'block_size', 64);
  const out = new Float32Array(n * k);
  for (let first = 0; first < n; first += TILE) {
    const end = Math.min(first + TILE, n);
    for (let c = 0; c < k; c++) {
      for (let r = first; r < end; r++) {
        const i = r * k + c;
        const code = i % 2 === 0 ? bytes[i >> 1]! >> 4 : bytes[i >> 1]! & 15;
        out[c * n + r] = numbers[code]! * scales[Math.floor(i / block)]!;
      }
    }
  }
  return out;
}
