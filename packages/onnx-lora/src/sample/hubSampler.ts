/**
 * Samples k completions for each of many prompts from a Hub decoder. What prompts begin with is computed once
 * for all of them, and a prompt once for its completions; a completion that has ended makes room for one
 * that waits.
 */
import { FOLD_EVERY, SAMPLER_LIMITS } from '../model/memory.ts';
import type { DeviceTensor, Runtime } from '../runtime/runtime.ts';
import {
  type ActiveRow,
  openRows,
  type SampledRow,
  type TokenRequest,
  type TokenSampleOptions,
} from './sampleRows.ts';
import { type DeviceDraws, DrawReader, releaseDraws } from './deviceDraws.ts';
import { CacheMemory, type CachePart, release } from './cacheMemory.ts';
import { type AdapterPlan, cacheBytesPerToken } from '../model/hubGraph.ts';
import type { HubModel } from '../model/hubModel.ts';
import { DecodeSteps, HIDDEN_COLUMN } from './decodeSteps.ts';
import { Beginnings } from './beginnings.ts';
import { AdapterPlace, type PlacedAdapter, releaseAdapter } from './placedAdapter.ts';
import { Prompts, type Prompt } from './prompts.ts';

export interface HubSamplerLimits {
  /** Bytes of cached keys and values at once. */
  cacheBytes: number;
  /** Most rows in one batch. */
  rows: number;
  /** Tokens of prompts computed in one go. */
  prefillTokens: number;
  /**
   * A row whose last so many tokens are one piece over and over is ended, as if it had reached its length:
   * small models hardly ever find out again, and all other rows wait for them. Absent: it goes on.
   */
  loopTokens?: number;
}

/** Steps after which tokens that were drawn on the device are looked at: each look is a wait. */
const LOOK_EVERY = 8;

/** A row that takes part in steps. Columns are those of `own` and `recent`. */
interface LiveRow {
  row: ActiveRow;
  prompt: Prompt;
  /** The column of its first own token. */
  start: number;
  /** The first column that it sees. */
  first: number;
}

/** Rows that go on together. */
interface Batch {
  live: LiveRow[];
  /** Prompts in the order of the segment's rows. */
  prompts: Prompt[];
  prompt: CachePart;
  own: CachePart;
  recent: CachePart;
  /** Tokens that the rows do not have yet. */
  drawn?: DeviceDraws;
}

export class HubSampler {
  private readonly limits: HubSamplerLimits;
  private steps: DecodeSteps | undefined;
  private memory: CacheMemory | undefined;
  private beginnings: Beginnings | undefined;
  private readonly reader: DrawReader;
  private readonly adapter: AdapterPlace;

  constructor(
    private readonly runtime: Runtime,
    private readonly model: HubModel,
    private readonly plan: AdapterPlan | undefined,
    limits: Partial<HubSamplerLimits> = {},
  ) {
    this.limits = { ...SAMPLER_LIMITS, ...limits };
    this.adapter = new AdapterPlace(runtime, plan);
    this.reader = new DrawReader(runtime);
  }

  /** Prepares the model, which the first call does otherwise. */
  async open(topK = false): Promise<void> {
    // Only a graph without top-k has to make room for one with it.
    if (topK && this.runtime.hasDeviceMemory && this.steps && !this.steps.topK) await this.dispose();
    if (!this.steps) {
      this.steps = new DecodeSteps(this.runtime, this.model, this.plan, topK);
      this.memory = new CacheMemory(this.runtime, this.steps.shapes);
      const bytes = this.limits.cacheBytes / 4;
      this.beginnings = new Beginnings(this.steps, this.memory, bytes / cacheBytesPerToken(this.model));
    }
    await this.steps.open();
  }

  /** `sample` takes the trained vector as a tensor on the device, too. */
  readonly readsDevice = true;

  /** Rows in order of request and sample. `weights` is the adapters' vector. */
  async sample(
    weights: Float32Array | DeviceTensor,
    requests: readonly TokenRequest[],
    options: TokenSampleOptions,
  ): Promise<SampledRow[]> {
    const rows = openRows(requests, this.model.context, options.seed);
    await this.open(Boolean(options.topK));
    this.beginnings!.forWeights(weights);
    const adapters = await this.adapter.place(weights);
    const call = new SampleCall(
      this.steps!,
      this.memory!,
      this.beginnings!,
      this.reader,
      adapters,
      requests,
      rows,
      {
        ...options,
        limits: this.limits,
        bytesPerToken: cacheBytesPerToken(this.model),
        ...(this.limits.loopTokens !== undefined && { loopTokens: this.limits.loopTokens }),
      },
    );
    try {
      await call.run();
    } finally {
      call.release();
      releaseAdapter(adapters);
    }
    return rows;
  }

  async dispose(): Promise<void> {
    const { steps, memory } = this;
    this.beginnings?.forget();
    this.steps = this.memory = this.beginnings = undefined;
    await this.adapter.dispose();
    await this.reader.dispose();
    await steps?.dispose();
    await memory?.dispose();
  }
}

type CallOptions = TokenSampleOptions & {
  limits: HubSamplerLimits;
  bytesPerToken: number;
  loopTokens?: number;
};

/** One call of `sample`. */
class SampleCall {
  private readonly prompts: Prompts;
  /** Rows that have no place yet, the longest first: what is short fills up at the end. */
  private readonly waiting: ActiveRow[];
  private batch: Batch | undefined;

  constructor(
    private readonly steps: DecodeSteps,
    private readonly memory: CacheMemory,
    beginnings: Beginnings,
    private readonly reader: DrawReader,
    private readonly weights: PlacedAdapter,
    requests: readonly TokenRequest[],
    private readonly rows: ActiveRow[],
    private readonly options: CallOptions,
  ) {
    this.prompts = new Prompts(steps, memory, beginnings, reader, weights, requests, options);
    const longest = (r: ActiveRow) => r.promptTokens + r.maxTokens;
    this.waiting = rows.toSorted((a, b) => longest(b) - longest(a) || a.asked - b.asked);
  }

  async run(): Promise<void> {
    const { options } = this;
    await this.prompts.open();
    while (this.waiting.length > 0 || this.batch) {
      options.signal?.throwIfAborted();
      await this.fold();
      for (let step = 0; step < FOLD_EVERY && this.batch && !this.worthFolding(); step++) {
        options.signal?.throwIfAborted();
        await this.advance(this.batch);
        if (this.batch.drawn && this.batch.drawn.steps < LOOK_EVERY) continue;
        await this.look(this.batch);
        options.onStep?.(this.rows);
      }
    }
  }

  release(): void {
    if (this.batch?.drawn) releaseDraws(this.batch.drawn);
    if (this.batch) for (const part of [this.batch.own, this.batch.recent, this.batch.prompt]) release(part);
    this.batch = undefined;
    this.prompts.release();
  }

  /** Whether so many rows have ended that going on without them pays at once. */
  private worthFolding(): boolean {
    const { live } = this.batch!;
    const ended = live.filter(({ row }) => row.ended).length;
    return 2 * ended >= live.length;
  }

  /** Gives the rows the tokens that lie on the device. */
  private async look(batch: Batch): Promise<void> {
    const { drawn } = batch;
    if (!drawn) return;
    delete batch.drawn;
    await this.reader.read(drawn, this.options);
  }

  /** Rows that have ended leave, others come in, and the newest tokens join those before. */
  private async fold(): Promise<void> {
    const { batch } = this;
    if (batch) await this.look(batch);
    const alive = batch ? batch.live.flatMap(({ row }, i) => (row.ended ? [] : [i])) : [];
    const kept = alive.map((i) => batch!.live[i]!);
    const leave = batch !== undefined && kept.length < 0.9 * batch.live.length;
    // Where padding may stand in front only, no row joins others that are under way.
    const joinable = kept.length === 0 || !this.steps.wholePrompts;
    const fresh = (!batch || leave) && joinable ? await this.admit(kept) : [];
    const stay = leave ? kept : (batch?.live ?? []);
    if (stay.length + fresh.length === 0) {
      this.release();
      return;
    }
    const next = await this.together(stay, leave ? alive : stay.map((_, i) => i), fresh);
    if (batch) for (const part of [batch.own, batch.recent]) release(part);
    if (batch && batch.prompt !== next.prompt) release(batch.prompt);
    this.batch = next;
    this.prompts.keepOnly(
      new Set([...next.live, ...this.waiting].map((l) => this.prompts.of('row' in l ? l.row : l))),
    );
  }

  /** Rows of the batch, which are at `places` in it, and `fresh` ones. */
  private async together(
    stay: readonly LiveRow[],
    places: readonly number[],
    fresh: readonly ActiveRow[],
  ): Promise<Batch> {
    const { batch, memory, prompts, steps } = this;
    const rows = stay.length + fresh.length;
    const recent = memory.blank(rows, 0);
    const fetch = (row: ActiveRow) => ({ row, prompt: prompts.of(row) });
    if (steps.wholePrompts && fresh.length > 0) {
      // A prompt is a part of the row's own tokens then, and all of it is copied for each row.
      const list = [...new Set(fresh.map(prompts.of))];
      const joined = await prompts.join(list);
      const own = await memory.gather(
        joined,
        fresh.map((row) => list.indexOf(prompts.of(row))),
      );
      release(joined);
      const start = own.tokens;
      const live = fresh.map((row) => ({ ...fetch(row), start, first: start - row.promptTokens }));
      return { live, prompts: [], prompt: memory.blank(1, 1), own, recent };
    }
    const columns = batch ? batch.own.tokens + batch.recent.tokens : 1;
    // One column stays, if only a hidden one.
    const from = Math.min(...stay.map(({ first }) => first), columns - 1);
    const start = columns - from;
    const live = [
      ...stay.map((l) => ({ ...l, start: l.start - from, first: l.first - from })),
      ...fresh.map((row) => ({ ...fetch(row), start, first: start })),
    ];
    const indices = [...places, ...fresh.map(() => 0)];
    const own = batch ? await memory.behind(batch.own, batch.recent, indices, from) : memory.blank(rows, 1);
    if (steps.wholePrompts) return { ...batch!, live, own, recent };
    const list = [...new Set(live.map(({ prompt }) => prompt))];
    const same =
      batch && list.length === batch.prompts.length && batch.prompts.every((p) => list.includes(p));
    if (same) return { ...batch, live, own, recent };
    return { live, prompts: list, prompt: await prompts.join(list), own, recent };
  }

  /** Rows for which there is room beside `kept`; their prompts are computed and their first tokens drawn. */
  private async admit(kept: readonly LiveRow[]): Promise<ActiveRow[]> {
    const { limits, bytesPerToken } = this.options;
    const admitted: ActiveRow[] = [];
    for (;;) {
      const all = [...kept.map(({ row }) => row), ...admitted];
      const room = (next: ActiveRow) => {
        const rows = [...all, next];
        const prompts = new Set(rows.map((row) => this.prompts.of(row)));
        const own = rows.length * Math.max(...rows.map((r) => r.maxTokens));
        const ahead = Math.max(...rows.map((r) => r.promptTokens));
        // Own tokens are there twice while they are put together anew, and prompts by themselves and in the segment.
        return (
          rows.length <= limits.rows && 2 * (prompts.size * ahead + own) * bytesPerToken <= limits.cacheBytes
        );
      };
      const next = this.waiting[0];
      if (!next || (all.length > 0 && !room(next))) break;
      this.waiting.shift();
      admitted.push(next);
    }
    await this.prompts.compute(admitted, this.waiting);
    this.options.onStep?.(this.rows);
    // A row may end with its first token.
    return admitted.filter((row) => !row.ended);
  }

  /** One token more for every row; a row that has ended takes part until it is left out. */
  private async advance(batch: Batch): Promise<void> {
    const { options, prompts } = this;
    const { live } = batch;
    const columns = batch.own.tokens + batch.recent.tokens;
    const places = new Map(batch.prompts.map((prompt, i) => [prompt, i]));
    const { drawn, recent } = await this.steps.run(
      this.weights,
      {
        ids: batch.drawn ?? live.map(({ row }) => [row.tokens.at(-1)!]),
        positions: live.map(({ row, start }) => [row.promptTokens + columns - start]),
        cache: { prefix: prompts.prefix, prompt: batch.prompt, own: batch.own, recent: batch.recent },
        columns: live.map((l) => {
          const before = prompts.columns(places.has(l.prompt) ? l.prompt : undefined, batch.prompt.tokens);
          const all = new Int32Array(before.length + columns);
          all.set(before);
          for (let i = 0; i < columns; i++) {
            all[before.length + i] = i < l.first ? HIDDEN_COLUMN : l.row.promptTokens + i - l.start;
          }
          return all;
        }),
        promptOf: live.map(({ prompt }) => places.get(prompt) ?? 0),
        draws: live.map(({ row }, at) => ({ row, at })),
      },
      options,
    );
    release(batch.recent);
    batch.recent = recent;
    if (drawn) batch.drawn = drawn;
  }
}
