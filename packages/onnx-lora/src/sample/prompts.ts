/** The prompts of one call: what all or some share, and the keys and values of what each adds to the first. */
import { BEGINNING_TOKENS, type Beginnings, commonLength } from './beginnings.ts';
import type { DrawReader } from './deviceDraws.ts';
import { type CacheMemory, type CachePart, release } from './cacheMemory.ts';
import { findClusters } from './clusters.ts';
import { type DecodeSteps, HIDDEN_COLUMN } from './decodeSteps.ts';
import type { PlacedAdapter } from './placedAdapter.ts';
import type { ActiveRow, TokenRequest, TokenSampleOptions } from './sampleRows.ts';

export interface Prompt {
  tokens: readonly number[];
  /** What its cluster begins with: one array for all prompts of the cluster. */
  beginning?: readonly number[];
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

  /** Computes what all prompts begin with, and finds what some of them do. */
  async open(): Promise<void> {
    const prompts = [...new Set(this.all)];
    const [first, ...others] = prompts.map(({ tokens }) => tokens);
    if (!first || this.steps.wholePrompts) return;
    // One token at least is left, after which the first new one is drawn.
    const length = others.reduce(
      (n, t) => Math.min(n, commonLength(first, t), t.length - 1),
      first.length - 1,
    );
    if (length >= BEGINNING_TOKENS) {
      this.prefix = await this.beginnings.compute(this.weights, first.slice(0, length), this.options);
      this.prefixTokens = length;
    }
    const known = (tokens: readonly number[]) => this.beginnings.knownLength(tokens);
    for (const { beginning, members } of findClusters([first, ...others], this.prefixTokens, known)) {
      for (const i of members) prompts[i]!.beginning = beginning;
    }
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
    // What is left of a prompt in a cluster is short, and would be padded beside a whole one.
    await this.inBatches(
      open.filter((p) => !p.beginning),
      (prompts) => this.prefill(prompts, [...rows, ...waiting]),
    );
    const clusters = new Map<readonly number[], CachePart>();
    try {
      for (const { beginning } of open) {
        if (!beginning || clusters.has(beginning)) continue;
        clusters.set(beginning, await this.computeBeginning(beginning));
      }
      await this.inBatches(
        open.filter((p) => p.beginning),
        (prompts) => this.prefill(prompts, [...rows, ...waiting], clusters),
      );
    } finally {
      for (const part of clusters.values()) release(part);
    }
  }

  /** Calls `compute` with as many of `prompts` as may be computed at once, until all are. */
  private async inBatches(
    prompts: readonly Prompt[],
    compute: (some: readonly Prompt[]) => Promise<void>,
  ): Promise<void> {
    const length = (p: Prompt) => p.tokens.length - this.before(p);
    for (let at = 0; at < prompts.length; ) {
      let count = 1;
      let longest = length(prompts[at]!);
      for (; at + count < prompts.length; count++) {
        longest = Math.max(longest, length(prompts[at + count]!));
        if (longest * (count + 1) > this.options.limits.prefillTokens) break;
      }
      await compute(prompts.slice(at, at + count));
      at += count;
    }
  }

  /** Tokens of a prompt that it shares with all or with its cluster. */
  private before(prompt: Prompt): number {
    return prompt.beginning?.length ?? this.prefixTokens;
  }

  /** Keys and values of what a cluster begins with, after the prefix. */
  private async computeBeginning(tokens: readonly number[]): Promise<CachePart> {
    const { beginnings, memory, options, prefix, prefixTokens } = this;
    const start = prefixTokens > 0 ? { tokens: tokens.slice(0, prefixTokens), part: prefix } : undefined;
    const whole = await beginnings.compute(this.weights, tokens, options, start);
    try {
      return await memory.gather(whole, [0], prefixTokens);
    } finally {
      release(whole);
    }
  }

  /** Prompts all of which, or none, are in `clusters`, which are given after the prefix. */
  private async prefill(
    prompts: readonly Prompt[],
    rows: readonly ActiveRow[],
    clusters?: ReadonlyMap<readonly number[], CachePart>,
  ): Promise<void> {
    const { memory, options, prefixTokens } = this;
    const { nothing } = this.steps;
    options.signal?.throwIfAborted();
    const rests = prompts.map((p) => p.tokens.slice(this.before(p)));
    const longest = Math.max(...rests.map((t) => t.length));
    const positions = rests.map((t, row) => {
      const gap = longest - t.length;
      return [...hidden(gap), ...range(this.before(prompts[row]!), t.length)];
    });
    const list = [...new Set(prompts.flatMap(({ beginning }) => (beginning ? [beginning] : [])))];
    const parts = list.map((beginning) => clusters!.get(beginning)!);
    const joined = parts.length > 0 ? await memory.join(parts) : memory.blank(1, nothing);
    const ofAll = prefixTokens > 0 ? range(0, prefixTokens) : hidden(nothing);
    const ofCluster = (p: Prompt) => {
      const count = this.before(p) - prefixTokens;
      return [...hidden(joined.tokens - count), ...range(prefixTokens, count)];
    };
    const step = {
      ids: rests.map((t) => [...new Array<number>(longest - t.length).fill(t[0]!), ...t]),
      positions,
      cache: {
        prefix: prefixTokens > 0 ? this.prefix : memory.blank(1, nothing),
        prompt: joined,
        own: memory.blank(prompts.length, nothing),
        recent: memory.blank(prompts.length, 0),
      },
      columns: prompts.map((p) => [...ofAll, ...ofCluster(p), ...hidden(nothing)]),
      promptOf: prompts.map((p) => (p.beginning ? list.indexOf(p.beginning) : 0)),
      draws: prompts.flatMap((prompt, at) =>
        rows.flatMap((row) => (this.of(row) === prompt ? [{ row, at }] : [])),
      ),
    };
    const run = this.steps.run(this.weights, step, options).finally(() => release(joined));
    const { drawn, recent } = await run;
    try {
      if (drawn) await this.reader.read(drawn, options);
      for (const [i, prompt] of prompts.entries()) {
        const { beginning, tokens } = prompt;
        let part = await memory.gather(recent, [i], longest - rests[i]!.length);
        if (beginning) {
          const rest = part;
          part = await memory.behind(clusters!.get(beginning)!, rest).finally(() => release(rest));
        }
        const columns = Int32Array.from(range(prefixTokens, tokens.length - prefixTokens));
        prompt.rest = { part, columns };
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

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
const hidden = (count: number): number[] => new Array<number>(count).fill(HIDDEN_COLUMN);
