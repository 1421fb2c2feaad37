/**
 * Samples k completions for each of many prompts from a Hub decoder. A prompt is computed once; its
 * keys and values are copied to its rows, which then go on in one batch, padded on the left.
 */
import { SAMPLER_LIMITS } from '../memory.ts';
import { float32, type HostTensor, int64, type Runtime, type Session, scalar } from '../runtime.ts';
import {
  type ActiveRow,
  openRows,
  type SampledRow,
  type TokenRequest,
  type TokenSampleOptions,
} from '../sampler.ts';
import { sharpness, TokenPicker } from '../tokenPicker.ts';
import { causalMask } from '../trainer.ts';
import { type AdapterPlan, cacheBytesPerToken, cachedGraph, maskName } from './hubGraph.ts';
import type { HubModel } from './hubModel.ts';
import { openModel } from './hubTrainable.ts';
import type { Model } from '../../onnx/model.ts';

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
  cache: HostTensor[];
}

export class HubSampler {
  private session: Promise<Session> | undefined;
  private graph: Model | undefined;
  private readonly limits: HubSamplerLimits;

  constructor(
    private readonly runtime: Runtime,
    private readonly model: HubModel,
    private readonly plan: AdapterPlan | undefined,
    limits: Partial<HubSamplerLimits> = {},
  ) {
    this.limits = { ...SAMPLER_LIMITS, ...limits };
  }

  /** Rows in order of request and sample. `weights` is the adapters' vector. */
  async sample(
    weights: Float32Array,
    requests: readonly TokenRequest[],
    options: TokenSampleOptions,
  ): Promise<SampledRow[]> {
    const rows = openRows(requests, this.model.context, options.seed);
    for (const group of this.groups(rows)) {
      options.signal?.throwIfAborted();
      let batch = await this.prefill(weights, requests, group, options);
      options.onStep?.(rows);
      for (let step = 1; batch.rows.some((r) => !r.ended); step++) {
        options.signal?.throwIfAborted();
        if (step % COMPACT_EVERY === 0) batch = compact(batch);
        await this.advance(weights, batch, options);
        options.onStep?.(rows);
      }
    }
    return rows;
  }

  /** Prepares the model, which the first call does otherwise. */
  async open(): Promise<void> {
    this.graph ??= cachedGraph(this.model, this.plan);
    this.session ??= openModel(this.runtime, this.graph);
    await this.session;
  }

  async dispose(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await (await session)?.release();
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
    weights: Float32Array,
    requests: readonly TokenRequest[],
    rows: ActiveRow[],
    options: TokenSampleOptions,
  ): Promise<Batch> {
    const prompts = [...new Set(rows.map((r) => r.request))];
    const length = Math.max(...prompts.map((p) => requests[p]!.tokens.length));
    const each = Math.max(1, Math.floor(this.limits.prefillTokens / length));
    const cache: HostTensor[] = [];
    const ordered = prompts.flatMap((p) => rows.filter((r) => r.request === p));
    let filled = 0;
    for (let at = 0; at < prompts.length; at += each) {
      options.signal?.throwIfAborted();
      const part = prompts.slice(at, at + each);
      const tokens = part.map((p) => requests[p]!.tokens);
      const padding = tokens.map((t) => length - t.length);
      const empty = this.model.cache.map(({ past }) => {
        const [, heads, , width] = this.model.graph.inputs.get(past)!.shape;
        return float32([part.length, Number(heads), 0, Number(width)], new Float32Array(0));
      });
      const ids = tokens.map((t, i) => [...new Array<number>(padding[i]!).fill(t[0]!), ...t]);
      const { outputs, present } = await this.run(weights, ids, padding, 0, empty, options);
      const picker = new TokenPicker(outputs, this.model.vocabulary, options);
      const indices: number[] = [];
      part.forEach((p, i) => {
        for (const row of rows) {
          if (row.request !== p) continue;
          picker.pick(row, i);
          indices.push(i);
        }
      });
      present.forEach((tensor, i) => {
        cache[i] ??= emptyLike(tensor, ordered.length);
        copyRows(tensor, indices, cache[i], filled);
      });
      filled += indices.length;
    }
    const padding = ordered.map((r) => length - r.promptTokens);
    return { rows: ordered, length, padding, cache };
  }

  /** One token more for every row; a row that has ended takes part until it is left out. */
  private async advance(weights: Float32Array, batch: Batch, options: TokenSampleOptions): Promise<void> {
    const ids = batch.rows.map((row) => [row.tokens.at(-1)!]);
    const { padding, length, cache } = batch;
    const { outputs, present } = await this.run(weights, ids, padding, length, cache, options);
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

  private async run(
    weights: Float32Array,
    ids: readonly (readonly number[])[],
    padding: readonly number[],
    past: number,
    cache: readonly HostTensor[],
    options: TokenSampleOptions,
  ): Promise<{ outputs: Record<string, HostTensor>; present: HostTensor[] }> {
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
    const feeds: Record<string, HostTensor> = {};
    for (const name of graph.graph.inputs.keys()) {
      const window = /^causal(?:\.(\d+))?$/.exec(name);
      if (name === 'weights') feeds[name] = float32([weights.length], weights);
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
    const outputs = await session.run(feeds);
    return {
      outputs,
      present: this.model.cache.map(({ present }) => outputs[`out.${present}`]!),
    };
  }
}

/** The mask of one new token after S - 1 others. */
function lastRowMask(S: number, window = S): HostTensor {
  const mask = new Float32Array(S);
  mask.fill(-1e9, 0, Math.max(0, S - window));
  return float32([1, S], mask);
}

function emptyLike({ dims }: HostTensor, rows: number): HostTensor {
  const shape = [rows, ...dims.slice(1)];
  return float32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
}

/** Copies rows of `from`, by index, to `to` from row `at` on. */
function copyRows(from: HostTensor, indices: readonly number[], to: HostTensor, at: number): void {
  const size = from.dims.slice(1).reduce((a, b) => a * b, 1);
  const source = from.data as Float32Array;
  const target = to.data as Float32Array;
  indices.forEach((index, i) => {
    target.set(source.subarray(index * size, (index + 1) * size), (at + i) * size);
  });
}

/** Leaves out rows that have ended, where a good part of the work falls away. */
function compact(batch: Batch): Batch {
  const alive = batch.rows.flatMap((row, i) => (row.ended ? [] : [i]));
  if (alive.length === 0 || alive.length > 0.75 * batch.rows.length) return batch;
  return {
    rows: alive.map((i) => batch.rows[i]!),
    length: batch.length,
    padding: alive.map((i) => batch.padding[i]!),
    cache: batch.cache.map((tensor) => {
      const kept = emptyLike(tensor, alive.length);
      copyRows(tensor, alive, kept, 0);
      return kept;
    }),
  };
}
