/**
 * Imports an exported graph into a builder, where every value has a type and a shape and can be
 * differentiated through. On the way half precision becomes float32, fused operators become primitive
 * ones, branches whose condition is a constant are resolved, and nodes that change nothing are left out.
 */
import { intAttribute } from './attributes.ts';
import { rows } from './blocks.ts';
import type { GraphBuilder, Value } from './builder.ts';
import {
  type Attribute,
  type Constant,
  constantValues,
  elementCount,
  float32Constant,
  type Graph,
  type Node,
} from './model.ts';
import { type AttentionSource, type ImportContext, type ImportRules, LoweringError } from './ops/operator.ts';
import { ShapeError } from './ops/shapeRules.ts';
import { findOperator, graphOperator, UnknownOperatorError } from './ops/table.ts';
import { neededNodes } from './prune.ts';
import { columnsOf, constantBytes, gatherFromBlocks, rowsInBlock } from './rowBlocks.ts';

/** The graph holds something that cannot be imported; the message names it and says what to choose instead. */
export class UnsupportedGraphError extends Error {
  override name = 'UnsupportedGraphError';
  /** For programs, as errors of `onnx-lora` have them. */
  readonly code = 'graph-unsupported';
  readonly data = {};
}

/** A product with a constant weight. */
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
  /** Bytes of the largest tensor that a device takes: tables above are read in blocks of rows. Absent: no bound. */
  largest?: number | undefined;
  /** Called for each linear projection; the value that it returns replaces the projection's output. */
  linear?: (linear: Linear, y: Value) => Value;
}

const NARROW = new Set(['float16', 'bfloat16']);
/** Half-precision tensors from this many elements on are tables: they stay in half precision, and rows that are read are widened. */
const LARGE = 1 << 16;

const isTable = ({ dtype, dims }: Constant) => dtype === 'float16' && elementCount(dims) >= LARGE;

/** Widens tables, for a device that has no half precision; this costs another copy in memory. */
export function widenTables({ initializers }: Graph): void {
  for (const [name, constant] of initializers) {
    if (isTable(constant)) initializers.set(name, float32Constant(constant.dims, constantValues(constant)));
  }
}

export class GraphImporter {
  /** The builder's value for each value of the graph. */
  private readonly values: Map<string, Value>;
  /** Values that depend on constants only, with the name of the first tensor that they come from. */
  private readonly constants: Map<Value, string>;
  /** Names of tables that were not widened, by each name that casts and copies give them. */
  private readonly stored: Map<string, string>;
  /** Nodes by what they give; made when it is first asked for. */
  private producers: ReadonlyMap<string, Node> | undefined;

  constructor(
    readonly b: GraphBuilder,
    private readonly graph: Graph,
    private readonly options: ImportOptions,
    inherited?: GraphImporter,
    /** The importer of the graph around this one, where this one is a branch. */
    private readonly outer?: GraphImporter,
  ) {
    this.values = new Map(inherited?.values);
    this.constants = new Map(inherited?.constants);
    this.stored = new Map(inherited?.stored);
    for (const [name, constant] of graph.initializers) {
      if (isTable(constant)) this.stored.set(name, name);
    }
  }

  /** Binds the graph's value `name` to `value` of the builder. */
  bind(name: string, value: Value): void {
    this.values.set(name, value);
  }

  /** A copy with the same values so far; what the copy binds and imports does not change this importer. */
  fork(): GraphImporter {
    return new GraphImporter(this.b, this.graph, this.options, this, this.outer);
  }

  /** The builder's value for `name`; imports the nodes that it needs and that were not imported yet. */
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

  /** A table as it is stored, for operators that read parts of it; undefined where `name` is no table. */
  table(name: string): Value | undefined {
    const origin = this.stored.get(name);
    if (origin === undefined) return undefined;
    const value = `h:${origin}`;
    if (!this.b.has(value)) this.b.initializer(value, this.initializer(origin)!);
    this.constants.set(value, origin);
    return value;
  }

  /** The constant matrix behind copies, casts and transpositions; undefined where `name` is none. */
  private matrix(name: string): { name: string; transposed: boolean } | undefined {
    this.producers ??= new Map(this.graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
    let transposed = false;
    let at = name;
    for (let from = this.producers.get(at); from; from = this.producers.get(at)) {
      if (from.op === 'Transpose') transposed = !transposed;
      else if (from.op !== 'Cast' && from.op !== 'Identity') return undefined;
      at = from.inputs[0]!;
    }
    return this.initializer(at)?.dims.length === 2 ? { name: at, transposed } : undefined;
  }

  /** Whether the constant `name` is a matrix of more bytes than one tensor may have, as it would be stored. */
  tooLarge(name: string): boolean {
    const constant = this.initializer(name);
    const { largest = Infinity } = this.options;
    if (constant?.dims.length !== 2) return false;
    const widened = NARROW.has(constant.dtype) && !isTable(constant);
    return (widened ? 4 * elementCount(constant.dims) : constantBytes(constant)) > largest;
  }

  /** Rows, or columns, `from` to `to` of a constant matrix, as a constant of their own; half precision stays so. */
  cut(name: string, from: number, to: number, axis: 0 | 1): Value {
    const value = `${name}[${axis === 0 ? '' : ':,'}${from}:${to}]`;
    const constant = this.initializer(name)!;
    if (!this.b.has(value)) {
      const part = axis === 0 ? rows(constant, from, to, constant.dims[0]!) : columnsOf(constant, from, to);
      const stays = constant.dtype !== 'bfloat16';
      this.b.initializer(value, stays ? part : float32Constant(part.dims, constantValues(part)));
    }
    this.constants.set(value, name);
    return value;
  }

  /** Rows of a matrix that is larger than a tensor may be. */
  private gatherLarge({ name, transposed }: { name: string; transposed: boolean }, indices: Value): Value {
    const { dims } = this.initializer(name)!;
    const [count, width] = (transposed ? [dims[1], dims[0]] : dims) as [number, number];
    const size = rowsInBlock(width, this.options.largest);
    const axis = transposed ? 1 : 0;
    return gatherFromBlocks(this.b, count, size, indices, (from, to) => this.cut(name, from, to, axis), axis);
  }

  private take(node: Node): void {
    const { b } = this;
    try {
      if (node.op === 'Constant') {
        this.takeConstant(node);
        return;
      }
      const gathers = node.op === 'Gather' && intAttribute(node.attributes, 'axis', 0) === 0;
      const matrix = gathers ? this.matrix(node.inputs[0]!) : undefined;
      if (matrix && this.tooLarge(matrix.name)) {
        this.values.set(node.outputs[0]!, this.gatherLarge(matrix, this.find(node.inputs[1]!)!));
        return;
      }
      // Only the rows that are read are widened.
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

  /** The values of the node's outputs. */
  private results(node: Node, inputs: Value[]): (Value | undefined)[] {
    const { b } = this;
    if (node.op === 'If') return this.branch(node, inputs[0]!);
    const operator = findOperator(node.op, node.domain);
    if (operator && 'refused' in operator) throw new UnsupportedGraphError(operator.refused(placeOf(node)));
    const rules: ImportRules | undefined = operator && 'import' in operator ? operator.import : undefined;
    const same = rules?.fold?.({ b, node, inputs });
    if (same !== undefined) return [same];
    if (operator?.lower) return operator.lower({ b, node, inputs, attention: this.options.attention });
    const [y, ...more] = this.write({ b, node, inputs }, rules);
    const linear = this.linearOf(node, inputs);
    if (linear && this.options.linear) return [this.options.linear(linear, y!)];
    return [this.knownInts(y!) ?? rules?.shorten?.({ b, node, inputs }, y!) ?? y, ...more];
  }

  private write({ b, node, inputs }: ImportContext, rules: ImportRules | undefined): Value[] {
    graphOperator(node.op);
    const attributes = widen(node.attributes);
    const given = [...inputs];
    rules?.update?.({ b, node, inputs: given, attributes });
    while (given.length && given.at(-1) === '') given.pop();
    return b.nodes(node.op, given, attributes, node.outputs.length);
  }

  /** A constant in place of computed integers, where all of them are known. */
  private knownInts(y: Value): Value | undefined {
    const { b } = this;
    const known = b.known(y);
    if (!known?.values.every((v) => typeof v === 'number') || b.info(y).dtype !== 'int64') return undefined;
    if (known.dims.length === 1) return b.ints(known.values);
    return known.dims.length === 0 ? b.scalar(known.values[0]!, 'int64') : undefined;
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

/** Constants among the attributes in single precision. */
function widen(attributes: Record<string, Attribute>): Record<string, Attribute> {
  const out = { ...attributes };
  for (const [name, a] of Object.entries(out)) {
    if (a.type === 'tensor' && NARROW.has(a.value.dtype)) {
      out[name] = { type: 'tensor', value: float32Constant(a.value.dims, constantValues(a.value)) };
    }
  }
  return out;
}

/** Prefixes the names of a branch's constants: two branches may have the same names. */
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

/** The operator and its node, for messages. */
const placeOf = ({ op, domain, name }: Node): string => `${domain ? `${domain}.` : ''}${op}, node ${name}`;

/** An error that names the node, says what about it is not supported, and what would work. */
function describe(error: unknown, node: Node): Error {
  if (error instanceof LoweringError) {
    return new UnsupportedGraphError(
      `${error.message} is not supported: choose an export with plain operators`,
      { cause: error },
    );
  }
  const name = node.domain ? `${node.domain}.${node.op}` : node.op;
  if (error instanceof ShapeError) {
    return new UnsupportedGraphError(
      `operator ${name} (node ${node.name}) cannot be taken over: ${error.message}`,
      { cause: error },
    );
  }
  if (error instanceof UnknownOperatorError) {
    return new UnsupportedGraphError(
      `operator ${name} (node ${node.name}) is not supported: choose an export with plain operators, such as optimum's`,
      { cause: error },
    );
  }
  return error as Error;
}
