/** A policy that samples and trains here, on ONNX Runtime. */
import type { PolicyInfo, UpdateStats } from '../gasp/policyRecord.ts';
import type {
  Completion,
  Policy,
  PolicySnapshot,
  Prompt,
  SampleOptions,
  SampleRequest,
  UpdateOptions,
  WeightedSequence,
} from '../gasp/ports.ts';
import { Random } from 'onnx-lora/random';
import {
  adapterShape,
  readJson,
  type RepositoryFiles,
  type Runtime,
  type SampledRow,
  type TokenRequest,
  type TokenSampleOptions,
  endTokens,
  loadTokenizer,
  type Tokenizer,
  microbatches,
  minibatches,
  ratioBounds,
  type DeviceTensor,
  type ResidentVector,
  type RowMembers,
  type RowsGradient,
  sequenceOf,
  sharedMicrobatches,
  type TrainingRow,
  type VectorTrainer,
} from 'onnx-lora';
import { decoderParameters } from '../embedded/decoder.ts';
import { readDecoderConfig, readDecoderWeights } from '../embedded/decoderFiles.ts';
import { Replica, type StartReplica } from '../embedded/replicas/replica.ts';
import { ReplicatedSampler } from '../embedded/replicas/replicatedSampler.ts';
import { shareOut } from '../embedded/replicas/shareOut.ts';
import { Sampler } from '../embedded/sampler.ts';
import { Trainer } from '../embedded/decoderTrainer.ts';
import type { Tuning } from '../util/tuning.ts';

export interface LocalPolicyOptions {
  /** The model's name in the run's events. */
  model: string;
  runtime: Runtime;
  /** Further cores that sample and train, each with the model; `cores` counts this one too. */
  replicas?: { cores: number; start: StartReplica };
  tuning: Tuning;
  /** Seeds the adapter's starting values. */
  seed: number;
  signal?: AbortSignal;
  /** Bytes of the model file; total 0 when unknown. */
  onProgress?: (done: number, total: number) => void;
}

/** Tokens in one forward pass where nothing is kept for a backward pass. */
const SCORING_TOKENS = 16384;

/** Loads the embedded decoder's repository and opens a policy on it. */
export async function openLocalPolicy(
  files: RepositoryFiles,
  options: LocalPolicyOptions,
): Promise<LocalPolicy> {
  const { signal, onProgress, model, runtime, tuning, seed } = options;
  const config = await readJson(files, 'config.json', signal);
  const shape = readDecoderConfig(config);
  const [tokenizer, file] = await Promise.all([
    loadTokenizer(files, signal, { chat: false }),
    files.read('onnx/model.onnx', { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) }),
  ]);
  const weights = readDecoderWeights(file, shape);
  const trainer = new Trainer(runtime, shape, tuning, weights, seed);
  const { layout } = trainer;
  const sampler = new Sampler(runtime, shape, tuning, layout, weights);
  const { cores, start } = options.replicas ?? { cores: 1 };
  const replicas = Array.from(
    { length: cores - 1 },
    () => new Replica(start!, { config: shape, tuning, weights }),
  );
  return new LocalPolicy({
    tokenizer,
    trainer,
    // A GPU wants all rows at once.
    ...(runtime.hasDeviceMemory
      ? { sampler }
      : { sampler: new ReplicatedSampler(sampler, replicas), replicas }),
    stop: endTokens(config),
    info: {
      model,
      backend: runtime.name,
      parameters: decoderParameters(shape).reduce((n, p) => n + p.dims.reduce((a, b) => a * b, 1), 0),
      trainable: layout.size,
      ...(tuning.kind === 'lora' && { adapter: adapterShape(layout, () => tuning.alpha / tuning.rank) }),
    },
  });
}

/** Samples rows of tokens with the trained vector `weights`. */
export interface RowSampler {
  /** Whether it takes the vector where graphs run, too. */
  readonly readsDevice?: boolean;
  sample(
    weights: Float32Array | DeviceTensor,
    requests: readonly TokenRequest[],
    options: TokenSampleOptions,
  ): Promise<SampledRow[]>;
  dispose(): Promise<void>;
}

export interface PolicyParts {
  tokenizer: Tokenizer;
  trainer: VectorTrainer;
  sampler: RowSampler;
  /**
   * Replicas that compute gradients beside `trainer`; the sampler uses them too, and ends them. With a list, even an
   * empty one, mini-batches are cut into shares.
   */
  replicas?: readonly Replica[];
  stop: ReadonlySet<number>;
  info: PolicyInfo;
  /** Most tokens in one forward pass where nothing is kept for a backward pass. */
  scoringTokens?: number;
  /** Ends what only one of sampling and training needs, where memory is short. */
  takeTurns?: boolean;
}

export class LocalPolicy implements Policy {
  readonly info: PolicyInfo;
  private readonly tokenizer: Tokenizer;
  private readonly trainer: VectorTrainer;
  private readonly sampler: RowSampler;
  private readonly replicas: readonly Replica[] | undefined;
  private readonly stop: ReadonlySet<number>;
  private readonly scoringTokens: number;
  private readonly takeTurns: boolean;
  /** The trained vector as it was before any training: where the KL penalty pulls to. */
  private readonly start: ResidentVector;

  constructor(parts: PolicyParts) {
    this.info = parts.info;
    this.tokenizer = parts.tokenizer;
    this.trainer = parts.trainer;
    this.sampler = parts.sampler;
    this.replicas = parts.replicas;
    this.stop = parts.stop;
    this.scoringTokens = parts.scoringTokens ?? SCORING_TOKENS;
    this.takeTurns = parts.takeTurns ?? false;
    this.start = parts.trainer.vector(parts.trainer.weights.slice());
  }

  /** Number of cores that share the work; the results do not depend on it. */
  get cores(): number {
    return 1 + (this.replicas?.length ?? 0);
  }

  async sample(requests: SampleRequest[], options: SampleOptions): Promise<Completion[][]> {
    const prompts = requests.map((r) => this.tokenizer.encode(r.prompt));
    const { onCompletion, onProgress, ...draws } = options;
    const out: Completion[][] = requests.map(() => []);
    const take = ({ request, sample, tokens, logprobs, ended = 'length' }: SampledRow) => {
      if (out[request]![sample]) return;
      const text = this.tokenizer.decode(tokens);
      const completion: Completion = { promptTokens: prompts[request]!, tokens, logprobs, text, ended };
      out[request]![sample] = completion;
      onCompletion?.(request, sample, completion);
    };
    const onStep = (rows: readonly SampledRow[]) => {
      if (onCompletion) for (const row of rows) if (row.ended) take(row);
      onProgress?.(this.describe(rows));
    };
    if (this.takeTurns) await this.trainer.dispose();
    const rows = await this.sampler.sample(
      await this.sampledWeights(),
      requests.map((r, i) => ({ tokens: prompts[i]!, samples: r.samples, maxTokens: r.maxTokens })),
      {
        ...draws,
        stop: this.stop,
        ...((onProgress || onCompletion) && { onStep }),
      },
    );
    for (const row of rows) take(row);
    return out;
  }

  /** The trained vector, from the device where it is there and the sampler reads it there. */
  private async sampledWeights(): Promise<Float32Array | DeviceTensor> {
    const there = this.sampler.readsDevice ? await this.trainer.deviceWeights() : undefined;
    if (there) return there;
    await this.trainer.fetch();
    return this.trainer.weights;
  }

  private describe(rows: readonly SampledRow[]) {
    let tokens = 0;
    let finished = 0;
    for (const row of rows) {
      tokens += row.tokens.length;
      if (row.ended) finished++;
    }
    return {
      tokens,
      finished,
      total: rows.length,
      peek: (i: number) => {
        const row = rows[i]!;
        return { request: row.request, sample: row.sample, text: this.tokenizer.decode(row.tokens) };
      },
    };
  }

  encodeAnswer(prompt: Prompt, answer: string): { promptTokens: number[]; tokens: number[] } | undefined {
    return this.tokenizer.encodeAnswer(prompt, answer, this.stop);
  }

  async score(
    sequences: { promptTokens: number[]; tokens: number[] }[],
    signal?: AbortSignal,
    under: 'now' | 'start' = 'now',
  ): Promise<number[][]> {
    if (this.takeTurns) await this.sampler.dispose();
    return this.scoreUnder(sequences, under === 'start' ? this.start : undefined, signal);
  }

  /** Under other weights than the trained ones, where there are any. */
  private async scoreUnder(
    sequences: { promptTokens: number[]; tokens: number[] }[],
    under: ResidentVector | undefined,
    signal?: AbortSignal,
  ): Promise<number[][]> {
    const rows = sequences.map((s) => ({
      tokens: [...s.promptTokens, ...s.tokens],
      from: s.promptTokens.length - 1,
    }));
    const out: number[][] = [];
    for (const pass of this.trainer.passes(rows, this.scoringTokens)) {
      signal?.throwIfAborted();
      const here = pass.sequences.map((i) => rows[i]!);
      const scored = await this.trainer.score(
        here.map(({ tokens }) => tokens),
        { from: here.map(({ from }) => from), together: pass.rows, ...(under && { under }) },
      );
      pass.sequences.forEach((i, j) => {
        out[i] = Array.from(scored[j]!.subarray(rows[i]!.from));
      });
    }
    return out;
  }

  /**
   * Policy gradient in mini-batch steps (PPO, Schulman et al. 2017). The loss of a mini-batch is the
   * mean over its completions' tokens, or as `lossMean` has it. Cancelled or failed, the weights are those from before.
   */
  async update(batch: WeightedSequence[], options: UpdateOptions): Promise<UpdateStats> {
    if (this.takeTurns) await this.sampler.dispose();
    const stats: UpdateStats = {
      loss: 0,
      gradNorm: 0,
      kl: 0,
      clipped: 0,
      entropy: 0,
      steps: 0,
      tokens: 0,
      moved: 0,
    };
    if (batch.length === 0) return stats;
    const before = this.trainer.mark();
    try {
      const references =
        options.klWeight > 0 ? await this.referenceLogprobs(batch, options.signal) : undefined;
      const indices = batch.map((_, i) => i);
      for (let epoch = 0; epoch < options.epochs; epoch++) {
        const order = Random.for(options.seed, 'minibatches', epoch).shuffle(indices);
        const parts = minibatches(order, options.minibatch);
        for (const rows of parts) {
          await this.minibatch(batch, rows, references, options, stats);
          options.onProgress?.(stats.steps, parts.length * options.epochs);
        }
      }
      for (const key of ['kl', 'clipped', 'entropy'] as const) stats[key] /= stats.tokens;
      for (const key of ['loss', 'gradNorm'] as const) stats[key] /= stats.steps;
      stats.moved = await this.trainer.movedSince(before);
    } catch (error) {
      this.trainer.goBack(before);
      throw error;
    } finally {
      before.release();
    }
    return stats;
  }

  private async minibatch(
    batch: WeightedSequence[],
    indices: number[],
    references: number[][] | undefined,
    options: UpdateOptions,
    stats: UpdateStats,
  ): Promise<void> {
    let loss = 0;
    const weightOf = tokenWeights(
      indices.map((i) => batch[i]!),
      options.lossMean,
    );
    const rows = indices.map((i) => trainingRow(batch[i]!, weightOf(batch[i]!), references?.[i]));
    const cut = this.replicas ? sharedMicrobatches : microbatches;
    const passes = this.trainer.passes(rows.map(sequenceOf), options.microbatchTokens, cut);
    const logprobs = await this.accumulate(
      passes.map((pass) => ({ rows: pass.sequences.map((i) => rows[i]!), together: pass.rows })),
      options,
    );
    passes.forEach(({ sequences }, p) => {
      sequences.forEach((i, j) => {
        loss += measure(batch[indices[i]!]!, rows[i]!, logprobs[p]![j]!, options, stats);
      });
    });
    stats.loss += loss;
    stats.gradNorm += await this.trainer.apply(options);
    stats.steps++;
  }

  /** Adds the gradients of passes, in their order; log-probabilities by pass and sequence. */
  private async accumulate(
    passes: readonly { rows: TrainingRow[]; together: readonly RowMembers[] }[],
    options: UpdateOptions,
  ): Promise<Float32Array[][]> {
    const { trainer, replicas } = this;
    const logprobs: Float32Array[][] = [];
    if (!replicas) {
      // One gradient in memory, however many passes.
      for (const { rows, together } of passes) {
        options.signal?.throwIfAborted();
        logprobs.push(await trainer.accumulate(rows, options, together));
      }
      return logprobs;
    }
    const wanted = (work: (rows: TrainingRow[]) => Promise<RowsGradient>) => (rows: TrainingRow[]) => {
      options.signal?.throwIfAborted();
      return work(rows);
    };
    const groups = passes.map(({ rows }) => rows);
    const results = await shareOut(groups, [
      wanted((rows) => trainer.gradientOf(rows, options)),
      ...replicas.map((replica) => wanted((rows) => replica.gradientOf(trainer.weights, rows, options))),
    ]);
    for (const result of results) {
      await trainer.add(result.gradient);
      logprobs.push(result.logprobs);
    }
    return logprobs;
  }

  private referenceLogprobs(batch: WeightedSequence[], signal?: AbortSignal): Promise<number[][]> {
    return this.scoreUnder(batch, this.start, signal);
  }

  async snapshot(): Promise<PolicySnapshot> {
    await this.trainer.fetch();
    return this.trainer.snapshot();
  }

  async restore(snapshot: PolicySnapshot): Promise<void> {
    this.trainer.restore(snapshot);
  }

  async dispose(): Promise<void> {
    // The sampler first: its replicas are threads and processes, which nobody would end otherwise.
    try {
      await this.sampler.dispose();
    } finally {
      await this.trainer.dispose();
    }
  }
}

/**
 * The weight in the loss of each token of a mini-batch's text: one over the tokens of all (DAPO), over the texts times
 * its own tokens (GRPO), or over the texts times a number (Dr. GRPO, where it is the longest text allowed).
 */
export function tokenWeights(
  texts: readonly { tokens: readonly number[] }[],
  mean: UpdateOptions['lossMean'],
): (text: { tokens: readonly number[] }) => number {
  if (mean === 'tokens') {
    const total = texts.reduce((n, { tokens }) => n + tokens.length, 0);
    return () => 1 / total;
  }
  return ({ tokens }) => 1 / (texts.length * (mean === 'texts' ? tokens.length : mean.tokensOfText));
}

/** Puts a completion's per-token values where the predictions of its tokens stand. */
function trainingRow(s: WeightedSequence, weight: number, reference: number[] | undefined): TrainingRow {
  const first = s.promptTokens.length - 1;
  const plane = (value: (t: number) => number) => {
    const out = new Float32Array(first + s.tokens.length);
    for (let t = 0; t < s.tokens.length; t++) out[first + t] = value(t);
    return out;
  };
  return {
    tokens: [...s.promptTokens, ...s.tokens],
    weight: plane(() => weight),
    advantage: s.advantage,
    old: plane((t) => s.logprobs[t]!),
    ...(reference ? { reference: plane((t) => reference[t]!) } : {}),
  };
}

/** Adds the sequence's tokens to the statistics and returns its part of the loss (`trainingGraph`'s formula). */
function measure(
  s: WeightedSequence,
  row: TrainingRow,
  logprobs: Float32Array,
  options: UpdateOptions,
  stats: UpdateStats,
): number {
  const { klWeight } = options;
  const bounds = ratioBounds(options);
  const weighs = options.clipping === 'cispo';
  const first = s.promptTokens.length - 1;
  const A = s.advantage;
  let loss = 0;
  for (let t = 0; t < s.tokens.length; t++) {
    const logp = logprobs[first + t]!;
    const moved = logp - s.logprobs[t]!;
    const ratio = Math.exp(moved);
    stats.kl += ratio - moved - 1;
    stats.entropy -= logp;
    stats.tokens++;
    const weight = row.weight[first + t]!;
    if (!bounds) loss -= weight * A * logp;
    else {
      const { low, high } = bounds;
      // PPO bounds the ratio on the side to which the text is pushed, CISPO on both.
      const bounded = weighs || A > 0 ? Math.min(ratio, high) : ratio;
      const counted = weighs || A < 0 ? Math.max(bounded, low) : bounded;
      if (counted !== ratio) stats.clipped++;
      loss -= weight * A * counted * (weighs ? logp : 1);
    }
    if (row.reference) {
      const d = row.reference[first + t]! - logp;
      loss += weight * klWeight * (Math.exp(d) - d - 1);
    }
  }
  return loss;
}
