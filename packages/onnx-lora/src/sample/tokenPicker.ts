/** How a token is drawn on a processor: where a graph ends in its distribution, and the rows' next tokens of it. */
import type { GraphBuilder, Value } from 'onnx-grad';
import { floats, type HostTensor } from '../runtime/runtime.ts';
import { Drawer } from './draw.ts';
import { type ActiveRow, addToken, type TokenSampleOptions } from './sampleRows.ts';

/**
 * What tokens are drawn from, of logits [rows, vocabulary]. Input: sharpness [], 1 / temperature. Outputs: shares
 * [rows, vocabulary], the probabilities at the temperature; and offsets [rows], by which a token has the
 * log-probability ln(share) * temperature + offset at temperature 1. A graph takes several of these
 * exponentials at once and JavaScript one; only one distribution comes back.
 */
export function outputDistribution(b: GraphBuilder, logits: Value): void {
  const sharpness = b.input('sharpness', 'float32', []);
  const best = (x: Value) => b.node('ReduceMax', [x, b.ints([1])], { keepdims: 0 });
  b.output('shares', b.node('Softmax', [b.mul(logits, sharpness)], { axis: -1 }));
  // The most likely token is so at any temperature. Its share is read from the output: with another reader, what
  // the output is of would be copied.
  const plain = best(b.node('LogSoftmax', [logits], { axis: -1 }));
  b.output('offsets', b.sub(plain, b.div(b.node('Log', [best('shares')]), sharpness)));
}

/** What a graph with `outputDistribution` is fed: 1 / temperature. Greedy sampling reads the shares at 1. */
export function sharpness({ temperature }: TokenSampleOptions): number {
  return temperature > 0 ? 1 / temperature : 1;
}

/** Outputs that drawing reads: those of `outputDistribution` that the temperature makes worth bringing here. */
export function drawnFrom({ temperature }: TokenSampleOptions): ('shares' | 'offsets')[] {
  return temperature === 0 || temperature === 1 ? ['shares'] : ['shares', 'offsets'];
}

/** Draws tokens from the outputs of `outputDistribution`: from those of `drawnFrom` at least. */
export class TokenPicker {
  private readonly shares: Float32Array;
  private readonly offsets: Float32Array | undefined;
  private readonly drawer: Drawer;

  constructor(
    outputs: Record<string, HostTensor>,
    private readonly vocabulary: number,
    private readonly options: TokenSampleOptions & { loopTokens?: number },
  ) {
    this.shares = floats(outputs, 'shares');
    this.offsets = drawnFrom(options).includes('offsets') ? floats(outputs, 'offsets') : undefined;
    this.drawer = drawerOf(vocabulary);
  }

  /** Appends the next token to `row`, from row `index` of the distribution, and ends it where it ends. */
  pick(row: ActiveRow, index: number): void {
    const { drawer, offsets, options, shares } = this;
    const { temperature } = options;
    const from = index * this.vocabulary;
    const token =
      temperature > 0 ? drawer.draw(shares, row.random.uniform(), options, from) : drawer.best(shares, from);
    const logprob = offsets
      ? Math.log(shares[from + token]!) * temperature + offsets[index]!
      : Math.log(shares[from + token]! / drawer.total);
    addToken(row, token, logprob, options);
  }
}

/** The last one that was asked for: a picker lives for a step, what it works in is larger than a row. */
let kept: { vocabulary: number; drawer: Drawer } | undefined;

function drawerOf(vocabulary: number): Drawer {
  if (kept?.vocabulary !== vocabulary) kept = { vocabulary, drawer: new Drawer(vocabulary) };
  return kept.drawer;
}
