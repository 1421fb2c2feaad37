/**
 * Draws a token from a distribution. Top-k and nucleus keep the most likely tokens, of equal ones those with
 * the lower number first; where they end is found without a sort, which for a large vocabulary takes a hundred
 * times as long: a sample of the shares says within which bounds, and one pass over all of them gathers those
 * that lie between and sums up those that lie above.
 */

/** Which tokens are drawn from. */
export interface DrawnSet {
  /** The smallest set whose share reaches this much of what top-k leaves; from 1 on all of it. */
  topP: number;
  /** So many of the most likely; absent or 0: all. */
  topK?: number;
}

/** What a prefix of the order from the most likely on has to reach: so many tokens, or so much of `of`, absent: of all, which is about `total`. */
type Reach =
  | { by: 'count'; amount: number }
  | { by: 'share'; amount: number; of: Kept | undefined; total: number };

/** Tokens that are kept: with a share above `least`, and those that have it up to the token `last`. */
interface Kept {
  least: number;
  last: number;
  /** Their shares, summed up. */
  sum: number;
}

/** The smallest share of a prefix, and how many tokens that have it belong to it. */
interface PrefixEnd {
  least: number;
  equal: number;
}

/** From what lies above all of some tokens to what a prefix reaches, as counts or as shares. */
interface Way {
  byCount: boolean;
  start: number;
  amount: number;
}

/** Shares between which a set ends, as the bits of their float32s, which order positive floats. */
interface Bounds {
  low: number;
  high: number;
}
const INFINITY = 0x7f800000;
const EVERYTHING: Bounds = { low: 0, high: INFINITY };

/** Tokens whose shares are summed up together. */
const BLOCK_BITS = 6;
const BLOCK = 1 << BLOCK_BITS;
/** The sample takes every so manieth share of a vocabulary that has at least so many. */
const STRIDE = 12;
const SAMPLED = 8192;
/** Sampled shares are counted by exponent and 6 bits of mantissa. */
const BUCKET_BITS = 17;
const BUCKETS = (0x3f800000 >>> BUCKET_BITS) + 1;
/** Shares between bounds are counted in up to so many equal parts (in bits). */
const FINE_BITS = 10;
/** Standard deviations of the sample that bounds leave. Beyond them, everything is looked through. */
const DEVIATIONS = 2.5;
/** Where at most this part of the vocabulary can lie above the bounds, it is listed with what lies between them: that takes less than summing it up. */
const FEW = 1 / 32;

const word = new Int32Array(1);
const float = new Float32Array(word.buffer);
const floatOf = (bits: number): number => {
  word[0] = bits;
  return float[0]!;
};

const bitsOf = (value: number): number => {
  float[0] = value;
  return word[0]!;
};

/** The share that ends each bucket of the sample. */
const BUCKET_ENDS = Float64Array.from({ length: BUCKETS }, (_, i) => floatOf((i + 1) << BUCKET_BITS));

/**
 * Draws from distributions over one vocabulary; keeps the memory that it works in. A distribution is [vocabulary]:
 * numbers from 0 to 1 to which the tokens' shares are proportional.
 */
export class Drawer {
  /** Sums of the shares that are kept, by block. */
  private readonly blocks: Float64Array;
  /** Tokens between the bounds, and their shares. */
  private readonly between: Int32Array;
  private readonly values: Float32Array;
  private readonly buckets = new Float64Array(BUCKETS);
  private sum = 0;

  constructor(private readonly vocabulary: number) {
    this.blocks = new Float64Array(Math.ceil(vocabulary / BLOCK));
    this.between = new Int32Array(vocabulary);
    this.values = new Float32Array(vocabulary);
  }

  /** The most likely token; of equal ones the first. The distribution lies from `from` on. */
  best(shares: Float32Array, from = 0): number {
    const end = from + this.vocabulary;
    let best = from;
    let most = shares[from]!;
    for (let v = from + 1; v < end; v++) {
      if (shares[v]! > most) {
        most = shares[v]!;
        best = v;
      }
    }
    return best - from;
  }

  /**
   * The token at which the shares that are kept, summed up in the order of tokens, pass `uniform` of their sum;
   * `uniform` is in [0, 1). The distribution lies from `from` on, and `total` is about its sum: a sum in float32 is off
   * by as much as some tokens have.
   */
  draw(shares: Float32Array, uniform: number, { topP, topK = 0 }: DrawnSet, from = 0, total = 1): number {
    const cutsCount = topK > 0 && topK < this.vocabulary;
    if (!cutsCount && topP >= 1) {
      return this.passing(shares, uniform * sumOf(shares, from, from + this.vocabulary), from);
    }
    const row = shares.subarray(from, from + this.vocabulary);
    let kept = cutsCount ? this.keep(row, { by: 'count', amount: topK }) : undefined;
    if (topP < 1) kept = this.keep(row, { by: 'share', amount: topP, of: kept, total });
    return this.passingKept(row, uniform * kept!.sum, kept!);
  }

  private passing(shares: Float32Array, target: number, from: number): number {
    const end = from + this.vocabulary;
    let sum = 0;
    let v = from;
    for (; v + 7 < end; v += 8) {
      // Four sums do not wait for each other.
      const a = shares[v]! + shares[v + 4]!;
      const b = shares[v + 1]! + shares[v + 5]!;
      const c = shares[v + 2]! + shares[v + 6]!;
      const d = shares[v + 3]! + shares[v + 7]!;
      const next = sum + (a + b + (c + d));
      if (next > target) break;
      sum = next;
    }
    for (; v < end; v++) {
      sum += shares[v]!;
      if (sum > target) return v - from;
    }
    // Rounding has left the sum below the total.
    while (v > from + 1 && shares[v - 1] === 0) v--;
    return v - 1 - from;
  }

  private passingKept(shares: Float32Array, target: number, { least, last }: Kept): number {
    const { blocks, vocabulary } = this;
    let sum = 0;
    let block = 0;
    while (block < blocks.length && sum + blocks[block]! <= target) sum += blocks[block++]!;
    const keeps = (v: number) => shares[v]! > least || (shares[v] === least && v <= last);
    for (let v = block * BLOCK; v < vocabulary; v++) {
      if (!keeps(v)) continue;
      sum += shares[v]!;
      if (sum > target) return v;
    }
    // Rounding again.
    let v = vocabulary - 1;
    while (v > 0 && (shares[v] === 0 || !keeps(v))) v--;
    return v;
  }

  /** The shortest prefix of the order that reaches the amount; `blocks` are its sums then. */
  private keep(shares: Float32Array, reach: Reach): Kept {
    const bits = new Int32Array(shares.buffer, shares.byteOffset, shares.length);
    let bounds = EVERYTHING;
    if (reach.by === 'share' && reach.of) bounds = { low: bitsOf(reach.of.least), high: INFINITY };
    else if (this.vocabulary >= SAMPLED) bounds = this.bounds(shares, bits, reach);
    return this.keepWithin(shares, bits, reach, bounds) ?? this.keepWithin(shares, bits, reach, EVERYTHING)!;
  }

  /** Bounds within which the prefix most likely ends: of every so many tokens one is looked at. */
  private bounds(shares: Float32Array, bits: Int32Array, reach: Reach): Bounds {
    const { buckets, vocabulary } = this;
    const { amount } = reach;
    buckets.fill(0);
    if (reach.by === 'count') {
      for (let v = STRIDE >> 1; v < vocabulary; v += STRIDE) buckets[bits[v]! >>> BUCKET_BITS]! += STRIDE;
      // How many a sample finds of n tokens has a variance of n times the stride.
      const margin = DEVIATIONS * Math.sqrt(STRIDE * amount) + DEVIATIONS * STRIDE;
      let [count, bucket] = [0, BUCKETS];
      let high = INFINITY;
      while (bucket > 0 && count < amount + margin) {
        count += buckets[--bucket]!;
        if (count <= amount - margin) high = (bucket << BUCKET_BITS) - 1;
      }
      return { low: bucket << BUCKET_BITS, high };
    }
    for (let v = STRIDE >> 1; v < vocabulary; v += STRIDE) buckets[bits[v]! >>> BUCKET_BITS]! += shares[v]!;
    // From the least likely on, what is left out. Its tokens have at most the share that the set ends at, so
    // that the variance is at most stride * share * rest.
    const rest = (1 - amount) * reach.total;
    const spread = DEVIATIONS * DEVIATIONS * STRIDE * rest;
    let [sum, bucket] = [0, 0];
    let low = 0;
    for (; bucket < BUCKETS; bucket++) {
      sum += STRIDE * buckets[bucket]!;
      if (sum >= rest || (rest - sum) ** 2 < spread * BUCKET_ENDS[bucket]!) break;
      low = (bucket + 1) << BUCKET_BITS;
    }
    for (; bucket < BUCKETS; bucket++) {
      if (sum > rest && (sum - rest) ** 2 >= spread * BUCKET_ENDS[bucket]!) {
        const few = reach.total < FEW * vocabulary * BUCKET_ENDS[bucket]!;
        return { low, high: few ? INFINITY : ((bucket + 1) << BUCKET_BITS) - 1 };
      }
      sum += STRIDE * (buckets[bucket + 1] ?? 0);
    }
    return { low, high: INFINITY };
  }

  /** Undefined where the prefix does not end within the bounds. */
  private keepWithin(
    shares: Float32Array,
    bits: Int32Array,
    reach: Reach,
    { low, high }: Bounds,
  ): Kept | undefined {
    const { blocks, between } = this;
    const found =
      high === INFINITY ? this.gatherFrom(shares, bits, low) : this.gather(shares, bits, { low, high });
    let above = 0;
    for (const sum of blocks) above += sum;
    const byCount = reach.by === 'count';
    const start = byCount ? countAbove(bits, high) : above;
    // One token at least.
    const amount = byCount
      ? reach.amount
      : Math.max(Number.MIN_VALUE, reach.amount * (reach.of?.sum ?? this.sum));
    if (start >= amount) return undefined;
    const end = this.endBetween(shares, bits, found, { byCount, start, amount }, { low, high });
    if (!end && low > 0) return undefined;
    const { least, equal } = end ?? { least: 0, equal: 0 };
    const kept: Kept = { least, last: -1, sum: above };
    let left = equal;
    for (let i = 0; i < found; i++) {
      const v = between[i]!;
      const share = shares[v]!;
      if (share < least) continue;
      if (share === least) {
        if (left === 0) continue;
        left--;
        kept.last = v;
      }
      blocks[v >> BLOCK_BITS]! += share;
      kept.sum += share;
    }
    return kept;
  }

  /** Where the prefix ends among the first `found` tokens of `between`. */
  private endBetween(
    shares: Float32Array,
    bits: Int32Array,
    found: number,
    { byCount, start, amount }: Way,
    { low, high }: Bounds,
  ): PrefixEnd | undefined {
    const { between, buckets, values } = this;
    let [least, most] = [INFINITY, 0];
    for (let i = 0; i < found; i++) {
      const x = bits[between[i]!]!;
      if (x < least) least = x;
      if (x > most) most = x;
    }
    if (found > 0 && least === most) {
      const share = floatOf(least);
      const equal = Math.ceil((amount - start) / (byCount ? 1 : share));
      return equal <= found ? { least: share, equal } : undefined;
    }
    // Selection takes several passes, foreseen badly; this one leaves it a hundredth of the tokens.
    const shift = Math.max(0, 32 - Math.clz32(high - low) - FINE_BITS);
    const top = (high - low) >>> shift;
    buckets.fill(0, 0, top + 1);
    if (byCount) for (let i = 0; i < found; i++) buckets[(bits[between[i]!]! - low) >>> shift]!++;
    else {
      for (let i = 0; i < found; i++) {
        const v = between[i]!;
        buckets[(bits[v]! - low) >>> shift]! += shares[v]!;
      }
    }
    let reached = start;
    let bucket = top;
    while (bucket >= 0 && reached + buckets[bucket]! < amount) reached += buckets[bucket--]!;
    if (bucket < 0) return undefined;
    let count = 0;
    for (let i = 0; i < found; i++) {
      const v = between[i]!;
      if ((bits[v]! - low) >>> shift === bucket) values[count++] = shares[v]!;
    }
    return endOfPrefix(values, count, { byCount, start: reached, amount });
  }

  /** Lists the tokens from a bound on, and sums up all shares; returns the list's length. Nothing lies above. */
  private gatherFrom(shares: Float32Array, bits: Int32Array, low: number): number {
    const { between, vocabulary } = this;
    this.blocks.fill(0);
    let found = 0;
    let a = 0;
    let b = 0;
    let v = 0;
    for (; v + 3 < vocabulary; v += 4) {
      a += shares[v]! + shares[v + 1]!;
      b += shares[v + 2]! + shares[v + 3]!;
      if (bits[v]! >= low) between[found++] = v;
      if (bits[v + 1]! >= low) between[found++] = v + 1;
      if (bits[v + 2]! >= low) between[found++] = v + 2;
      if (bits[v + 3]! >= low) between[found++] = v + 3;
    }
    for (; v < vocabulary; v++) {
      a += shares[v]!;
      if (bits[v]! >= low) between[found++] = v;
    }
    this.sum = a + b;
    return found;
  }

  /** Lists the tokens within the bounds, and sums up the shares above them by block, and all; returns the list's length. */
  private gather(shares: Float32Array, bits: Int32Array, { low, high }: Bounds): number {
    const { blocks, between, vocabulary } = this;
    const width = high - low;
    let found = 0;
    let v = 0;
    let total = 0;
    for (let block = 0; block < blocks.length; block++) {
      const end = Math.min(vocabulary, (block + 1) << BLOCK_BITS);
      // Four sums do not wait for each other. A factor, 1 where the share lies above the bounds, takes the place
      // of a branch that would be foreseen half of the times only.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      let all = 0;
      for (; v + 3 < end; v += 4) {
        const x0 = bits[v]!;
        const x1 = bits[v + 1]!;
        const x2 = bits[v + 2]!;
        const x3 = bits[v + 3]!;
        const s0 = shares[v]!;
        const s1 = shares[v + 1]!;
        const s2 = shares[v + 2]!;
        const s3 = shares[v + 3]!;
        all += s0 + s1 + (s2 + s3);
        a += s0 * ((high - x0) >>> 31);
        b += s1 * ((high - x1) >>> 31);
        c += s2 * ((high - x2) >>> 31);
        d += s3 * ((high - x3) >>> 31);
        if ((x0 - low) >>> 0 <= width) between[found++] = v;
        if ((x1 - low) >>> 0 <= width) between[found++] = v + 1;
        if ((x2 - low) >>> 0 <= width) between[found++] = v + 2;
        if ((x3 - low) >>> 0 <= width) between[found++] = v + 3;
      }
      for (; v < end; v++) {
        const x = bits[v]!;
        all += shares[v]!;
        a += shares[v]! * ((high - x) >>> 31);
        if ((x - low) >>> 0 <= width) between[found++] = v;
      }
      blocks[block] = a + b + (c + d);
      total += all;
    }
    this.sum = total;
    return found;
  }
}

function sumOf(shares: Float32Array, from: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let v = from;
  for (; v + 3 < end; v += 4) {
    a += shares[v]!;
    b += shares[v + 1]!;
    c += shares[v + 2]!;
    d += shares[v + 3]!;
  }
  for (; v < end; v++) a += shares[v]!;
  return a + b + (c + d);
}

function countAbove(bits: Int32Array, high: number): number {
  if (high === INFINITY) return 0;
  let count = 0;
  for (const x of bits) count += (high - x) >>> 31;
  return count;
}

/**
 * Where a prefix ends that is known to end among the first `count` values, which change places (Hoare's selection,
 * weighted).
 */
function endOfPrefix(values: Float32Array, count: number, { byCount, start, amount }: Way): PrefixEnd {
  let [from, to, reached] = [0, count, start];
  while (from < to) {
    const pivot = median(values[from]!, values[(from + to) >> 1]!, values[to - 1]!);
    let [above, at, below, sum] = [from, from, to, 0];
    while (at < below) {
      const value = values[at]!;
      if (value > pivot) {
        values[at++] = values[above]!;
        values[above++] = value;
        sum += value;
      } else if (value < pivot) {
        values[at] = values[--below]!;
        values[below] = value;
      } else at++;
    }
    const larger = reached + (byCount ? above - from : sum);
    if (larger >= amount) {
      to = above;
      continue;
    }
    const weight = byCount ? 1 : pivot;
    const all = larger + (below - above) * weight;
    if (all >= amount) return { least: pivot, equal: Math.ceil((amount - larger) / weight) };
    reached = all;
    from = below;
  }
  // A sum in another order has just not reached it: the end is that of all.
  return { least: values.subarray(0, count).reduce((a, b) => Math.min(a, b), Infinity), equal: count };
}

const median = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
