/** How a token is drawn: where a graph ends in its distribution, and the draw from that. */
import { LoraError } from '../errors.ts';
import type { GraphBuilder, Value } from 'onnx-grad';
import { floats, type HostTensor } from '../runtime/runtime.ts';
import type { ActiveRow, TokenSampleOptions } from './sampleRows.ts';

/**
 * What tokens are drawn from, of logits [rows, vocabulary]. Input: sharpness [], 1 / temperature.
 * Outputs [rows, vocabulary]: logprobs, at temperature 1, and shares, the probabilities at the
 * temperature. Here, since a processor takes several of these exponentials at once and JavaScript one.
 */
export function outputDistribution(b: GraphBuilder, logits: Value): void {
  const sharpness = b.input('sharpness', 'float32', []);
  b.output('logprobs', b.node('LogSoftmax', [logits], { axis: -1 }));
  b.output('shares', b.node('Softmax', [b.mul(logits, sharpness)], { axis: -1 }));
}

/** What a graph with `outputDistribution` is fed: 1 / temperature. Greedy sampling reads no shares. */
export function sharpness({ temperature }: TokenSampleOptions): number {
  return temperature > 0 ? 1 / temperature : 1;
}

/**
 * Outputs that drawing reads. At temperature 1 a share is its log-probability's exponential, and a large
 * vocabulary's distribution is worth bringing here once only.
 */
export function drawnFrom({ temperature }: TokenSampleOptions): ('logprobs' | 'shares')[] {
  if (temperature === 0) return ['logprobs'];
  return temperature === 1 ? ['shares'] : ['logprobs', 'shares'];
}

/** Draws tokens from the outputs of `outputDistribution`: from those of `drawnFrom` at least. */
export class TokenPicker {
  private readonly logprobs: Float32Array | undefined;
  private readonly shares: Float32Array | undefined;

  constructor(
    outputs: Record<string, HostTensor>,
    private readonly vocabulary: number,
    private readonly options: TokenSampleOptions,
  ) {
    this.logprobs = outputs.logprobs && floats(outputs, 'logprobs');
    this.shares = outputs.shares && floats(outputs, 'shares');
  }

  /** Appends the next token to `row`, from row `index` of the distribution, and ends it where it ends. */
  pick(row: ActiveRow, index: number): void {
    const { temperature, stop } = this.options;
    const base = index * this.vocabulary;
    const token = temperature > 0 ? this.draw(row.random.uniform(), base) : this.best(base);
    const logprob = this.logprobs ? this.logprobs[base + token]! : Math.log(this.shares![base + token]!);
    if (!Number.isFinite(logprob))
      throw new LoraError('diverged', {}, 'The model gave logits that are not finite.');
    row.tokens.push(token);
    row.logprobs.push(logprob);
    if (stop.has(token)) row.ended = 'stop';
    else if (row.tokens.length >= row.maxTokens) row.ended = 'length';
  }

  private best(base: number): number {
    const { vocabulary } = this;
    const logprobs = this.logprobs!;
    let best = 0;
    for (let v = 1; v < vocabulary; v++) if (logprobs[base + v]! > logprobs[base + best]!) best = v;
    return best;
  }

  /** The token at which the shares, summed up, pass `uniform` of their sum. */
  private draw(uniform: number, base: number): number {
    const { vocabulary } = this;
    const shares = this.shares!;
    const { topP } = this.options;
    let left = uniform;
    if (topP < 1) left *= this.nucleus(topP, base);
    let token = 0;
    for (let v = 0; v < vocabulary; v++) {
      const share = shares[base + v]!;
      if (share === 0) continue;
      token = v;
      left -= share;
      if (left < 0) break;
    }
    return token;
  }

  /** Keeps the smallest set of tokens whose share reaches topP (Holtzman et al. 2020); returns the sum left. */
  private nucleus(topP: number, base: number): number {
    const shares = this.shares!.subarray(base, base + this.vocabulary);
    const order = Array.from(shares.keys()).sort((a, b) => shares[b]! - shares[a]!);
    let sum = 0;
    for (const v of order) {
      if (sum >= topP) shares[v] = 0;
      else sum += shares[v]!;
    }
    return sum;
  }
}
