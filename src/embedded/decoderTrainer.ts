/** Trains the embedded decoder: its graphs are built here, and its weights can all train. */
import { type DecoderConfig, scoringGraph, trainableLayout, trainingGraph } from './decoder.ts';
import {
  float32,
  int64,
  type Runtime,
  initialWeights,
  type Weights,
  causalMask,
  type PackedRows,
  packTokens,
  type Trainable,
  VectorTrainer,
} from 'onnx-lora';
import type { Tuning } from '../util/tuning.ts';

/** FNV-1a over the weights' bits, as 8 hexadecimal digits: tells two models of one shape apart. */
function fingerprint(model: Weights): string {
  let hash = 0x811c9dc5;
  for (const values of model.values()) {
    for (const bits of new Uint32Array(values.buffer, values.byteOffset, values.length)) {
      hash = Math.imul(hash ^ bits, 0x01000193);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function embeddedTrainable(config: DecoderConfig, tuning: Tuning, model: Weights): Trainable {
  const layout = trainableLayout(config, tuning);
  return {
    layout,
    snapshotId: tuning.kind === 'lora' ? `${layout.id}/on-${fingerprint(model)}` : layout.id,
    context: config.context,
    start: (seed) => initialWeights(layout, model, seed),
    openTraining: (runtime, kept) =>
      runtime.create(trainingGraph(config, tuning, layout, model), kept ? { kept } : {}),
    openScoring: (runtime) => runtime.create(scoringGraph(config, tuning, layout, model)),
    // This model's answers are as long as its prompts: sharing the prompts would save little.
    longestSharedRow: () => 0,
    pack: (sequences) => packPlanes(sequences.map(({ tokens }) => tokens)),
  };
}

export class Trainer extends VectorTrainer {
  constructor(
    runtime: Runtime,
    readonly config: DecoderConfig,
    readonly tuning: Tuning,
    model: Weights,
    seed: number,
  ) {
    super(runtime, embeddedTrainable(config, tuning, model), seed);
  }
}

/** Whole planes [rows, longest - 1]: every prediction is computed. */
function packPlanes(rows: readonly (readonly number[])[]): PackedRows {
  const n = Math.max(...rows.map((r) => r.length)) - 1;
  const targets = new BigInt64Array(rows.length * n);
  rows.forEach((tokens, r) => {
    for (let t = 0; t + 1 < tokens.length; t++) targets[r * n + t] = BigInt(tokens[t + 1]!);
  });
  const packed = packTokens(
    rows.map((tokens) => tokens.slice(0, -1)),
    n,
  );
  return {
    feeds: { ...packed, targets: int64([rows.length, n, 1], targets), mask: causalMask(n) },
    plane(pick) {
      const out = new Float32Array(rows.length * n);
      rows.forEach((tokens, r) => {
        for (let t = 0; t < tokens.length - 1; t++) out[r * n + t] = pick(r, t);
      });
      return float32([rows.length, n], out);
    },
    unpack: (values) => rows.map((tokens, r) => values.slice(r * n, r * n + tokens.length - 1)),
  };
}
