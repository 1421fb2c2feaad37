/**
 * The table of operators as a whole: every record has what its kind needs, every operator that the code writes has
 * a record, and rules that no gradient test runs are compared with what ONNX Runtime computes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { differentiate, NoGradientError } from '../../../packages/onnx-grad/src/autodiff.ts';
import { GraphBuilder, type Value } from '../../../packages/onnx-grad/src/builder.ts';
import { GraphImporter, UnsupportedGraphError } from '../../../packages/onnx-grad/src/importer.ts';
import {
  type Constant,
  type DType,
  emptyModel,
  float32Constant,
  type Node,
} from '../../../packages/onnx-grad/src/model.ts';
import { FAMILIES, OPERATORS, UnknownOperatorError } from '../../../packages/onnx-grad/src/ops/table.ts';
import { writeModel } from '../../../packages/onnx-grad/src/proto.ts';
import { compile, numbers, relativeError, runtime, uniform } from './float64.ts';

const names = (kind: (operator: Record<string, unknown>) => boolean): string[] =>
  [...OPERATORS].filter(([, operator]) => kind(operator as never)).map(([name]) => name);

test('no operator has a record in two families', () => {
  const all = FAMILIES.flatMap((family) => Object.keys(family));
  expect(all.length).toBeGreaterThan(100);
  expect([...new Set(all)]).toEqual(all);
});

test('a record is of one kind, and what it leaves out has a reason', () => {
  for (const [name, operator] of OPERATORS) {
    const kinds = ['shape', 'refused'].filter((field) => field in operator);
    if (kinds.length === 0) expect(operator, name).toEqual({ lower: expect.any(Function) });
    else expect(kinds.length, name).toBe(1);
    if (!('shape' in operator)) continue;
    const { gradient, known } = operator;
    if (typeof gradient !== 'function') expect(gradient.noGradient, name).toMatch(/\w+ \w+/);
    if (typeof known !== 'function') expect(known.never, name).toMatch(/\w+ \w+/);
  }
});

/** Operators that the source names where it writes a node. Other syntax trees have an `op` too, in lower case. */
function written(folder: string): Set<string> {
  const found = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const source = readFileSync(join(folder, file), 'utf8');
    for (const [, op] of source.matchAll(/(?:\.nodes?\(\s*|\bop: )'([A-Z]\w+)'/g)) found.add(op!);
  }
  return found;
}

test.each(['packages/onnx-grad/src', 'packages/onnx-lora/src', 'src/embedded'])(
  'every operator that %s writes may stand in a graph',
  (folder) => {
    const ops = written(fileURLToPath(new URL(`../../../${folder}`, import.meta.url)));
    expect(ops.size).toBeGreaterThan(folder.endsWith('onnx-grad/src') ? 30 : 5);
    const held = new Set(names((o) => 'shape' in o));
    expect([...ops].filter((op) => !held.has(op))).toEqual([]);
  },
);

test('an operator without a record is named, with the place for one', () => {
  const b = new GraphBuilder('unknown');
  const x = b.input('x', 'float32', [2]);
  expect(() => b.node('SomethingNew', [x])).toThrow(UnknownOperatorError);
  expect(() => b.node('SomethingNew', [x])).toThrow(/SomethingNew has no record.*ops\//);
  expect(() => b.node('constructor', [x])).toThrow(UnknownOperatorError);
  expect(() => b.node('Gelu', [x])).toThrow(/Gelu is only imported/);
});

test('the reason for a missing gradient is told', () => {
  const b = new GraphBuilder('no rule');
  const x = b.input('x', 'float64', [3]);
  const y = b.node('Round', [x]);
  const seed = b.input('seed', 'float64', [3]);
  expect(() => differentiate(b, y, seed, [x])).toThrow(NoGradientError);
  expect(() => differentiate(b, y, seed, [x])).toThrow(/Round \(node Round_1\): a step/);
});

// ---------------------------------------------------------------------------------------------
// Shapes and known values, against what ONNX Runtime computes from constants

const ints = (b: GraphBuilder, ...values: number[]) => b.ints(values);
const scalar = (b: GraphBuilder, value: number) => b.scalar(value, 'int64');
const of = (b: GraphBuilder, dtype: DType, dims: number[], ...values: number[]): Value => {
  const bytes =
    dtype === 'float32' ? new Uint8Array(Float32Array.from(values).buffer) : Uint8Array.from(values);
  return b.initializer(`${dtype}:${dims}:${values}`, { dtype, dims, bytes });
};
const flags = (b: GraphBuilder, ...values: number[]) => of(b, 'bool', [values.length], ...values);
const matrix = (b: GraphBuilder) => of(b, 'float32', [2, 3], 1.5, -2.5, 0, 1, 2, 3);
const pair = (op: string) => (b: GraphBuilder) => b.node(op, [ints(b, 7, -7, 6), ints(b, 3, 3, 6)]);

/** Operators with known values, and those without a gradient: gradient tests check the shapes of the others. */
const VALUES: Record<string, (b: GraphBuilder) => Value> = {
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Min', 'Max'].map((op) => [op, pair(op)] as const),
  ),
  ...Object.fromEntries(
    ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((op) => [op, pair(op)] as const),
  ),
  ...Object.fromEntries(
    ['And', 'Or', 'Xor'].map((op) => [
      op,
      (b: GraphBuilder) => b.node(op, [flags(b, 0, 0, 1, 1), flags(b, 0, 1, 0, 1)]),
    ]),
  ),
  Not: (b) => b.node('Not', [flags(b, 0, 1)]),
  Neg: (b) => b.neg(ints(b, 2, -3)),
  Abs: (b) => b.node('Abs', [ints(b, 2, -3, 0)]),
  Identity: (b) => b.node('Identity', [ints(b, 2, 3)]),
  Cast: (b) => b.node('Cast', [ints(b, 0, 3, -1)], { to: 9 }),
  Where: (b) => b.node('Where', [flags(b, 0, 1, 1), ints(b, 1, 2, 3), scalar(b, 9)]),
  Reshape: (b) => b.reshape(ints(b, 4), [1]),
  Unsqueeze: (b) => b.unsqueeze(scalar(b, 4), [0]),
  Squeeze: (b) => b.node('Squeeze', [ints(b, 4), ints(b, -1)]),
  Concat: (b) => b.concat([ints(b, 1, 2), ints(b, 3)], 0),
  Slice: (b) => b.slice(ints(b, 1, 2, 3, 4), -3, -1, 0),
  Gather: (b) => b.node('Gather', [ints(b, 5, 6, 7), ints(b, -1, 0)]),
  Shape: (b) => b.node('Shape', [b.input('x', 'float32', [4, 2, 3])], { start: -2 }),
  Size: (b) => b.node('Size', [b.input('x', 'float32', [4, 2, 3])]),
  ConstantOfShape: (b) => {
    const value: Constant = { dtype: 'bool', dims: [1], bytes: Uint8Array.of(1) };
    return b.node('ConstantOfShape', [ints(b, 3)], { value: { type: 'tensor', value } });
  },
  Range: (b) => b.node('Range', [scalar(b, 7), scalar(b, 0), scalar(b, -2)]),
  ReduceProd: (b) => b.node('ReduceProd', [ints(b, 2, 3, 4)], { keepdims: 0 }),
  Sign: (b) => b.node('Sign', [matrix(b)]),
  Ceil: (b) => b.node('Ceil', [matrix(b)]),
  Round: (b) => b.node('Round', [matrix(b)]),
  IsInf: (b) => b.node('IsInf', [matrix(b)]),
  IsNaN: (b) => b.node('IsNaN', [matrix(b)]),
  BitwiseAnd: (b) => b.node('BitwiseAnd', [of(b, 'uint8', [2], 6, 5), of(b, 'uint8', [1], 3)]),
  BitwiseOr: (b) => b.node('BitwiseOr', [of(b, 'uint8', [2], 6, 5), of(b, 'uint8', [1], 3)]),
  BitShift: (b) =>
    b.node('BitShift', [of(b, 'uint8', [2], 6, 5), of(b, 'uint8', [1], 1)], { direction: 'LEFT' }),
  ScatterElements: (b) => {
    const at = b.reshape(ints(b, 2, 0), [2, 1]);
    return b.node('ScatterElements', [matrix(b), at, of(b, 'float32', [2, 1], 8, 9)], { axis: 1 });
  },
  NonZero: (b) => b.node('NonZero', [matrix(b)]),
  DequantizeLinear: (b) =>
    b.node('DequantizeLinear', [of(b, 'uint8', [2, 2], 1, 2, 3, 4), of(b, 'float32', [], 0.5)]),
  SkipSimplifiedLayerNormalization: (b) => {
    const inputs = [matrix(b), matrix(b), of(b, 'float32', [3], 1, 2, 3)];
    return b.node('SkipSimplifiedLayerNormalization', inputs);
  },
  GatherBlockQuantized: (b) => {
    const table = of(b, 'uint8', [2, 8], ...Array.from({ length: 16 }, (_, i) => 17 * i));
    const inputs = [table, ints(b, 1, 0, 1), of(b, 'float32', [2, 1], 0.5, 2)];
    return b.node('GatherBlockQuantized', inputs, {
      ...{ bits: 4, block_size: 16, gather_axis: 0, quantize_axis: 1 },
    });
  },
};

test('every operator with known values or without a gradient has a case', () => {
  const wanted = names(
    (o) => 'shape' in o && (typeof o.known === 'function' || typeof o.gradient !== 'function'),
  );
  expect(Object.keys(VALUES).sort()).toEqual(wanted.sort());
});

test.each(Object.keys(VALUES))('%s: type, shape and known values are those that are computed', async (op) => {
  const b = new GraphBuilder(op);
  const y = VALUES[op]!(b);
  const known = b.known(y);
  const info = b.info(y);
  const operator = OPERATORS.get(op)!;
  const hasKnown = 'known' in operator && typeof operator.known === 'function';
  expect(known !== undefined, 'a known value').toBe(hasKnown);
  b.output('y', y);
  const feeds = { dtype: 'float32' as const, dims: [4, 2, 3], data: new Float32Array(24) };
  const { y: computed } = await (await compile(b))(b.model.graph.inputs.has('x') ? { x: feeds } : {});
  expect(computed!.dtype).toBe(info.dtype);
  expect(computed!.dims.length).toBe(info.shape.length);
  info.shape.forEach((dim, i) => {
    if (typeof dim === 'number') expect(computed!.dims[i]).toBe(dim);
  });
  if (!known) return;
  expect(known.values).toEqual(Array.from(computed!.data as ArrayLike<number | bigint>, Number));
  expect(known.dims).toEqual(computed!.dims);
});

// ---------------------------------------------------------------------------------------------
// Lowered operators, against ONNX Runtime's own kernels for them

interface Exported {
  /** Shapes of the inputs; absent ones are empty. Values are uniform in [-2, 2). */
  inputs: (number[] | undefined)[];
  attributes?: Record<string, number | string>;
  domain?: string;
  /** Inputs that are integers: constants of the graph. */
  constants?: Record<number, Constant>;
  /** Outputs of the node, of which the first is compared. */
  outputs?: number;
  opset?: number;
}

const MS = 'com.microsoft';
const elementwise: Exported[] = [{ inputs: [[3, 5]] }];
const TOKENS = 3;
const int32 = (dims: number[], ...values: number[]): Constant => ({
  dtype: 'int32',
  dims,
  bytes: new Uint8Array(Int32Array.from(values).buffer),
});
const int64 = (dims: number[], ...values: number[]): Constant => ({
  dtype: 'int64',
  dims,
  bytes: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});
const NORMS: Record<string, Exported[]> = {
  RMSNormalization: [{ inputs: [[2, 3, 8], [8]], attributes: { epsilon: 0.125 }, opset: 23 }],
  LayerNormalization: [
    { inputs: [[2, 3, 8], [8], [8]], attributes: { epsilon: 0.125 } },
    { inputs: [[2, 3, 8], [8]] },
  ],
  SkipSimplifiedLayerNormalization: [
    { inputs: [[2, 3, 8], [2, 3, 8], [8]], attributes: { epsilon: 0.125 }, domain: MS },
    { inputs: [[2, 3, 8], [2, 3, 8], [8], [8]], attributes: { epsilon: 0.125 }, domain: MS },
  ],
  SkipLayerNormalization: [
    { inputs: [[2, 3, 8], [2, 3, 8], [8], [8], [8]], attributes: { epsilon: 0.125 }, domain: MS },
  ],
};

const EXPORTED: Record<string, Exported[]> = {
  Gelu: [
    { inputs: [[3, 5]], opset: 20 },
    { inputs: [[3, 5]], attributes: { approximate: 'tanh' }, opset: 20 },
  ],
  BiasGelu: [{ inputs: [[3, 5], [5]], domain: MS }],
  FastGelu: [
    { inputs: [[3, 5]], domain: MS },
    { inputs: [[3, 5], [5]], domain: MS },
  ],
  QuickGelu: [{ inputs: [[3, 5]], domain: MS }],
  Swish: [{ inputs: [[3, 5]], attributes: { alpha: 1.5 }, opset: 24 }],
  Mish: elementwise,
  LeakyRelu: [...elementwise, { inputs: [[3, 5]], attributes: { alpha: 0.25 } }],
  PRelu: [{ inputs: [[3, 5], [5]] }],
  HardSigmoid: [...elementwise, { inputs: [[3, 5]], attributes: { alpha: 0.5, beta: 0.25 } }],
  HardSwish: elementwise,
  Sin: elementwise,
  Cos: elementwise,
  Dropout: elementwise,
  CastLike: [{ inputs: [[3, 5], undefined], constants: { 1: int32([1], 1) } }],
  ReduceL2: [{ inputs: [[3, 5], undefined], constants: { 1: int64([1], 0) }, attributes: { keepdims: 0 } }],
  ...NORMS,
  FusedMatMul: [
    {
      inputs: [
        [2, 3, 4],
        [2, 4, 5],
      ],
      attributes: { alpha: 0.5 },
      domain: MS,
    },
    {
      inputs: [
        [4, 3],
        [5, 4],
      ],
      attributes: { transA: 1, transB: 1, alpha: 2 },
      domain: MS,
    },
  ],
  'ai.onnx.RotaryEmbedding': [
    {
      inputs: [
        [1, 2, TOKENS, 4],
        [1, TOKENS, 2],
        [1, TOKENS, 2],
      ],
      opset: 23,
    },
    {
      inputs: [[1, 2, TOKENS, 4], [5, 2], [5, 2], undefined],
      constants: { 3: int64([1, 3], 0, 4, 2) },
      opset: 23,
    },
  ],
  GroupQueryAttention: [0, 1.5].map((softcap) => ({
    inputs: [[1, TOKENS, 16], [1, TOKENS, 8], [1, TOKENS, 8], ...new Array<undefined>(4).fill(undefined)],
    constants: { 5: int32([1, 1], TOKENS - 1), 6: int32([], TOKENS) },
    attributes: { num_heads: 2, kv_num_heads: 1, ...(softcap && { softcap }) },
    domain: MS,
    outputs: 3,
  })),
  MultiHeadAttention: [
    {
      inputs: [
        [1, TOKENS, 8],
        [1, TOKENS, 8],
        [1, TOKENS, 8],
      ],
      attributes: { num_heads: 2, unidirectional: 1 },
      domain: MS,
    },
    {
      inputs: [[1, TOKENS, 8], [1, 4, 8], [1, 4, 8], [24], undefined, [1, 2, TOKENS, 4]],
      attributes: { num_heads: 2, scale: 0.25 },
      domain: MS,
    },
  ],
  Attention: [
    {
      inputs: [
        [1, TOKENS, 8],
        [1, TOKENS, 4],
        [1, TOKENS, 4],
      ],
      attributes: { q_num_heads: 2, kv_num_heads: 1, is_causal: 1 },
      opset: 23,
    },
    {
      inputs: [
        [1, 2, TOKENS, 4],
        [1, 2, 5, 4],
        [1, 2, 5, 3],
        [TOKENS, 5],
      ],
      opset: 23,
    },
  ],
};

test('every operator that an import rewrites has a case', () => {
  expect(Object.keys(EXPORTED).sort()).toEqual(names((o) => 'lower' in o).sort());
});

const INTEGERS = new Set(['keepdims', 'num_heads', 'kv_num_heads', 'q_num_heads', 'is_causal']);
const isInteger = (name: string) => INTEGERS.has(name) || /^trans|unidirectional/.test(name);

test.each(
  Object.entries(EXPORTED).flatMap(([name, cases]) =>
    cases.map((c, i) => [`${name} (${i})`, name, c] as const),
  ),
)('%s gives the numbers of the operator that it replaces', async (_title, name, c) => {
  const exported = emptyModel(name);
  exported.opsets[''] = c.opset ?? 18;
  exported.irVersion = 10;
  const { graph } = exported;
  const feeds: Record<string, { dtype: 'float32'; dims: number[]; data: Float32Array }> = {};
  const inputs = c.inputs.map((dims, i) => {
    const input = `in${i}`;
    const constant = c.constants?.[i];
    if (constant) graph.initializers.set(input, constant);
    else if (dims) {
      graph.inputs.set(input, { dtype: 'float32', shape: dims });
      const data = uniform(
        31 + i,
        dims.reduce((a, d) => a * d, 1),
        -2,
        2,
      );
      feeds[input] = { dtype: 'float32', dims, data: Float32Array.from(data) };
    } else return '';
    return input;
  });
  const attributes: Node['attributes'] = {};
  for (const [key, value] of Object.entries(c.attributes ?? {})) {
    attributes[key] =
      typeof value === 'string'
        ? { type: 'string', value }
        : { type: isInteger(key) ? 'int' : 'float', value };
  }
  const outputs = Array.from({ length: c.outputs ?? 1 }, (_, i) => (i ? `more${i}` : 'y'));
  const op = name.split('.').at(-1)!;
  graph.nodes = [{ op, domain: c.domain ?? '', name: `/${op}`, inputs, outputs, attributes }];
  const dtype = op === 'CastLike' ? 'int32' : 'float32';

  const b = new GraphBuilder('imported');
  const causal = Float32Array.from({ length: TOKENS ** 2 }, (_, i) =>
    i % TOKENS > Math.floor(i / TOKENS) ? -1e9 : 0,
  );
  const importer = new GraphImporter(b, graph, {
    attention: {
      positions: () => b.initializer('positions', int64([1, TOKENS], 0, 1, 2)),
      bias: () => b.initializer('causal', float32Constant([TOKENS, TOKENS], causal)),
    },
  });
  for (const [input, { dims }] of Object.entries(feeds))
    importer.bind(input, b.input(input, 'float32', dims));
  const y = importer.get('y');
  const shape = b.shape(y);
  b.output('y', y);
  graph.outputs.set('y', { dtype, shape });
  const expected = await (await runtime.create(writeModel(exported))).run(feeds);
  const found = await (await compile(b))(feeds);
  expect(found.y!.dims).toEqual(expected.y!.dims);
  expect(found.y!.dims).toEqual(shape);
  expect(relativeError(numbers(found, 'y'), numbers(expected, 'y'))).toBeLessThan(2e-6);
});

test('a refused operator is refused with what to choose instead', () => {
  for (const name of names((o) => 'refused' in o)) {
    const at = name.lastIndexOf('.');
    const { graph } = emptyModel('exported');
    const node = {
      domain: name.slice(0, Math.max(at, 0)),
      op: name.slice(at + 1),
      name: '/it',
      attributes: {},
    };
    graph.nodes = [{ ...node, inputs: ['x'], outputs: ['y'] }];
    const none = () => expect.fail('no attention here');
    const b = new GraphBuilder('refused');
    const importer = new GraphImporter(b, graph, { attention: { positions: none, bias: none } });
    importer.bind('x', b.input('x', 'float32', [2]));
    expect(() => importer.get('y'), name).toThrow(UnsupportedGraphError);
    expect(() => importer.get('y'), name).toThrow(new RegExp(`${node.op}, node /it.*choose`));
  }
});
