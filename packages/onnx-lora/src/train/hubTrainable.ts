/** A Hub decoder as something that trains: which layers get an adapter, and rows packed for its graphs. */
import { externalize, type Model } from 'onnx-grad';
import type { Parameter } from './trainedVector.ts';
import { int64, type HostTensor, float32, type Runtime, type GraphSession } from '../runtime/runtime.ts';
import { causalMask, type PackedRows, type Trainable } from './trainer.ts';
import { initialWeights } from './trainedVector.ts';
import {
  type AdapterPlan,
  maskName,
  scoringGraph,
  trainingGraph,
  type TrainingOptions,
} from '../model/hubGraph.ts';
import type { HubModel } from '../model/hubModel.ts';
import type { AdapterModule } from '../model/linears.ts';

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

/** Feeds of whole sequences, padded on the right; only those that the graph reads. */
export function sequenceFeeds(
  graph: Model,
  rows: readonly (readonly number[])[],
): { feeds: Record<string, HostTensor>; n: number } {
  const B = rows.length;
  const n = Math.max(...rows.map((r) => r.length));
  const ids = new BigInt64Array(B * n);
  // Padding stands on the right, where no token looks. Hiding it would leave padded positions without
  // any key to attend to, and their gradient would not be a number.
  const mask = new BigInt64Array(B * n).fill(1n);
  const positions = new BigInt64Array(B * n);
  rows.forEach((tokens, r) => {
    for (let t = 0; t < n; t++) {
      positions[r * n + t] = BigInt(t);
      if (t >= tokens.length) continue;
      ids[r * n + t] = BigInt(tokens[t]!);
    }
  });
  const all: Record<string, () => HostTensor> = {
    input_ids: () => int64([B, n], ids),
    attention_mask: () => int64([B, n], mask),
    position_ids: () => int64([B, n], positions),
  };
  const feeds: Record<string, HostTensor> = {};
  for (const [name, info] of graph.graph.inputs) {
    const window = /^causal\.(\d+)$/.exec(name)?.[1];
    if (all[name]) feeds[name] = all[name]();
    else if (name === maskName(undefined)) feeds[name] = causalMask(n);
    else if (window) feeds[name] = causalMask(n, Number(window));
    else if (info.shape[2] === 0) {
      const dims = [B, ...info.shape.slice(1)] as number[];
      feeds[name] = float32(dims, new Float32Array(0));
    }
  }
  return { feeds, n };
}

/** Positions whose next token is wanted, counted through all rows, with their targets. */
function packChosen(
  graph: Model,
  rows: readonly (readonly number[])[],
  wanted: (r: number, t: number) => boolean,
): PackedRows {
  // The last token of a row predicts nothing.
  const { feeds, n } = sequenceFeeds(
    graph,
    rows.map((tokens) => tokens.slice(0, -1)),
  );
  const chosen: { r: number; t: number }[] = [];
  rows.forEach((tokens, r) => {
    for (let t = 0; t + 1 < tokens.length; t++) if (wanted(r, t)) chosen.push({ r, t });
  });
  if (chosen.length === 0) chosen.push({ r: 0, t: 0 });
  const M = chosen.length;
  return {
    feeds: {
      ...feeds,
      places: int64(
        [M],
        BigInt64Array.from(chosen, ({ r, t }) => BigInt(r * n + t)),
      ),
      targets: int64(
        [M, 1],
        BigInt64Array.from(chosen, ({ r, t }) => BigInt(rows[r]![t + 1]!)),
      ),
    },
    plane: (pick) =>
      float32(
        [M],
        Float32Array.from(chosen, ({ r, t }) => pick(r, t)),
      ),
    unpack(values) {
      const out = rows.map((tokens) => new Float32Array(Math.max(0, tokens.length - 1)));
      chosen.forEach(({ r, t }, i) => {
        if (rows[r]!.length > 1) out[r]![t] = values[i]!;
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

export function hubTrainable(model: HubModel, plan: AdapterPlan, options?: TrainingOptions): Trainable {
  const { layout } = plan;
  // Which inputs the two graphs read is known once they are built; both read the same ones for rows.
  let scoring: Model | undefined;
  const score = () => (scoring ??= scoringGraph(model, plan));
  return {
    layout,
    snapshotId: `${layout.id}/on-${fingerprint(model)}`,
    context: model.context,
    start: (seed) => initialWeights(layout, new Map(), seed),
    openTraining: (runtime) => openModel(runtime, trainingGraph(model, plan, options)),
    openScoring: (runtime) => openModel(runtime, score()),
    pack: (rows, wanted) => packChosen(score(), rows, wanted),
  };
}
