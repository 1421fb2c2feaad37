/** Drawing as it is defined, in float64 and with a sort: what fast ways of doing it are held against. */

export interface PlainDraw {
  temperature: number;
  topP: number;
  topK?: number;
}

export interface PlainDistribution {
  /** The token for a uniform number. */
  draw(uniform: number): number;
  /** Of each token, at temperature 1. */
  logprobs: Float64Array;
  /** Tokens that are drawn from. */
  kept: ReadonlySet<number>;
}

function logSoftmax(logits: Float64Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((a, b) => a + Math.exp(b - most), 0);
  return logits.map((z) => z - most - Math.log(sum));
}

/** Distributions that ways of drawing make of the same logits. */
export function plainDistributions(logits: ArrayLike<number>): (options: PlainDraw) => PlainDistribution {
  const wide = Float64Array.from(logits);
  const order = Array.from(wide.keys()).sort((a, b) => (wide[a] === wide[b] ? a - b : wide[b]! - wide[a]!));
  const logprobs = logSoftmax(wide);
  return (options) => plainDistribution(wide, order, logprobs, options);
}

function plainDistribution(
  logits: Float64Array,
  order: readonly number[],
  logprobs: Float64Array,
  { temperature, topP, topK = 0 }: PlainDraw,
): PlainDistribution {
  const shares = logSoftmax(logits.map((z) => z / temperature)).map(Math.exp);
  const likely = topK > 0 ? order.slice(0, topK) : order;
  const total = likely.reduce((sum, v) => sum + shares[v]!, 0);
  const kept = new Set<number>();
  let sum = 0;
  for (const v of likely) {
    if (topP < 1 && kept.size > 0 && sum >= topP * total) break;
    kept.add(v);
    sum += shares[v]!;
  }
  const tokens = [...kept].sort((a, b) => a - b);
  let passed = 0;
  const ends = tokens.map((v) => (passed += shares[v]!));
  return {
    logprobs,
    kept,
    draw(uniform) {
      const target = uniform * sum;
      let [low, high] = [0, tokens.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle]! > target) high = middle;
        else low = middle + 1;
      }
      return tokens[low]!;
    },
  };
}

type Draw = () => number;
const normal = (uniform: Draw) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** Logits of many kinds, by name. */
export const LOGITS: Record<string, (size: number, uniform: Draw) => Float32Array> = {
  sharp: (size, uniform) => Float32Array.from({ length: size }, () => 8 * normal(uniform)),
  medium: (size, uniform) => Float32Array.from({ length: size }, () => 3 * normal(uniform)),
  flat: (size, uniform) => Float32Array.from({ length: size }, () => 0.1 * normal(uniform)),
  equal: (size) => new Float32Array(size).fill(1.5),
  // Five values: hundreds of equal shares wherever the set ends.
  tied: (size, uniform) => Float32Array.from({ length: size }, () => Math.floor(5 * uniform()) / 2),
  'one-hot': (size, uniform) => {
    const logits = new Float32Array(size).fill(-40);
    logits[Math.floor(size * uniform())] = 40;
    return logits;
  },
  // As a mask leaves them.
  masked: (size, uniform) =>
    Float32Array.from({ length: size }, (_, v) => (v % 3 === 0 ? 2 * normal(uniform) : -Infinity)),
  // As words by frequency: the sample that looks at every so many tokens misses the first ones.
  sorted: (size) => Float32Array.from({ length: size }, (_, v) => -1.1 * Math.log(v + 1)),
};
