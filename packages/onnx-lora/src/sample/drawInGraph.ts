/**
 * Draws a token for each row in the graph, as `Drawer` does on a processor: for a device from which a distribution
 * would have to be brought back. Of operators that run on ONNX Runtime's WebGPU kernels only.
 */
import { float32Constant, type GraphBuilder, type Value } from 'onnx-grad';

export interface DrawInGraphOptions {
  /** Input topP [] counts: the nucleus; 0 takes the most likely token, of equal ones the first. Default true. */
  nucleus?: boolean;
  /** Input topK [] counts, a whole number of at least 1. Default false. */
  topK?: boolean;
}

export interface DrawnTokens {
  /** int64 [rows]. */
  token: Value;
  /**
   * The same, float32 [rows, 1]: no vocabulary has more than 2^24 words, and WebGPU makes integers of 64 bits on the
   * processor.
   */
  number: Value;
  /** float32 [rows], at temperature 1; not finite where a logit is not. */
  logprob: Value;
}

/** Tokens whose share is less than exp(-32) of the largest are drawn as if they had none. */
const RANGE = 32;
/** Parts that a pass cuts the range into that is left; more of them take more memory: rows x vocabulary each. */
const PARTS = 4;
/** So that the range comes down to 2^-25, which is half the distance between two shares in float32. */
const PASSES = 15;
/** Tokens whose prefix sums are one product with a triangle of ones. */
const BLOCK = 64;

/**
 * `logits` is [rows, vocabulary]. Inputs: uniform [rows], in [0, 1); sharpness [], 1 / temperature; and topP [] and
 * topK [] by the options. Where shares are summed up in float32, the token is that of a uniform number some 1e-7
 * away from the one given.
 */
export function drawInGraph(b: GraphBuilder, logits: Value, options: DrawInGraphOptions = {}): DrawnTokens {
  const { nucleus = true, topK = false } = options;
  const [rows, vocabulary] = b.shape(logits);
  if (typeof vocabulary !== 'number') throw new Error('tokens are drawn from a vocabulary of a known size');
  const uniform = b.unsqueeze(b.input('uniform', 'float32', [rows!]), [1]);
  const sharpness = b.input('sharpness', 'float32', []);
  const best = b.node('ReduceMax', [logits, b.ints([1])], { keepdims: 1 });
  const below = b.sub(logits, best);
  const padded = padding(vocabulary);
  // Logarithms of shares, of which the largest is 0.
  const scaled = pad(b, b.mul(below, sharpness), padded - vocabulary);
  const shares = b.exp(scaled);
  let total = b.sum(shares, [1], true);
  let kept = shares;
  let end: PrefixEnd | undefined;
  if (topK) {
    end = endOfPrefix(b, scaled, undefined, b.input('topK', 'float32', []));
    total = keptSum(b, scaled, shares, end);
  }
  if (nucleus) {
    const topP = b.input('topP', 'float32', []);
    // One token at least; from 1 on all of them, whatever rounding says.
    const amount = b.node('Where', [
      b.node('Less', [topP, b.scalar(1)]),
      b.node('Max', [b.mul(topP, total), b.scalar(1e-30)]),
      b.scalar(1e30),
    ]);
    const found = endOfPrefix(b, scaled, shares, amount);
    end = end ? either(b, b.node('Less', [topP, b.scalar(1)]), found, end) : found;
  }
  if (end) {
    kept = keep(b, scaled, shares, end);
    total = b.sum(kept, [1], true);
  }
  const token = passing(b, kept, b.mul(uniform, total));
  const drawn = b.node('GatherElements', [below, b.cast(token, 'int32')], { axis: 1 });
  const logprob = b.sub(drawn, b.node('Log', [b.sum(b.exp(below), [1], true)]));
  // WebGPU reshapes no integers of 64 bits.
  return {
    token: b.cast(b.reshape(token, [-1]), 'int64'),
    number: token,
    logprob: b.reshape(logprob, [-1]),
  };
}

/** Where a prefix of the order from the most likely token on ends. */
interface PrefixEnd {
  /** [rows, 1]: the last token's, as `scaled`. */
  least: Value;
  /** [rows, 1]: how many of those that have it belong to the prefix. */
  equal: Value;
}

/** The shortest prefix whose shares (absent: whose tokens) reach the amount, [] or [rows, 1]. */
function endOfPrefix(b: GraphBuilder, scaled: Value, shares: Value | undefined, amount: Value): PrefixEnd {
  const wide = b.unsqueeze(scaled, [1]);
  const weights = shares && b.unsqueeze(shares, [1]);
  const zero = b.scalar(0);
  const goal = b.shape(amount).length === 0 ? amount : b.unsqueeze(amount, [1]);
  // Above `low`, [rows, 1, 1], what is asked for is reached, or all lies above; above its next neighbour not.
  let low = b.scalar(-RANGE);
  for (let pass = 1; pass <= PASSES; pass++) {
    const cuts = Array.from({ length: PARTS - 1 }, (_, i) => ((i + 1) * RANGE) / PARTS ** pass);
    const steps = constant(b, `draw:cuts.${pass}`, [1, PARTS - 1, 1], cuts);
    const at = b.add(low, steps);
    const above = b.node('Greater', [wide, at]);
    const taken = weights ? b.node('Where', [above, weights, zero]) : b.cast(above, 'float32');
    const reached = b.node('GreaterOrEqual', [b.sum(taken, [2], true), goal]);
    low = b.node('ReduceMax', [b.node('Where', [reached, at, low]), b.ints([1])], { keepdims: 1 });
  }
  low = b.reshape(low, [-1, 1]);
  const inside = b.node('Where', [b.node('Greater', [scaled, low]), scaled, zero]);
  const least = b.node('ReduceMin', [inside, b.ints([1])], { keepdims: 1 });
  const before = b.node('Greater', [scaled, least]);
  const reached = b.sum(
    shares ? b.node('Where', [before, shares, zero]) : b.cast(before, 'float32'),
    [1],
    true,
  );
  const missing = b.sub(amount, reached);
  const equal = b.node('Ceil', [shares ? b.div(missing, b.exp(least)) : missing]);
  return { least, equal };
}

const either = (b: GraphBuilder, condition: Value, a: PrefixEnd, c: PrefixEnd): PrefixEnd => ({
  least: b.node('Where', [condition, a.least, c.least]),
  equal: b.node('Where', [condition, a.equal, c.equal]),
});

function keptSum(b: GraphBuilder, scaled: Value, shares: Value, { least, equal }: PrefixEnd): Value {
  const above = b.node('Where', [b.node('Greater', [scaled, least]), shares, b.scalar(0)]);
  // Where more are asked for than there are, fewer end it than are missing.
  const ties = b.sum(b.cast(b.node('Equal', [scaled, least]), 'float32'), [1], true);
  return b.add(b.sum(above, [1], true), b.mul(b.node('Min', [equal, ties]), b.exp(least)));
}

/** Shares of the tokens in the prefix, and zeros: of those that it ends at, the first. */
function keep(b: GraphBuilder, scaled: Value, shares: Value, { least, equal }: PrefixEnd): Value {
  const zero = b.scalar(0);
  const ties = b.cast(b.node('Equal', [scaled, least]), 'float32');
  const first = b.node('Less', [prefixSums(b, ties), equal]);
  // With a tie that is not among the first, its share is that of the next ones: none.
  const bound = b.node('Where', [first, scaled, b.sub(scaled, ties)]);
  return b.node('Where', [b.node('GreaterOrEqual', [bound, least]), shares, zero]);
}

/** The last token that has a share and before which the shares sum up to the target at most; [rows, 1]. */
function passing(b: GraphBuilder, shares: Value, target: Value): Value {
  const before = b.node('Where', [
    b.node('Greater', [shares, b.scalar(0)]),
    prefixSums(b, shares),
    b.scalar(3e38),
  ]);
  const size = Number(b.shape(shares)[1]);
  const ids = constant(
    b,
    'draw:ids',
    [1, size],
    Array.from({ length: size }, (_, v) => v),
  );
  const candidates = b.node('Where', [b.node('LessOrEqual', [before, target]), ids, b.scalar(0)]);
  return b.node('ReduceMax', [candidates, b.ints([1])], { keepdims: 1 });
}

/**
 * Of [rows, n]: the sum of all before each. WebGPU's CumSum adds up from the start for every one; this takes
 * products with triangles, of blocks and of their sums.
 */
function prefixSums(b: GraphBuilder, x: Value): Value {
  const size = Number(b.shape(x)[1]);
  const width = Math.min(BLOCK, size);
  const name = `draw:before.${width}`;
  const triangle = b.has(name)
    ? name
    : constant(
        b,
        name,
        [width, width],
        Array.from({ length: width * width }, (_, i) => (Math.floor(i / width) < i % width ? 1 : 0)),
      );
  if (size <= BLOCK) return b.matmul(x, triangle);
  const blocks = b.reshape(x, [-1, size / BLOCK, BLOCK]);
  const outer = prefixSums(b, b.sum(blocks, [2], false));
  return b.reshape(b.add(b.matmul(blocks, triangle), b.unsqueeze(outer, [2])), [-1, size]);
}

/** The next size that is made of whole blocks, of whole blocks of blocks, and so on. */
function padding(size: number): number {
  let unit = 1;
  while (Math.ceil(size / unit) > BLOCK) unit *= BLOCK;
  return Math.ceil(size / unit) * unit;
}

function pad(b: GraphBuilder, x: Value, count: number): Value {
  if (count === 0) return x;
  return b.node('Pad', [x, b.ints([0, 0, 0, count]), b.scalar(-1e30)]);
}

const constant = (b: GraphBuilder, name: string, dims: number[], values: number[]): Value =>
  b.has(name) ? name : b.initializer(name, float32Constant(dims, values));
