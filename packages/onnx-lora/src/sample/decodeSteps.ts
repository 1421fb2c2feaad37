/** Steps of a decoder with a cache in segments: what the graph is fed, and what comes back. */
import { narrowestWindow } from '../model/decoderNumbers.ts';
import { extendedName, SEGMENTS, type Segment, segmentName } from '../model/cacheSegments.ts';
import { type AdapterPlan, type CachedGraph, cachedGraph, cacheShapes } from '../model/hubGraph.ts';
import type { HubModel } from '../model/hubModel.ts';
import {
  endSession,
  float32,
  type GraphSession,
  type HostTensor,
  int64,
  type Runtime,
  scalar,
  type Tensor,
} from '../runtime/runtime.ts';
import { openModel } from '../train/hubTrainable.ts';
import type { CachedShape, CachePart } from './cacheMemory.ts';
import type { PlacedAdapter } from './placedAdapter.ts';
import type { TokenSampleOptions } from './sampleRows.ts';
import { drawnFrom, sharpness } from './tokenPicker.ts';

/** Of a column of a row's cache that nothing may look at. */
export const HIDDEN_COLUMN = -1;

export interface Step {
  /** New tokens of each row, all equally many. */
  ids: readonly (readonly number[])[];
  /** Their positions; `HIDDEN_COLUMN` for padding. */
  positions: readonly ArrayLike<number>[];
  cache: Readonly<Record<Segment, CachePart>>;
  /** Positions of each row's cached tokens, through all segments; `HIDDEN_COLUMN` where there is none. */
  columns: readonly ArrayLike<number>[];
  /** The prompt of each row among those of the segment. */
  promptOf: readonly number[];
}

export interface StepResult {
  /** The distribution after each row's last token. */
  outputs: Record<string, HostTensor>;
  /** `recent` with the step's tokens. */
  recent: CachePart;
}

export class DecodeSteps {
  readonly graph: CachedGraph;
  readonly shapes: CachedShape[];
  /** Whether a prompt has to be computed as a whole, and stand before its row's tokens without a gap. */
  readonly wholePrompts: boolean;
  /** Tokens, hidden ones, of a segment in which there is nothing while prompts are computed. */
  readonly nothing: 0 | 1;
  private session: Promise<GraphSession> | undefined;
  private readonly kept: readonly string[];

  constructor(
    private readonly runtime: Runtime,
    model: HubModel,
    plan: AdapterPlan | undefined,
  ) {
    this.graph = cachedGraph(model, plan);
    this.shapes = cacheShapes(model).map((shape, i) => ({ ...shape, axis: this.graph.axes[i]! }));
    const { countsColumns, startsAlone } = this.graph;
    // A window that is measured in columns must not have hidden ones in it.
    this.wholePrompts = startsAlone || (countsColumns && narrowestWindow(model.config) < model.context);
    this.nothing = startsAlone ? 0 : 1;
    this.kept = this.shapes.map((_, i) => extendedName(i));
  }

  async open(): Promise<void> {
    const kept = this.runtime.hasDeviceMemory ? this.kept : undefined;
    this.session ??= openModel(this.runtime, this.graph.model, kept);
    await this.session;
  }

  async dispose(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await endSession(session);
  }

  async run(adapter: PlacedAdapter, step: Step, options: TokenSampleOptions): Promise<StepResult> {
    await this.open();
    const session = await this.session!;
    const [rows, seq] = [step.ids.length, step.ids[0]!.length];
    const past = SEGMENTS.reduce((n, s) => n + step.cache[s].tokens, 0);
    const make: Record<string, () => Tensor> = {
      ...grid(step.promptOf, step.cache.prompt.rows),
      sharpness: () => scalar(sharpness(options)),
      lengths: () =>
        int64(
          [4],
          BigInt64Array.from(SEGMENTS, (s) => BigInt(step.cache[s].tokens)),
        ),
      input_ids: () => int64([rows, seq], BigInt64Array.from(step.ids.flat(), BigInt)),
      position_ids: () =>
        int64(
          [rows, seq],
          BigInt64Array.from(step.positions.flatMap((p) => Array.from(p, (at) => BigInt(Math.max(0, at))))),
        ),
      attention_mask: () => seen(step, past),
    };
    const feeds: Record<string, Tensor> = { ...adapter };
    for (const name of this.graph.model.graph.inputs.keys()) {
      const window = /^causal(?:\.(\d+))?$/.exec(name);
      const feed =
        make[name]?.() ?? (window ? mask(step, past, window[1] ? Number(window[1]) : undefined) : undefined);
      if (feed) feeds[name] = feed;
    }
    for (const segment of SEGMENTS) {
      step.cache[segment].tensors.forEach((tensor, i) => {
        feeds[segmentName(segment, i, this.shapes[i]!.axis)] = tensor;
      });
    }
    const missing = [...this.graph.model.graph.inputs.keys()].find((name) => !feeds[name]);
    if (missing) throw new Error(`the graph reads an input ${missing} that nothing feeds`);
    const { outputs, kept } = await session.runKeeping(feeds, [...this.kept, ...drawnFrom(options)]);
    const tensors = this.kept.map((name) => kept[name] ?? outputs[name]!);
    return { outputs, recent: { tensors, rows, tokens: step.cache.recent.tokens + seq } };
  }
}

/** Rows in a grid [prompts, most rows of a prompt]. */
function grid(promptOf: readonly number[], prompts: number): Record<string, () => HostTensor> {
  const taken = new Array<number>(prompts).fill(0);
  const places = promptOf.map((p) => taken[p]!++);
  const each = Math.max(1, ...taken);
  const slotOf = places.map((place, row) => promptOf[row]! * each + place);
  const slots = new BigInt64Array(prompts * each);
  slotOf.forEach((slot, row) => {
    slots[slot] = BigInt(row);
  });
  return {
    slots: () => int64([prompts, each], slots),
    slotOf: () => int64([promptOf.length], BigInt64Array.from(slotOf, BigInt)),
  };
}

/** 1 where there is a token, int64 [rows, past + seq]. */
function seen({ columns, positions }: Step, past: number): HostTensor {
  const seq = positions[0]!.length;
  const total = past + seq;
  const out = new BigInt64Array(columns.length * total);
  columns.forEach((before, row) => {
    const now = positions[row]!;
    const at = row * total;
    for (let i = 0; i < past; i++) if (before[i] !== HIDDEN_COLUMN) out[at + i] = 1n;
    for (let i = 0; i < seq; i++) if (now[i] !== HIDDEN_COLUMN) out[at + past + i] = 1n;
  });
  return int64([columns.length, total], out);
}

const HIDDEN = -1e9;

/** Additive mask [rows, 1, seq, past + seq]: a token sees itself and, within the window, those before it. */
function mask({ columns, positions }: Step, past: number, window = Infinity): HostTensor {
  const seq = positions[0]!.length;
  const total = past + seq;
  const out = new Float32Array(columns.length * seq * total).fill(HIDDEN);
  columns.forEach((before, row) => {
    const now = positions[row]!;
    for (let t = 0; t < seq; t++) {
      const at = (row * seq + t) * total;
      const first = now[t]! - window;
      for (let s = 0; s < past; s++) {
        if (before[s]! !== HIDDEN_COLUMN && before[s]! > first) out[at + s] = 0;
      }
      for (let s = 0; s <= t; s++) {
        if (now[s]! !== HIDDEN_COLUMN && now[s]! > first) out[at + past + s] = 0;
      }
    }
  });
  return float32([columns.length, 1, seq, total], out);
}
