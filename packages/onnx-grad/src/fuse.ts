/**
 * Rewrites what exporters of plain operators write out: RMS norms, rotations, keys and values repeated for the heads
 * that share them, factors of rotated queries, and guards against NaN. The numbers stay those of the graph but for rounding; the nodes are a third as many,
 * and so are those of the backward pass.
 */
import { axisFromStart, intAttribute } from './attributes.ts';
import type { GraphBuilder, Value } from './builder.ts';
import { scaledTable } from './ops/rotary.ts';
import { constantValues, type Constant, elementCount, type Node } from './model.ts';

/** Constants up to so many elements are compared by what they hold. */
const SMALL = 16;

class Rewriter {
  private readonly producer = new Map<Value, Node>();

  constructor(readonly b: GraphBuilder) {
    for (const node of this.nodes) for (const out of node.outputs) this.producer.set(out, node);
  }

  get nodes(): Node[] {
    return this.b.model.graph.nodes;
  }

  node(value: Value): Node | undefined {
    return this.producer.get(value);
  }

  /** The node that gives `value`, where it is an `op`. */
  made(value: Value | undefined, op: string): Node | undefined {
    const node = value ? this.node(value) : undefined;
    return node?.op === op ? node : undefined;
  }

  constant(value: Value | undefined): Constant | undefined {
    const constant = value ? this.b.model.graph.initializers.get(value) : undefined;
    return constant?.bytes && constant.dtype !== 'float16' ? constant : undefined;
  }

  /** The one element of a constant. */
  scalar(value: Value | undefined): number | undefined {
    const constant = this.constant(value);
    return constant && elementCount(constant.dims) === 1 ? constantValues(constant)[0] : undefined;
  }

  /** The two inputs of a node as (constant scalar, other), whichever comes first. */
  scaled(node: Node | undefined): { factor: number; value: Value } | undefined {
    if (!node) return undefined;
    const [x, y] = node.inputs as [Value, Value];
    const [left, right] = [this.scalar(x), this.scalar(y)];
    if (right !== undefined) return { factor: right, value: x };
    return left === undefined ? undefined : { factor: left, value: y };
  }

  /** Has `write` compute what the node's only output was, under its name. */
  replace(node: Node, write: (b: GraphBuilder) => Value): void {
    const count = this.nodes.length;
    const value = write(this.b);
    const added = this.nodes.splice(count);
    for (const each of added) {
      each.outputs = each.outputs.map((out) => (out === value ? node.outputs[0]! : out));
      for (const out of each.outputs) this.producer.set(out, each);
    }
    this.nodes.splice(this.nodes.indexOf(node), 1, ...added);
  }

  rename(from: Value, to: Value): void {
    for (const { inputs } of this.nodes) {
      inputs.forEach((input, i) => {
        if (input === from) inputs[i] = to;
      });
    }
  }
}

/** Nodes that compute the same from the same become one. */
function mergeEqual(r: Rewriter): void {
  const first = new Map<string, Node>();
  const names = new Map<Value, Value>();
  const contents = (value: Value) => {
    const constant = r.constant(value);
    if (!constant || elementCount(constant.dims) > SMALL) return value;
    return `${constant.dtype}[${constant.dims}]${Array.from(constantValues(constant))}`;
  };
  for (const node of r.nodes) {
    node.inputs.forEach((input, i) => {
      node.inputs[i] = names.get(input) ?? input;
    });
    const attributes = Object.entries(node.attributes);
    if (attributes.some(([, a]) => a.type === 'tensor' || a.type === 'graph')) continue;
    const key = JSON.stringify([node.op, node.inputs.map(contents), attributes, node.outputs.length]);
    const same = first.get(key);
    if (!same) first.set(key, node);
    else for (const [i, out] of node.outputs.entries()) names.set(out, same.outputs[i]!);
  }
}

const lastAxis = (r: Rewriter, x: Value, axis: number | undefined) =>
  axis !== undefined && axisFromStart(axis, r.b.shape(x).length) === r.b.shape(x).length - 1;

/** w x / sqrt(mean(x^2) + epsilon): `rmsNorm`. */
function fuseNorm(r: Rewriter, node: Node): void {
  const [p, q] = node.inputs as [Value, Value];
  for (const [w, normal] of [
    [p, q],
    [q, p],
  ] as const) {
    const weight = r.constant(w);
    const found = weight?.dims.length === 1 ? normalized(r, normal) : undefined;
    if (!found || r.b.shape(found.x).at(-1) !== weight!.dims[0]) continue;
    const { x, epsilon } = found;
    const attributes = { axis: -1, epsilon: { type: 'float', value: epsilon } as const, stash_type: 1 };
    r.replace(node, (b) => b.node('SimplifiedLayerNormalization', [x, w], attributes));
    return;
  }
}

/** x and epsilon of x / sqrt(mean(x^2) + epsilon). */
function normalized(r: Rewriter, value: Value): { x: Value; epsilon: number } | undefined {
  const divided = r.made(value, 'Div');
  const product = r.made(value, 'Mul');
  let x: Value | undefined;
  let root: Value | undefined;
  if (divided) [x, root] = divided.inputs;
  else if (product) {
    product.inputs.forEach((input, i) => {
      const inverse = r.made(input, 'Div');
      const from = inverse && r.scalar(inverse.inputs[0]) === 1 ? inverse.inputs[1] : undefined;
      root ??= from ?? r.made(input, 'Reciprocal')?.inputs[0];
      if (root !== undefined) x ??= product.inputs[1 - i];
    });
  }
  const sum = r.scaled(r.made(r.made(root, 'Sqrt')?.inputs[0], 'Add'));
  const mean = r.made(sum?.value, 'ReduceMean');
  if (!x || !sum || !mean || intAttribute(mean.attributes, 'keepdims', 1) !== 1) return undefined;
  const axes = mean.inputs[1] ? r.b.known(mean.inputs[1])?.values : undefined;
  if (axes?.length !== 1 || !lastAxis(r, x, Number(axes[0]))) return undefined;
  const power = r.made(mean.inputs[0], 'Pow');
  const square = r.made(mean.inputs[0], 'Mul');
  const squared =
    power && r.scalar(power.inputs[1]) === 2
      ? power.inputs[0]
      : square && square.inputs[0] === square.inputs[1]
        ? square.inputs[0]
        : undefined;
  return squared === x ? { x, epsilon: sum.factor } : undefined;
}

const ELEMENTWISE = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Neg',
  'Floor',
  'Greater',
  'Where',
  'Cast',
  'Cos',
  'Sin',
]);

/** Rotations by a token's own cosines and sines [rows, 1, T, D], as x cos + rotateHalf(x) sin. */
class Rotations {
  /** Whether both halves along the last axis are equal. */
  private readonly twice = new Map<Value, boolean>();
  private readonly tables = new Map<Value, Value>();
  private readonly rows = new Map<Value, Value>();

  constructor(private readonly r: Rewriter) {}

  fuse(node: Node): void {
    const { r } = this;
    const [left, right] = node.inputs.map((input) => r.made(input, 'Mul'));
    if (!left || !right) return;
    for (const [straight, turned] of [
      [left, right],
      [right, left],
    ] as const) {
      for (const i of [0, 1]) {
        const x = halvesOf(r, turned.inputs[i]);
        if (x === undefined || !straight.inputs.includes(x)) continue;
        const sin = turned.inputs[1 - i]!;
        const cos = straight.inputs[straight.inputs[0] === x ? 1 : 0]!;
        const shape = r.b.shape(cos);
        const same = r.b.shape(sin).join() === shape.join();
        if (!same || shape.length !== 4 || shape[1] !== 1 || !this.repeats(cos) || !this.repeats(sin))
          continue;
        r.replace(node, (b) =>
          b.node('RotaryEmbedding', [x, this.places(cos), this.table(cos), this.table(sin)], {
            interleaved: 0,
          }),
        );
        return;
      }
    }
  }

  private repeats(value: Value): boolean {
    const known = this.twice.get(value);
    if (known !== undefined) return known;
    this.twice.set(value, false);
    const { r } = this;
    const joined = r.made(value, 'Concat');
    let found = false;
    if (joined) {
      const axis = intAttribute(joined.attributes, 'axis', 0);
      found = joined.inputs.length === 2 && joined.inputs[0] === joined.inputs[1] && lastAxis(r, value, axis);
    } else {
      const raised = r.made(value, 'Unsqueeze');
      const axes = raised && r.b.known(raised.inputs[1]!)?.values;
      if (raised)
        found = axes?.length === 1 && !lastAxis(r, value, Number(axes[0])) && this.repeats(raised.inputs[0]!);
      else {
        const node = r.node(value);
        found =
          node !== undefined &&
          ELEMENTWISE.has(node.op) &&
          node.inputs.every((input) => r.scalar(input) !== undefined || this.repeats(input));
      }
    }
    this.twice.set(value, found);
    return found;
  }

  /** One half of [rows, 1, T, D], a row for each token of each row. */
  private table(value: Value): Value {
    return memo(this.tables, value, () => {
      const { b } = this.r;
      const half = Number(b.shape(value)[3]) / 2;
      return b.reshape(b.slice(value, 0, half, 3), [-1, half]);
    });
  }

  /** The row of each token in `table`, int64 [rows, T]. */
  private places(value: Value): Value {
    return memo(this.rows, value, () => {
      const { b } = this.r;
      const size = b.node('Gather', [b.node('Shape', [this.table(value)]), b.scalar(0, 'int64')], {
        axis: 0,
      });
      const all = b.node('Range', [b.scalar(0, 'int64'), size, b.scalar(1, 'int64')]);
      const [rows, , length] = b.shape(value);
      const target = b.slice(b.node('Shape', [value]), 0, 3, 0);
      const apart = b.assume(b.node('Reshape', [all, target]), [rows!, 1, length!]);
      return b.assume(b.node('Squeeze', [apart, b.ints([1])]), [rows!, length!]);
    });
  }
}

function memo(known: Map<Value, Value>, key: Value, make: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

/** x of concat(-x[half:], x[:half]) along the last axis. */
function halvesOf(r: Rewriter, value: Value | undefined): Value | undefined {
  const joined = r.made(value, 'Concat');
  if (joined?.inputs.length !== 2 || !lastAxis(r, value!, intAttribute(joined.attributes, 'axis', 0)))
    return undefined;
  const upper = r.made(r.made(joined.inputs[0], 'Neg')?.inputs[0], 'Slice');
  const lower = r.made(joined.inputs[1], 'Slice');
  const x = upper?.inputs[0];
  if (!upper || !lower || x === undefined || lower.inputs[0] !== x) return undefined;
  const width = Number(r.b.shape(x).at(-1));
  const cut = (node: Node) => {
    const [, start, end, axis, step] = node.inputs.map((input) => input && r.b.known(input)?.values);
    const whole = [start, end, axis].every((v) => v?.length === 1 && typeof v[0] === 'number');
    if (!whole || !lastAxis(r, x, Number(axis![0])) || Number(step?.[0] ?? 1) !== 1) return undefined;
    return [Number(start![0]), Math.min(width, Number(end![0]))];
  };
  const [from, to] = [cut(upper), cut(lower)];
  const half = width / 2;
  const fits = from?.[0] === half && from[1] === width && to?.[0] === 0 && to[1] === half;
  return fits && r.b.shape(x).length === 4 ? x : undefined;
}

/** What is guarded by where(isNaN(y), 0, y), for a softmax y that has no row without any key. */
function unguard(r: Rewriter, node: Node): void {
  const y = node.inputs[2]!;
  const asked = r.made(node.inputs[0], 'IsNaN')?.inputs[0];
  if (asked === y && r.made(y, 'Softmax')) r.rename(node.outputs[0]!, y);
}

/** x [rows, kv, T, D] of x repeated for each of the `heads` that share one. */
function repeated(r: Rewriter, value: Value | undefined): Value | undefined {
  const joined = r.made(value, 'Reshape');
  const wide = r.made(joined?.inputs[0], 'Expand');
  const apart = r.made(wide?.inputs[0], 'Unsqueeze');
  const axes = apart && r.b.known(apart.inputs[1]!)?.values;
  const x = apart?.inputs[0];
  if (!joined || !wide || x === undefined || axes?.length !== 1 || Number(axes[0]) !== 2) return undefined;
  const [from, over, to] = [r.b.shape(x), r.b.shape(wide.outputs[0]!), r.b.shape(value!)];
  if (from.length !== 4 || over.length !== 5 || to.length !== 4) return undefined;
  const [kv, group, heads] = [from[1], over[2], to[1]];
  const numbers = typeof kv === 'number' && typeof group === 'number' && kv * group === heads;
  return numbers && from[3] === to[3] && typeof to[3] === 'number' ? x : undefined;
}

/** Queries of the heads that share a key are stacked, so that no key and no value is repeated. */
function groupHeads(r: Rewriter, node: Node): void {
  const [left, right] = node.inputs as [Value, Value];
  const heads = r.b.shape(left)[1];
  if (r.b.shape(left).length !== 4 || typeof heads !== 'number') return;
  const values = repeated(r, right);
  if (values !== undefined) {
    const kv = Number(r.b.shape(values)[1]);
    r.replace(node, (b) => {
      const stacked = b.reshape(left, [0, kv, -1, 0]);
      return b.reshape(b.matmul(stacked, values), [0, heads, -1, 0]);
    });
    return;
  }
  // Keys: transposed and perhaps scaled, on either side of the transposition.
  let scale = 1;
  const unscaled = (value: Value): Value => {
    const found = r.scaled(r.made(value, 'Mul'));
    if (!found) return value;
    scale *= found.factor;
    return found.value;
  };
  const turned = r.made(unscaled(right), 'Transpose');
  const perm = turned?.attributes.perm;
  if (!turned || perm?.type !== 'ints' || perm.value.join() !== '0,1,3,2') return;
  const keys = repeated(r, unscaled(turned.inputs[0]!));
  if (keys === undefined) return;
  const queries = unscaled(left);
  const [, kv, , width] = r.b.shape(keys) as [unknown, number, unknown, number];
  r.replace(node, (b) => {
    const scaled = scale === 1 ? queries : b.mul(queries, b.scalar(scale));
    const stacked = b.reshape(scaled, [0, kv, -1, width]);
    return b.reshape(b.matmul(stacked, b.swap(keys)), [0, heads, -1, 0]);
  });
}

/** A rotation's output, scaled, is the rotation by scaled tables: a constant, or computed once for all layers. */
function scaleRotation(r: Rewriter, node: Node): void {
  const { b } = r;
  const found = r.scaled(node);
  const rotation = r.made(found?.value, 'RotaryEmbedding');
  if (!found || !rotation || intAttribute(rotation.attributes, 'rotary_embedding_dim', 0) !== 0) return;
  const readers = r.nodes.filter(({ inputs }) => inputs.includes(found.value));
  if (readers.length > 1 || b.info(found.value).dtype !== 'float32') return;
  const [x, positions, cos, sin] = rotation.inputs as [Value, Value, Value, Value];
  r.replace(node, () => {
    const tables = [cos, sin].map((table) => scaledTable(b, table, found.factor));
    return b.node('RotaryEmbedding', [x, positions, ...tables], rotation.attributes);
  });
}

/**
 * Rewrites the nodes of an imported graph so far. Every softmax must have a key that is not hidden: where rows are
 * padded on the left, none of a padded token's is.
 */
export function fuse(b: GraphBuilder): void {
  mergeEqual(new Rewriter(b));
  const r = new Rewriter(b);
  const rotations = new Rotations(r);
  for (const node of [...r.nodes]) {
    if (node.op === 'Mul') fuseNorm(r, node);
    else if (node.op === 'Add') rotations.fuse(node);
    else if (node.op === 'Where') unguard(r, node);
    else if (node.op === 'MatMul') groupHeads(r, node);
  }
  for (const node of [...r.nodes]) if (node.op === 'Mul') scaleRotation(r, node);
}
