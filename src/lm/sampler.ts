/**
 * Samples k completions for each of many prompts in one batch. A prompt is computed once and its
 * keys and values are stored once, read by all of its samples; samples keep their own in buffers
 * that grow by a few slots. Finished rows leave the batch.
 */
import { deriveSeed, Random } from '../gasp/random.ts';
import { type DecoderConfig, decoderParameters, type Layout, type Tuning, type Weights } from './decoder.ts';
import { decodeGraph, mergingGraph, prefillGraph } from './decoding.ts';
import { float32, floats, type HostTensor, int64, type Runtime, type Session, scalar } from './runtime.ts';
import { sharpness, TokenPicker } from './tokenPicker.ts';
import { causalMask, packTokens } from './trainer.ts';

export interface TokenRequest {
  tokens: readonly number[];
  samples: number;
  maxTokens: number;
}

export interface TokenSampleOptions {
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  seed: number;
  /** Tokens that end a completion; the one that did is its last token. */
  stop: ReadonlySet<number>;
  signal?: AbortSignal;
  /** After each step: all rows of this call. */
  onStep?: (rows: readonly SampledRow[]) => void;
}

export interface SampledRow {
  request: number;
  sample: number;
  tokens: number[];
  /** Of each token, under the model's distribution at temperature 1, before top-p. */
  logprobs: number[];
  ended: 'stop' | 'length' | undefined;
}

type Feeds = Record<string, HostTensor>;

const MASKED = -1e9;
const SLOTS = 16;
/** Steps between looking for rows to drop: a smaller batch costs one copy of the caches. */
const COMPACT_EVERY = 4;

/** The rows of one batch: P prompts, each with `width` places, some of them empty. */
interface Batch {
  prompts: number;
  places: number;
  /** By prompt and place; undefined: an empty place, computed and ignored. */
  rows: (ActiveRow | undefined)[];
  promptLength: number;
  promptMask: Float32Array;
  promptKeys: Float32Array[];
  promptValues: Float32Array[];
  slots: number;
  used: number;
  ownKeys: Float32Array[];
  ownValues: Float32Array[];
}
export interface ActiveRow extends SampledRow {
  random: Random;
  maxTokens: number;
  promptTokens: number;
}

/** A row for each sample of each request. `context` is the longest sequence that the model takes. */
export function openRows(requests: readonly TokenRequest[], context: number, seed: number): ActiveRow[] {
  const rows: ActiveRow[] = [];
  requests.forEach((request, r) => {
    const room = context - request.tokens.length;
    if (request.tokens.length === 0) throw new Error('a prompt needs at least one token');
    if (request.maxTokens < 1) throw new Error('a completion needs at least one token');
    if (room < 1) {
      throw new Error(
        `a prompt of ${request.tokens.length} tokens leaves no room in the model's context of ${context}`,
      );
    }
    for (let s = 0; s < request.samples; s++) {
      rows.push({
        request: r,
        sample: s,
        tokens: [],
        logprobs: [],
        ended: undefined,
        // A stream of its own for each row: what is sampled does not depend on the batch around it.
        random: new Random(deriveSeed(seed, 'row', r, s)),
        maxTokens: Math.min(request.maxTokens, room),
        promptTokens: request.tokens.length,
      });
    }
  });
  return rows;
}

export class Sampler {
  private merge: Promise<Session> | undefined;
  private prefill: Promise<Session> | undefined;
  private decode: Promise<Session> | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly config: DecoderConfig,
    private readonly tuning: Tuning,
    private readonly layout: Layout,
    private readonly model: Weights,
    /** Most rows in one batch: a bound on memory. */
    private readonly maxRows = 512,
  ) {}

  /** Rows in order of request and sample. `weights` is the trained vector, [P]. */
  async sample(
    weights: Float32Array,
    requests: readonly TokenRequest[],
    options: TokenSampleOptions,
  ): Promise<SampledRow[]> {
    const rows = openRows(requests, this.config.context, options.seed);
    options.signal?.throwIfAborted();
    if (rows.length === 0) return rows;
    const constant = { ...(await this.merged(weights)), sharpness: scalar(sharpness(options)) };
    for (const lists of this.batches(rows)) {
      await this.runBatch(constant, requests, lists, options, () => options.onStep?.(rows));
    }
    return rows;
  }

  /** All weights by name, the trained vector's part in them merged. */
  private async merged(weights: Float32Array): Promise<Feeds> {
    const { config, tuning, layout, model } = this;
    this.merge ??= this.runtime.create(mergingGraph(config, tuning, layout, model));
    const session = await this.merge;
    const merged = await session.run({ weights: float32([layout.size], weights) });
    return Object.fromEntries(
      decoderParameters(config).map(({ name, dims }) => [
        name,
        merged[`merged.${name}`] ?? float32(dims, model.get(name)!),
      ]),
    );
  }

  async dispose(): Promise<void> {
    const open = [this.merge, this.prefill, this.decode];
    this.merge = this.prefill = this.decode = undefined;
    for (const session of open) await (await session)?.release();
  }

  /**
   * Batches of at most `maxRows` places. A batch is a list of prompts, each the rows that sample from
   * it; a prompt with more samples than a batch holds comes again.
   */
  private batches(rows: ActiveRow[]): ActiveRow[][][] {
    // RotaryEmbedding takes a prompt's places for a sequence, which must fit into the context.
    const most = Math.min(this.maxRows, this.config.context);
    const parts = byRequest(rows).flatMap((list) => {
      const cut: ActiveRow[][] = [];
      for (let at = 0; at < list.length; at += most) cut.push(list.slice(at, at + most));
      return cut;
    });
    // Every prompt of a batch gets as many places as the largest needs, so like goes with like.
    parts.sort((a, b) => b.length - a.length);
    const batches: ActiveRow[][][] = [];
    for (const part of parts) {
      const batch = batches.at(-1);
      if (batch && (batch.length + 1) * batch[0]!.length <= this.maxRows) batch.push(part);
      else batches.push([part]);
    }
    return batches;
  }

  private async runBatch(
    constant: Feeds,
    requests: readonly TokenRequest[],
    lists: ActiveRow[][],
    options: TokenSampleOptions,
    report: () => void,
  ): Promise<void> {
    options.signal?.throwIfAborted();
    let batch = await this.startBatch(constant, requests, lists, options);
    report();
    for (let step = 1; ; step++) {
      if (batch.rows.every((r) => !r || r.ended)) return;
      // A cancelled call must stop between two steps, not after the last one.
      options.signal?.throwIfAborted();
      if (step % COMPACT_EVERY === 0) batch = this.compact(batch);
      await this.advance(constant, batch, options);
      report();
    }
  }

  private async startBatch(
    constant: Feeds,
    requests: readonly TokenRequest[],
    lists: ActiveRow[][],
    options: TokenSampleOptions,
  ): Promise<Batch> {
    const { layers, width } = this.config;
    this.prefill ??= this.runtime.create(prefillGraph(this.config));
    const session = await this.prefill;
    const prompts = lists.map((list) => requests[list[0]!.request]!.tokens);
    const P = prompts.length;
    const T = Math.max(...prompts.map((p) => p.length));
    const last = new BigInt64Array(P * width);
    prompts.forEach((p, i) => {
      last.fill(BigInt(p.length - 1), i * width, (i + 1) * width);
    });
    const outputs = await session.run({
      ...constant,
      ...packTokens(prompts, T),
      mask: causalMask(T),
      last: int64([P, 1, width], last),
    });
    const places = Math.max(...lists.map((list) => list.length));
    const promptMask = new Float32Array(P * T);
    prompts.forEach((p, i) => {
      promptMask.fill(MASKED, i * T + p.length, (i + 1) * T);
    });
    const layerArrays = (name: string) =>
      Array.from({ length: layers }, (_, i) => floats(outputs, `${name}.${i}`));
    const empty = () => Array.from({ length: layers }, () => new Float32Array(P * places * SLOTS * width));
    const batch: Batch = {
      prompts: P,
      places,
      rows: lists.flatMap((list) => Array.from({ length: places }, (_, i) => list[i])),
      promptLength: T,
      promptMask,
      promptKeys: layerArrays('keys'),
      promptValues: layerArrays('values'),
      slots: SLOTS,
      used: 0,
      ownKeys: empty(),
      ownValues: empty(),
    };
    const picker = new TokenPicker(outputs, this.config.vocabulary, options);
    batch.rows.forEach((row, i) => {
      if (row) picker.pick(row, Math.floor(i / places));
    });
    return batch;
  }

  /** One token for every row that is still going. */
  private async advance(constant: Feeds, batch: Batch, options: TokenSampleOptions): Promise<void> {
    const { layers, heads, width, vocabulary } = this.config;
    const headDim = width / heads;
    const { prompts: P, places: k, promptLength: T } = batch;
    this.decode ??= this.runtime.create(decodeGraph(this.config));
    const session = await this.decode;
    if (batch.used + 1 > batch.slots) this.grow(batch);
    const S = batch.slots;
    const ids = new BigInt64Array(P * k);
    const positions = new BigInt64Array(P * k);
    batch.rows.forEach((row, i) => {
      if (!row) return;
      ids[i] = BigInt(row.tokens.at(-1)!);
      // A row that has ended still takes part until the batch is compacted; its place stays valid.
      positions[i] = BigInt(Math.min(row.promptTokens + batch.used, this.config.context - 1));
    });
    const ownMask = new Float32Array(S).fill(MASKED, batch.used);
    const feeds: Feeds = {
      ...constant,
      ids: int64([P, k], ids),
      positions: int64([P, k], positions),
      promptMask: float32([P, 1, 1, T], batch.promptMask),
      ownMask: float32([S], ownMask),
    };
    for (let i = 0; i < layers; i++) {
      feeds[`promptKeys.${i}`] = float32([P, heads, headDim, T], batch.promptKeys[i]!);
      feeds[`promptValues.${i}`] = float32([P, heads, T, headDim], batch.promptValues[i]!);
      feeds[`ownKeys.${i}`] = float32([P, heads, k, S, headDim], batch.ownKeys[i]!);
      feeds[`ownValues.${i}`] = float32([P, heads, k, S, headDim], batch.ownValues[i]!);
    }
    const outputs = await session.run(feeds);
    for (let i = 0; i < layers; i++) {
      store(batch.ownKeys[i]!, floats(outputs, `newKeys.${i}`), headDim, S, batch.used);
      store(batch.ownValues[i]!, floats(outputs, `newValues.${i}`), headDim, S, batch.used);
    }
    batch.used++;
    const picker = new TokenPicker(outputs, vocabulary, options);
    batch.rows.forEach((row, i) => {
      if (row && !row.ended) picker.pick(row, i);
    });
  }

  /** More slots for the samples' own keys and values. */
  private grow(batch: Batch): void {
    const headDim = this.config.width / this.config.heads;
    const slots = batch.slots + SLOTS;
    const width = batch.slots * headDim;
    const widen = (old: Float32Array): Float32Array => {
      const segments = old.length / width;
      const out = new Float32Array(segments * slots * headDim);
      // Number by number: thousands of views of a few hundred numbers cost more than the copying.
      for (let s = 0, from = 0, to = 0; s < segments; s++, to += SLOTS * headDim) {
        for (const end = from + width; from < end; from++, to++) out[to] = old[from]!;
      }
      return out;
    };
    batch.ownKeys = batch.ownKeys.map(widen);
    batch.ownValues = batch.ownValues.map(widen);
    batch.slots = slots;
  }

  /** Leaves out prompts without a living row, and places that no prompt needs any more. */
  private compact(batch: Batch): Batch {
    const { heads, width } = this.config;
    const headDim = width / heads;
    const { places: k, slots: S, promptLength: T } = batch;
    const alive: { prompt: number; places: number[] }[] = [];
    for (let p = 0; p < batch.prompts; p++) {
      const living: number[] = [];
      for (let j = 0; j < k; j++) {
        const row = batch.rows[p * k + j];
        if (row && !row.ended) living.push(j);
      }
      if (living.length) alive.push({ prompt: p, places: living });
    }
    const places = Math.max(0, ...alive.map((a) => a.places.length));
    // Copying the caches pays off only where a good part of the work falls away.
    if (places === 0 || alive.length * places > 0.8 * batch.prompts * k) return batch;
    const P = alive.length;
    const cutPrompt = (old: Float32Array): Float32Array => {
      const size = heads * headDim * T;
      const out = new Float32Array(P * size);
      alive.forEach((a, p) => {
        out.set(old.subarray(a.prompt * size, (a.prompt + 1) * size), p * size);
      });
      return out;
    };
    const cutOwn = (old: Float32Array): Float32Array => {
      const size = S * headDim;
      const out = new Float32Array(P * heads * places * size);
      alive.forEach((a, p) => {
        for (let h = 0; h < heads; h++) {
          a.places.forEach((j, to) => {
            const from = ((a.prompt * heads + h) * k + j) * size;
            out.set(old.subarray(from, from + size), ((p * heads + h) * places + to) * size);
          });
        }
      });
      return out;
    };
    const promptMask = new Float32Array(P * T);
    alive.forEach((a, p) => {
      promptMask.set(batch.promptMask.subarray(a.prompt * T, (a.prompt + 1) * T), p * T);
    });
    return {
      ...batch,
      prompts: P,
      places,
      rows: alive.flatMap((a) =>
        Array.from({ length: places }, (_, i) =>
          a.places[i] === undefined ? undefined : batch.rows[a.prompt * k + a.places[i]],
        ),
      ),
      promptMask,
      promptKeys: batch.promptKeys.map(cutPrompt),
      promptValues: batch.promptValues.map(cutPrompt),
      ownKeys: batch.ownKeys.map(cutOwn),
      ownValues: batch.ownValues.map(cutOwn),
    };
  }
}

/** Rows of the same request together, requests in order of their first row. */
function byRequest(rows: readonly ActiveRow[]): ActiveRow[][] {
  const lists = new Map<number, ActiveRow[]>();
  for (const row of rows) {
    const list = lists.get(row.request);
    if (list) list.push(row);
    else lists.set(row.request, [row]);
  }
  return [...lists.values()];
}

/** Writes one new slot of every (prompt, head, sample): `fresh` is [segments, headDim], `own` [segments, slots, headDim]. */
function store(own: Float32Array, fresh: Float32Array, headDim: number, slots: number, at: number): void {
  const stride = slots * headDim;
  for (let from = 0, to = at * headDim; from < fresh.length; from += headDim, to += stride) {
    for (let i = 0; i < headDim; i++) own[to + i] = fresh[from + i]!;
  }
}
