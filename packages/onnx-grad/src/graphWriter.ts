/**
 * Writes ONNX graphs node by node and keeps the type and shape of every value. It is given the rules of
 * operators: `GraphBuilder` is the writer with all operators of this package.
 */
import {
  type Attribute,
  type Constant,
  DTYPES,
  type Dim,
  type DType,
  emptyModel,
  float32Constant,
  int64Constant,
  type Model,
  type ValueInfo,
} from './model.ts';
import { type KnownInts, knownConstant, shortEnough } from './ops/knownRules.ts';
import type { NodeRules } from './ops/nodeRules.ts';

/** A value in the graph, by name. */
export type Value = string;

type AttributeInput = number | string | number[] | Attribute;

export class GraphWriter {
  readonly model: Model;
  private readonly infos = new Map<Value, ValueInfo>();
  private readonly knowns = new Map<Value, KnownInts>();
  private readonly scalars = new Map<string, Value>();
  private counter = 0;

  /** `rules` throws where an operator has none. */
  constructor(
    name: string,
    private readonly rules: (op: string) => NodeRules,
  ) {
    this.model = emptyModel(name);
    this.model.graph.values = this.infos;
  }

  info(value: Value): ValueInfo {
    const found = this.infos.get(value);
    if (!found) throw new Error(`the graph has no value named ${value}`);
    return found;
  }
  has(value: Value): boolean {
    return this.infos.has(value);
  }
  shape(value: Value): Dim[] {
    return this.info(value).shape;
  }

  /** The integers of a small tensor whose value is known before the graph runs. */
  known(value: Value): KnownInts | undefined {
    return this.knowns.get(value) ?? knownConstant(this.model.graph.initializers.get(value));
  }

  /** States a shape that the operator's rule cannot infer, such as that of a Reshape to `Shape(x)`. */
  assume(value: Value, shape: Dim[]): Value {
    this.infos.set(value, { ...this.info(value), shape });
    return value;
  }

  input(name: string, dtype: DType, shape: Dim[]): Value {
    const info = { dtype, shape };
    this.model.graph.inputs.set(name, info);
    this.infos.set(name, info);
    return name;
  }

  /** Declares `value` as an output of the graph under `name`. */
  output(name: string, value: Value): void {
    const info = this.info(value);
    this.model.graph.nodes.push({
      op: 'Identity',
      domain: '',
      name: `out:${name}`,
      inputs: [value],
      outputs: [name],
      attributes: {},
    });
    this.infos.set(name, info);
    this.model.graph.outputs.set(name, info);
  }

  initializer(name: string, constant: Constant): Value {
    this.model.graph.initializers.set(name, constant);
    this.infos.set(name, { dtype: constant.dtype, shape: constant.dims });
    return name;
  }

  /** A scalar constant of type float32, float64 or int64. */
  scalar(value: number, dtype: DType = 'float32'): Value {
    const key = `${dtype}:${value}`;
    const known = this.scalars.get(key);
    if (known) return known;
    const constant: Constant =
      dtype === 'float64'
        ? { dtype, dims: [], bytes: new Uint8Array(Float64Array.of(value).buffer) }
        : dtype === 'int64'
          ? int64Constant([], [value])
          : float32Constant([], [value]);
    const name = this.initializer(`const:${key}`, constant);
    this.scalars.set(key, name);
    return name;
  }

  ints(values: readonly number[]): Value {
    const key = `ints[${values.length}]:${values.join(',')}`;
    const known = this.scalars.get(key);
    if (known) return known;
    const name = this.initializer(`const:${key}`, int64Constant([values.length], values));
    this.scalars.set(key, name);
    return name;
  }

  /** Adds a node with several outputs. */
  nodes(op: string, inputs: Value[], attributes: Record<string, AttributeInput>, outputs: number): Value[] {
    const attrs: Record<string, Attribute> = {};
    for (const [name, a] of Object.entries(attributes)) {
      if (typeof a === 'number') attrs[name] = { type: 'int', value: a };
      else if (typeof a === 'string') attrs[name] = { type: 'string', value: a };
      else if (Array.isArray(a)) attrs[name] = { type: 'ints', value: a };
      else attrs[name] = a;
    }
    const id = ++this.counter;
    const names = Array.from({ length: outputs }, (_, i) => (i ? `${op}_${id}.${i}` : `${op}_${id}`));
    const { domain = '', shape, known } = this.rules(op);
    const context = {
      op,
      inputs: inputs.map((v) => (v === '' ? undefined : this.info(v))),
      attributes: attrs,
      known: (i: number) => (inputs[i] ? this.known(inputs[i]) : undefined),
    };
    const inferred = shape({ ...context, outputs });
    names.forEach((name, i) => {
      const info = inferred[i];
      if (info) this.infos.set(name, info);
    });
    const value = outputs === 1 && typeof known === 'function' ? shortEnough(known(context)) : undefined;
    if (value) this.knowns.set(names[0]!, value);
    this.model.graph.nodes.push({
      op,
      domain,
      name: `${op}_${id}`,
      inputs,
      outputs: names,
      attributes: attrs,
    });
    return names;
  }

  node(op: string, inputs: Value[], attributes: Record<string, AttributeInput> = {}): Value {
    return this.nodes(op, inputs, attributes, 1)[0]!;
  }

  add = (a: Value, b: Value): Value => this.node('Add', [a, b]);
  sub = (a: Value, b: Value): Value => this.node('Sub', [a, b]);
  mul = (a: Value, b: Value): Value => this.node('Mul', [a, b]);
  div = (a: Value, b: Value): Value => this.node('Div', [a, b]);
  neg = (a: Value): Value => this.node('Neg', [a]);
  exp = (a: Value): Value => this.node('Exp', [a]);
  matmul = (a: Value, b: Value): Value => this.node('MatMul', [a, b]);
  transpose = (x: Value, perm: number[]): Value => this.node('Transpose', [x], { perm });
  /** Swaps the last two axes. */
  swap(x: Value): Value {
    const rank = this.shape(x).length;
    const perm = Array.from({ length: rank }, (_, i) => i);
    perm[rank - 2] = rank - 1;
    perm[rank - 1] = rank - 2;
    return this.transpose(x, perm);
  }
  /** In `dims`, 0 keeps the size of that axis and one -1 is inferred. */
  reshape = (x: Value, dims: number[]): Value => this.node('Reshape', [x, this.ints(dims)]);
  unsqueeze = (x: Value, axes: number[]): Value => this.node('Unsqueeze', [x, this.ints(axes)]);
  concat = (values: Value[], axis: number): Value => this.node('Concat', values, { axis });
  sum = (x: Value, axes: number[], keepdims: boolean): Value =>
    this.node('ReduceSum', [x, this.ints(axes)], { keepdims: keepdims ? 1 : 0 });
  mean = (x: Value, axes: number[], keepdims: boolean): Value =>
    this.node('ReduceMean', [x, this.ints(axes)], { keepdims: keepdims ? 1 : 0 });
  cast = (x: Value, to: DType): Value => this.node('Cast', [x], { to: DTYPES[to].code });
  slice = (x: Value, start: number, end: number, axis: number): Value =>
    this.node('Slice', [x, this.ints([start]), this.ints([end]), this.ints([axis])]);

  /** `x` in the shape of `like`, which may be known only at run time. */
  reshapeLike(x: Value, like: Value): Value {
    const shape = this.shape(like);
    const constant = constantTarget(this.shape(x), shape);
    if (constant) return this.assume(this.reshape(x, constant), shape);
    const id = ++this.counter;
    const name = `Reshape_${id}`;
    const target = this.node('Shape', [like]);
    this.model.graph.nodes.push({
      op: 'Reshape',
      domain: '',
      name,
      inputs: [x, target],
      outputs: [name],
      attributes: {},
    });
    this.infos.set(name, { dtype: this.info(x).dtype, shape });
    return name;
  }

  /** Zeros in the shape and type of `like`. */
  zerosLike(like: Value): Value {
    const { dtype, shape } = this.info(like);
    const bytes = new Uint8Array(DTYPES[dtype].bytes);
    const out = this.node('ConstantOfShape', [this.node('Shape', [like])], {
      value: { type: 'tensor', value: { dtype, dims: [1], bytes } },
    });
    return this.assume(out, shape);
  }
}

/**
 * The target of a Reshape from `from` to `to` as constants: 0 where a size stays in its place, -1 for
 * one size that is known only at run time; undefined where several are.
 */
export function constantTarget(from: readonly Dim[], to: readonly Dim[]): number[] | undefined {
  const target = to.map((d, i) => (typeof d === 'number' ? d : from[i] === d ? 0 : -1));
  const open = target.filter((t) => t === -1).length;
  return open > 1 || to.includes(0) ? undefined : target;
}
