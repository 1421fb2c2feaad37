/**
 * Takes a graph that somebody else exported into a builder, where every value has a type and a
 * shape and can be differentiated through. On the way half precision becomes float32, fused operators
 * become primitive ones, branches that are decided before a run are taken, and what is the same as
 * its input falls away.
 */
import { CodedError } from '../util/codedError.ts';
import { constantTarget, type GraphBuilder, type Value } from './builder.ts';
import { compareDims } from './dims.ts';
import { type AttentionSource, LoweringError, LOWERINGS } from './lowering.ts';
import {
  type Attribute,
  type Constant,
  constantValues,
  type Dim,
  DTYPES,
  elementCount,
  float32Constant,
  type Graph,
  type Node,
} from './model.ts';
import { neededNodes } from './prune.ts';
import { intAttribute, intsAttribute, ShapeError, SHAPES, sliceRange } from './shapes.ts';

/** The graph holds something that cannot be taken over; the message names it and says what would work. */
export class UnsupportedGraphError extends CodedError<'graph-unsupported'> {
  override name = 'UnsupportedGraphError';
  constructor(message: string, options?: ErrorOptions) {
    super('graph-unsupported', {}, message, options);
  }
}

/** A product with a weight that is a constant. */
export interface Linear {
  node: Node;
  /** Input, [..., in]. */
  x: Value;
  /** Name of the weight's tensor in the file. */
  weight: string;
  in: number;
  out: number;
}

export interface ImportOptions {
  attention: AttentionSource;
  /** Called for each linear projection; what it gives takes the place of the projection's output. */
  linear?: (linear: Linear, y: Value) => Value;
}

const NARROW = new Set(['float16', 'bfloat16']);
/** Half-precision tables from this many elements on stay as they are where only parts of them are read. */
const LARGE = 1 << 16;

const isTable = ({ dtype, dims }: Constant) => dtype === 'float16' && elementCount(dims) >= LARGE;

/** Widens what would stay in half precision, for a device that doesn't read it: another copy in memory. */
export function widenTables({ initializers }: Graph): void {
  for (const [name, constant] of initializers) {
    if (isTable(constant)) initializers.set(name, float32Constant(constant.dims, constantValues(constant)));
  }
}

/** Operators of dynamically quantized exports, where activations are rounded too. */
const DYNAMIC = new Set([
  'DynamicQuantizeLinear',
  'MatMulInteger',
  'ConvInteger',
  'DynamicQuantizeMatMul',
  'MatMulIntegerToFloat',
  'QLinearMatMul',
  'QAttention',
  'DynamicQuantizeLSTM',
]);
const EXPERTS = new Set(['MoE', 'QMoE', 'TopK']);
/** Operators of layers that keep another memory than keys and values. */
const RECURRENT = new Set(['Conv', 'Scan', 'Loop', 'LSTM', 'GRU', 'RNN']);

export class GraphImporter {
  /** What stands for each of the graph's values. */
  private readonly values: Map<string, Value>;
  /** Values that depend on constants only, with the largest constant that they come from. */
  private readonly constants: Map<Value, string>;
  /** Names of large half-precision tables that were not widened, by every name that they go under. */
  private readonly stored: Map<string, string>;

  constructor(
    readonly b: GraphBuilder,
    private readonly graph: Graph,
    private readonly options: ImportOptions,
    inherited?: GraphImporter,
    /** Of the graph around this one, where this one is a branch. */
    private readonly outer?: GraphImporter,
  ) {
    this.values = new Map(inherited?.values);
    this.constants = new Map(inherited?.constants);
    this.stored = new Map(inherited?.stored);
    for (const [name, constant] of graph.initializers) {
      if (isTable(constant)) this.stored.set(name, name);
    }
  }

  /** Lets `value` stand for the graph's value `name`. */
  bind(name: string, value: Value): void {
    this.values.set(name, value);
  }

  /** A copy that goes on from here and leaves this one as it is. */
  fork(): GraphImporter {
    return new GraphImporter(this.b, this.graph, this.options, this, this.outer);
  }

  /** Takes over what the value needs and was not taken over yet. */
  get(name: string): Value {
    const known = this.find(name);
    if (known !== undefined) return known;
    const missing = this.graph.nodes.filter(
      (n) => !n.outputs.some((o) => o && (this.values.has(o) || this.stored.has(o))),
    );
    for (const node of neededNodes(missing, [name])) this.take(node);
    const found = this.find(name);
    if (found === undefined) throw new UnsupportedGraphError(`the graph has no value named ${name}`);
    return found;
  }

  /** The tensor that a constant value comes from; undefined where the value depends on an input. */
  constantOrigin(value: Value): string | undefined {
    return this.constants.get(value);
  }

  private find(name: string): Value | undefined {
    if (name === '') return '';
    const value = this.values.get(name);
    if (value !== undefined) return value;
    const table = this.stored.get(name);
    if (table !== undefined && table !== name) return this.find(table);
    const constant = this.graph.initializers.get(name);
    if (constant) return this.keep(name, this.constant(`w:${name}`, constant), name);
    const around = this.outer?.find(name);
    const origin = around === undefined ? undefined : this.outer!.constants.get(around);
    if (around !== undefined && origin !== undefined) this.constants.set(around, origin);
    return around;
  }

  private initializer(name: string): Constant | undefined {
    return this.graph.initializers.get(name) ?? this.outer?.initializer(name);
  }

  private keep(name: string, value: Value, origin: string): Value {
    this.values.set(name, value);
    this.constants.set(value, origin);
    return value;
  }

  private constant(name: string, constant: Constant): Value {
    const { b } = this;
    if (b.has(name)) return name;
    if (!NARROW.has(constant.dtype)) return b.initializer(name, constant);
    return b.initializer(name, float32Constant(constant.dims, constantValues(constant)));
  }

  /** A large half-precision table as it is stored, for operators that read parts of it; undefined: it is none. */
  table(name: string): Value | undefined {
    const origin = this.stored.get(name);
    if (origin === undefined) return undefined;
    const value = `h:${origin}`;
    if (!this.b.has(value)) this.b.initializer(value, this.initializer(origin)!);
    this.constants.set(value, origin);
    return value;
  }

  private take(node: Node): void {
    const { b } = this;
    try {
      if (node.op === 'Constant') {
        this.takeConstant(node);
        return;
      }
      // A table is widened after the rows that are wanted were read.
      const table = node.op === 'Gather' ? this.table(node.inputs[0]!) : undefined;
      if (table !== undefined) {
        const rows = b.node('Gather', [table, this.find(node.inputs[1]!)!], node.attributes);
        this.values.set(node.outputs[0]!, b.cast(rows, 'float32'));
        return;
      }
      if ((node.op === 'Cast' || node.op === 'Identity') && this.stored.has(node.inputs[0]!)) {
        this.stored.set(node.outputs[0]!, this.stored.get(node.inputs[0]!)!);
        return;
      }
      const inputs = node.inputs.map((name) => {
        const value = this.find(name);
        if (value === undefined) {
          throw new UnsupportedGraphError(`node ${node.name} reads ${name}, which nothing gives`);
        }
        return value;
      });
      const outputs = this.results(node, inputs);
      const constant = this.originOf(node, inputs);
      node.outputs.forEach((name, i) => {
        const value = outputs[i];
        if (!name || value === undefined) return;
        this.values.set(name, value);
        if (constant !== undefined && !this.constants.has(value)) this.constants.set(value, constant);
      });
    } catch (error) {
      throw describe(error, node);
    }
  }

  private originOf(node: Node, inputs: readonly Value[]): string | undefined {
    const given = inputs.filter((v) => v !== '');
    if (node.op === 'Shape' || node.op === 'Size' || given.length === 0) return undefined;
    const origins = given.map((v) => this.constants.get(v));
    return origins.every((o) => o !== undefined) ? origins[0] : undefined;
  }

  private takeConstant(node: Node): void {
    const [name] = node.outputs as [string];
    const a = node.attributes;
    let constant: Constant | undefined;
    if (a.value?.type === 'tensor') constant = a.value.value;
    else if (a.value_float?.type === 'float') constant = float32Constant([], [a.value_float.value]);
    else if (a.value_floats?.type === 'floats') {
      constant = float32Constant([a.value_floats.value.length], a.value_floats.value);
    } else if (a.value_int?.type === 'int') {
      this.keep(name, this.b.scalar(a.value_int.value, 'int64'), name);
      return;
    } else if (a.value_ints?.type === 'ints') {
      this.keep(name, this.b.ints(a.value_ints.value), name);
      return;
    }
    if (!constant) throw new UnsupportedGraphError(`the constant ${node.name} holds text`);
    this.keep(name, this.constant(`c:${name}`, constant), name);
  }

  /** What stands for the node's outputs. */
  private results(node: Node, inputs: Value[]): (Value | undefined)[] {
    const { b } = this;
    if (node.op === 'If') return this.branch(node, inputs[0]!);
    const same = this.sameAsInput(node, inputs);
    if (same !== undefined) return [same];
    const contributed = node.domain === 'com.microsoft';
    if (node.op === 'Attention' && contributed) throw new ShapeError(node.op);
    const lowering = node.op === 'RotaryEmbedding' && contributed ? undefined : LOWERINGS[node.op];
    if (lowering) return lowering({ b, node, inputs, attention: this.options.attention });
    if (!SHAPES[node.op]) throw new ShapeError(node.op);
    const [y, ...more] = this.emit(node, inputs);
    const linear = this.linearOf(node, inputs);
    if (linear && this.options.linear) return [this.options.linear(linear, y!)];
    return [this.shorten(node, inputs, y!), ...more];
  }

  private emit(node: Node, inputs: Value[]): Value[] {
    const { b } = this;
    const attributes = widen(node.attributes);
    const given = [...inputs];
    const axes = intsAttribute(attributes, 'axes');
    // Older opsets state axes and sizes as attributes.
    const second = axes ?? (node.op === 'Split' ? intsAttribute(attributes, 'split') : undefined);
    if (second && /^(Squeeze|Unsqueeze|Split|Reduce\w+)$/.test(node.op)) {
      given[1] = b.ints(second);
      delete attributes.axes;
      delete attributes.split;
    }
    if (node.op === 'Split' && !given[1]) delete attributes.num_outputs;
    if (node.op === 'Split' && !given[1] && node.outputs.length > 1) attributes.num_outputs = count(node);
    if (node.op === 'Cast') attributes.to = { type: 'int', value: wideCode(attributes.to) };
    if (node.op === 'MatMulNBits') {
      // Products with activations as they are: rounding them to 8 bits has no gradient.
      attributes.accuracy_level = { type: 'int', value: 1 };
    }
    while (given.length && given.at(-1) === '') given.pop();
    return b.nodes(node.op, given, attributes, node.outputs.length);
  }

  /** The same value with a constant in place of computed sizes, where they can be told. */
  private shorten(node: Node, inputs: Value[], y: Value): Value {
    const { b } = this;
    const known = b.known(y);
    if (known?.values.every((v) => typeof v === 'number') && b.info(y).dtype === 'int64') {
      if (known.dims.length === 1) return b.ints(known.values);
      if (known.dims.length === 0) return b.scalar(known.values[0]!, 'int64');
    }
    if (node.op === 'Reshape' && b.known(inputs[1]!)) {
      const shape = b.shape(y);
      const from = b.shape(inputs[0]!);
      if (shape.join() === from.join()) return inputs[0]!;
      const target = constantTarget(from, shape);
      if (target) return b.assume(b.reshape(inputs[0]!, target), shape);
    }
    if (node.op === 'Expand' && b.known(inputs[1]!)) {
      const shape = b.shape(y);
      const from = b.shape(inputs[0]!);
      if (shape.join() === from.join()) return inputs[0]!;
      const at = (i: number): Dim | undefined => from[i - shape.length + from.length];
      const target = shape.map((d, i) => (typeof d === 'number' ? d : at(i) === d ? 1 : undefined));
      if (target.every((t) => t !== undefined)) {
        return b.assume(b.node('Expand', [inputs[0]!, b.ints(target)]), shape);
      }
    }
    return y;
  }

  /** The input that the node gives back unchanged. */
  private sameAsInput(node: Node, inputs: Value[]): Value | undefined {
    const { b } = this;
    const x = inputs[0]!;
    switch (node.op) {
      case 'Identity':
        return x;
      case 'Cast':
        return DTYPES[b.info(x).dtype].code === wideCode(node.attributes.to) ? x : undefined;
      case 'Concat': {
        const axis = intAttribute(node.attributes, 'axis', 0);
        const parts = inputs.filter((v) => b.shape(v).at(axis) !== 0);
        if (parts.length === inputs.length) return inputs.length === 1 ? x : undefined;
        return parts.length <= 1 ? (parts[0] ?? x) : b.concat(parts, axis);
      }
      case 'Slice': {
        const [, starts, ends, axes, steps] = inputs;
        const list = (v: Value | undefined) => (v ? b.known(v)?.values : undefined);
        const from = list(starts);
        const to = list(ends);
        if (!from || !to || (steps && !list(steps)?.every((s) => s === 1))) return undefined;
        const shape = b.shape(x);
        const at = axes ? list(axes) : from.map((_, i) => i);
        const whole = at?.every((axis, i) => {
          const size = shape.at(Number(axis))!;
          const range = sliceRange(size, from[i], to[i], 1);
          return range !== undefined && range.start === 0 && compareDims(range.size, size) === 0;
        });
        return whole ? x : undefined;
      }
      case 'Where': {
        const condition = b.known(x);
        const [first] = condition?.values ?? [];
        if (first === undefined || !condition!.values.every((v) => v === first)) return undefined;
        const [kept, other] = first !== 0 ? [inputs[1]!, inputs[2]!] : [inputs[2]!, inputs[1]!];
        return b.shape(kept).length >= Math.max(b.shape(other).length, b.shape(x).length) &&
          b.shape(other).every((d) => d === 1)
          ? kept
          : undefined;
      }
      case 'And': {
        // Exporters begin a mask with "all true".
        for (const [i, v] of inputs.entries()) {
          if (b.shape(v).length === 0 && b.known(v)?.values[0] === 1) return inputs[1 - i];
        }
        return undefined;
      }
      default:
        return undefined;
    }
  }

  private branch(node: Node, condition: Value): (Value | undefined)[] {
    const [value] = this.b.known(condition)?.values ?? [];
    if (value === undefined) {
      throw new UnsupportedGraphError(
        `the graph branches while it runs (If, node ${node.name}): choose an export without merged branches`,
      );
    }
    const branch = node.attributes[value !== 0 ? 'then_branch' : 'else_branch'];
    if (branch?.type !== 'graph') throw new UnsupportedGraphError(`node ${node.name} lacks a branch`);
    const inner = new GraphImporter(this.b, scoped(branch.value, node.name), this.options, this, this);
    const outputs = [...branch.value.outputs.keys()].map((name) => inner.get(name));
    for (const [v, origin] of inner.constants) this.constants.set(v, origin);
    return outputs;
  }

  private linearOf(node: Node, inputs: Value[]): Linear | undefined {
    if (node.op !== 'MatMul' && node.op !== 'Gemm' && node.op !== 'MatMulNBits') return undefined;
    const [x, w] = inputs as [Value, Value];
    const weight = this.constants.get(w);
    if (weight === undefined || this.constants.has(x)) return undefined;
    if (node.op === 'MatMulNBits') {
      const [k, n] = [intAttribute(node.attributes, 'K', 0), intAttribute(node.attributes, 'N', 0)];
      return { node, x, weight, in: k, out: n };
    }
    const shape = this.b.shape(w);
    const [k, n] = intAttribute(node.attributes, 'transB', 0) ? [shape[1], shape[0]] : [shape[0], shape[1]];
    if (shape.length !== 2 || typeof k !== 'number' || typeof n !== 'number') return undefined;
    if (intAttribute(node.attributes, 'transA', 0)) return undefined;
    return { node, x, weight, in: k, out: n };
  }
}

const count = (node: Node): Attribute => ({ type: 'int', value: node.outputs.length });

/** A cast to half precision is one to float32. */
function wideCode(to: Attribute | undefined): number {
  const code = to?.type === 'int' ? to.value : 1;
  return code === DTYPES.float16.code || code === DTYPES.bfloat16.code ? DTYPES.float32.code : code;
}

function widen(attributes: Record<string, Attribute>): Record<string, Attribute> {
  const out = { ...attributes };
  for (const [name, a] of Object.entries(out)) {
    if (a.type === 'tensor' && NARROW.has(a.value.dtype)) {
      out[name] = { type: 'tensor', value: float32Constant(a.value.dims, constantValues(a.value)) };
    }
  }
  return out;
}

/** A branch's own names may be those of another branch. */
function scoped(graph: Graph, prefix: string): Graph {
  const own = new Map<string, string>();
  for (const name of graph.initializers.keys()) own.set(name, `${prefix}/${name}`);
  const rename = (name: string) => own.get(name) ?? name;
  return {
    ...graph,
    nodes: graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(rename) })),
    initializers: new Map([...graph.initializers].map(([name, c]) => [rename(name), c])),
  };
}

/** Says what about the node cannot be taken over, and what would work. */
function describe(error: unknown, node: Node): Error {
  if (error instanceof LoweringError) {
    return new UnsupportedGraphError(
      `${error.message} is not supported: choose an export with plain operators`,
      { cause: error },
    );
  }
  if (!(error instanceof ShapeError)) return error as Error;
  const name = node.domain ? `${node.domain}.${node.op}` : node.op;
  if (DYNAMIC.has(node.op)) {
    return new UnsupportedGraphError(
      `this export rounds activations to 8 bits (${name}, node ${node.name}), which cannot be trained through: choose the dtype q4, q4f16, fp16 or fp32`,
    );
  }
  if (EXPERTS.has(node.op)) {
    return new UnsupportedGraphError(
      `this model routes tokens to experts (${name}, node ${node.name}), which is not supported: choose a dense model`,
    );
  }
  if (RECURRENT.has(node.op)) {
    return new UnsupportedGraphError(
      `this model has layers besides attention (${name}, node ${node.name}), which is not supported: choose a decoder of attention throughout`,
    );
  }
  return new UnsupportedGraphError(
    SHAPES[node.op]
      ? `operator ${name} (node ${node.name}) cannot be taken over: ${error.message}`
      : `operator ${name} (node ${node.name}) is not supported: choose an export with plain operators, such as optimum's`,
    { cause: error },
  );
}
