/** The prompts of one call: what they share, and the keys and values of what each adds to it. */
import { BEGINNING_TOKENS, type Beginnings, commonLength } from './beginnings.ts';
import type { DrawReader } from './deviceDraws.ts';
import { type CacheMemory, type CachePart, release } from './cacheMemory.ts';
import { type DecodeSteps, HIDDEN_COLUMN } from './decodeSteps.ts';
import type { PlacedAdapter } from './placedAdapter.ts';
import type { ActiveRow, TokenRequest, TokenSampleOptions } from './sampleRows.ts';

export interface Prompt {
  tokens: readonly number[];
  /** Keys and values after the prefix, once they are computed, and the position of each column of them. */
  rest?: { part: CachePart; columns: Int32Array };
}

export class Prompts {
  /** What all prompts begin with, or one hidden token. */
  prefix: CachePart;
  private prefixTokens = 0;
  private readonly all: Prompt[];

  constructor(
    private readonly steps: DecodeSteps,
    private readonly memory: CacheMemory,
    private readonly beginnings: Beginnings,
    private readonly reader: DrawReader,
    private readonly weights: PlacedAdapter,
    requests: readonly TokenRequest[],
    private readonly options: TokenSampleOptions & { limits: { prefillTokens: number } },
  ) {
    // Requests for the same tokens are one prompt.
    const known = new Map<string, Prompt>();
    this.all = requests.map(({ tokens }) => {
      const prompt = known.get(tokens.join()) ?? { tokens };
      known.set(tokens.join(), prompt);
      return prompt;
    });
    this.prefix = memory.blank(1, 1);
  }

  of = (row: ActiveRow): Prompt => this.all[row.asked]!;

  /** Computes what all prompts begin with. */
  async open(): Promise<void> {
    const [first, ...others] = this.all.map(({ tokens }) => tokens);
    if (!first || this.steps.wholePrompts) return;
    // One token at least is left, after which the first new one is drawn.
    const length = others.reduce(
      (n, t) => Math.min(n, commonLength(first, t), t.length - 1),
      first.length - 1,
    );
    if (length < BEGINNING_TOKENS) return;
    this.prefix = await this.beginnings.compute(this.weights, first.slice(0, length), this.options);
    this.prefixTokens = length;
  }

  release(): void {
    if (this.prefixTokens > 0) release(this.prefix);
    this.prefix = this.memory.blank(1, 1);
    this.prefixTokens = 0;
    this.keepOnly(new Set());
  }

  keepOnly(wanted: ReadonlySet<Prompt>): void {
    for (const prompt of this.all) {
      if (!prompt.rest || wanted.has(prompt)) continue;
      release(prompt.rest.part);
      delete prompt.rest;
    }
  }

  /** Computes the prompts of `rows` that are not yet, and draws the first tokens of these rows and of those of `waiting` that share them. */
  async compute(rows: readonly ActiveRow[], waiting: readonly ActiveRow[]): Promise<void> {
    const open = [...new Set(rows.map(this.of))].filter((p) => !p.rest);
    for (let at = 0; at < open.length; ) {
      const length = (p: Prompt) => p.tokens.length - this.prefixTokens;
      let count = 1;
      let longest = length(open[at]!);
      for (; at + count < open.length; count++) {
        longest = Math.max(longest, length(open[at + count]!));
        if (longest * (count + 1) > this.options.limits.prefillTokens) break;
      }
      await this.prefill(open.slice(at, at + count), [...rows, ...waiting]);
      at += count;
    }
  }

  private async prefill(prompts: readonly Prompt[], rows: readonly ActiveRow[]): Promise<void> {
    const { memory, options, prefixTokens } = this;
    const { nothing } = this.steps;
    options.signal?.throwIfAborted();
    const rests = prompts.map(({ tokens }) => tokens.slice(prefixTokens));
    const longest = Math.max(...rests.map((t) => t.length));
    const positions = rests.map((t) =>
      Int32Array.from({ length: longest }, (_, i) => {
        const at = i - longest + t.length;
        return at < 0 ? HIDDEN_COLUMN : prefixTokens + at;
      }),
    );
    const prefix = prefixTokens > 0 ? this.prefix : memory.blank(1, nothing);
    const hidden = new Array<number>(2 * nothing).fill(HIDDEN_COLUMN);
    const before =
      prefixTokens > 0 ? Array.from({ length: prefixTokens }, (_, i) => i) : hidden.slice(0, nothing);
    const { drawn, recent } = await this.steps.run(
      this.weights,
      {
        ids: rests.map((t) => [...new Array<number>(longest - t.length).fill(t[0]!), ...t]),
        positions,
        cache: {
          prefix,
          prompt: memory.blank(1, nothing),
          own: memory.blank(prompts.length, nothing),
          recent: memory.blank(prompts.length, 0),
        },
        columns: prompts.map(() => [...before, ...hidden]),
        promptOf: prompts.map(() => 0),
        draws: prompts.flatMap((prompt, at) =>
          rows.flatMap((row) => (this.of(row) === prompt ? [{ row, at }] : [])),
        ),
      },
      options,
    );
    try {
      if (drawn) await this.reader.read(drawn, options);
      for (const [i, prompt] of prompts.entries()) {
        const from = longest - rests[i]!.length;
        prompt.rest = { part: await memory.gather(recent, [i], from), columns: positions[i]!.slice(from) };
      }
    } finally {
      release(recent);
    }
  }

  /** The segment of these prompts, padded on the left. */
  join(prompts: readonly Prompt[]): Promise<CachePart> {
    return this.memory.join(prompts.map(({ rest }) => rest!.part));
  }

  /** Positions of a prompt's columns in the prefix and in a segment of `tokens` columns. */
  columns(prompt: Prompt | undefined, tokens: number): Int32Array {
    const { prefix, prefixTokens } = this;
    const out = new Int32Array(prefix.tokens + tokens).fill(HIDDEN_COLUMN);
    for (let i = 0; i < prefixTokens; i++) out[i] = i;
    const rest = prompt?.rest?.columns;
    if (rest) out.set(rest, out.length - rest.length);
    return out;
  }
}
