/** Steps of a decoder with a cache in segments: what the graph is fed, and what comes back. */
import { narrowestWindow } from '../model/decoderNumbers.ts';
import { extendedName, SEGMENTS, type Segment, segmentName } from '../model/cacheSegments.ts';
import {
  type AdapterPlan,
  type CachedGraph,
  cachedGraph,
  cacheShapes,
  DRAWN,
  DRAWN_IDS,
  type Drawing,
  HISTORY,
} from '../model/hubGraph.ts';
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
import { type DeviceDraws, releaseDraws } from './deviceDraws.ts';
import type { ActiveRow, TokenSampleOptions } from './sampleRows.ts';
import { DISTRIBUTION, sharpness, TokenPicker } from './tokenPicker.ts';

/** The position of a column of the cache, or of a new token, that only pads its row: no token may see it. */
export const HIDDEN_COLUMN = -1;

export interface Step {
  /** New tokens of each row, all equally many; or those that the step before drew. */
  ids: readonly (readonly number[])[] | DeviceDraws;
  /** Their positions; `HIDDEN_COLUMN` for padding. */
  positions: readonly ArrayLike<number>[];
  cache: Readonly<Record<Segment, CachePart>>;
  /** Positions of each row's cached tokens, through all segments; `HIDDEN_COLUMN` where there is none. */
  columns: readonly ArrayLike<number>[];
  /** The prompt of each row among those of the segment. */
  promptOf: readonly number[];
  /** For which rows a token is drawn, and after which rows of the step. */
  draws: readonly { row: ActiveRow; at: number }[];
}

export interface StepResult {
  /** What was drawn, where the rows do not have it yet. */
  drawn: DeviceDraws | undefined;
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
  private readonly draws: Drawing;
  private readonly vocabulary: number;
  private readonly context: number;

  constructor(
    private readonly runtime: Runtime,
    model: HubModel,
    plan: AdapterPlan | undefined,
    /** Whether top-k can be asked for: that takes many more operators where tokens are drawn on the device. */
    readonly topK: boolean,
  ) {
    this.vocabulary = model.vocabulary;
    this.context = model.context;
    this.draws = !runtime.hasDeviceMemory ? 'host' : topK ? 'device-top-k' : 'device';
    this.graph = cachedGraph(model, plan, this.draws);
    this.shapes = cacheShapes(model).map((shape, i) => ({ ...shape, axis: this.graph.axes[i]! }));
    const { countsColumns, startsAlone } = this.graph;
    // A window that is measured in columns must not have hidden ones in it.
    this.wholePrompts = startsAlone || (countsColumns && narrowestWindow(model.config) < model.context);
    this.nothing = startsAlone ? 0 : 1;
    this.kept = this.shapes.map((_, i) => extendedName(i));
  }

  async open(): Promise<void> {
    const kept = this.runtime.hasDeviceMemory ? [...this.kept, DRAWN_IDS, DRAWN] : undefined;
    this.session ??= openModel(this.runtime, this.graph.model, kept);
    await this.session;
  }

  async dispose(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await endSession(session);
  }

  async run(adapter: PlacedAdapter, step: Step, options: DrawOptions): Promise<StepResult> {
    await this.open();
    const session = await this.session!;
    const [rows, seq] = [step.positions.length, step.positions[0]!.length];
    const { ids } = step;
    const past = SEGMENTS.reduce((n, s) => n + step.cache[s].tokens, 0);
    const make: Record<string, () => Tensor> = {
      ...grid(step.promptOf, step.cache.prompt.rows),
      sharpness: () => scalar(sharpness(options)),
      lengths: () =>
        int64(
          [SEGMENTS.length + 2],
          BigInt64Array.from([...SEGMENTS.map((s) => step.cache[s].tokens), rows, seq], BigInt),
        ),
      ...drawInputs(step, options, this.vocabulary),
      input_ids: () => {
        if ('history' in ids) return ids.ids;
        if (this.draws !== 'host') return float32([rows, seq], Float32Array.from(ids.flat()));
        return int64([rows, seq], BigInt64Array.from(ids.flat(), BigInt));
      },
      position_ids: () =>
        int64(
          [rows, seq],
          BigInt64Array.from(
            step.positions.flatMap((p) =>
              Array.from(p, (at) => BigInt(Math.min(Math.max(0, at), this.context - 1))),
            ),
          ),
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
    const wanted = this.draws === 'host' ? DISTRIBUTION : [DRAWN_IDS, DRAWN];
    const { outputs, kept } = await session.runKeeping(feeds, [...this.kept, ...wanted]);
    const tensors = this.kept.map((name) => kept[name] ?? outputs[name]!);
    const recent = { tensors, rows, tokens: step.cache.recent.tokens + seq };
    if (this.draws === 'host') {
      const picker = new TokenPicker(outputs, this.vocabulary, options);
      for (const { row, at } of step.draws) if (!row.ended) picker.pick(row, at);
      return { recent, drawn: undefined };
    }
    const drawn = {
      rows: step.draws.map(({ row }) => row),
      steps: 'history' in ids ? ids.steps + 1 : 1,
      history: kept[DRAWN]!,
      ids: kept[DRAWN_IDS]!,
    };
    if ('history' in ids) releaseDraws(ids);
    if (step.draws.length > 0) return { recent, drawn };
    releaseDraws(drawn);
    return { recent, drawn: undefined };
  }
}

type DrawOptions = TokenSampleOptions & { loopTokens?: number };

/** Inputs of a graph that draws. A step that draws for no row draws once after row 0, unread: no tensor is empty then. */
function drawInputs(
  { draws, ids }: Step,
  options: DrawOptions,
  vocabulary: number,
): Record<string, () => Tensor> {
  const { temperature, topP, topK } = options;
  const places = draws.length > 0 ? draws.map(({ at }) => at) : [0];
  const greedy = temperature === 0;
  return {
    drawRows: () => int64([places.length], BigInt64Array.from(places, BigInt)),
    uniform: () =>
      float32(
        [places.length],
        Float32Array.from(places, (_, i) => (greedy ? 0 : below1(draws[i]?.row.random.uniform() ?? 0))),
      ),
    topP: () => scalar(greedy ? 0 : topP),
    topK: () => scalar(topK || vocabulary),
    [HISTORY]: () => ('history' in ids ? ids.history : float32([places.length, 0], new Float32Array(0))),
  };
}

/** `uniform` in float32; rounding must not make it 1. */
const below1 = (uniform: number): number => Math.min(Math.fround(uniform), 1 - 2 ** -24);

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
