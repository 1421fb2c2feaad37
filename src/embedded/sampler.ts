/**
 * Samples k completions for each of many prompts in one batch. A prompt is computed once and its
 * keys and values are stored once, read by all of its samples; samples keep their own in buffers
 * that grow. Samples that are equal so far are computed once; finished ones leave the batch.
 */
import { groupBy } from '../util/groupBy.ts';
import { elementCount } from 'onnx-grad';
import { type DecoderConfig, decoderParameters } from './decoder.ts';
import {
  type Layout,
  type Weights,
  float32,
  floats,
  type HostTensor,
  int64,
  endSession,
  type Runtime,
  type GraphSession,
  scalar,
  type ActiveRow,
  openRows,
  type SampledRow,
  type TokenRequest,
  type TokenSampleOptions,
  DISTRIBUTION,
  sharpness,
  TokenPicker,
  causalMask,
  packTokens,
} from 'onnx-lora';
import { decodeGraph, mergingGraph, prefillGraph } from './decoding.ts';
import type { CacheShape } from './branchCache.ts';
import { BatchMemory, SampleBatch } from './sampleBatch.ts';
import type { Tuning } from '../util/tuning.ts';

type Feeds = Record<string, HostTensor>;

const MASKED = -1e9;

export class Sampler {
  private merge: Promise<GraphSession> | undefined;
  private prefill: Promise<GraphSession> | undefined;
  private decode: Promise<GraphSession> | undefined;
  private readonly shape: CacheShape;
  private readonly scratch = new Scratch();
  private memory: BatchMemory;

  constructor(
    private readonly runtime: Runtime,
    private readonly config: DecoderConfig,
    private readonly tuning: Tuning,
    private readonly layout: Layout,
    private readonly model: Weights,
    /** Most rows in one batch: a bound on memory. */
    private readonly maxRows = 512,
  ) {
    const { layers, heads, width } = config;
    this.shape = { layers, heads, headDim: width / heads };
    this.memory = new BatchMemory(this.shape);
  }

  /** Rows in order of request and sample. `weights` is the trained vector, [P]. One call at a time: they share memory. */
  async sample(
    weights: Float32Array,
    requests: readonly TokenRequest[],
    options: TokenSampleOptions,
  ): Promise<SampledRow[]> {
    const rows = openRows(requests, this.config.context, options.seed);
    options.signal?.throwIfAborted();
    if (rows.length === 0) return rows;
    const constant = { ...(await this.merged(weights)), sharpness: scalar(sharpness(options)) };
    try {
      for (const lists of this.batches(rows)) {
        await this.runBatch(constant, requests, lists, options, () => options.onStep?.(rows));
      }
    } catch (error) {
      // A NaN in the cache would outlive its batch: even masked, 0 times NaN is NaN.
      this.memory = new BatchMemory(this.shape);
      throw error;
    }
    return rows;
  }

  /** All weights by name, the trained vector's part in them merged. */
  private async merged(weights: Float32Array): Promise<Feeds> {
    const { config, tuning, layout, model } = this;
    this.merge ??= this.runtime.create(mergingGraph(config, tuning, layout, model));
    const graph = await this.merge;
    const merged = await graph.run({ weights: float32([layout.size], weights) });
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
    for (const graph of open) await endSession(graph);
    this.scratch.clear();
    this.memory = new BatchMemory(this.shape);
  }

  /** Batches of at most `maxRows` rows: lists of the rows of one prompt. A prompt with more of them comes again. */
  private batches(rows: ActiveRow[]): ActiveRow[][][] {
    const batches: ActiveRow[][][] = [];
    let free = 0;
    for (const list of groupBy(rows, ({ asked }) => asked).values()) {
      for (let at = 0; at < list.length; at += this.maxRows) {
        const part = list.slice(at, at + this.maxRows);
        if (part.length > free) {
          batches.push([]);
          free = this.maxRows;
        }
        batches.at(-1)!.push(part);
        free -= part.length;
      }
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
    const batch = await this.startBatch(constant, requests, lists, options);
    report();
    while (batch.branches.length > 0) {
      // A cancelled call must stop between two steps, not after the last one.
      options.signal?.throwIfAborted();
      await this.step(constant, batch, options);
      batch.part();
      report();
    }
  }

  private async startBatch(
    constant: Feeds,
    requests: readonly TokenRequest[],
    lists: ActiveRow[][],
    options: TokenSampleOptions,
  ): Promise<SampleBatch> {
    const { layers, width } = this.config;
    this.prefill ??= this.runtime.create(prefillGraph(this.config));
    const graph = await this.prefill;
    const prompts = lists.map((list) => requests[list[0]!.asked]!.tokens);
    const P = prompts.length;
    const T = Math.max(...prompts.map((p) => p.length));
    const last = new BigInt64Array(P * width);
    prompts.forEach((p, i) => {
      last.fill(BigInt(p.length - 1), i * width, (i + 1) * width);
    });
    const outputs = await graph.run({
      ...constant,
      ...packTokens(prompts, T),
      mask: causalMask(T),
      last: int64([P, 1, width], last),
    });
    const picker = new TokenPicker(outputs, this.config.vocabulary, options);
    lists.forEach((list, p) => {
      for (const row of list) picker.pick(row, p);
    });
    const cached = (name: string) =>
      Array.from({ length: layers }, (_, i) => floats(outputs, `${name}.${i}`));
    const tokens = prompts.map((p) => p.length);
    return new SampleBatch(
      this.memory,
      { keys: cached('keys'), values: cached('values'), length: T, tokens },
      lists,
    );
  }

  /** One token for every row that is still going. */
  private async step(constant: Feeds, batch: SampleBatch, options: TokenSampleOptions): Promise<void> {
    const { layers, vocabulary } = this.config;
    const { heads, headDim } = this.shape;
    this.decode ??= this.runtime.create(decodeGraph(this.config));
    const graph = await this.decode;
    batch.makeRoom();
    const { branches, groups, prompts, places: k, own } = batch;
    const [R, G, T, S] = [branches.length, groups.length, prompts.length, own.slots];
    const ids = new BigInt64Array(R);
    const positions = new BigInt64Array(R);
    const headOfPlace = new BigInt64Array(G * heads * k);
    const placeOfHead = new BigInt64Array(R * heads);
    const mask = new Float32Array(R * (T + S + 1));
    branches.forEach(([first], row) => {
      const place = batch.placeOf[row]!;
      const { promptTokens, tokens } = first!;
      ids[row] = BigInt(tokens.at(-1)!);
      positions[row] = BigInt(promptTokens + own.used);
      for (let h = 0; h < heads; h++) {
        const [head, at] = [row * heads + h, (Math.floor(place / k) * heads + h) * k + (place % k)];
        headOfPlace[at] = BigInt(head);
        placeOfHead[head] = BigInt(at);
      }
      const at = row * (T + S + 1);
      mask.fill(MASKED, at + promptTokens, at + T).fill(MASKED, at + T + own.used, at + T + S);
    });
    const feeds: Feeds = {
      ...constant,
      ids: int64([R, 1], ids),
      positions: int64([R, 1], positions),
      headOfPlace: int64([G, heads, k], headOfPlace),
      placeOfHead: int64([R, heads, 1], placeOfHead),
      mask: float32([R, 1, 1, T + S + 1], mask),
    };
    for (let i = 0; i < layers; i++) {
      const prompt = batch.promptLayer(i);
      const { keys, values } = own.layer(i, R);
      feeds[`promptKeys.${i}`] = float32([G, heads, headDim, T], prompt.keys);
      feeds[`promptValues.${i}`] = float32([G, heads, T, headDim], prompt.values);
      feeds[`ownKeys.${i}`] = float32([R, heads, S, headDim], keys);
      feeds[`ownValues.${i}`] = float32([R, heads, S, headDim], values);
    }
    const fetches: Record<string, HostTensor> = {};
    for (const name of DISTRIBUTION) {
      fetches[name] = this.scratch.tensor(name, name === 'shares' ? [R, vocabulary] : [R]);
    }
    for (let i = 0; i < layers; i++) {
      for (const name of [`newKeys.${i}`, `newValues.${i}`]) {
        fetches[name] = this.scratch.tensor(name, [R, heads, 1, headDim]);
      }
    }
    const outputs = await graph.run(feeds, fetches);
    for (let i = 0; i < layers; i++) {
      const { keys, values } = own.layer(i, R);
      own.store(keys, floats(outputs, `newKeys.${i}`));
      own.store(values, floats(outputs, `newValues.${i}`));
    }
    own.used++;
    const picker = new TokenPicker(outputs, vocabulary, options);
    branches.forEach((branch, row) => {
      for (const sample of branch) picker.pick(sample, row);
    });
  }
}

/** Arrays that each step's outputs are written into, by name. */
class Scratch {
  private readonly arrays = new Map<string, Float32Array>();

  /** The next call for this name overwrites the tensor. */
  tensor(name: string, dims: readonly number[]): HostTensor {
    const size = elementCount(dims);
    let array = this.arrays.get(name);
    if (!array || array.length < size) {
      array = new Float32Array(2 * size);
      this.arrays.set(name, array);
    }
    return float32(dims, array.subarray(0, size));
  }

  clear(): void {
    this.arrays.clear();
  }
}
