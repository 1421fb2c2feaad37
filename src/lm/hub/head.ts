/**
 * The output head of a decoder: the product with the vocabulary, by far its widest. Log-probabilities
 * and their gradient go over it in chunks of columns, so that no tensor is as wide as the vocabulary.
 */
import { differentiate } from '../../onnx/autodiff.ts';
import { dequantize, blockLayout, rows } from '../../onnx/blocks.ts';
import type { GraphBuilder, Value } from '../../onnx/builder.ts';
import type { GraphImporter } from '../../onnx/importer.ts';
import { type Constant, constantValues, elementCount, type Graph, type Node } from '../../onnx/model.ts';
import { intAttribute } from '../../onnx/shapes.ts';

/** Names are those of the exported graph. */
export interface Head {
  /** The product; and its input, the last hidden states [B, T, width]. */
  node: Node;
  input: string;
  /** The product's output, with the bias where there is one. */
  output: string;
  bias: string | undefined;
  /** The constant weight: [vocabulary, width], or the other way round; absent where it is quantized. */
  weight?: { name: string; byRows: boolean };
  vocabulary: number;
}

/** Operators that may stand between the product and the logits: a soft cap, a scale, a cast. */
const AFTER = new Set(['Identity', 'Cast', 'Mul', 'Div', 'Tanh', 'Add', 'Sub']);

/** Finds the head behind `logits`; undefined where the graph ends otherwise. */
export function findHead(graph: Graph, logits: string): Head | undefined {
  const producer = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
  const constant = (name: string) => {
    const node = producer.get(name);
    const value = node?.op === 'Constant' ? node.attributes.value : undefined;
    return graph.initializers.get(name) ?? (value?.type === 'tensor' ? value.value : undefined);
  };
  let name = logits;
  let bias: string | undefined;
  let output = logits;
  for (;;) {
    const node = producer.get(name);
    if (!node) return undefined;
    if (node.op === 'MatMul' || node.op === 'MatMulNBits' || node.op === 'Gemm') {
      node.inputs[0] = allPositions(node.inputs[0]!, producer, constant);
      const found = describeHead(graph, producer, node);
      if (!found || (bias && found.bias)) return undefined;
      if (bias === undefined) output = name;
      return { ...found, output, bias: bias ?? found.bias };
    }
    if (!AFTER.has(node.op) || bias !== undefined) return undefined;
    const open = node.inputs.filter((i) => !constant(i));
    const [fixed] = node.inputs.filter((i) => constant(i));
    if (open.length !== 1) return undefined;
    if (fixed && elementCount(constant(fixed)!.dims) > 1) {
      if (node.op !== 'Add' || !graph.initializers.has(fixed)) return undefined;
      bias = fixed;
      output = name;
    }
    name = open[0]!;
  }
}

/**
 * What the head reads, before the last position is picked from it: exports that give one token's logits
 * only (onnxruntime-genai's `prune_lm_head`) are trained through at every position all the same.
 */
function allPositions(
  input: string,
  producer: Map<string, Node>,
  constant: (name: string) => Constant | undefined,
): string {
  const last = (name: string | undefined) => {
    const value = name === undefined ? undefined : constant(name);
    return value !== undefined && elementCount(value.dims) === 1 && constantValues(value)[0] === -1;
  };
  const node = producer.get(input);
  if (node?.op === 'Slice' && last(node.inputs[1])) return node.inputs[0]!;
  if (node?.op !== 'Unsqueeze') return input;
  const gather = producer.get(node.inputs[0]!);
  const picks = gather?.op === 'Gather' && intAttribute(gather.attributes, 'axis', 0) === 1;
  return picks && last(gather.inputs[1]) ? gather.inputs[0]! : input;
}

function describeHead(
  graph: Graph,
  producer: Map<string, Node>,
  node: Node,
): Omit<Head, 'output'> | undefined {
  const [input, weight, c] = node.inputs as [string, string, string | undefined];
  if (node.op === 'MatMulNBits') {
    if (!graph.initializers.has(weight) || node.inputs[4]) return undefined;
    return { node, input, bias: node.inputs[5] || undefined, vocabulary: blockLayout(node).n };
  }
  if (node.op === 'Gemm' && (node.attributes.alpha || intAttribute(node.attributes, 'transA', 0))) {
    return undefined;
  }
  let byRows = node.op === 'Gemm' && intAttribute(node.attributes, 'transB', 0) === 1;
  let name = weight;
  for (let from = producer.get(name); from; from = producer.get(name)) {
    if (from.op === 'Transpose') byRows = !byRows;
    else if (from.op !== 'Cast' && from.op !== 'Identity') return undefined;
    name = from.inputs[0]!;
  }
  const dims = graph.initializers.get(name)?.dims;
  if (dims?.length !== 2) return undefined;
  return {
    node,
    input,
    bias: node.op === 'Gemm' && c ? c : undefined,
    weight: { name, byRows },
    vocabulary: dims[byRows ? 0 : 1]!,
  };
}

/** Columns of the vocabulary that are computed at once. */
interface Chunk {
  from: number;
  to: number;
  /** Scores of these columns, [M, to - from], and back from their gradient to that of the hidden states. */
  forward: (hidden: Value) => Value;
  backward: (hidden: Value, slope: (scores: Value) => Value) => Value;
}

function chunks(importer: GraphImporter, head: Head, logits: string, width: number): Chunk[] {
  const { b } = importer;
  const out: Chunk[] = [];
  const count = Math.ceil(head.vocabulary / width);
  const size = Math.ceil(head.vocabulary / count);
  for (let from = 0; from < head.vocabulary; from += size) {
    const to = Math.min(from + size, head.vocabulary);
    const whole = from === 0 && to === head.vocabulary;
    const product = head.weight
      ? floatProduct(importer, head.weight, from, to, whole)
      : blockProduct(importer, head.node, from, to, whole);
    const bias = head.bias && importer.get(head.bias);
    const shift = bias && (whole ? bias : b.slice(bias, from, to, 0));
    /** The product, and what the logits are of it. */
    const scores = (hidden: Value): [Value, Value] => {
      const plain = product.forward(hidden);
      const inner = importer.fork();
      inner.bind(head.output, shift ? b.add(plain, shift) : plain);
      return [plain, inner.get(logits)];
    };
    out.push({
      from,
      to,
      forward: (hidden) => scores(hidden)[1],
      backward: (hidden, slope) => {
        const [plain, after] = scores(hidden);
        const g = slope(after);
        return product.backward(plain === after ? g : differentiate(b, after, g, [plain])[0]!);
      },
    });
  }
  return out;
}

interface Product {
  forward: (hidden: Value) => Value;
  /** Gradient of the hidden states, given that of the product. */
  backward: (slope: Value) => Value;
}

function floatProduct(
  importer: GraphImporter,
  weight: { name: string; byRows: boolean },
  from: number,
  to: number,
  whole: boolean,
): Product {
  const { b } = importer;
  const table = importer.table(weight.name);
  const read = (): Value => {
    const all = table ?? importer.get(weight.name);
    const part = whole ? all : b.slice(all, from, to, weight.byRows ? 0 : 1);
    return table ? b.cast(part, 'float32') : part;
  };
  return {
    forward: (hidden) => b.matmul(hidden, weight.byRows ? b.swap(read()) : read()),
    backward: (slope) => b.matmul(slope, weight.byRows ? read() : b.swap(read())),
  };
}

function blockProduct(
  importer: GraphImporter,
  node: Node,
  from: number,
  to: number,
  whole: boolean,
): Product {
  const { b } = importer;
  const layout = blockLayout(node);
  const [, weight, scales, zeros] = node.inputs;
  // Rows of the stored tensors are views: a chunk costs no copy of the file.
  const part = (name: string | undefined): Value => {
    if (!name) return '';
    const value = importer.get(name);
    if (whole) return value;
    const cut = `${value}[${from}:${to}]`;
    const constant = b.model.graph.initializers.get(value)!;
    return b.has(cut) ? cut : b.initializer(cut, rows(constant, from, to, layout.n));
  };
  const inputs = [part(weight), part(scales), part(zeros)];
  while (inputs.at(-1) === '') inputs.pop();
  const attributes = {
    K: layout.k,
    N: to - from,
    bits: layout.bits,
    block_size: layout.blockSize,
    accuracy_level: 1,
  };
  let made: Node | undefined;
  return {
    forward: (hidden) => {
      const out = b.node('MatMulNBits', [hidden, ...inputs], attributes);
      made = b.model.graph.nodes.at(-1);
      return out;
    },
    backward: (slope) => b.matmul(slope, dequantize(b, made!)),
  };
}

/** What a loss needs of the head, for M positions of the hidden states. */
export interface HeadPass {
  /** Log-probabilities of the targets, [M]. */
  logprobs: Value;
  /** Gradient of `sum(seed * logprobs)` with respect to the hidden states, [M, width]; seed [M]. */
  backward: (seed: Value) => Value;
}

/**
 * Log-probabilities of `targets` [M, 1] after the hidden states [M, width], chunk by chunk: scores are
 * computed twice, for their sum and for the gradient, and kept for neither.
 */
export function headPass(
  importer: GraphImporter,
  head: Head,
  logits: string,
  hidden: Value,
  targets: Value,
  width: number,
): HeadPass {
  const { b } = importer;
  const parts = chunks(importer, head, logits, width);
  const size = (c: Chunk) => c.to - c.from;
  const sums: Value[] = [];
  let chosen: Value | undefined;
  for (const c of parts) {
    const scores = c.forward(hidden);
    sums.push(logSumExp(b, scores));
    // The target's score, where the target lies in this chunk.
    const at = b.sub(targets, b.scalar(c.from, 'int64'));
    const inside = b.node('And', [
      b.node('GreaterOrEqual', [at, b.scalar(0, 'int64')]),
      b.node('Less', [at, b.scalar(size(c), 'int64')]),
    ]);
    const place = b.node('Where', [inside, at, b.scalar(0, 'int64')]);
    const score = b.node('Where', [
      inside,
      b.node('GatherElements', [scores, place], { axis: 1 }),
      b.scalar(0),
    ]);
    chosen = chosen === undefined ? score : b.add(chosen, score);
  }
  const total = sums.length === 1 ? sums[0]! : logSumExp(b, b.concat(sums, 1));
  const logprobs = b.reshape(b.sub(chosen!, total), [-1]);
  return {
    logprobs: b.assume(logprobs, [b.shape(hidden)[0]!]),
    backward: (seed) => {
      const column = b.unsqueeze(seed, [1]);
      let gradient: Value | undefined;
      for (const c of parts) {
        const g = c.backward(hidden, (scores) => {
          // d logprob / d score = [target] - softmax.
          const share = b.exp(b.sub(scores, total));
          const ids = b.initializer(`ids[${c.from}:${c.to}]`, range(c.from, c.to));
          const hit = b.node('Equal', [targets, ids]);
          return b.mul(b.sub(b.node('Where', [hit, b.scalar(1), b.scalar(0)]), share), column);
        });
        gradient = gradient === undefined ? g : b.add(gradient, g);
      }
      return gradient!;
    },
  };
}

function logSumExp(b: GraphBuilder, x: Value): Value {
  const top = b.node('ReduceMax', [x, b.ints([1])], { keepdims: 1 });
  return b.add(top, b.node('Log', [b.sum(b.exp(b.sub(x, top)), [1], true)]));
}

function range(from: number, to: number) {
  const ids = BigInt64Array.from({ length: to - from }, (_, i) => BigInt(from + i));
  return { dtype: 'int64' as const, dims: [1, to - from], bytes: new Uint8Array(ids.buffer) };
}
