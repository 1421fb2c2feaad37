/**
 * Attention over a cache in segments. A graph that was imported with all earlier tokens of each row copied
 * together is searched for the products with keys and values; each layer's are replaced by products with
 * the segments, so that nothing is copied and what rows share is read once. Layers whose attention is
 * written in another way stay as they are.
 */
import { type Constant, elementCount, type GraphBuilder, type Node, sortNodes, type Value } from 'onnx-grad';
import type { SegmentedCache, TokensAxis } from './cacheSegments.ts';
import { leadsTo, VIEWS } from './headViews.ts';

/** A cached tensor: its part of the layer, the value that stood for its past, and the one that goes on. */
export interface CachedTensor {
  kind: 'key' | 'value' | 'other';
  /** Layer, or what else tells which key belongs to which value. */
  layer: string;
  past: Value;
  present: Value;
}

/** A step that is applied to scores between the product with keys and the softmax. */
type ScoreStep = { op: 'Mul' | 'Div'; by: Value } | { op: 'Tanh' } | { mask: Value };

interface Attention {
  /** Keys and values of the new tokens, [rows, heads, seq, width]. */
  newKey: Value;
  newValue: Value;
  /** [rows, query heads, seq, width], or heads that share a key beside one another, [rows, heads, ..., width]. */
  queries: Value;
  steps: ScoreStep[];
  /** Shares that are not a number become 0. */
  guarded: boolean;
  /** Constant factors of keys and of values. */
  keyFactors: Value[];
  valueFactors: Value[];
  /** The product with values. */
  mixed: Value;
  queryHeads: number;
}

/** What became of the cached tensors. */
export interface Segmented {
  /** `recent` with the step's tokens, of each tensor. */
  extended: Value[];
  axes: TokensAxis[];
}

/**
 * Replaces attention, where it may be, in the graph that `outputs` depend on, and adds the new tokens to each
 * tensor's `recent`. Nothing is left that asks caches or `ids` for their sizes only.
 */
export function segmentAttention(
  b: GraphBuilder,
  cache: SegmentedCache,
  tensors: readonly CachedTensor[],
  outputs: readonly Value[],
  ids: Value,
  replaceable = true,
): Segmented {
  // Nodes that importing left behind would count as readers.
  sortNodes(b.model.graph, [...outputs, ...tensors.map((t) => t.present)]);
  const search = new Search(b, cache);
  const extended: Value[] = [];
  const axes: TokensAxis[] = [];
  const pairs = tensors.flatMap((key, k) => {
    if (!replaceable || key.kind !== 'key') return [];
    const v = tensors.findIndex((t) => t.kind === 'value' && t.layer === key.layer);
    return v < 0 ? [] : [{ k, v, found: search.attention(key, tensors[v]!) }];
  });
  const past = tensors.map((t) => search.extension(t.past)?.output);
  const seen = new Set(search.seen);
  for (const { k, v, found } of pairs) {
    if (!found) continue;
    const [keys, values] = [cache.segments(k, 3), cache.segments(v, 2)];
    keys.recent = b.concat([keys.recent, b.swap(found.newKey)], 3);
    values.recent = b.concat([values.recent, found.newValue], 2);
    [extended[k], axes[k]] = [keys.recent, 3];
    [extended[v], axes[v]] = [values.recent, 2];
    search.replace(found.mixed, new Attend(b, cache, found).over(keys, values));
  }
  tensors.forEach(({ past: before, present }, t) => {
    if (extended[t]) return;
    const news = search.extension(before)?.news ?? lastTokens(b, present, cache);
    [extended[t], axes[t]] = [b.concat([cache.segments(t, 2).recent, news], 2), 2];
  });
  for (const value of [...tensors.map((t) => t.past), ...past, ...seen, ids])
    if (value) search.spareShapes(value);
  sortNodes(b.model.graph, [...outputs, ...extended]);
  return { extended, axes };
}

/** The tokens of this step, out of all: [rows, heads, seq, width]. */
function lastTokens(b: GraphBuilder, present: Value, cache: SegmentedCache): Value {
  const [rows, heads, , width] = b.shape(present);
  const cut = b.node('Slice', [present, cache.past(), b.ints([2 ** 31]), b.ints([2])]);
  return b.assume(cut, [rows!, heads!, 'seq', width!]);
}

/** Finds attention in an imported graph. */
class Search {
  /** Values on the way from cached tensors to products. */
  readonly seen = new Set<Value>();
  private readonly readers = new Map<Value, Node[]>();

  constructor(
    private readonly b: GraphBuilder,
    private readonly cache: SegmentedCache,
  ) {
    for (const node of b.model.graph.nodes) {
      for (const input of new Set(node.inputs)) {
        const known = this.readers.get(input);
        if (known) known.push(node);
        else this.readers.set(input, [node]);
      }
    }
  }

  /** Where new tokens are put behind those before. */
  extension(past: Value): { output: Value; news: Value } | undefined {
    const node = this.reader(past);
    if (node?.op !== 'Concat' || node.inputs.length !== 2 || node.inputs[0] !== past) return undefined;
    const axis = node.attributes.axis;
    if (axis?.type !== 'int' || (axis.value !== 2 && axis.value !== -2)) return undefined;
    return { output: node.outputs[0]!, news: node.inputs[1]! };
  }

  attention(key: CachedTensor, value: CachedTensor): Attention | undefined {
    const [keys, values] = [this.extension(key.past), this.extension(value.past)];
    if (!keys || !values) return undefined;
    const toScores = this.product(keys.output, 'keys');
    const toMixed = this.product(values.output, 'values');
    if (!toScores || !toMixed) return undefined;
    const rest = this.scoring(toScores.node.outputs[0]!, toMixed.node);
    const queries = toScores.node.inputs[0]!;
    if (!rest || this.b.shape(queries).length !== 4) return undefined;
    const mixed = toMixed.node.outputs[0]!;
    return {
      newKey: keys.news,
      newValue: values.news,
      queries,
      ...rest,
      keyFactors: toScores.factors,
      valueFactors: toMixed.factors,
      mixed,
      queryHeads: rest.queryHeads,
    };
  }

  /** The product that keys or values go into, where each query head meets its own. */
  private product(from: Value, what: 'keys' | 'values'): { node: Node; factors: Value[] } | undefined {
    const way: Node[] = [];
    const factors: Value[] = [];
    let value = from;
    for (;;) {
      this.seen.add(value);
      const node = this.reader(value);
      if (!node) return undefined;
      if (VIEWS.has(node.op) && node.inputs[0] === value) way.push(node);
      else if (node.op === 'Mul' && this.factor(node, value)) factors.push(this.factor(node, value)!);
      else if (node.op === 'MatMul' && node.inputs[1] === value) {
        return leadsTo(this.b, from, way, what) ? { node, factors } : undefined;
      } else return undefined;
      value = node.outputs[0]!;
    }
  }

  /** What happens between the product with keys and that with values. */
  private scoring(scores: Value, end: Node): Pick<Attention, 'steps' | 'guarded' | 'queryHeads'> | undefined {
    const { b } = this;
    const steps: ScoreStep[] = [];
    let value = scores;
    let softmax = false;
    let guarded = false;
    let queryHeads = Number(b.shape(scores)[1]);
    for (;;) {
      const readers = this.readersOf(value);
      const guard = readers.length === 2 ? this.guard(value, readers) : undefined;
      if (guard && softmax) {
        guarded = true;
        value = guard;
        continue;
      }
      const [node, more] = readers;
      if (!node || more) return undefined;
      if (node === end)
        return softmax && node.inputs[0] === value ? { steps, guarded, queryHeads } : undefined;
      const out = node.outputs[0]!;
      if (node.op === 'Reshape' && node.inputs[0] === value) {
        // From query heads beside one another under a key's head to all of them, or back.
        if (b.shape(out).length !== 4 || b.shape(out)[3] !== b.shape(value)[3]) return undefined;
        queryHeads = Math.max(queryHeads, Number(b.shape(out)[1]));
      } else if (softmax) {
        if (node.op !== 'Identity') return undefined;
      } else if (node.op === 'Softmax') {
        const axis = node.attributes.axis;
        if (axis?.type === 'int' && axis.value !== -1 && axis.value !== 3) return undefined;
        softmax = true;
      } else if (node.op === 'Tanh') steps.push({ op: 'Tanh' });
      else if (node.op === 'Mul' || node.op === 'Div') {
        const by = this.factor(node, value);
        if (!by || (node.op === 'Div' && node.inputs[0] !== value)) return undefined;
        steps.push({ op: node.op, by });
      } else if (node.op === 'Add') {
        const by = node.inputs.find((v) => v !== value)!;
        if (!this.isMask(by)) return undefined;
        steps.push({ mask: by });
      } else if (node.op !== 'Identity') return undefined;
      value = out;
    }
  }

  /** Whether it adds to scores the same for all heads: [rows or 1, 1, seq or 1, total], or without the first two. */
  private isMask(value: Value): boolean {
    const shape = this.b.shape(value);
    const [rows, heads] = shape.length === 4 ? shape : [1, 1];
    if (shape.length !== 4 && shape.length !== 2) return false;
    return (rows === 1 || rows === 'rows') && heads === 1 && (shape.at(-2) === 'seq' || shape.at(-2) === 1);
  }

  /** The output of Where(IsNaN(x), 0, x), given the readers of x. */
  private guard(value: Value, readers: readonly Node[]): Value | undefined {
    const test = readers.find((n) => n.op === 'IsNaN');
    const pick = readers.find((n) => n.op === 'Where');
    if (!test || pick?.inputs[0] !== test.outputs[0] || pick?.inputs[2] !== value) return undefined;
    return this.constant(pick.inputs[1]!) ? pick.outputs[0] : undefined;
  }

  /** The other, constant input with one element of a product or quotient. */
  private factor(node: Node, value: Value): Value | undefined {
    const other = node.inputs.find((v) => v !== value);
    const constant = other === undefined ? undefined : this.constant(other);
    return constant && elementCount(constant.dims) === 1 ? other : undefined;
  }

  private constant = (value: Value): Constant | undefined => this.b.model.graph.initializers.get(value);

  /** Who reads the value's elements. */
  private readersOf = (value: Value): Node[] =>
    (this.readers.get(value) ?? []).filter((n) => n.op !== 'Shape');
  private reader(value: Value): Node | undefined {
    const readers = this.readersOf(value);
    return readers.length === 1 ? readers[0] : undefined;
  }

  replace(from: Value, to: Value): void {
    for (const node of this.readers.get(from) ?? [])
      node.inputs = node.inputs.map((v) => (v === from ? to : v));
  }

  /** Lets who asks for the value's sizes have them from elsewhere, so that it need not be computed for that. */
  spareShapes(value: Value): void {
    const { b, cache } = this;
    for (const node of this.readers.get(value) ?? []) {
      if (node.op !== 'Shape') continue;
      const sizes = b.shape(value).map((dim) => cache.size(dim));
      if (sizes.some((s) => s === undefined)) continue;
      const [start, end] = [node.attributes.start, node.attributes.end];
      const from = start?.type === 'int' ? start.value : 0;
      const to = end?.type === 'int' ? end.value : sizes.length;
      this.replace(node.outputs[0]!, b.concat(sizes.slice(from, to) as Value[], 0));
    }
  }
}

/** Writes one layer's attention over segments. */
class Attend {
  private readonly heads: number;
  private readonly width: number;
  /** Query heads that share a key's head. */
  private readonly group: number;

  constructor(
    private readonly b: GraphBuilder,
    private readonly cache: SegmentedCache,
    private readonly found: Attention,
  ) {
    this.heads = Number(b.shape(found.newKey)[1]);
    this.width = Number(b.shape(found.newValue)[3]);
    this.group = found.queryHeads / this.heads;
  }

  /** softmax(queries keys) values. Keys are turned. The shape is that of `found.mixed`. */
  over(
    keys: Record<'prefix' | 'prompt' | 'own' | 'recent', Value>,
    values: Record<'prefix' | 'prompt' | 'own' | 'recent', Value>,
  ): Value {
    const { b, cache, found, heads } = this;
    const keyWidth = Number(b.shape(found.queries)[3]);
    // Query heads that share a key's head stand beside one another: nothing is copied.
    const queries = b.reshape(product(b, found.queries, found.keyFactors), [0, heads, -1, keyWidth]);
    const grid = this.toGrid(queries, keyWidth);
    const own = b.concat([b.matmul(queries, keys.own), b.matmul(queries, keys.recent)], 3);
    const scores = b.concat(
      [b.matmul(grid, keys.prefix), b.matmul(grid, keys.prompt), this.toGrid(own, -1)],
      3,
    );
    const [onPrefix, onPrompt, onLater] = b.nodes(
      'Split',
      [this.shares(scores), cache.parts()],
      { axis: 3 },
      3,
    );
    const shared = b.add(b.matmul(onPrefix!, values.prefix), b.matmul(onPrompt!, values.prompt));
    const later = this.toRows(onLater!, cache.later());
    const [onOwn, onRecent] = b.nodes('Split', [later, cache.laterParts()], { axis: 3 }, 2);
    const alone = b.add(b.matmul(onOwn!, values.own), b.matmul(onRecent!, values.recent));
    const mixed = product(b, b.add(this.toRows(shared, b.ints([this.width])), alone), found.valueFactors);
    const shape = b.shape(found.mixed);
    return b.assume(b.reshape(mixed, [0, Number(shape[1]), -1, this.width]), shape);
  }

  /** [rows, heads, M, n] to [prompts, heads, each M, n]. */
  private toGrid(x: Value, n: number): Value {
    const { b, heads } = this;
    const placed = b.transpose(b.node('Gather', [x, this.cache.slots], { axis: 0 }), [0, 2, 1, 3, 4]);
    if (n > 0) return b.reshape(placed, [0, heads, -1, n]);
    const target = this.cache.once(`grid ${heads}`, () =>
      b.concat([b.ints([0, heads, -1]), this.cache.later()], 0),
    );
    return this.reshape(placed, target, ['prompts', heads, 'places', 'later']);
  }

  /** [prompts, heads, each M, n] to [rows, heads, M, n]. */
  private toRows(x: Value, n: Value): Value {
    const { b, cache, heads, group } = this;
    const apart = cache.once(`apart ${heads} ${n}`, () =>
      b.concat([b.ints([0, heads]), cache.each(), b.ints([-1]), n], 0),
    );
    const flat = cache.once(`flat ${heads} ${group} ${n}`, () =>
      b.concat([b.ints([-1, heads]), b.mul(cache.seq(), b.ints([group])), n], 0),
    );
    const size = b.shape(x)[3]!;
    const placed = this.reshape(x, apart, ['prompts', heads, 'each', 'M', size]);
    const turned = b.transpose(placed, [0, 2, 1, 3, 4]);
    const rows = this.reshape(turned, flat, ['all', heads, 'M', size]);
    return b.node('Gather', [rows, cache.slotOf], { axis: 0 });
  }

  /** What the graph makes of scores [prompts, heads, each M, total]: shares of the same shape. */
  private shares(scores: Value): Value {
    const { b, cache, found, heads, group } = this;
    const whole = ['prompts', heads, 'each', group, 'seq', 'total'];
    const apart = cache.once(`scores ${heads} ${group}`, () =>
      b.concat([b.ints([0, heads]), cache.each(), b.ints([group, -1]), cache.total()], 0),
    );
    let x = this.reshape(scores, apart, whole);
    for (const step of found.steps) {
      if ('mask' in step) x = b.assume(b.add(x, this.mask(step.mask)), whole);
      else if (step.op === 'Tanh') x = b.node('Tanh', [x]);
      else x = b.node(step.op, [x, step.by]);
    }
    let shares = b.node('Softmax', [x], { axis: -1 });
    if (found.guarded) shares = b.node('Where', [b.node('IsNaN', [shares]), b.scalar(0), shares]);
    const back = cache.once(`shares ${heads}`, () => b.concat([b.ints([0, heads, -1]), cache.total()], 0));
    return this.reshape(shares, back, ['prompts', heads, 'places', 'total']);
  }

  /** A mask [rows or 1, 1, seq or 1, total] for the grid: [prompts, 1, each, 1, seq or 1, total]. */
  private mask(mask: Value): Value {
    const { b, cache } = this;
    return cache.once(`mask ${mask}`, () => {
      const shape = b.shape(mask);
      const four = shape.length === 2 ? b.unsqueeze(mask, [0, 1]) : mask;
      const [rows, , seq, total] = b.shape(four);
      const everyRow = () => b.concat([cache.rows(), b.ints([1, 1, 1])], 0);
      const all =
        rows === 'rows' ? four : b.assume(b.node('Expand', [four, everyRow()]), ['rows', 1, seq!, total!]);
      const placed = b.transpose(b.node('Gather', [all, cache.slots], { axis: 0 }), [0, 2, 1, 3, 4]);
      return b.unsqueeze(placed, [3]);
    });
  }

  private reshape(x: Value, target: Value, shape: (number | string)[]): Value {
    return this.b.assume(this.b.node('Reshape', [x, target]), shape);
  }
}

const product = (b: GraphBuilder, x: Value, factors: readonly Value[]): Value =>
  factors.reduce((y, f) => b.mul(y, f), x);
