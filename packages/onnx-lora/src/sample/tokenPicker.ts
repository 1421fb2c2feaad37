/** How a token is drawn on a processor: where a graph ends in its distribution, and the rows' next tokens of it. */
import type { GraphBuilder, Value } from 'onnx-grad';
import { floats, type HostTensor } from '../runtime/runtime.ts';
import { Drawer } from './draw.ts';
import { type ActiveRow, addToken, type TokenSampleOptions } from './sampleRows.ts';

/** Outputs of `outputDistribution`. */
export const DISTRIBUTION = ['shares', 'totals', 'offsets'] as const;

/**
 * What tokens are drawn from, of logits [rows, vocabulary]. Input: sharpness [], 1 / temperature. Outputs: shares
 * [rows, vocabulary], how likely tokens are at the temperature, as a part of what the most likely one is; totals
 * [rows], their sums; and offsets [rows]: a token has the log-probability ln(share) * temperature + offset at
 * temperature 1. A graph takes several of these exponentials at once and JavaScript one; only one distribution
 * comes back, and none is divided by its sum.
 */
export function outputDistribution(b: GraphBuilder, logits: Value): void {
  const sharpness = b.input('sharpness', 'float32', []);
  const below = b.sub(logits, b.node('ReduceMax', [logits, b.ints([1])], { keepdims: 1 }));
  b.output('shares', b.exp(b.mul(below, sharpness)));
  // Read from the output: with another reader, what the output is of would be copied.
  b.output('totals', rowSums(b, 'shares'));
  b.output('offsets', b.node('Neg', [b.node('Log', [rowSums(b, b.exp(below))])]));
}

/** Most numbers that are added up in one step. */
const SUMMED = 2048;
/** A vocabulary that has no divisor for two steps is padded to a multiple of this. */
const BLOCK = 512;

/**
 * Sums of x [rows, n], [rows]. In two steps where n is large: adding up numbers of float32 one after another loses
 * 3e-5 of 10,000 of them on wasm.
 */
function rowSums(b: GraphBuilder, x: Value): Value {
  const n = b.shape(x)[1]!;
  if (typeof n !== 'number') throw new Error('tokens are drawn from a vocabulary of a known size');
  if (n <= SUMMED) return b.sum(x, [1], false);
  const part = divisorNearRoot(n);
  if (part * SUMMED < n) {
    const size = Math.ceil(n / BLOCK) * BLOCK;
    const zeros = b.node('Pad', [x, b.ints([0, 0, 0, size - n])]);
    return rowSums(b, b.assume(zeros, [b.shape(x)[0]!, size]));
  }
  return b.sum(b.sum(b.reshape(x, [-1, n / part, part]), [2], false), [1], false);
}

/** The largest divisor up to the square root. */
function divisorNearRoot(n: number): number {
  let divisor = Math.floor(Math.sqrt(n));
  while (n % divisor > 0) divisor--;
  return divisor;
}

/** What a graph with `outputDistribution` is fed: 1 / temperature. Greedy sampling reads the shares at 1. */
export function sharpness({ temperature }: TokenSampleOptions): number {
  return temperature > 0 ? 1 / temperature : 1;
}

/** Draws tokens from the outputs of `outputDistribution`. */
export class TokenPicker {
  private readonly shares: Float32Array;
  private readonly totals: Float32Array;
  private readonly offsets: Float32Array;
  private readonly drawer: Drawer;

  constructor(
    outputs: Record<string, HostTensor>,
    private readonly vocabulary: number,
    private readonly options: TokenSampleOptions & { loopTokens?: number },
  ) {
    [this.shares, this.totals, this.offsets] = DISTRIBUTION.map((name) => floats(outputs, name)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    this.drawer = drawerOf(vocabulary);
  }

  /** Appends the next token to `row`, from row `index` of the distribution, and ends it where it ends. */
  pick(row: ActiveRow, index: number): void {
    const { drawer, offsets, options, shares, totals } = this;
    const from = index * this.vocabulary;
    const token =
      options.temperature > 0
        ? drawer.draw(shares, row.random.uniform(), options, from, totals[index]!)
        : drawer.best(shares, from);
    const logprob = Math.log(shares[from + token]!) / sharpness(options) + offsets[index]!;
    addToken(row, token, logprob, options);
  }
}

/** The last one that was asked for: a picker lives for a step, what it works in is larger than a row. */
let kept: { vocabulary: number; drawer: Drawer } | undefined;

function drawerOf(vocabulary: number): Drawer {
  if (kept?.vocabulary !== vocabulary) kept = { vocabulary, drawer: new Drawer(vocabulary) };
  return kept.drawer;
}
