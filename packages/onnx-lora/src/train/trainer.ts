/** Trains a decoder's flat vector of weights: gradients in micro-batches, AdamW in steps. */
import { LoraError } from '../errors.ts';
import { adamwGraph, adamwScalars, type AdamwStep, changeGraph } from './adamw.ts';
import { Carrier, ResidentVector } from './residentVector.ts';
import type { Layout } from './trainedVector.ts';
import { planRows, rowLength, type RowMembers, type Sequence } from './sharedRows.ts';
import {
  float32,
  floats,
  type HostTensor,
  int64,
  endSession,
  type DeviceTensor,
  isOnDevice,
  type Runtime,
  type GraphSession,
  scalar,
} from '../runtime/runtime.ts';

/** One sequence with what its loss needs; position t predicts `tokens[t + 1]`. */
export interface TrainingRow {
  tokens: readonly number[];
  /** Of each prediction, `tokens.length - 1` of them; 0 where there is no loss. With `clip`, none is negative. */
  weight: ArrayLike<number>;
  advantage: number;
  /** Log-probabilities at sampling and under the starting weights; absent: not used by the loss. */
  old?: ArrayLike<number>;
  reference?: ArrayLike<number>;
}

export interface LossOptions {
  /** PPO's clip; 0: plain policy gradient without a ratio. */
  clip: number;
  /** How far the ratio may rise, where that is not as far as it may fall (DAPO's clip-higher); 0 or absent: `clip`. */
  clipHigh?: number;
  /** `cispo`: the clipped ratio weighs log-probabilities, without a derivative of its own. Absent: `ppo`. */
  clipping?: 'ppo' | 'cispo';
  klWeight: number;
}

/** Between which bounds the ratio counts; undefined: there is no ratio. */
export function ratioBounds({ clip, clipHigh }: LossOptions): { low: number; high: number } | undefined {
  return clip > 0 ? { low: 1 - clip, high: 1 + (clipHigh || clip) } : undefined;
}

/** What a pass forward and backward gives. */
export interface RowsGradient {
  /** Of the targets, one array a row. */
  logprobs: Float32Array[];
  /** [P] */
  gradient: Float32Array;
}

export type StepOptions = AdamwStep;

/** Everything that training changes, as flat vectors. */
export interface PolicySnapshot {
  /** Names model, adapter shape and layout; a snapshot of another one is refused with a message. */
  layout: string;
  /** Optimizer steps taken. */
  step: number;
  /** Trained weights and AdamW's two moments, each of the same length. */
  weights: Float32Array;
  firstMoment: Float32Array;
  secondMoment: Float32Array;
}

/** A bound of ratios that none reaches. */
const UNBOUNDED = 3e38;

/** A snapshot of another model, or of other adapter settings. */
export class LayoutMismatchError extends LoraError<'checkpoint-misfit'> {
  override name = 'LayoutMismatchError';
  constructor(message: string) {
    super('checkpoint-misfit', {}, message);
  }
}

const MASKED = -1e9;

/** Additive causal mask [n, n]. */
export function causalMask(n: number): HostTensor {
  const mask = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    mask.fill(MASKED, i * n + i + 1, (i + 1) * n);
  }
  return float32([n, n], mask);
}

/** ids and positions [rows, n], right-padded with token 0. */
export function packTokens(
  rows: readonly (readonly number[])[],
  n: number,
): { ids: HostTensor; positions: HostTensor } {
  const ids = new BigInt64Array(rows.length * n);
  const positions = new BigInt64Array(rows.length * n);
  rows.forEach((tokens, r) => {
    for (let t = 0; t < n; t++) {
      if (t < tokens.length) ids[r * n + t] = BigInt(tokens[t]!);
      positions[r * n + t] = BigInt(t);
    }
  });
  return { ids: int64([rows.length, n], ids), positions: int64([rows.length, n], positions) };
}

/** Groups row indices of similar length so that rows x longest stays within `tokens`; every group has a row. */
export function microbatches(lengths: readonly number[], tokens: number): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const groups: number[][] = [];
  let group: number[] = [];
  for (const i of order) {
    if (group.length && (group.length + 1) * lengths[i]! > tokens) {
      groups.push(group);
      group = [];
    }
    group.push(i);
  }
  if (group.length) groups.push(group);
  return groups;
}

/** Padded tokens that make a part worth sharing out, about. */
const SHARED_FROM = 512;

/**
 * `microbatches` to be shared out to cores: alike in size, and by how much there is one, two or four times as many
 * as needed, as far as rows can be cut so. The cores there are make no difference: the order of a sum decides its
 * rounding.
 */
export function sharedMicrobatches(lengths: readonly number[], tokens: number): number[][] {
  const groups = microbatches(lengths, tokens);
  const padded = groups.reduce((n, group) => n + group.length * lengths[group.at(-1)!]!, 0);
  const parts = [4, 2, 1].find((n) => padded >= n * SHARED_FROM) ?? 1;
  const wanted = Math.ceil(groups.length / parts) * parts;
  // The smallest bound that still gives no more groups than that.
  let [low, high] = [1, tokens];
  while (low < high) {
    const bound = Math.floor((low + high) / 2);
    if (microbatches(lengths, bound).length <= wanted) high = bound;
    else low = bound + 1;
  }
  return microbatches(lengths, high);
}

/**
 * Parts of about `size` in order, all of nearly the same size: left over, two sequences would move the weights
 * as far as a whole mini-batch does, in a direction that is mostly noise.
 */
export function minibatches<T>(order: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.round(order.length / size));
  const edge = (i: number) => Math.floor((i * order.length) / count);
  return Array.from({ length: count }, (_, i) => order.slice(edge(i), edge(i + 1)));
}

/** Rows of tokens as a graph takes them. */
export interface PackedRows {
  feeds: Record<string, HostTensor>;
  /** A value for each prediction that is computed, of row r and of the token after position t. */
  plane(pick: (r: number, t: number) => number): HostTensor;
  /** Such values back by row; 0 for predictions that are not computed. */
  unpack(values: Float32Array): Float32Array[];
}

/** A model with a flat vector of weights that train. */
export interface Trainable {
  readonly layout: Layout;
  /** What snapshots are of: shape and tuning, and for an adapter the very weights below it. */
  readonly snapshotId: string;
  /** Longest sequence, in tokens. */
  readonly context: number;
  /** The vector that training starts from. */
  start(seed: number): Float32Array;
  /**
   * Graphs with the inputs and outputs of `trainingGraph` and `scoringGraph`, but for how rows are packed. `kept` as in
   * `SessionOptions`: the first outputs of the graph.
   */
  openTraining(runtime: Runtime, kept?: readonly string[]): Promise<GraphSession>;
  openScoring(runtime: Runtime): Promise<GraphSession>;
  /** Most tokens in a row of several sequences; 0 where its graphs take one sequence a row only. */
  longestSharedRow(): number;
  /** `wanted` tells which predictions matter from a sequence's `from` on; the others need not be computed. */
  pack(
    sequences: readonly Sequence[],
    rows: readonly RowMembers[],
    wanted: (s: number, t: number) => boolean,
  ): PackedRows;
}

/** What goes through a graph at once. */
export interface Pass {
  /** By their number among all. */
  sequences: number[];
  /** Those of each row, by their number in `sequences`. */
  rows: RowMembers[];
}

/** How rows of given lengths are shared out to passes of so many tokens: `microbatches`, `sharedMicrobatches`. */
export type CutRows = (lengths: readonly number[], tokens: number) => number[][];

/** The first prediction that has a part in the loss. */
function firstPrediction({ weight, tokens }: TrainingRow): number {
  const last = Math.max(0, tokens.length - 1);
  let t = 0;
  while (t < last && !weight[t]) t++;
  return t;
}

export const sequenceOf = (row: TrainingRow): Sequence => ({
  tokens: row.tokens,
  from: firstPrediction(row),
});

/** Each sequence in a row of its own. */
const apart = (sequences: readonly unknown[]): RowMembers[] => sequences.map((_, i) => [i]);

/** What training changes, as it was at some time; its holder releases it. */
export interface Mark {
  readonly step: number;
  readonly weights: ResidentVector;
  readonly first: ResidentVector;
  readonly second: ResidentVector;
  release(): void;
}

/**
 * Trains the flat vector of any model. Where the runtime has memory of its own, weights, gradient and moments stay there
 * from pass to pass and from step to step; `fetch` brings them here.
 */
export class VectorTrainer {
  readonly layout: Layout;
  readonly snapshotId: string;
  private current: ResidentVector;
  private first: ResidentVector;
  private second: ResidentVector;
  private step = 0;
  private gradient: ResidentVector;
  private readonly zeros: ResidentVector;
  /** 1 where a weight decays, 0 elsewhere; absent where all do. */
  private readonly decayed: ResidentVector | undefined;
  private readonly carrier: Carrier;
  private train: Promise<GraphSession> | undefined;
  private scorer: Promise<GraphSession> | undefined;
  private adamw: Promise<GraphSession> | undefined;
  private change: Promise<GraphSession> | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly trainable: Trainable,
    seed: number,
    /** `oneSession`: scoring ends the session that trains, and the other way round, where memory is short. */
    private readonly options: { oneSession?: boolean } = {},
  ) {
    this.layout = trainable.layout;
    this.snapshotId = trainable.snapshotId;
    this.carrier = new Carrier(runtime);
    this.current = this.vector(trainable.start(seed));
    this.zeros = this.vector(new Float32Array(this.layout.size));
    [this.first, this.second, this.gradient] = [this.zeros.hold(), this.zeros.hold(), this.zeros.hold()];
    const matrices = this.layout.parameters.filter((p) => p.dims.length >= 2);
    if (matrices.length === this.layout.parameters.length) return;
    const decayed = new Float32Array(this.layout.size);
    for (const p of matrices) {
      const at = this.layout.offsets.get(p.name)!;
      decayed.fill(1, at, at + p.dims[0]! * p.dims[1]!);
    }
    this.decayed = this.vector(decayed);
  }

  /** A vector to score with: its values go to the device once. */
  vector(values: Float32Array): ResidentVector {
    return new ResidentVector(this.carrier, values);
  }

  /** The trained vector. Where it stays on the device, what a step made of it is here after `fetch`. */
  get weights(): Float32Array {
    return this.current.here;
  }
  set weights(values: Float32Array) {
    this.current.release();
    this.current = this.vector(values);
  }

  /** The trained vector on the device, for other graphs to read until the next step; undefined where there is none. */
  async deviceWeights(): Promise<DeviceTensor | undefined> {
    const tensor = await this.current.tensor();
    return isOnDevice(tensor) ? tensor : undefined;
  }

  /** Brings weights, moments and gradient here, where they are not. */
  async fetch(): Promise<void> {
    for (const vector of [this.current, this.first, this.second, this.gradient]) await vector.read();
  }

  /** Optimizer steps taken. */
  get steps(): number {
    return this.step;
  }
  /**
   * Shares sequences out to passes of at most `tokens` tokens, a single row excepted, as `cut` does. Sequences that
   * begin alike stand in one row where the graphs take that.
   */
  passes(sequences: readonly Sequence[], tokens: number, cut: CutRows = microbatches): Pass[] {
    const rows = planRows(sequences, this.trainable.longestSharedRow());
    const lengths = rows.map((members) => rowLength(members.map((i) => sequences[i]!)));
    return cut(lengths, tokens).map((group) => {
      const pass: Pass = { sequences: [], rows: [] };
      for (const r of group) {
        pass.rows.push(rows[r]!.map((_, m) => pass.sequences.length + m));
        pass.sequences.push(...rows[r]!);
      }
      return pass;
    });
  }

  /** Gradient of the rows accumulated since the last `apply`, [P]. */
  get accumulated(): Float32Array {
    return this.gradient.here;
  }

  /** Forgets what is accumulated. */
  clearGradient(): void {
    this.gradient.release();
    this.gradient = this.zeros.hold();
  }

  private replaceGradient(gradient: ResidentVector): void {
    this.gradient.release();
    this.gradient = gradient;
  }

  /** Adds a gradient that was computed elsewhere, [P]. */
  async add(gradient: Float32Array): Promise<void> {
    const sum = await this.gradient.read();
    this.replaceGradient(this.vector(sum.map((g, i) => g + gradient[i]!)));
  }

  /**
   * Adds the sequences' gradient to what is accumulated; all go through in one pass, so bound them with `passes`.
   * Returns log-probabilities of the targets, one array a sequence.
   */
  async accumulate(
    rows: readonly TrainingRow[],
    options: LossOptions,
    together: readonly RowMembers[] = apart(rows),
  ): Promise<Float32Array[]> {
    const { gradient, logprobs } = await this.pass(rows, options, this.gradient, together);
    this.replaceGradient(gradient);
    return logprobs;
  }

  /** As `accumulate`, with the rows' gradient by itself, [P], which is added to nothing. */
  async gradientOf(rows: readonly TrainingRow[], options: LossOptions): Promise<RowsGradient> {
    const { gradient, logprobs } = await this.pass(rows, options, this.zeros, apart(rows));
    const values = await gradient.read();
    gradient.release();
    return { gradient: values, logprobs };
  }

  private async pass(
    rows: readonly TrainingRow[],
    options: LossOptions,
    before: ResidentVector,
    together: readonly RowMembers[],
  ): Promise<{ gradient: ResidentVector; logprobs: Float32Array[] }> {
    if (this.options.oneSession) await this.endScoring();
    this.train ??= this.trainable.openTraining(this.runtime, this.kept('gradientOut'));
    const session = await this.train;
    const packed = this.pack(rows.map(sequenceOf), together, (r, t) => (rows[r]!.weight[t] ?? 0) !== 0);
    const plane = (pick: (row: TrainingRow, t: number) => number) =>
      packed.plane((r, t) => pick(rows[r]!, t));
    const bounds = ratioBounds(options);
    const cispo = options.clipping === 'cispo';
    const [low, high] = bounds ? [bounds.low, bounds.high] : [-UNBOUNDED, UNBOUNDED];
    const [below, above] = cispo ? [-UNBOUNDED, UNBOUNDED] : [low, high];
    const push = (row: TrainingRow, t: number) => (row.weight[t] ?? 0) * row.advantage;
    const { outputs, kept } = await session.runKeeping({
      ...packed.feeds,
      weights: await this.current.tensor(),
      gradient: await before.tensor(),
      push: plane(push),
      bound: plane((row, t) => (push(row, t) > 0 ? above : below)),
      pull: plane((row, t) => (row.weight[t] ?? 0) * options.klWeight),
      old: plane((row, t) => row.old?.[t] ?? 0),
      reference: plane((row, t) => row.reference?.[t] ?? 0),
      ratio: scalar(bounds ? 1 : 0),
      least: scalar(cispo ? low : -UNBOUNDED),
      most: scalar(cispo ? high : UNBOUNDED),
    });
    return {
      gradient: this.made('gradientOut', outputs, kept),
      logprobs: packed.unpack(floats(outputs, 'logprobs')),
    };
  }

  /** Outputs that stay on the device, where there is one. */
  private kept(...names: string[]): string[] | undefined {
    return this.carrier.hasDevice ? names : undefined;
  }

  /** A vector that a graph gave. */
  private made(
    name: string,
    outputs: Record<string, HostTensor>,
    kept: Record<string, DeviceTensor>,
  ): ResidentVector {
    const device = kept[name];
    return device ? new ResidentVector(this.carrier, undefined, device) : this.vector(floats(outputs, name));
  }

  /**
   * Log-probabilities of each row's tokens after the first, under the current weights. `from`: the first prediction
   * wanted of each, with 0 before it; `together`: those that stand in one row; `under`: other weights.
   */
  async score(
    rows: readonly (readonly number[])[],
    {
      from,
      together = apart(rows),
      under = this.current,
    }: { from?: readonly number[]; together?: readonly RowMembers[]; under?: ResidentVector } = {},
  ): Promise<Float32Array[]> {
    if (this.options.oneSession) await this.endTraining();
    this.scorer ??= this.trainable.openScoring(this.runtime);
    const session = await this.scorer;
    const sequences = rows.map((tokens, r) => ({ tokens, from: from?.[r] ?? 0 }));
    const packed = this.pack(sequences, together, () => true);
    const outputs = await session.run({
      ...packed.feeds,
      weights: await under.tensor(),
    });
    return packed.unpack(floats(outputs, 'logprobs'));
  }

  /** One AdamW step with the accumulated gradient, which is then cleared. Returns its norm before clipping. */
  async apply(options: StepOptions): Promise<number> {
    const { size } = this.layout;
    const made = ['newWeights', 'newFirst', 'newSecond'] as const;
    const stays = this.kept(...made);
    this.adamw ??= this.runtime.create(
      adamwGraph(size, { allDecay: !this.decayed }),
      stays ? { kept: stays } : {},
    );
    const session = await this.adamw;
    const t = this.step + 1;
    const { outputs, kept } = await session.runKeeping({
      weights: await this.current.tensor(),
      gradient: await this.gradient.tensor(),
      first: await this.first.tensor(),
      second: await this.second.tensor(),
      ...(this.decayed && { decayed: await this.decayed.tensor() }),
      ...adamwScalars(options, t),
    });
    const norm = Math.sqrt(floats(outputs, 'square')[0]!);
    this.clearGradient();
    const [weights, first, second] = made.map((name) => this.made(name, outputs, kept)) as [
      ResidentVector,
      ResidentVector,
      ResidentVector,
    ];
    if (!Number.isFinite(norm)) {
      for (const vector of [weights, first, second]) vector.release();
      throw new LoraError('diverged', {}, 'The gradient is not finite, so the step was not taken.');
    }
    this.become({ step: t, weights, first, second });
    return norm;
  }

  private become({ step, weights, first, second }: Omit<Mark, 'release'>): void {
    for (const vector of [this.current, this.first, this.second]) vector.release();
    [this.current, this.first, this.second, this.step] = [weights, first, second, step];
  }

  /** What it is now, wherever that lies. */
  mark(): Mark {
    const vectors = [this.current, this.first, this.second].map((vector) => vector.hold());
    const [weights, first, second] = vectors as [ResidentVector, ResidentVector, ResidentVector];
    return {
      ...{ step: this.step, weights, first, second },
      release: () => {
        for (const vector of vectors) vector.release();
      },
    };
  }

  /** Goes back to what it was, with no gradient accumulated. */
  goBack({ step, weights, first, second }: Mark): void {
    this.become({ step, weights: weights.hold(), first: first.hold(), second: second.hold() });
    this.clearGradient();
  }

  /** How far the weights have moved from what they were: |now - then| / |then|. */
  async movedSince(then: Mark): Promise<number> {
    this.change ??= this.runtime.create(changeGraph(this.layout.size));
    const outputs = await (await this.change).run({
      weights: await this.current.tensor(),
      before: await then.weights.tensor(),
    });
    return floats(outputs, 'moved')[0]!;
  }

  /** What is here; where vectors stay on the device, after `fetch`. */
  snapshot(): PolicySnapshot {
    return {
      layout: this.snapshotId,
      step: this.step,
      weights: this.current.here.slice(),
      firstMoment: this.first.here.slice(),
      secondMoment: this.second.here.slice(),
    };
  }

  /** Fails with `LayoutMismatchError`, changing nothing, where the snapshot is of another model. */
  restore(snapshot: PolicySnapshot): void {
    const { weights, firstMoment, secondMoment } = snapshot;
    const fits = [weights, firstMoment, secondMoment].every((v) => v.length === this.layout.size);
    if (snapshot.layout !== this.snapshotId || !fits) {
      throw new LayoutMismatchError(
        `This checkpoint was made with another model or other adapter settings (${snapshot.layout}) than those loaded here (${this.snapshotId}).`,
      );
    }
    this.become({
      step: snapshot.step,
      weights: this.vector(weights.slice()),
      first: this.vector(firstMoment.slice()),
      second: this.vector(secondMoment.slice()),
    });
    this.clearGradient();
  }

  async dispose(): Promise<void> {
    await this.endTraining();
    await this.endScoring();
    await this.carrier.dispose();
    const { adamw, change } = this;
    this.adamw = this.change = undefined;
    await endSession(adamw);
    await endSession(change);
  }

  private async endTraining(): Promise<void> {
    // Made by the session that ends.
    await this.gradient.leaveDevice();
    const { train } = this;
    this.train = undefined;
    await endSession(train);
  }

  private async endScoring(): Promise<void> {
    const { scorer } = this;
    this.scorer = undefined;
    await endSession(scorer);
  }

  private pack(
    sequences: readonly Sequence[],
    rows: readonly RowMembers[],
    wanted: (s: number, t: number) => boolean,
  ): PackedRows {
    const longest = Math.max(...sequences.map(({ tokens }) => tokens.length));
    if (longest > this.trainable.context) {
      throw new LoraError(
        'prompt-too-long',
        { tokens: longest, context: this.trainable.context },
        `A sequence of ${longest} tokens is longer than the model's context of ${this.trainable.context}.`,
      );
    }
    return this.trainable.pack(sequences, rows, wanted);
  }
}
