/** The gradient of every operator that has one against central differences, in float64. */
import { expect, test } from 'vitest';
import { differentiate, NoGradientError } from '../../../packages/onnx-grad/src/autodiff.ts';
import { GraphBuilder, type Value } from '../../../packages/onnx-grad/src/builder.ts';
import { type Dim, float32Constant } from '../../../packages/onnx-grad/src/model.ts';
import { OPERATORS } from '../../../packages/onnx-grad/src/ops/table.ts';
import type { HostTensor } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { EXPORTED_CASES, GATHER_PLACES } from './exportedCases.ts';
import { type Case, type Input, unaryCase, x } from './gradientCase.ts';
import { centralDifferences, compile, numbers, relativeError, size, uniform } from './float64.ts';

const positive: [number, number] = [0.5, 2];

/** Shapes that make a two-input operator broadcast in every way it can. */
const binaryCases = (op: string, range: [number, number] = [-2, 2]): Case[] =>
  (
    [
      ['equal shapes', x([2, 3]), x([2, 3])],
      ['a scalar on the left', x([]), x([2, 3])],
      ['a scalar on the right', x([2, 3]), x([])],
      ['a vector against a matrix', x([3]), x([2, 3])],
      ['fewer axes on the right', x([2, 2, 3]), x([2, 3])],
      ['ones in the middle', x([2, 1, 3]), x([1, 4, 1])],
      ['a leading one and fewer axes', x([1, 3]), x([2, 4, 3])],
      [
        'sizes known only at run time',
        x([2, 4, 3], { shape: ['rows', 'seq', 3] }),
        x([4, 1], { shape: ['seq', 1] }),
      ],
      ['a size of one at run time', x([1, 3], { shape: ['rows', 3] }), x([3])],
    ] as [string, Input, Input][]
  ).map(([name, l, r]) => ({
    name,
    inputs: { x: { ...l, range }, y: { ...r, range } },
    build: (b, v) => b.node(op, [v.x!, v.y!]),
  }));

const axisCases = (op: string): Case[] =>
  [-1, 0, 1, -2].map((axis) => ({
    name: `axis ${axis}`,
    inputs: { x: x([3, 2, 4], { shape: ['rows', 2, 4] }) },
    build: (b, v) => b.node(op, [v.x!], { axis }),
  }));

/** Softmax as attention has it, before a product, and products that are not quite that. */
const attentionCases: Case[] = (
  [
    ['shares of values', [2, 3, 4], [2, 4, 5], (b, y, v) => b.matmul(y, v)],
    ['the product broadcasts', [1, 3, 4], [2, 4, 5], (b, y, v) => b.matmul(y, v)],
    ['fewer axes than the values', [3, 4], [2, 4, 5], (b, y, v) => b.matmul(y, v)],
    ['shares on the right', [4, 5], [2, 3, 4], (b, y, v) => b.matmul(v, y)],
    ['shares of themselves', [4, 4], [4, 4], (b, y, v) => b.mul(b.matmul(y, y), v)],
    [
      'shares are read twice',
      [2, 3, 4],
      [2, 4, 5],
      (b, y, v) => {
        const sharpness = b.sum(b.mul(y, y), [2], true);
        return b.mul(b.matmul(y, v), sharpness);
      },
    ],
    ['along another axis', [2, 3, 4], [2, 4, 5], (b, y, v) => b.matmul(y, v), -2],
  ] as [string, number[], number[], (b: GraphBuilder, y: Value, v: Value) => Value, number?][]
).map(([name, shares, values, build, axis = -1]) => ({
  name: `attention, ${name}`,
  inputs: { x: x(shares), v: x(values) },
  build: (b, v) => build(b, b.node('Softmax', [v.x!], { axis }), v.v!),
}));

const reduceCases = (op: string): Case[] => [
  ...[0, 1].flatMap((keepdims) =>
    [[0], [1], [-1], [0, 2], [-1, -3], [0, 1, 2]].map((axes) => ({
      name: `axes ${axes}, keepdims ${keepdims}`,
      inputs: { x: x([2, 3, 2]) },
      build: (b: GraphBuilder, v: Record<string, Value>) => b.node(op, [v.x!, b.ints(axes)], { keepdims }),
    })),
  ),
  ...[0, 1].map((keepdims) => ({
    name: `sizes known only at run time, keepdims ${keepdims}`,
    inputs: { x: x([2, 3, 2], { shape: ['rows', 'seq', 2] }) },
    build: (b: GraphBuilder, v: Record<string, Value>) => b.node(op, [v.x!, b.ints([0, 1])], { keepdims }),
  })),
  {
    name: 'all axes by default',
    inputs: { x: x([2, 3]) },
    build: (b, v) => b.node(op, [v.x!], { keepdims: 0 }),
  },
];

const matmulCases: Case[] = (
  [
    ['two matrices', x([2, 3]), x([3, 4])],
    ['rows of a batch against one weight', x([2, 3, 4]), x([4, 2])],
    ['a dynamic batch against one weight', x([2, 3, 4], { shape: ['rows', 'seq', 4] }), x([4, 2])],
    [
      'an inner size known only at run time',
      x([2, 3, 4], { shape: ['rows', 3, 'inner'] }),
      x([4, 2], { shape: ['inner', 2] }),
    ],
    ['two batches', x([2, 2, 2, 3]), x([2, 2, 3, 2])],
    ['a batch of one on the left', x([1, 2, 3]), x([4, 3, 2])],
    ['a matrix on the left of a batch', x([2, 3]), x([4, 3, 2])],
    ['a batch of one inside', x([2, 3, 2, 2]), x([2, 1, 2, 3])],
  ] as [string, Input, Input][]
).map(([name, l, r]) => ({ name, inputs: { x: l, y: r }, build: (b, v) => b.matmul(v.x!, v.y!) }));

/** Rotary embedding of [rows, heads, seq, dim] at given positions, halves rotated against each other. */
function rotate(
  data: Float64Array,
  positions: number[],
  dims: [number, number, number, number],
  cos: Float64Array,
  sin: Float64Array,
): Float64Array {
  const [rows, heads, seq, dim] = dims;
  const half = dim / 2;
  const out = new Float64Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < seq; t++) {
        const at = ((r * heads + h) * seq + t) * dim;
        const p = positions[r * seq + t]! * half;
        for (let i = 0; i < half; i++) {
          const [a, c] = [data[at + i]!, data[at + half + i]!];
          out[at + i] = a * cos[p + i]! - c * sin[p + i]!;
          out[at + half + i] = c * cos[p + i]! + a * sin[p + i]!;
        }
      }
    }
  }
  return out;
}
const ANGLES = Float64Array.from({ length: 5 * 2 }, (_, i) => Math.floor(i / 2) * (i % 2 ? 0.1 : 1));
const POSITIONS = [0, 1, 4, 3, 2, 2];

const normCase = (name: string, dims: number[], shape: Dim[]): Case => ({
  name,
  inputs: { x: x(dims, { shape }), w: x([dims.at(-1)!], { range: positive }) },
  build: (b, v) =>
    b.node('SimplifiedLayerNormalization', [v.x!, v.w!], {
      axis: -1,
      epsilon: { type: 'float', value: 0.125 },
      stash_type: 1,
    }),
  reference: ({ x, w }) => {
    const n = w!.length;
    return x!.map((value, i) => {
      const row = x!.subarray(i - (i % n), i - (i % n) + n);
      return (w![i % n]! * value) / Math.sqrt(row.reduce((sum, a) => sum + a * a, 0) / n + 0.125);
    });
  },
});

const CASES: Record<string, Case[]> = {
  Add: binaryCases('Add'),
  Sub: binaryCases('Sub'),
  Mul: [
    ...binaryCases('Mul'),
    {
      name: 'a value and its own sigmoid',
      inputs: { x: x([2, 3], { shape: ['rows', 3] }) },
      build: (b, v) => b.mul(v.x!, b.node('Sigmoid', [v.x!])),
      // ONNX Runtime fuses this pair into an operator that it has in float32 only.
      reference: ({ x }) => x!.map((a) => a / (1 + Math.exp(-a))),
    },
    {
      name: 'a value and its own sigmoid, which has other uses too',
      inputs: { x: x([2, 3]) },
      build: (b, v) => {
        const gate = b.node('Sigmoid', [v.x!]);
        return b.add(b.mul(v.x!, gate), b.mul(b.exp(gate), gate));
      },
    },
    {
      name: 'a value and the sigmoid of another',
      inputs: { x: x([2, 3]), y: x([2, 3]) },
      build: (b, v) => b.mul(v.x!, b.node('Sigmoid', [v.y!])),
    },
  ],
  Div: binaryCases('Div', positive),
  Neg: unaryCase('Neg'),
  Exp: unaryCase('Exp'),
  Log: unaryCase('Log', positive),
  Sqrt: unaryCase('Sqrt', positive),
  Reciprocal: unaryCase('Reciprocal', positive),
  Sigmoid: unaryCase('Sigmoid'),
  Tanh: unaryCase('Tanh'),
  Identity: unaryCase('Identity'),
  Cast: [
    {
      name: 'float32 to float64 and back',
      inputs: { x: x([2, 3]) },
      // The differences go through float32 here, so the function around it is linear and the step exact.
      build: (b, v) => b.cast(b.cast(v.x!, 'float32'), 'float64'),
      reference: ({ x }) => x!,
    },
  ],
  Where: [
    {
      name: 'equal shapes',
      inputs: { x: x([2, 3]), y: x([2, 3]) },
      fixed: { c: { dims: [2, 3], dtype: 'bool', values: [1, 0, 0, 1, 1, 0] } },
      build: (b, v) => b.node('Where', [v.c!, v.x!, v.y!]),
    },
    {
      name: 'a condition wider than both branches',
      inputs: { x: x([3]), y: x([2, 1]) },
      fixed: { c: { dims: [2, 2, 3], dtype: 'bool', values: [1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1] } },
      build: (b, v) => b.node('Where', [v.c!, v.x!, v.y!]),
    },
    {
      name: 'scalars in the branches, sizes known only at run time',
      inputs: { x: x([]), y: x([2, 3], { shape: ['rows', 3] }) },
      fixed: { c: { dims: [2, 1], shape: ['rows', 1], dtype: 'bool', values: [0, 1] } },
      build: (b, v) => b.node('Where', [v.c!, v.x!, v.y!]),
    },
  ],
  Softmax: [...axisCases('Softmax'), ...attentionCases],
  LogSoftmax: axisCases('LogSoftmax'),
  MatMul: matmulCases,
  Transpose: [
    {
      name: 'reversed by default',
      inputs: { x: x([2, 3, 4]) },
      build: (b, v) => b.node('Transpose', [v.x!]),
    },
    {
      // Not its own inverse: a rule that applied the permutation twice would be caught.
      name: 'a rotation of the axes',
      inputs: { x: x([2, 3, 4], { shape: ['rows', 3, 4] }) },
      build: (b, v) => b.transpose(v.x!, [1, 2, 0]),
    },
    { name: 'four axes', inputs: { x: x([2, 1, 3, 2]) }, build: (b, v) => b.transpose(v.x!, [3, 0, 2, 1]) },
  ],
  Reshape: [
    { name: 'sizes written out', inputs: { x: x([2, 6]) }, build: (b, v) => b.reshape(v.x!, [3, 4]) },
    {
      name: 'a size kept and one left over',
      inputs: { x: x([2, 3, 4], { shape: ['rows', 3, 4] }) },
      build: (b, v) => b.reshape(v.x!, [0, -1, 2]),
    },
    {
      name: 'two sizes known only at run time',
      inputs: { x: x([2, 3, 4], { shape: ['rows', 'seq', 4] }) },
      build: (b, v) => b.reshape(v.x!, [-1, 2]),
    },
  ],
  Unsqueeze: [
    { name: 'two axes', inputs: { x: x([2, 3]) }, build: (b, v) => b.unsqueeze(v.x!, [0, 2]) },
    {
      name: 'a negative axis',
      inputs: { x: x([2, 3], { shape: ['rows', 'seq'] }) },
      build: (b, v) => b.unsqueeze(v.x!, [-1]),
    },
  ],
  Squeeze: [
    {
      name: 'a given axis',
      inputs: { x: x([2, 1, 3]) },
      build: (b, v) => b.node('Squeeze', [v.x!, b.ints([1])]),
    },
    {
      name: 'a negative axis',
      inputs: { x: x([2, 3, 1]) },
      build: (b, v) => b.node('Squeeze', [v.x!, b.ints([-1])]),
    },
    { name: 'all ones', inputs: { x: x([1, 3, 1]) }, build: (b, v) => b.node('Squeeze', [v.x!]) },
  ],
  Expand: [
    {
      name: 'a row to a matrix',
      inputs: { x: x([1, 3]) },
      build: (b, v) => b.node('Expand', [v.x!, b.ints([2, 3])]),
    },
    {
      name: 'new leading axes',
      inputs: { x: x([3, 1]) },
      build: (b, v) => b.node('Expand', [v.x!, b.ints([2, 3, 2])]),
    },
  ],
  ReduceSum: reduceCases('ReduceSum'),
  ReduceMean: reduceCases('ReduceMean'),
  ReduceSumSquare: reduceCases('ReduceSumSquare'),
  Concat: [
    {
      name: 'along the first axis',
      inputs: { x: x([1, 3]), y: x([2, 3]) },
      build: (b, v) => b.concat([v.x!, v.y!], 0),
    },
    {
      name: 'three along the last axis, counted from the end',
      inputs: { x: x([2, 1]), y: x([2, 2]), z: x([2, 3]) },
      build: (b, v) => b.concat([v.x!, v.y!, v.z!], -1),
    },
    { name: 'the same value twice', inputs: { x: x([2, 2]) }, build: (b, v) => b.concat([v.x!, v.x!], 1) },
    {
      name: 'sizes known only at run time',
      inputs: { x: x([2, 3], { shape: [2, 'a'] }), y: x([2, 1]), z: x([2, 2], { shape: [2, 'b'] }) },
      build: (b, v) => b.concat([v.x!, v.y!, v.z!], 1),
    },
  ],
  Split: [
    {
      name: 'given sizes, all parts used',
      inputs: { x: x([2, 5]) },
      build: (b, v) => {
        const [p, q] = b.nodes('Split', [v.x!, b.ints([2, 3])], { axis: 1 }, 2) as [Value, Value];
        return b.concat([b.mul(q, q), b.exp(p)], 1);
      },
    },
    {
      name: 'one part unused, a negative axis',
      inputs: { x: x([2, 6]) },
      build: (b, v) => {
        const [p, , r] = b.nodes('Split', [v.x!, b.ints([1, 3, 2])], { axis: -1 }, 3) as [
          Value,
          Value,
          Value,
        ];
        return b.mul(p, r);
      },
    },
  ],
  Gather: [
    {
      name: 'rows of a table, some of them repeated, one unused',
      inputs: { x: x([4, 3]) },
      fixed: { ids: { dims: [2, 3], dtype: 'int64', values: [0, 2, 2, 2, 0, 3] } },
      build: (b, v) => b.node('Gather', [v.x!, v.ids!], { axis: 0 }),
    },
    {
      name: 'ids of a size known only at run time, counted from the end',
      inputs: { x: x([4, 2, 2]) },
      fixed: { ids: { dims: [3], shape: ['n'], dtype: 'int64', values: [-1, 0, -1] } },
      build: (b, v) => b.node('Gather', [v.x!, v.ids!]),
    },
    {
      name: 'one id, a table of numbers',
      inputs: { x: x([4]) },
      fixed: { ids: { dims: [], dtype: 'int64', values: [2] } },
      build: (b, v) => b.node('Gather', [v.x!, v.ids!], { axis: 0 }),
    },
    ...GATHER_PLACES,
  ],
  GatherElements: [
    {
      name: 'the last axis, repeated',
      inputs: { x: x([2, 4], { shape: ['rows', 4] }) },
      fixed: { ids: { dims: [2, 3], shape: ['rows', 3], dtype: 'int64', values: [0, 3, 3, 1, 1, 1] } },
      build: (b, v) => b.node('GatherElements', [v.x!, v.ids!], { axis: -1 }),
    },
    {
      name: 'the first axis',
      inputs: { x: x([3, 2]) },
      fixed: { ids: { dims: [2, 2], dtype: 'int64', values: [0, 2, 0, 1] } },
      build: (b, v) => b.node('GatherElements', [v.x!, v.ids!], { axis: 0 }),
    },
  ],
  RotaryEmbedding: [
    {
      name: 'positions out of order',
      inputs: { x: x([2, 2, 3, 4], { shape: ['rows', 2, 'seq', 4] }) },
      fixed: { positions: { dims: [2, 3], shape: ['rows', 'seq'], dtype: 'int64', values: POSITIONS } },
      build: (b, v) => {
        const cos = b.initializer('cos', float32Constant([5, 2], Array.from(ANGLES, Math.cos)));
        const sin = b.initializer('sin', float32Constant([5, 2], Array.from(ANGLES, Math.sin)));
        return b.node('RotaryEmbedding', [v.x!, v.positions!, cos, sin], { interleaved: 0 });
      },
      reference: ({ x }) => rotate(x!, POSITIONS, [2, 2, 3, 4], ANGLES.map(Math.cos), ANGLES.map(Math.sin)),
    },
  ],
  SimplifiedLayerNormalization: [
    normCase('a matrix', [3, 4], [3, 4]),
    normCase('sizes known only at run time', [2, 3, 4], ['rows', 'seq', 4]),
  ],
  ...EXPORTED_CASES,
};

test('every operator in the table has a case here, and none is missing', () => {
  const differentiable = [...OPERATORS].filter(
    ([, operator]) => 'gradient' in operator && typeof operator.gradient === 'function',
  );
  expect(Object.keys(CASES).sort()).toEqual(differentiable.map(([op]) => op).sort());
});

for (const [op, cases] of Object.entries(CASES)) {
  test.each(cases)(`${op}: $name`, async (c) => {
    // A Cast takes its gradient through float32 even where its input is float64.
    const single = c.reference !== undefined && op !== 'Cast';
    const tolerance = single ? 1e-5 : op === 'Cast' ? 1e-7 : 1e-8;
    const dtype = single ? 'float32' : 'float64';
    const names = Object.keys(c.inputs);
    const values: Record<string, Float64Array> = {};
    names.forEach((name, i) => {
      const { dims, range = [-2, 2] } = c.inputs[name]!;
      values[name] = uniform(17 + i, size(dims), ...range);
      // Differences in float64 at exactly the point where the float32 graph is evaluated.
      if (single) values[name] = Float64Array.from(Float32Array.from(values[name]));
    });
    const tensor = (dims: readonly number[], data: Float64Array): HostTensor =>
      single ? { dtype, dims, data: Float32Array.from(data) } : { dtype, dims, data };
    const fixed: Record<string, HostTensor> = {};
    for (const [name, f] of Object.entries(c.fixed ?? {})) {
      const data = f.dtype === 'bool' ? Uint8Array.from(f.values) : BigInt64Array.from(f.values, BigInt);
      fixed[name] = { dtype: f.dtype, dims: f.dims, data };
    }
    const feeds = (at: Record<string, Float64Array>) => {
      const all = { ...fixed };
      for (const name of names) all[name] = tensor(c.inputs[name]!.dims, at[name]!);
      return all;
    };
    const declare = (b: GraphBuilder): Record<string, Value> => {
      const v: Record<string, Value> = {};
      for (const [name, i] of Object.entries(c.inputs)) v[name] = b.input(name, dtype, i.shape ?? i.dims);
      for (const [name, f] of Object.entries(c.fixed ?? {}))
        v[name] = b.input(name, f.dtype, f.shape ?? f.dims);
      return v;
    };

    const forward = new GraphBuilder('forward');
    forward.output('out', c.build(forward, declare(forward)));
    const evaluate = await compile(forward);
    const y = (await evaluate(feeds(values))).out!;
    const seed = uniform(99, size(y.dims), -1, 1);
    if (single) seed.set(Float32Array.from(seed));

    const backward = new GraphBuilder('backward');
    const v = declare(backward);
    const out = c.build(backward, v);
    expect(backward.shape(out).length).toBe(y.dims.length);
    backward.shape(out).forEach((dim, i) => {
      if (typeof dim === 'number') expect(dim).toBe(y.dims[i]);
    });
    const wrt = names.map((name) => v[name]!);
    differentiate(backward, out, backward.input('seed', dtype, backward.shape(out)), wrt).forEach((g, i) => {
      expect(backward.info(g)).toEqual(backward.info(wrt[i]!));
      backward.output(`d:${names[i]}`, g);
    });
    const gradients = await (await compile(backward))({ ...feeds(values), seed: tensor(y.dims, seed) });

    const loss = async (at: Record<string, Float64Array>) => {
      const at64 = c.reference ? c.reference(at) : numbers(await evaluate(feeds(at)), 'out');
      return at64.reduce((sum, a, i) => sum + a * seed[i]!, 0);
    };
    if (c.reference) expect(relativeError(numbers({ y }, 'y'), c.reference(values))).toBeLessThan(1e-6);
    for (const name of names) {
      const expected = await centralDifferences((at) => loss({ ...values, [name]: at }), values[name]!, 1e-5);
      const actual = gradients[`d:${name}`]!;
      expect(actual.dims, `shape of the gradient of ${name}`).toEqual(c.inputs[name]!.dims);
      const error = relativeError(numbers(gradients, `d:${name}`), expected);
      expect(error, `gradient of ${name}`).toBeLessThan(tolerance);
    }
  });
}

test('a value that is used several times gets the sum of what flows back', async () => {
  const b = new GraphBuilder('fan-out');
  const v = b.input('v', 'float64', [3]);
  const square = b.mul(v, v);
  const y = b.add(b.mul(square, v), b.add(square, v));
  const [g] = differentiate(b, y, b.input('seed', 'float64', [3]), [v]);
  b.output('g', g!);
  const at = [1, -2, 0.5];
  const out = await (await compile(b))({
    v: { dtype: 'float64', dims: [3], data: Float64Array.from(at) },
    seed: { dtype: 'float64', dims: [3], data: Float64Array.of(1, 1, 10) },
  });
  const expected = at.map((a, i) => (3 * a * a + 2 * a + 1) * [1, 1, 10][i]!);
  expect(relativeError(numbers(out, 'g'), expected)).toBeLessThan(1e-14);
});

test('inner values have gradients too, and a value without influence gets zeros', async () => {
  const b = new GraphBuilder('inner');
  const v = b.input('v', 'float64', ['n']);
  const other = b.input('other', 'float64', ['n', 2]);
  const inner = b.exp(v);
  const y = b.mul(inner, inner);
  const seed = b.input('seed', 'float64', ['n']);
  const [dInner, dV, dOther, dY] = differentiate(b, y, seed, [inner, v, other, y]);
  b.output('dInner', dInner!);
  b.output('dV', dV!);
  b.output('dOther', dOther!);
  b.output('dY', dY!);
  const vector = (...data: number[]) => ({
    dtype: 'float64' as const,
    dims: [2],
    data: Float64Array.from(data),
  });
  const out = await (await compile(b))({
    v: vector(0, 1),
    other: { dtype: 'float64', dims: [2, 2], data: Float64Array.of(1, 2, 3, 4) },
    seed: vector(1, 1),
  });
  expect(relativeError(numbers(out, 'dInner'), [2, 2 * Math.E])).toBeLessThan(1e-14);
  expect(relativeError(numbers(out, 'dV'), [2, 2 * Math.E ** 2])).toBeLessThan(1e-14);
  expect(out.dOther!.dims).toEqual([2, 2]);
  expect([...numbers(out, 'dOther')]).toEqual([0, 0, 0, 0]);
  expect([...numbers(out, 'dY')]).toEqual([1, 1]);
});

test('an operator without a rule is named, but only where a gradient has to pass it', () => {
  const b = new GraphBuilder('no rule');
  const v = b.input('v', 'float64', [3]);
  const w = b.input('w', 'float64', [3]);
  const seed = b.input('seed', 'float64', [3]);
  const y = b.mul(b.node('Ceil', [v]), w);
  expect(() => differentiate(b, y, seed, [v])).toThrow(NoGradientError);
  expect(() => differentiate(b, y, seed, [v])).toThrow(/Ceil/);
  expect(() => differentiate(b, y, seed, [w])).not.toThrow();
});
