/** Keys and values of what prompts begin with, kept from call to call while the weights are the same. */
import type { DeviceTensor } from '../runtime/runtime.ts';
import { type CacheMemory, type CachePart, release } from './cacheMemory.ts';
import { type DecodeSteps, HIDDEN_COLUMN } from './decodeSteps.ts';
import type { PlacedAdapter } from './placedAdapter.ts';
import type { TokenSampleOptions } from './sampleRows.ts';

/** Shorter beginnings are not worth a step of their own. */
export const BEGINNING_TOKENS = 16;

/** Keys and values, one row, of tokens from the first on. */
interface Known {
  tokens: readonly number[];
  part: CachePart;
}

export class Beginnings {
  /** The latest last. */
  private known: Known[] = [];
  private weights: Float32Array | DeviceTensor | undefined;

  /** `capacity` in tokens. */
  constructor(
    private readonly steps: DecodeSteps,
    private readonly memory: CacheMemory,
    private readonly capacity: number,
  ) {}

  /** Forgets what was computed with other weights than these. A vector on the device never changes. */
  forWeights(weights: Float32Array | DeviceTensor): void {
    const { weights: known } = this;
    if (known === weights && 'held' in weights) return;
    const here = known && !('held' in known) && !('held' in weights) && known.length === weights.length;
    if (here && known.every((w, i) => Object.is(w, weights[i]))) return;
    this.forget();
    this.weights = 'held' in weights ? weights : weights.slice();
  }

  forget(): void {
    for (const { part } of this.known) release(part);
    this.known = [];
    this.weights = undefined;
  }

  /** How many tokens of what `tokens` begin with are computed already. */
  knownLength(tokens: readonly number[]): number {
    return Math.max(0, ...this.known.map((k) => commonLength(k.tokens, tokens)));
  }

  /** Keys and values of `tokens`, one row, which the caller releases. `start`, if given, may be what they begin with. */
  async compute(
    weights: PlacedAdapter,
    tokens: readonly number[],
    options: TokenSampleOptions & { limits: { prefillTokens: number } },
    start?: Known,
  ): Promise<CachePart> {
    const { memory } = this;
    const shared = (k: Known) => commonLength(k.tokens, tokens);
    const best = this.known.reduce((a, b) => (a && shared(a) >= shared(b) ? a : b), start);
    let done = best ? shared(best) : 0;
    let part = done > 0 ? await memory.gather(best!.part, [0], 0, done) : undefined;
    try {
      while (done < tokens.length) {
        options.signal?.throwIfAborted();
        const count = Math.min(tokens.length - done, options.limits.prefillTokens);
        const prefix = part ?? memory.blank(1, 1);
        const before = part ? Array.from({ length: done }, (_, i) => i) : [HIDDEN_COLUMN];
        const { recent } = await this.steps.run(
          weights,
          {
            ids: [tokens.slice(done, done + count)],
            positions: [Array.from({ length: count }, (_, i) => done + i)],
            cache: {
              prefix,
              prompt: memory.blank(1, 1),
              own: memory.blank(1, 1),
              recent: memory.blank(1, 0),
            },
            columns: [[...before, HIDDEN_COLUMN, HIDDEN_COLUMN]],
            promptOf: [0],
            draws: [],
          },
          options,
        );
        const longer = part ? await memory.behind(part, recent) : recent;
        if (part) {
          release(part);
          release(recent);
        }
        part = longer;
        done += count;
      }
    } catch (error) {
      if (part) release(part);
      throw error;
    }
    await this.remember(tokens, part!);
    return part!;
  }

  private async remember(tokens: readonly number[], part: CachePart): Promise<void> {
    const longer = this.known.find((k) => commonLength(k.tokens, tokens) === tokens.length);
    if (longer) {
      this.known = [...this.known.filter((k) => k !== longer), longer];
      return;
    }
    const within = (k: Known) => commonLength(k.tokens, tokens) === k.tokens.length;
    for (const old of this.known.filter(within)) release(old.part);
    this.known = this.known.filter((k) => !within(k));
    const copy = await this.memory.gather(part, [0]);
    this.known.push({ tokens, part: copy });
    const size = () => this.known.reduce((n, k) => n + k.tokens.length, 0);
    while (size() > this.capacity) release(this.known.shift()!.part);
  }
}

/** How many tokens both begin with. */
export function commonLength(a: readonly number[], b: readonly number[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}
