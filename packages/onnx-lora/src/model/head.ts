/**
 * The output head of a decoder: the product with the vocabulary, by far its widest. Log-probabilities
 * and their gradient go over it once, in chunks of columns: no tensor is as wide as the vocabulary.
 */
import {
  intAttribute,
  differentiate,
  dequantize,
  blockLayout,
  rows,
  type GraphBuilder,
  type Value,
  type GraphImporter,
  type Constant,
  constantValues,
  constantBytes,
  elementCount,
  evenBlocks,
  type Graph,
  type Node,
} from 'onnx-grad';

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
  /** Scores of these columns for hidden states [M, width]. */
  forward: (hidden: Value) => ChunkScores;
}
interface ChunkScores {
  /** [M, to - from]. */
  scores: Value;
  /** Gradient of the hidden states, given that of the scores. */
  backward: (slope: Value) => Value;
  /** Gradient of one score in each row, [M, width]: that of the column `at` [M, 1], counted from `from`. */
  rows: (at: Value) => Value;
}

function chunks(importer: GraphImporter, head: Head, logits: string, width: number): Chunk[] {
  const { b } = importer;
  const out: Chunk[] = [];
  for (const { from, to } of evenBlocks(head.vocabulary, width)) {
    const whole = from === 0 && to === head.vocabulary;
    const product = head.weight
      ? floatProduct(importer, head.weight, from, to, whole)
      : blockProduct(importer, head.node, from, to, whole);
    const bias = head.bias && importer.get(head.bias);
    const shift = bias && (whole ? bias : b.slice(bias, from, to, 0));
    const forward = (hidden: Value): ChunkScores => {
      const { plain, back, rows } = product(hidden);
      const inner = importer.fork();
      inner.bind(head.output, shift ? b.add(plain, shift) : plain);
      const scores = inner.get(logits);
      /** Back through what stands between the product and the logits, which is elementwise. */
      const before = (slope: Value) =>
        plain === scores ? slope : differentiate(b, scores, slope, [plain])[0]!;
      return {
        scores,
        backward: (slope) => back(before(slope)),
        rows: (at) => {
          const row = rows(b.reshape(at, [-1]));
          if (plain === scores) return row;
          const ones = b.add(b.zerosLike(scores), b.scalar(1));
          return b.mul(row, b.node('GatherElements', [before(ones), at], { axis: 1 }));
        },
      };
    };
    out.push({ from, to, forward });
  }
  return out;
}

/**
 * The product with hidden states; the one that leads back, of slopes [M, to - from]; and the weights of some
 * columns, counted from `from`, as rows.
 */
type Product = (hidden: Value) => {
  plain: Value;
  back: (slope: Value) => Value;
  rows: (at: Value) => Value;
};

function floatProduct(
  importer: GraphImporter,
  weight: { name: string; byRows: boolean },
  from: number,
  to: number,
  whole: boolean,
): Product {
  const { b } = importer;
  const axis = weight.byRows ? 0 : 1;
  return (hidden) => {
    const all = importer.tooLarge(weight.name)
      ? undefined
      : (importer.table(weight.name) ?? importer.get(weight.name));
    const part =
      all === undefined
        ? importer.cut(weight.name, from, to, axis)
        : whole
          ? all
          : b.slice(all, from, to, axis);
    const wide = b.info(part).dtype === 'float32' ? part : b.cast(part, 'float32');
    return {
      plain: b.matmul(hidden, weight.byRows ? b.swap(wide) : wide),
      back: (slope) => b.matmul(slope, weight.byRows ? wide : b.swap(wide)),
      rows: (at) =>
        weight.byRows
          ? b.node('Gather', [wide, at], { axis: 0 })
          : b.swap(b.node('Gather', [wide, at], { axis: 1 })),
    };
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
  return (hidden) => {
    const plain = b.node('MatMulNBits', [hidden, ...inputs], attributes);
    const made = b.model.graph.nodes.at(-1)!;
    let wide: Value | undefined;
    const down = () => (wide ??= dequantize(b, made));
    return {
      plain,
      back: (slope) => b.node('Gemm', [slope, down()], { transB: 1 }),
      rows: (at) => b.swap(b.node('Gather', [down(), at], { axis: 1 })),
    };
  };
}

/** Whether one tensor can't hold the head's weight. */
export function headTooLarge(importer: GraphImporter, head: Head, graph: Graph, largest = Infinity): boolean {
  if (head.weight) return importer.tooLarge(head.weight.name);
  const weight = graph.initializers.get(head.node.inputs[1]!);
  return weight !== undefined && constantBytes(weight) > largest;
}

/** Logits [M, vocabulary] of hidden states [M, width], of a head whose weight is cut into chunks of `width` columns. */
export function chunkedLogits(
  importer: GraphImporter,
  head: Head,
  logits: string,
  hidden: Value,
  width: number,
): Value {
  const parts = chunks(importer, head, logits, width).map((c) => c.forward(hidden).scores);
  return parts.length === 1 ? parts[0]! : importer.b.concat(parts, 1);
}

/** What a loss needs of the head, for M positions of the hidden states. */
export interface HeadPass {
  /** Log-probabilities of the targets, [M]. */
  logprobs: Value;
  /** Gradient of each with respect to its hidden state, [M, width]; only where it was asked for. */
  gradient?: Value;
}

/**
 * Log-probabilities of `targets` [M, 1] after the hidden states [M, width], chunk by chunk, and each
 * one's gradient, from the same scores, which are dropped with their chunk:
 *
 *     d logprob / d hidden = W[target] - sum over chunks of exp(lse - total) * (softmax(scores) W)
 *
 * where `lse` is the logarithm of the sum of the exponentials of the chunk's scores and `total` that of
 * all of them. So no score has to wait for the total, nor to be computed a second time.
 */
export function headPass(
  importer: GraphImporter,
  head: Head,
  logits: string,
  hidden: Value,
  targets: Value,
  { width, gradient }: { width: number; gradient: boolean },
): HeadPass {
  const { b } = importer;
  const add = (x: Value, y: Value) => b.add(x, y);
  const all = chunks(importer, head, logits, width);
  if (all.length === 1) return wholePass(b, all[0]!, hidden, targets, gradient);
  const done = all.map((c) => chunkPass(b, c, hidden, targets, gradient));
  const total = logSumExp(
    b,
    b.concat(
      done.map((c) => c.lse),
      1,
    ),
  );
  const chosen = done.map((c) => c.chosen).reduce(add);
  const logprobs = b.assume(b.reshape(b.sub(chosen, total), [-1]), [b.shape(hidden)[0]!]);
  if (!gradient) return { logprobs };
  const expected = done.map((c) => b.mul(c.mixed!, b.exp(b.sub(c.lse, total)))).reduce(add);
  const target = done.map((c) => c.target!).reduce(add);
  return { logprobs, gradient: b.assume(b.sub(target, expected), b.shape(hidden)) };
}

/** The same where one chunk has the whole vocabulary. */
function wholePass(b: GraphBuilder, c: Chunk, hidden: Value, targets: Value, gradient: boolean): HeadPass {
  const { scores, backward, rows } = c.forward(hidden);
  const { top, shares, sum } = exponentials(b, scores);
  const chosen = b.node('GatherElements', [scores, targets], { axis: 1 });
  const logprobs = b.sub(b.sub(chosen, top), b.node('Log', [sum]));
  const flat = b.assume(b.reshape(logprobs, [-1]), [b.shape(hidden)[0]!]);
  if (!gradient) return { logprobs: flat };
  const expected = b.div(backward(shares), sum);
  return { logprobs: flat, gradient: b.assume(b.sub(rows(targets), expected), b.shape(hidden)) };
}

/** Of each row of scores: the largest; exp(score - largest), and their sum. */
function exponentials(b: GraphBuilder, scores: Value): { top: Value; shares: Value; sum: Value } {
  const top = b.node('ReduceMax', [scores, b.ints([1])], { keepdims: 1 });
  const shares = b.exp(b.sub(scores, top));
  return { top, shares, sum: b.sum(shares, [1], true) };
}

/** What is kept of a chunk. */
interface ChunkPass {
  /** [M, 1]. */
  lse: Value;
  /** The target's score [M, 1], and its gradient [M, width]; 0 where the target is in another chunk. */
  chosen: Value;
  target?: Value;
  /** Gradient of `lse`, [M, width]: that of each score, with the score's share. */
  mixed?: Value;
}

function chunkPass(b: GraphBuilder, c: Chunk, hidden: Value, targets: Value, gradient: boolean): ChunkPass {
  const { scores, backward, rows } = c.forward(hidden);
  const { top, shares, sum } = exponentials(b, scores);
  const at = b.sub(targets, b.scalar(c.from, 'int64'));
  const inside = b.node('And', [
    b.node('GreaterOrEqual', [at, b.scalar(0, 'int64')]),
    b.node('Less', [at, b.scalar(c.to - c.from, 'int64')]),
  ]);
  const place = b.node('Where', [inside, at, b.scalar(0, 'int64')]);
  const here = (x: Value) => b.node('Where', [inside, x, b.scalar(0)]);
  // Runtimes order nodes by who needs them. What waits for the other in vain has all of a chunk computed
  // before the next one is begun: else they keep the scores and the widened weights of all chunks.
  const after = (x: Value, first: Value) => b.add(x, b.mul(first, b.scalar(0)));
  const column = (x: Value) => b.slice(x, 0, 1, 1);
  const weighed = gradient ? backward(shares) : undefined;
  const target = gradient ? here(rows(place)) : undefined;
  const ready = weighed && target ? after(after(sum, column(weighed)), column(target)) : sum;
  const lse = b.add(top, b.node('Log', [ready]));
  const chosen = after(here(b.node('GatherElements', [scores, place], { axis: 1 })), lse);
  return weighed && target ? { lse, chosen, target, mixed: b.div(weighed, sum) } : { lse, chosen };
}

function logSumExp(b: GraphBuilder, x: Value): Value {
  const { top, sum } = exponentials(b, x);
  return b.add(top, b.node('Log', [sum]));
}
