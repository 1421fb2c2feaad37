/**
 * The graphs that a Hub decoder is run with: whole sequences forward; forward, loss and backward; and
 * token by token with a cache. All three are the exported graph, taken over, with LoRA's pairs added
 * to its linear layers and read from one flat vector.
 */
import {
  differentiate,
  fuse,
  float32Constant,
  fuseSkipNorms,
  splitHeadsLast,
  GraphBuilder,
  type Value,
  GraphImporter,
  type Linear,
  UnsupportedGraphError,
  DTYPES,
  type Dim,
  type Model,
  type ValueInfo,
  prune,
  isCheap,
  BLOCK_ROWS,
  rowsInBlock,
} from 'onnx-grad';
import type { Layout } from '../train/trainedVector.ts';
import { policySlope } from '../train/policyLoss.ts';
import { drawInGraph } from '../sample/drawInGraph.ts';
import { outputDistribution } from '../sample/tokenPicker.ts';
import { chunkedLogits, headPass, headTooLarge } from './head.ts';
import type { HubModel } from './hubModel.ts';
import { type AdapterModule, nameLinear, type NamedLinear } from './linears.ts';
import { PackedPairs } from './packedPairs.ts';
import { type PlacedLinear, type Stack, Stacking } from './stackedLinears.ts';
import { addToOwnMasks, rowMask } from './rowMask.ts';
import { extendedName, SegmentedCache, TOTAL, type TokensAxis } from './cacheSegments.ts';
import { type CachedTensor, segmentAttention } from './segmentedAttention.ts';

/** Layers with their pairs: A [in, rank] and B [rank, out] in the layout, and the factor of their product. */
export interface AdapterPlan {
  layout: Layout;
  modules: (AdapterModule & { rank: number; scale: number })[];
}

/** Additive masks that the caller feeds a graph with a cache: `causal`, and `causal.W` where no key further back than W counts. */
export const maskName = (window: number | undefined): string =>
  window === undefined ? 'causal' : `causal.${window}`;

/** The input that a graph with a cache has for one of the layout's matrices. */
export const parameterName = (parameter: string): string => `weights.${parameter}`;

/** `cached`: with keys and values of earlier tokens in segments. */
type Mode = 'whole' | 'cached';

class HubGraph {
  readonly b: GraphBuilder;
  readonly importer: GraphImporter;
  /** Tokens, [rows, seq]. */
  readonly ids: Value;
  private readonly flat: Value | undefined;
  private readonly slices = new Map<string, Value>();
  /** Linear layers of a graph of whole sequences, with their outputs here. */
  private readonly linears: { linear: Linear; y: Value }[] = [];
  private readonly pairs: PackedPairs | undefined;
  private packed: Value[] = [];
  private readonly total: Dim;
  /** Of a graph with a cache. */
  readonly cache: SegmentedCache | undefined;
  private mask: Value | undefined;
  private positions: Value | undefined;

  constructor(
    readonly model: HubModel,
    private readonly plan: AdapterPlan | undefined,
    private readonly mode: Mode,
    onLinear?: (linear: Linear) => void,
    /** Whether tokens come as float32, as a graph that draws on a device gives them. */
    idsAreDrawn = false,
  ) {
    this.b = new GraphBuilder('hub');
    this.total = mode === 'cached' ? TOTAL : 'seq';
    this.flat = plan && mode === 'whole' ? this.b.input('weights', 'float32', [plan.layout.size]) : undefined;
    this.pairs = plan && mode === 'whole' ? new PackedPairs(plan.layout, model.largestTensor) : undefined;
    this.importer = new GraphImporter(this.b, model.graph, {
      largest: model.largestTensor,
      attention: { positions: () => this.positionIds(), bias: (window) => this.bias(window) },
      linear: (linear, y) => {
        onLinear?.(linear);
        if (mode === 'cached') return this.adapt(linear, y);
        this.linears.push({ linear, y });
        return y;
      },
    });
    const ids = this.b.input('input_ids', idsAreDrawn ? 'float32' : 'int64', ['rows', 'seq']);
    // A table is read by integers of 32 bits, too; WebGPU makes those of 64 on the processor.
    const onlyRead = model.graph.nodes.every(
      ({ op, inputs }) =>
        !inputs.includes('input_ids') || op === 'Shape' || (op === 'Gather' && inputs[1] === 'input_ids'),
    );
    this.ids = idsAreDrawn ? this.b.cast(ids, onlyRead ? 'int32' : 'int64') : ids;
    this.cache = mode === 'cached' ? new SegmentedCache(this.b, cacheShapes(model)) : undefined;
    for (const [name, info] of model.graph.inputs) this.importer.bind(name, this.inputValue(name, info));
  }

  private attentionMask(): Value {
    this.mask ??= this.b.input('attention_mask', 'int64', ['rows', this.total]);
    return this.mask;
  }
  private positionIds(): Value {
    this.positions ??= this.b.input('position_ids', 'int64', ['rows', 'seq']);
    return this.positions;
  }

  private bias(window: number | undefined): Value {
    const { b } = this;
    const name = maskName(window);
    if (this.mode === 'whole') {
      const known = this.slices.get(name);
      const mask =
        known ??
        rowMask(b, window === undefined ? undefined : { size: window, positions: this.positionIds() });
      this.slices.set(name, mask);
      return mask;
    }
    return b.has(name) ? name : b.input(name, 'float32', ['rows', 1, 'seq', this.total]);
  }

  /** What the graph's input `name` is here. */
  private inputValue(name: string, info: ValueInfo): Value {
    const { b } = this;
    const as = (value: Value) => this.as(value, info);
    if (name === 'input_ids') return b.info(this.ids).dtype === 'int32' ? this.ids : as(this.ids);
    if (name === 'attention_mask' || name === 'position_ids' || name === 'token_type_ids') {
      if (info.shape.length !== 2) {
        throw new UnsupportedGraphError(
          `the graph's ${name} has ${info.shape.length} axes, which is not supported: choose another export`,
        );
      }
      if (name === 'token_type_ids') return as(b.zerosLike(this.ids));
      return as(name === 'attention_mask' ? this.attentionMask() : this.positionIds());
    }
    if (this.model.cache.some((c) => c.past === name)) {
      const [, heads, , width] = info.shape;
      if (info.shape.length !== 4 || typeof heads !== 'number' || typeof width !== 'number') {
        throw new UnsupportedGraphError(
          `the cache ${name} is laid out as [${info.shape}], not as [rows, heads, past, width]: choose another export`,
        );
      }
      if (this.cache) return this.cache.whole(this.model.cache.findIndex((c) => c.past === name));
      return b.input(name, 'float32', ['rows', heads, 0, width]);
    }
    if (name === 'use_cache_branch') {
      const value = this.mode === 'cached' ? 1 : 0;
      const bytes = Uint8Array.of(value);
      return b.initializer(name, { dtype: 'bool', dims: [1], bytes });
    }
    // 0: logits of all positions.
    if (/^(num_)?logits_to_keep$/.test(name)) {
      return as(info.shape.length === 0 ? b.scalar(0, 'int64') : b.ints([0]));
    }
    if (name === 'cache_position') {
      return as(b.reshape(b.slice(this.positionIds(), 0, 1, 0), [-1]));
    }
    throw new UnsupportedGraphError(
      `the graph takes an input named ${name}, which is not known here: choose a plain text-generation export`,
    );
  }

  /** In the type that the graph declares. */
  private as(value: Value, info: ValueInfo): Value {
    const wide = info.dtype === 'float16' || info.dtype === 'bfloat16' ? 'float32' : info.dtype;
    return this.b.info(value).dtype === wide ? value : this.b.cast(value, wide);
  }

  /** y + scale (x A) B for every adapter on the layer, each on its own columns. */
  private adapt(linear: Linear, y: Value): Value {
    const { b, plan } = this;
    if (!plan) return y;
    const key = linear.node.outputs[0]!;
    const here = plan.modules.flatMap((module) =>
      module.parts.filter((p) => p.key === key).map((part) => ({ module, part })),
    );
    if (here.length === 0) return y;
    const pairs = here.map(({ module, part }) => {
      const all = this.weight(`${module.name}.lora_B`);
      const up = part.size === module.out ? all : b.slice(all, part.start, part.start + part.size, 1);
      const { scale } = module;
      return {
        down: this.weight(`${module.name}.lora_A`),
        up,
        scale,
        from: part.from,
        to: part.from + part.size,
      };
    });
    // Over flattened rows, where a product can add to another: the pair's second one scales, and adds where it can.
    const rows = b.reshape(linear.x, [-1, linear.in]);
    const own = this.overRows(y, rows);
    const product = ({ down, up, scale }: (typeof pairs)[number], sum: Value[]) => {
      const alpha = { type: 'float', value: scale } as const;
      return b.node('Gemm', [b.node('Gemm', [rows, down]), up, ...sum], { alpha });
    };
    const [first] = pairs as [(typeof pairs)[number]];
    if (pairs.length === 1 && first.to - first.from === linear.out) {
      return this.apart(product(first, [own]), linear.x);
    }
    // Columns without an adapter get nothing added.
    const pieces: Value[] = [];
    let at = 0;
    const gap = (to: number) => {
      if (to > at) pieces.push(b.mul(b.slice(own, at, to, 1), b.scalar(0)));
    };
    for (const pair of pairs.sort((x, z) => x.from - z.from)) {
      gap(pair.from);
      pieces.push(product(pair, []));
      at = pair.to;
    }
    gap(linear.out);
    return this.apart(b.add(own, b.concat(pieces, 1)), linear.x);
  }

  /** The product y, which nothing reads yet, over flattened rows. */
  private overRows(y: Value, rows: Value): Value {
    const { b } = this;
    if (b.shape(y).length === 2) return y;
    const { nodes } = b.model.graph;
    const at = nodes.findLastIndex(({ outputs }) => outputs[0] === y);
    const [{ op, inputs, attributes }] = nodes.splice(at, 1) as [(typeof nodes)[number]];
    return b.node(op, [rows, ...inputs.slice(1)], attributes);
  }

  /** Flattened rows [all, n] in the shape of x [..., in] but for its last axis. */
  private apart(rows: Value, x: Value): Value {
    const { b } = this;
    const lead = b.shape(x).slice(0, -1);
    const n = b.shape(rows)[1]!;
    if (lead.length === 1) return rows;
    const key = `shape:${lead.join()}`;
    // Sizes of one name are equal.
    const sizes = this.slices.get(key) ?? b.slice(b.node('Shape', [x]), 0, lead.length, 0);
    this.slices.set(key, sizes);
    const target = b.concat([sizes, b.ints([Number(n)])], 0);
    return b.assume(b.node('Reshape', [rows, target]), [...lead, n]);
  }

  /** One of the layout's matrices: many steps read it, so it is an input of its own. */
  private weight(name: string): Value {
    const input = parameterName(name);
    const { dims } = this.plan!.layout.parameters.find((p) => p.name === name)!;
    return this.b.has(input) ? input : this.b.input(input, 'float32', dims);
  }

  /**
   * Puts the pairs on the linear layers of the graph so far, of whole sequences. Layers that read one value become one
   * product where their weights can be stacked, with one pair.
   */
  private adaptAll(): void {
    const { b, plan, pairs } = this;
    if (!plan || !pairs) return;
    const { graph } = b.model;
    const made = new Map(graph.nodes.flatMap((node) => node.outputs.map((out) => [out, node] as const)));
    const groups = new Map<Value, PlacedLinear[]>();
    for (const { linear, y } of this.linears.splice(0)) {
      const node = made.get(y)!;
      const x = node.inputs[0]!;
      groups.set(x, [...(groups.get(x) ?? []), { key: linear.node.outputs[0]!, node, out: linear.out }]);
    }
    const stacking = new Stacking(b, this.model.largestTensor);
    const places = new Map(graph.nodes.map((node, i) => [node, i]));
    const adapted: { x: Value; down: number; scales: number[]; stacks: { stack: Stack; up: number }[] }[] =
      [];
    for (const [x, members] of groups) {
      const ordered = members.sort((p, q) => places.get(p.node)! - places.get(q.node)!);
      for (const { stacks, modules } of sharingModules(stacking.stacks(ordered), plan.modules)) {
        const ranks = modules.reduce((n, { rank }) => n + rank, 0);
        const down = pairs.add(modules[0]!.in, ranks);
        let column = 0;
        for (const { name, rank } of modules) {
          pairs.put(down, `${name}.lora_A`, 0, column);
          column += rank;
        }
        const placed = stacks.map((stack) => {
          const up = pairs.add(ranks, stack.out);
          let row = 0;
          for (const { name, rank, parts } of modules) {
            let from = 0;
            for (const { key, out } of stack.members) {
              for (const part of parts) {
                if (part.key === key)
                  pairs.put(up, `${name}.lora_B`, row, from + part.from, part.start, part.size);
              }
              from += out;
            }
            row += rank;
          }
          return { stack, up };
        });
        const scales = modules.flatMap(({ rank, scale }) => new Array<number>(rank).fill(scale));
        adapted.push({ x, down, scales, stacks: placed });
      }
    }
    if (adapted.length === 0) return;
    const place = ({ stacks }: (typeof adapted)[number]) => places.get(stacks[0]!.stack.replaced[0]!)!;
    adapted.sort((p, q) => place(p) - place(q));
    const before = graph.nodes.length;
    this.packed = pairs.write(b, this.flat!);
    graph.nodes.unshift(...graph.nodes.splice(before));
    for (const { x, down, scales, stacks } of adapted) {
      // Where the first of them stood.
      const start = graph.nodes.length;
      const rows = b.reshape(x, [-1, scales.length && Number(b.shape(x).at(-1))]);
      const alike = scales.every((scale) => scale === scales[0]);
      const inner = b.node('Gemm', [rows, this.packed[down]!]);
      const hidden = alike ? inner : b.mul(inner, this.row(scales));
      const alpha = { type: 'float', value: alike ? scales[0]! : 1 } as const;
      for (const { stack, up } of stacks) {
        const sum = b.node('Gemm', [hidden, this.packed[up]!, stack.product(rows)], { alpha });
        const whole = this.apart(sum, x);
        if (stack.outputs.length === 1) {
          graph.nodes.at(-1)!.outputs = stack.outputs;
        } else {
          const sizes = b.ints(stack.members.map(({ out }) => out));
          const axis = b.shape(whole).length - 1;
          b.nodes('Split', [whole, sizes], { axis }, stack.outputs.length);
          graph.nodes.at(-1)!.outputs = stack.outputs;
        }
      }
      const added = graph.nodes.splice(start);
      const replaced = new Set(stacks.flatMap(({ stack }) => stack.replaced));
      const at = graph.nodes.findIndex((node) => replaced.has(node));
      graph.nodes = graph.nodes.filter((node) => !replaced.has(node));
      graph.nodes.splice(at, 0, ...added);
    }
  }

  /** A constant vector. */
  private row(values: readonly number[]): Value {
    const name = `row:${values.join()}`;
    return this.b.has(name) ? name : this.b.initializer(name, float32Constant([values.length], values));
  }

  /** What the pairs are read from, for `gradientVector`. */
  weights(): Value[] {
    return this.packed;
  }

  /** Gradients of `weights()` in the order of the layout, [P]. */
  gradientVector(gradients: readonly Value[]): Value {
    return this.pairs!.gather(this.b, gradients);
  }

  /** Columns of the vocabulary at a time, at most `most`, for hidden states of `width`. */
  columns(width: number, most = BLOCK_ROWS): number {
    return Math.min(most, rowsInBlock(width, this.model.largestTensor));
  }

  /**
   * Logits of hidden states, [.., width] to [.., vocabulary]: in chunks where one tensor can't hold the head's weight.
   * Absent: of all positions that the graph computes.
   */
  logits(states?: Value): Value {
    const { b, importer, model } = this;
    const { head, largestTensor } = model;
    if (!head || !headTooLarge(importer, head, model.graph, largestTensor)) {
      if (head && states !== undefined) importer.bind(head.input, states);
      return importer.get(model.logits);
    }
    const hidden = states ?? importer.get(head.input);
    const width = Number(b.shape(hidden).at(-1));
    const rows = b.reshape(hidden, [-1, width]);
    const scores = chunkedLogits(importer, head, model.logits, rows, this.columns(width));
    const shape = b.concat([b.slice(b.node('Shape', [hidden]), 0, -1, 0), b.ints([model.vocabulary])], 0);
    return b.assume(b.node('Reshape', [scores, shape]), [...b.shape(hidden).slice(0, -1), model.vocabulary]);
  }

  /** A value of the exported graph that gradients are to flow through. */
  trained(name: string): Value {
    const value = this.importer.get(name);
    fuse(this.b);
    this.adaptAll();
    splitHeadsLast(this.b);
    addToOwnMasks(this.b);
    return value;
  }

  /** The last hidden states of chosen positions: `places` [M] counts through all rows' tokens. */
  chosenStates(): { states: Value; chosen: Value; width: number } {
    const { b } = this;
    const states = this.trained(this.model.head!.input);
    const width = Number(b.shape(states).at(-1));
    const places = b.input('places', 'int64', ['chosen']);
    const chosen = b.node('Gather', [b.reshape(states, [-1, width]), places], { axis: 0 });
    return { states, chosen, width };
  }

  finish(): Model {
    const { model, b } = this;
    prune(b.model.graph);
    fuseSkipNorms(b);
    // Blocks of 4 bits are widened by an operator of opset 21.
    b.model.opsets[''] = Math.max(21, model.opsets[''] ?? 0);
    b.model.irVersion = Math.max(10, model.irVersion);
    return b.model;
  }
}

/** Stacks with adapters; together those that an adapter has parts in. */
function sharingModules(
  stacks: readonly Stack[],
  all: AdapterPlan['modules'],
): { stacks: Stack[]; modules: AdapterPlan['modules'] }[] {
  const out: { stacks: Stack[]; modules: AdapterPlan['modules'] }[] = [];
  for (const stack of stacks) {
    const keys = new Set(stack.members.map(({ key }) => key));
    const own = all.filter(({ parts }) => parts.some(({ key }) => keys.has(key)));
    if (own.length === 0) continue;
    const joins = out.filter(({ modules }) => modules.some((module) => own.includes(module)));
    const rest = out.filter((group) => !joins.includes(group));
    const modules = new Set([...joins.flatMap((group) => group.modules), ...own]);
    rest.push({ stacks: [...joins.flatMap((group) => group.stacks), stack], modules: [...modules] });
    out.splice(0, out.length, ...rest);
  }
  return out;
}

/** The linear layers of the model's graph, in the order of its file. */
export function findLinears(model: HubModel): NamedLinear[] {
  const found: NamedLinear[] = [];
  const graph = new HubGraph(model, undefined, 'whole', (linear) => {
    const named = nameLinear(linear);
    if (named) found.push(named);
  });
  graph.importer.get(model.head?.input ?? model.logits);
  const order = new Map(model.graph.nodes.map((n, i) => [n.outputs[0]!, i]));
  return found.sort((a, c) => (order.get(a.key) ?? 0) - (order.get(c.key) ?? 0));
}

/** Inputs input_ids [B, T] and what else the graph reads; output logits [B, T, vocabulary]. */
export function forwardGraph(model: HubModel, plan: AdapterPlan | undefined): Model {
  const graph = new HubGraph(model, plan, 'whole');
  if (plan) graph.trained(model.head?.input ?? model.logits);
  graph.b.output('logits', graph.logits());
  return graph.finish();
}

interface Scored {
  graph: HubGraph;
  logprobs: Value;
  /** Gradient of the weights, given that of the log-probabilities. */
  backward: (seed: Value) => Value[];
}

/** How the training graph spends memory. */
export interface TrainingOptions {
  /** Columns of the vocabulary at a time. */
  columns?: number;
  /** Computes what is cheap a second time for the backward pass instead of keeping it: `isCheap`. */
  recompute?: boolean;
}

function scored(
  model: HubModel,
  plan: AdapterPlan,
  gradient: boolean,
  { columns, recompute = false }: TrainingOptions = {},
): Scored {
  const graph = new HubGraph(model, plan, 'whole');
  const { b, importer } = graph;
  const cheap = recompute ? isCheap(b) : undefined;
  const targets = b.input('targets', 'int64', ['chosen', 1]);
  if (model.head) {
    const { states, chosen, width } = graph.chosenStates();
    const pass = headPass(importer, model.head, model.logits, chosen, targets, {
      width: graph.columns(width, columns),
      gradient,
    });
    return {
      graph,
      logprobs: pass.logprobs,
      backward: (seed) => {
        const g = b.assume(b.mul(pass.gradient!, b.unsqueeze(seed, [1])), b.shape(chosen));
        const all = b.node('ScatterND', [
          b.zerosLike(b.reshape(states, [-1, width])),
          b.unsqueeze('places', [1]),
          g,
        ]);
        return differentiate(b, states, b.reshapeLike(all, states), graph.weights(), cheap);
      },
    };
  }
  // A head of another kind: logits of all positions at once.
  const logits = graph.trained(model.logits);
  const places = b.input('places', 'int64', ['chosen']);
  const chosen = b.node('Gather', [b.reshape(logits, [-1, model.vocabulary]), places], { axis: 0 });
  const all = b.node('LogSoftmax', [chosen], { axis: -1 });
  const picked = b.reshape(b.node('GatherElements', [all, targets], { axis: 1 }), [-1]);
  return {
    graph,
    logprobs: picked,
    backward: (seed) => differentiate(b, picked, seed, graph.weights(), cheap),
  };
}

/**
 * Log-probabilities [M] of `targets` [M, 1], which follow the tokens at `places` [M]. Inputs besides
 * these: weights [P], input_ids [B, T], and what else the graph reads.
 */
export function scoringGraph(model: HubModel, plan: AdapterPlan): Model {
  const { graph, logprobs } = scored(model, plan, false);
  graph.b.output('logprobs', logprobs);
  return graph.finish();
}

/**
 * The scoring graph with the policy-gradient loss of `policySlope` and the backward pass. Outputs:
 * logprobs [M], gradientOut [P].
 */
export function trainingGraph(model: HubModel, plan: AdapterPlan, options?: TrainingOptions): Model {
  const { graph, logprobs, backward } = scored(model, plan, true, options);
  const { b } = graph;
  const slope = policySlope(b, logprobs, ['chosen']);
  const gradient = b.input('gradient', 'float32', [plan.layout.size]);
  // First: it may stay on the device, and onnxruntime-node looks up by their place which ones do.
  b.output('gradientOut', b.add(gradient, graph.gradientVector(backward(slope))));
  b.output('logprobs', logprobs);
  return graph.finish();
}

/** `past_key_values.0.key`, and so for every way to write it. */
function cachedKind(past: string): Pick<CachedTensor, 'kind' | 'layer'> {
  const [, head, tail] = /^([^\d]*)(.*)$/.exec(past)!;
  const told = /key|value/.test(tail!) ? tail! : head!;
  const kind = told.includes('key') ? 'key' : told.includes('value') ? 'value' : 'other';
  return { kind, layer: `${tail!.replace(/key|value/, '')}` };
}

/** Where tokens are drawn: here, from the distribution that the graph gives; or in the graph, which then knows the next step's input. */
export type Drawing = 'host' | 'device' | 'device-top-k';

/**
 * Of a graph that draws: its input `HISTORY` [draws, n], and its outputs `DRAWN` [draws, n + 2], that with each token and
 * its log-probability behind it, and `DRAWN_IDS` [draws, 1], which input_ids [rows, seq] takes: all float32. Input drawRows int64 [draws] says after which
 * row each is drawn.
 */
export const HISTORY = 'history';
export const DRAWN = 'drawn';
export const DRAWN_IDS = 'drawn.ids';

/** A graph that takes steps with a cache. */
export interface CachedGraph {
  model: Model;
  /** Along which axis the tokens of each cached tensor lie. */
  axes: TokensAxis[];
  /** Whether the graph hides padding, and what lies beyond a window, by counting columns, not positions. */
  countsColumns: boolean;
  /** Whether several tokens at once may only be the first ones: the graph's own mask is for no other. */
  startsAlone: boolean;
}

/**
 * One step with a cache. Inputs: the layout's matrices (`parameterName`); input_ids [rows, seq]; the cache's segments and what goes with
 * them (`SegmentedCache`); attention_mask [rows, past + seq] or additive masks [rows, 1, seq, past + seq]
 * (`maskName`); position_ids; sharpness. Outputs: the distribution after the last token
 * (`outputDistribution`), or, where it is not drawn from here, tokens (`DRAWN`); and `recent` with the step's tokens, of each cached tensor (`extendedName`).
 */
export function cachedGraph(
  model: HubModel,
  plan: AdapterPlan | undefined,
  drawing: Drawing = 'host',
): CachedGraph {
  if (model.cache.length === 0) {
    throw new UnsupportedGraphError(
      'the graph keeps no keys and values of earlier tokens: choose an export with past (text-generation-with-past)',
    );
  }
  const graph = new HubGraph(model, plan, 'cached', undefined, drawing !== 'host');
  const { b, importer } = graph;
  const last = (x: Value) => b.slice(x, -1, 2 ** 31, 1);
  const drawn = (x: Value) =>
    drawing === 'host' ? x : b.node('Gather', [x, b.input('drawRows', 'int64', ['draws'])], { axis: 0 });
  const all = graph.logits(model.head && drawn(last(importer.get(model.head.input))));
  const logits = b.reshape(model.head ? all : drawn(last(all)), [-1, model.vocabulary]);
  const tensors = model.cache.map(({ past, present }) => ({
    ...cachedKind(past),
    past: importer.get(past),
    present: importer.get(present),
  }));
  const startsAlone = b.model.graph.nodes.some(
    ({ op, inputs, outputs }) =>
      op === 'Expand' && b.shape(inputs[0]!).at(-1) === 'seq' && b.shape(outputs[0]!).at(-1) === TOTAL,
  );
  const { extended, axes } = segmentAttention(b, graph.cache!, tensors, [logits], graph.ids, !startsAlone);
  // First of all outputs, here and where they are fetched: onnxruntime-node counts through those that are
  // fetched, and not through all, when it looks up which ones stay on the device.
  extended.forEach((value, i) => {
    b.output(extendedName(i), value);
  });
  if (drawing === 'host') outputDistribution(b, logits);
  else {
    const { number, logprob } = drawInGraph(b, logits, { topK: drawing === 'device-top-k' });
    const before = b.input(HISTORY, 'float32', ['draws', 'drawn']);
    b.output(DRAWN_IDS, number);
    b.output(DRAWN, b.concat([before, number, b.unsqueeze(logprob, [1])], 1));
  }
  const finished = graph.finish();
  return { model: finished, axes, countsColumns: finished.graph.inputs.has('attention_mask'), startsAlone };
}

/** Of each cached tensor [rows, heads, tokens, width]. */
export function cacheShapes(model: HubModel): { heads: number; width: number }[] {
  return model.cache.map(({ past }) => {
    const [, heads, , width] = model.graph.inputs.get(past)!.shape;
    return { heads: Number(heads), width: Number(width) };
  });
}

/** Bytes of one cached token of one row. */
export function cacheBytesPerToken(model: HubModel): number {
  return cacheShapes(model).reduce((sum, { heads, width }) => sum + heads * width * DTYPES.float32.bytes, 0);
}
