/** A Hub decoder as something that trains: which layers get an adapter, and rows packed for its graphs. */
import { externalize, type Model } from 'onnx-grad';
import type { Parameter } from './trainedVector.ts';
import { int64, type HostTensor, float32, type Runtime, type GraphSession } from '../runtime/runtime.ts';
import type { PackedRows, Trainable } from './trainer.ts';
import { initialWeights } from './trainedVector.ts';
import { layRow, type RowMembers, type Sequence } from './sharedRows.ts';
import { type AdapterPlan, scoringGraph, trainingGraph, type TrainingOptions } from '../model/hubGraph.ts';
import type { HubModel } from '../model/hubModel.ts';
import type { AdapterModule } from '../model/linears.ts';
import { longestSharedRow, ORDER, REACH } from '../model/rowMask.ts';

/** Puts pairs on layers: A starts random, B at zero (Hu et al. 2021). */
export function planAdapters(
  model: HubModel,
  modules: readonly (AdapterModule & { rank: number; scale: number })[],
): AdapterPlan {
  const parameters: Parameter[] = [];
  const offsets = new Map<string, number>();
  let size = 0;
  const add = (name: string, dims: [number, number], init: Parameter['init']) => {
    parameters.push({ name, dims, init });
    offsets.set(name, size);
    size += dims[0] * dims[1];
  };
  for (const { name, in: fanIn, out, rank } of modules) {
    add(`${name}.lora_A`, [fanIn, rank], { kind: 'normal', sd: 1 / Math.sqrt(fanIn) });
    add(`${name}.lora_B`, [rank, out], { kind: 'constant', value: 0 });
  }
  const ranks = new Set(modules.map((m) => `r${m.rank}-a${Number((m.scale * m.rank).toPrecision(6))}`));
  const layers = new Set(modules.map((m) => m.layer));
  const id = `${model.family}-v${model.vocabulary}-p${model.parameters}/lora-${[...ranks].join('_')}-${modules.length}x${layers.size}`;
  return { layout: { id, parameters, offsets, size }, modules: [...modules] };
}

/** A session on a graph of the model, without a copy of its weights on this side. `kept` as in `SessionOptions`. */
export function openModel(runtime: Runtime, model: Model, kept?: readonly string[]): Promise<GraphSession> {
  const { graph, files } = externalize(model);
  return runtime.create(graph, { files, lean: true, ...(kept && { kept }) });
}

/**
 * Feeds of sequences, `rows` of them to a row, padded on the right; only those that the graph reads. `at` is the place
 * of a sequence's token, counted through all rows' `n` tokens.
 */
export function sequenceFeeds(
  graph: Model,
  sequences: readonly Sequence[],
  rows: readonly RowMembers[] = sequences.map((_, i) => [i]),
): { feeds: Record<string, HostTensor>; n: number; at: (sequence: number, t: number) => number } {
  const laid = rows.map((members) => layRow(members.map((i) => sequences[i]!)));
  const B = rows.length;
  const n = Math.max(...laid.map((row) => row.ids.length));
  const ids = new BigInt64Array(B * n);
  // Padding stands on the right, where no token looks. Hiding it would leave padded positions without
  // any key to attend to, and their gradient would not be a number.
  const mask = new BigInt64Array(B * n).fill(1n);
  const positions = new BigInt64Array(B * n);
  const reach = new Float32Array(B * n).fill(n - 1);
  const places: number[][] = [];
  laid.forEach((row, r) => {
    row.ids.forEach((id, t) => {
      ids[r * n + t] = BigInt(id);
      positions[r * n + t] = BigInt(row.positions[t]!);
    });
    reach.set(row.reach, r * n);
    rows[r]!.forEach((sequence, m) => {
      places[sequence] = row.places[m]!.map((t) => r * n + t);
    });
  });
  const all: Record<string, () => HostTensor> = {
    input_ids: () => int64([B, n], ids),
    attention_mask: () => int64([B, n], mask),
    position_ids: () => int64([B, n], positions),
    [ORDER]: () =>
      float32(
        [n],
        Float32Array.from({ length: n }, (_, t) => t),
      ),
    [REACH]: () => float32([B, n], reach),
  };
  const feeds: Record<string, HostTensor> = {};
  for (const [name, info] of graph.graph.inputs) {
    if (all[name]) feeds[name] = all[name]();
    else if (info.shape[2] === 0) {
      const dims = [B, ...info.shape.slice(1)] as number[];
      feeds[name] = float32(dims, new Float32Array(0));
    }
  }
  return { feeds, n, at: (sequence, t) => places[sequence]![t]! };
}

/** Positions whose next token is wanted, counted through all rows, with their targets. */
function packChosen(
  graph: Model,
  sequences: readonly Sequence[],
  rows: readonly RowMembers[],
  wanted: (s: number, t: number) => boolean,
): PackedRows {
  const { feeds, at } = sequenceFeeds(graph, sequences, rows);
  const chosen: { s: number; t: number }[] = [];
  sequences.forEach(({ tokens, from }, s) => {
    // The last token of a sequence predicts nothing.
    for (let t = from; t + 1 < tokens.length; t++) if (wanted(s, t)) chosen.push({ s, t });
  });
  if (chosen.length === 0) chosen.push({ s: 0, t: 0 });
  const M = chosen.length;
  return {
    feeds: {
      ...feeds,
      places: int64(
        [M],
        BigInt64Array.from(chosen, ({ s, t }) => BigInt(at(s, t))),
      ),
      targets: int64(
        [M, 1],
        BigInt64Array.from(chosen, ({ s, t }) => BigInt(sequences[s]!.tokens[t + 1]!)),
      ),
    },
    plane: (pick) =>
      float32(
        [M],
        Float32Array.from(chosen, ({ s, t }) => pick(s, t)),
      ),
    unpack(values) {
      const out = sequences.map(({ tokens }) => new Float32Array(Math.max(0, tokens.length - 1)));
      chosen.forEach(({ s, t }, i) => {
        if (sequences[s]!.tokens.length > 1) out[s]![t] = values[i]!;
      });
      return out;
    },
  };
}

/** FNV-1a over a thousand bytes of every weight: tells two models of one shape apart. */
function fingerprint(model: HubModel): string {
  let hash = 0x811c9dc5;
  for (const { bytes } of model.graph.initializers.values()) {
    if (!bytes) continue;
    const stride = Math.max(1, Math.floor(bytes.length / 1000));
    for (let i = 0; i < bytes.length; i += stride) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

export interface HubTrainingOptions extends TrainingOptions {
  /** Most tokens in a row of several sequences (`sharedRows.ts`); absent or 0: each has a row of its own. */
  sharedTokens?: number;
}

export function hubTrainable(
  model: HubModel,
  plan: AdapterPlan,
  options: HubTrainingOptions = {},
): Trainable {
  const { layout } = plan;
  const { sharedTokens = 0 } = options;
  // Which inputs the two graphs read is known once they are built; both read the same ones for rows.
  let scoring: Model | undefined;
  const score = () => (scoring ??= scoringGraph(model, plan));
  let longest: number | undefined;
  return {
    layout,
    snapshotId: `${layout.id}/on-${fingerprint(model)}`,
    context: model.context,
    start: (seed) => initialWeights(layout, new Map(), seed),
    openTraining: (runtime, kept) => openModel(runtime, trainingGraph(model, plan, options), kept),
    openScoring: (runtime) => openModel(runtime, score()),
    longestSharedRow: () =>
      (longest ??=
        sharedTokens && Math.min(sharedTokens, longestSharedRow(model, score().graph, 'logprobs'))),
    pack: (sequences, rows, wanted) => packChosen(score(), sequences, rows, wanted),
  };
}
