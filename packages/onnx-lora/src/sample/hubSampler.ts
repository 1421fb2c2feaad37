/**
 * Samples k completions for each of many prompts from a Hub decoder. A prompt is computed once; its
 * keys and values are copied to its rows, which then go on in one batch, padded on the left.
 */
import { GraphBuilder, type Model, writeModel } from 'onnx-grad';
import { SAMPLER_LIMITS } from '../model/memory.ts';
import {
  float32,
  type HostTensor,
  int64,
  endSession,
  type Runtime,
  type GraphSession,
  scalar,
  type DeviceTensor,
  type Tensor,
} from '../runtime/runtime.ts';
import {
  type ActiveRow,
  openRows,
  type SampledRow,
  type TokenRequest,
  type TokenSampleOptions,
} from './sampleRows.ts';
import { drawnFrom, sharpness, TokenPicker } from './tokenPicker.ts';
import { causalMask } from '../train/trainer.ts';
import { type CachePart, CacheRows, release } from './cacheRows.ts';
import {
  type AdapterPlan,
  cacheBytesPerToken,
  cachedGraph,
  cacheShapes,
  maskName,
} from '../model/hubGraph.ts';
import type { HubModel } from '../model/hubModel.ts';
import { openModel } from '../train/hubTrainable.ts';

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

/** Whether the last `count` tokens are a piece of at most a quarter of them, again and again. */
function loops(tokens: readonly number[], count: number): boolean {
  const from = tokens.length - count;
  if (from < 0) return false;
  for (let period = 1; 4 * period <= count; period++) {
    let at = tokens.length - 1;
    while (at >= from + period && tokens[at] === tokens[at - period]) at--;
    if (at < from + period) return true;
  }
  return false;
}

/** Steps between looking for rows that have ended: leaving them out costs one copy of the cache. */
const COMPACT_EVERY = 8;

/** Rows that go on together: B rows of `length` cached tokens, the first `padding[r]` of row r empty. */
interface Batch {
  rows: ActiveRow[];
  length: number;
  padding: number[];
  cache: Tensor[];
}

export class HubSampler {
  private session: Promise<GraphSession> | undefined;
  private placing: Promise<GraphSession> | undefined;
  private graph: Model | undefined;
  private readonly limits: HubSamplerLimits;
  private readonly cacheRows: CacheRows;
  /** Outputs that hold the cache after a step. */
  private readonly present: readonly string[];

  constructor(
    private readonly runtime: Runtime,
    private readonly model: HubModel,
    private readonly plan: AdapterPlan | undefined,
    limits: Partial<HubSamplerLimits> = {},
  ) {
    this.limits = { ...SAMPLER_LIMITS, ...limits };
    this.cacheRows = new CacheRows(runtime, cacheShapes(model));
    this.present = model.cache.map(({ present }) => `out.${present}`);
  }

  /** Rows in order of request and sample. `weights` is the adapters' vector. */
  /** It takes the trained vector where graphs run, too. */
  readonly readsDevice = true;

  async sample(
    weights: Float32Array | DeviceTensor,
    requests: readonly TokenRequest[],
    options: TokenSampleOptions,
  ): Promise<SampledRow[]> {
    const rows = openRows(requests, this.model.context, options.seed);
    const adapters = await this.place(weights);
    try {
      for (const group of this.groups(rows)) await this.sampleGroup(adapters, requests, group, rows, options);
    } finally {
      if (adapters !== weights) release([adapters]);
    }
    return rows;
  }

  private async sampleGroup(
    weights: Tensor,
    requests: readonly TokenRequest[],
    group: ActiveRow[],
    all: readonly ActiveRow[],
    options: TokenSampleOptions,
  ): Promise<void> {
    options.signal?.throwIfAborted();
    const batch = await this.prefill(weights, requests, group, options);
    try {
      options.onStep?.(all);
      for (let step = 1; batch.rows.some((r) => !r.ended); step++) {
        options.signal?.throwIfAborted();
        if (step % COMPACT_EVERY === 0) await this.compact(batch);
        await this.advance(weights, batch, options);
        options.onStep?.(all);
      }
    } finally {
      release(batch.cache);
    }
  }

  /** Prepares the model, which the first call does otherwise. */
  async open(): Promise<void> {
    this.graph ??= cachedGraph(this.model, this.plan);
    const kept = this.runtime.hasDeviceMemory ? this.present : undefined;
    this.session ??= openModel(this.runtime, this.graph, kept);
    await this.session;
  }

  /** The adapters' vector where every step reads it: sent to the device once, where there is one. */
  private async place(weights: Float32Array | DeviceTensor): Promise<Tensor> {
    if ('held' in weights) return weights;
    const here = float32([weights.length], weights);
    if (!this.runtime.hasDeviceMemory || !this.plan) return here;
    const b = new GraphBuilder('place');
    b.output('there', b.input('here', 'float32', ['size']));
    this.placing ??= this.runtime.create(writeModel(b.model), { kept: ['there'] });
    return (await (await this.placing).runKeeping({ here })).kept.there!;
  }

  async dispose(): Promise<void> {
    const { session, placing } = this;
    this.session = this.placing = undefined;
    await endSession(session);
    await endSession(placing);
    await this.cacheRows.dispose();
  }

  /** Rows of like length together, as many as the cache has room for. */
  private groups(rows: ActiveRow[]): ActiveRow[][] {
    const perToken = cacheBytesPerToken(this.model);
    const longest = (r: ActiveRow) => r.promptTokens + r.maxTokens;
    const order = rows.toSorted((a, b) => longest(a) - longest(b) || a.request - b.request);
    const groups: ActiveRow[][] = [];
    for (const row of order) {
      const group = groups.at(-1);
      const bytes = ((group?.length ?? 0) + 1) * longest(row) * perToken;
      // Past and present are there at once.
      if (group && group.length < this.limits.rows && 2 * bytes <= this.limits.cacheBytes) group.push(row);
      else groups.push([row]);
    }
    return groups;
  }

  private async prefill(
    weights: Tensor,
    requests: readonly TokenRequest[],
    rows: ActiveRow[],
    options: TokenSampleOptions,
  ): Promise<Batch> {
    const prompts = [...new Set(rows.map((r) => r.request))];
    const length = Math.max(...prompts.map((p) => requests[p]!.tokens.length));
    const each = Math.max(1, Math.floor(this.limits.prefillTokens / length));
    const parts: CachePart[] = [];
    const ordered = prompts.flatMap((p) => rows.filter((r) => r.request === p));
    try {
      for (let at = 0; at < prompts.length; at += each) {
        options.signal?.throwIfAborted();
        const part = prompts.slice(at, at + each);
        const tokens = part.map((p) => requests[p]!.tokens);
        const padding = tokens.map((t) => length - t.length);
        const empty = cacheShapes(this.model).map(({ heads, width }) =>
          float32([part.length, heads, 0, width], new Float32Array(0)),
        );
        const ids = tokens.map((t, i) => [...new Array<number>(padding[i]!).fill(t[0]!), ...t]);
        const { outputs, present } = await this.run(weights, ids, padding, 0, empty, options);
        const indices: number[] = [];
        parts.push({ cache: present, indices });
        const picker = new TokenPicker(outputs, this.model.vocabulary, options);
        part.forEach((p, i) => {
          for (const row of rows) {
            if (row.request !== p) continue;
            picker.pick(row, i);
            indices.push(i);
          }
        });
      }
      const padding = ordered.map((r) => length - r.promptTokens);
      return { rows: ordered, length, padding, cache: await this.cacheRows.gather(parts) };
    } finally {
      for (const { cache } of parts) release(cache);
    }
  }

  /** One token more for every row; a row that has ended takes part until it is left out. */
  private async advance(weights: Tensor, batch: Batch, options: TokenSampleOptions): Promise<void> {
    const ids = batch.rows.map((row) => [row.tokens.at(-1)!]);
    const { padding, length, cache } = batch;
    const { outputs, present } = await this.run(weights, ids, padding, length, cache, options);
    release(cache);
    batch.cache = present;
    batch.length++;
    const picker = new TokenPicker(outputs, this.model.vocabulary, options);
    const { loopTokens = Infinity } = this.limits;
    batch.rows.forEach((row, i) => {
      if (row.ended) return;
      picker.pick(row, i);
      if (!row.ended && loops(row.tokens, loopTokens)) row.ended = 'length';
    });
  }

  /** Leaves out rows that have ended, where a good part of the work falls away. */
  private async compact(batch: Batch): Promise<void> {
    const alive = batch.rows.flatMap((row, i) => (row.ended ? [] : [i]));
    if (alive.length === 0 || alive.length > 0.75 * batch.rows.length) return;
    const cache = await this.cacheRows.gather([{ cache: batch.cache, indices: alive }]);
    release(batch.cache);
    batch.cache = cache;
    batch.rows = alive.map((i) => batch.rows[i]!);
    batch.padding = alive.map((i) => batch.padding[i]!);
  }

  private async run(
    weights: Tensor,
    ids: readonly (readonly number[])[],
    padding: readonly number[],
    past: number,
    cache: readonly Tensor[],
    options: TokenSampleOptions,
  ): Promise<{ outputs: Record<string, HostTensor>; present: Tensor[] }> {
    await this.open();
    const [graph, session] = [this.graph!, await this.session!];
    const B = ids.length;
    const T = ids[0]!.length;
    const S = past + T;
    const plane = (columns: number, value: (r: number, t: number) => number): HostTensor => {
      const out = new BigInt64Array(B * columns);
      for (let r = 0; r < B; r++) {
        for (let t = 0; t < columns; t++) out[r * columns + t] = BigInt(value(r, t));
      }
      return int64([B, columns], out);
    };
    const feeds: Record<string, Tensor> = {};
    for (const name of graph.graph.inputs.keys()) {
      const window = /^causal(?:\.(\d+))?$/.exec(name);
      if (name === 'weights') feeds[name] = weights;
      else if (name === 'sharpness') feeds[name] = scalar(sharpness(options));
      else if (name === 'input_ids') feeds[name] = plane(T, (r, t) => ids[r]![t]!);
      else if (name === 'attention_mask') feeds[name] = plane(S, (r, t) => (t < padding[r]! ? 0 : 1));
      else if (name === 'position_ids') {
        feeds[name] = plane(T, (r, t) => Math.max(0, past + t - padding[r]!));
      } else if (window) {
        const size = window[1] === undefined ? undefined : Number(window[1]);
        feeds[name] = past === 0 ? causalMask(T, size) : lastRowMask(S, size);
        if (name !== maskName(size)) throw new Error(`an unknown mask ${name}`);
      } else {
        const i = this.model.cache.findIndex((c) => c.past === name);
        if (i < 0) throw new Error(`the graph reads an input ${name} that nothing feeds`);
        feeds[name] = cache[i]!;
      }
    }
    const { outputs, kept } = await session.runKeeping(feeds, [...this.present, ...drawnFrom(options)]);
    return { outputs, present: this.present.map((name) => kept[name] ?? outputs[name]!) };
  }
}

/** The mask of one new token after S - 1 others. */
function lastRowMask(S: number, window = S): HostTensor {
  const mask = new Float32Array(S);
  mask.fill(-1e9, 0, Math.max(0, S - window));
  return float32([1, S], mask);
}
