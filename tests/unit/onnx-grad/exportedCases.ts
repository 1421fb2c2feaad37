/** Operators that this project does not write itself, but that exported decoders hold. */
import type { GraphBuilder, Value } from '../../../packages/onnx-grad/src/builder.ts';
import { float32Constant } from '../../../packages/onnx-grad/src/model.ts';
import { type Case, unaryCase, x } from './gradientCase.ts';

const elementwise = (op: string, f: (v: number) => number): Case[] =>
  unaryCase(op).map((c) => ({ ...c, reference: ({ x }) => x!.map(f) }));

/** The error function by its series, which converges quickly for |v| <= 2. */
function erf(v: number): number {
  let term = v;
  let sum = v;
  for (let n = 1; n < 60; n++) {
    term *= (-v * v) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const scalar = (b: GraphBuilder, value: number): Value => b.scalar(value, 'float64');

const gemm = (name: string, a: number[], w: number[], c: number[] | undefined, attributes: object): Case => ({
  name,
  inputs: { x: x(a), y: x(w), ...(c && { z: x(c) }) },
  build: (b, v) => b.node('Gemm', [v.x!, v.y!, ...(c ? [v.z!] : [])], { ...attributes }),
});

const slice = (
  name: string,
  dims: number[],
  shape: (number | string)[],
  at: [number, number, number][],
): Case => ({
  name,
  inputs: { x: x(dims, { shape }) },
  build: (b, v) =>
    b.node('Slice', [
      v.x!,
      b.ints(at.map(([from]) => from)),
      b.ints(at.map(([, to]) => to)),
      b.ints(at.map(([, , axis]) => axis)),
    ]),
});

/** A weight of 3 rows and 34 columns in blocks of 16, the last of them not full; zero points odd in number. */
const BLOCKS = { K: 34, N: 3, block_size: 16 };
const SCALES = Float32Array.from({ length: 9 }, (_, i) => 0.1 + i / 20);
const draw = (n: number, top: number) =>
  Array.from({ length: n }, (_, i) => (i * 37 + 11 + (i >> 3)) % (top + 1));
/** Rows of `values`, each packed by itself from the low bits of a byte on. */
function packRows(values: number[], width: number, bits: number): Uint8Array {
  const stride = Math.ceil((width * bits) / 8);
  const out = new Uint8Array((values.length / width) * stride);
  values.forEach((v, i) => {
    const at = (i % width) * bits;
    out[Math.floor(i / width) * stride + (at >> 3)]! |= v << (at & 7);
  });
  return out;
}

interface Blocks {
  bits: number;
  zeros?: boolean;
  bias?: boolean;
  /** Which block each column belongs to, where that is not in order. */
  order?: number[];
}

function blockCase(name: string, { bits, zeros, bias, order }: Blocks): Case {
  const q = draw(3 * 48, 2 ** bits - 1);
  const z = zeros ? draw(9, 2 ** bits - 1) : new Array<number>(9).fill(2 ** (bits - 1));
  const shift = bias ? [0.5, -1, 2] : [0, 0, 0];
  const weight = (r: number, k: number) => {
    const block = order?.[k] ?? k >> 4;
    return (q[r * 48 + k]! - z[r * 3 + block]!) * SCALES[r * 3 + block]!;
  };
  return {
    name,
    inputs: { x: x([2, 34], { range: [-0.1, 0.1] }) },
    build: (b, v) => {
      const uint8 = (key: string, dims: number[], bytes: Uint8Array) =>
        b.initializer(key, { dtype: 'uint8', dims, bytes });
      const inputs = [
        v.x!,
        uint8('w', [3, 3, 2 * bits], packRows(q, 48, bits)),
        b.initializer('s', float32Constant([9], SCALES)),
        zeros ? uint8('z', [3 * Math.ceil((3 * bits) / 8)], packRows(z, 3, bits)) : '',
        order
          ? b.initializer('g', {
              dtype: 'int32',
              dims: [48],
              bytes: new Uint8Array(Int32Array.from({ length: 48 }, (_, i) => order[i] ?? 2).buffer),
            })
          : '',
        bias ? b.initializer('b', float32Constant([3], shift)) : '',
      ];
      while (inputs.at(-1) === '') inputs.pop();
      b.model.opsets[''] = 21;
      b.model.irVersion = 10;
      return b.node('MatMulNBits', inputs, { ...BLOCKS, bits });
    },
    reference: ({ x }) =>
      Float64Array.from({ length: 6 }, (_, i) => {
        let sum = shift[i % 3]!;
        for (let k = 0; k < 34; k++) sum += x![Math.floor(i / 3) * 34 + k]! * weight(i % 3, k);
        return sum;
      }),
  };
}

export const EXPORTED_CASES: Record<string, Case[]> = {
  Pow: [2, 3, 0.5].map((p) => ({
    name: `to the power of ${p}`,
    inputs: { x: x([2, 3], { range: [0.5, 2] as [number, number] }) },
    build: (b, v) => b.node('Pow', [v.x!, scalar(b, p)]),
  })),
  Abs: unaryCase('Abs'),
  Cos: elementwise('Cos', Math.cos),
  Sin: elementwise('Sin', Math.sin),
  Erf: elementwise('Erf', erf),
  Relu: unaryCase('Relu'),
  Softplus: elementwise('Softplus', (v) => Math.log1p(Math.exp(v))),
  Clip: [
    {
      name: 'bounds on both sides',
      inputs: { x: x([3, 4]) },
      build: (b, v) => b.node('Clip', [v.x!, scalar(b, -1), scalar(b, 1)]),
    },
  ],
  ...Object.fromEntries(
    ['Min', 'Max'].map((op): [string, Case[]] => [
      op,
      [
        {
          name: 'a row against a matrix',
          inputs: { x: x([3]), y: x([2, 3]) },
          build: (b, v) => b.node(op, [v.x!, v.y!]),
        },
      ],
    ]),
  ),
  Gemm: [
    gemm('with a bias', [2, 3], [3, 4], [4], {}),
    gemm('both transposed', [3, 2], [4, 3], undefined, { transA: 1, transB: 1 }),
    gemm('the weight transposed', [2, 3], [4, 3], [1, 4], { transB: 1 }),
    gemm('scaled', [3, 2], [3, 4], [2, 4], {
      transA: 1,
      alpha: { type: 'float', value: 0.5 },
      beta: { type: 'float', value: 2 },
    }),
  ],
  MatMulNBits: [
    blockCase('4 bits, zero points stored', { bits: 4, zeros: true }),
    blockCase('4 bits, zero points in the middle', { bits: 4 }),
    blockCase('2 bits, zero points stored', { bits: 2, zeros: true }),
    blockCase('8 bits, zero points stored', { bits: 8, zeros: true }),
    blockCase('a bias', { bits: 4, bias: true }),
    blockCase('columns of a block apart', { bits: 4, order: draw(34, 2) }),
  ],
  Flatten: [
    {
      name: 'after the first axis',
      inputs: { x: x([2, 3, 2], { shape: ['rows', 3, 2] }) },
      build: (b, v) => b.node('Flatten', [v.x!], { axis: 1 }),
    },
  ],
  Tile: [
    {
      name: 'two axes, one of a size known only at run time',
      inputs: { x: x([2, 1, 3], { shape: ['rows', 1, 3] }) },
      build: (b, v) => b.node('Tile', [v.x!, b.ints([1, 2, 3])]),
    },
  ],
  Slice: [
    slice('the second half of the last axis', [2, 6], ['rows', 6], [[3, 2 ** 40, 1]]),
    slice(
      'two axes, one counted from the end',
      [3, 4, 5],
      [3, 4, 5],
      [
        [1, 3, 0],
        [-4, -1, 2],
      ],
    ),
    ...[0, 1].map(
      (start): Case => ({
        name: `every second place from ${start} on`,
        inputs: { x: x([2, 5, 2], { shape: ['rows', 5, 2] }) },
        build: (b, v) =>
          b.node('Slice', [v.x!, b.ints([start]), b.ints([2 ** 40]), b.ints([1]), b.ints([2])]),
      }),
    ),
    slice('the first of a size known only at run time', [3, 2], ['rows', 2], [[0, 1, 0]]),
    {
      // GLM cuts its heads where the turned part ends, a size that its exporter computes with NonZero.
      name: 'bounds and steps known only at run time, one of them backwards',
      inputs: { x: x([3, 2, 7], { shape: ['rows', 2, 'width'] }) },
      fixed: {
        from: { dims: [2], dtype: 'int64', values: [1, -2] },
        to: { dims: [2], dtype: 'int64', values: [3, -8] },
        by: { dims: [2], dtype: 'int64', values: [1, -2] },
      },
      build: (b, v) => b.node('Slice', [v.x!, v.from!, v.to!, b.ints([0, 2]), v.by!]),
    },
    {
      name: 'every second place of a size known only at run time',
      inputs: { x: x([2, 5], { shape: [2, 'width'] }) },
      build: (b, v) => b.node('Slice', [v.x!, b.ints([1]), b.ints([2 ** 40]), b.ints([1]), b.ints([2])]),
    },
    {
      // MPT cuts its table of biases to the length of the keys.
      name: 'a constant, from a place on that depends on the size of a value',
      inputs: { x: x([3, 2], { shape: ['rows', 2] }) },
      build: (b, v) => {
        const bytes = new Uint8Array(Float64Array.from({ length: 10 }, (_, i) => i / 3).buffer);
        const table = b.initializer('table', { dtype: 'float64', dims: [5, 2], bytes });
        const rows = b.node('Gather', [b.node('Shape', [b.mul(v.x!, v.x!)]), b.ints([0])], { axis: 0 });
        const end = b.ints([5]);
        return b.mul(v.x!, b.node('Slice', [table, b.sub(end, rows), end, b.ints([0])]));
      },
    },
  ],
  GatherND: [
    {
      name: 'two places of each matrix, one of them twice',
      inputs: { x: x([2, 3, 2], { shape: ['rows', 3, 2] }) },
      fixed: { ids: { dims: [3, 2], dtype: 'int64', values: [0, 2, 1, 0, 0, 2] } },
      build: (b, v) => b.node('GatherND', [v.x!, v.ids!]),
    },
  ],
  ScatterND: [
    ...['none', 'add'].map(
      (reduction): Case => ({
        name: `rows in other places (${reduction})`,
        inputs: { x: x([3, 2], { shape: ['rows', 2] }), y: x([2, 2]) },
        fixed: { ids: { dims: [2, 1], dtype: 'int64', values: [2, 0] } },
        build: (b, v) => b.node('ScatterND', [v.x!, v.ids!, v.y!], { reduction }),
      }),
    ),
  ],
  Pad: [
    {
      name: 'before one axis and after another',
      inputs: { x: x([2, 3], { shape: ['rows', 3] }) },
      build: (b, v) => b.node('Pad', [v.x!, b.ints([0, 2, 1, 0])]),
    },
  ],
  Einsum: [
    {
      name: 'scores of heads',
      inputs: { x: x([2, 3, 2], { shape: ['rows', 3, 2] }), y: x([4, 2, 2]) },
      build: (b, v) => b.node('Einsum', [v.x!, v.y!], { equation: 'bqd, kdh -> bhqk' }),
    },
  ],
  CumSum: [
    ...[0, 1].map(
      (reverse): Case => ({
        name: reverse ? 'from the end, without each value itself' : 'along the last axis',
        inputs: { x: x([2, 4], { shape: ['rows', 4] }) },
        build: (b, v) => b.node('CumSum', [v.x!, b.scalar(-1, 'int64')], { reverse, exclusive: reverse }),
      }),
    ),
  ],
  ...Object.fromEntries(
    ['ReduceMax', 'ReduceMin'].map((op): [string, Case[]] => [
      op,
      [
        {
          name: 'of each row',
          inputs: { x: x([2, 4], { shape: ['rows', 4] }) },
          build: (b, v) => b.node(op, [v.x!, b.ints([-1])], { keepdims: 0 }),
        },
      ],
    ]),
  ),
  Floor: [
    {
      name: 'a step beside the value itself',
      inputs: { x: x([2, 3], { range: [0.1, 0.9] }) },
      build: (b, v) => b.mul(v.x!, b.add(b.node('Floor', [b.mul(v.x!, scalar(b, 1))]), scalar(b, 2))),
    },
  ],
  Trilu: [
    {
      name: 'the lower triangle',
      inputs: { x: x([2, 3, 3]) },
      build: (b, v) => b.node('Trilu', [v.x!], { upper: 0 }),
    },
  ],
};

/** One index along an axis, as a scalar and as a list of one. */
export const GATHER_PLACES: Case[] = [
  {
    name: 'one place along the middle axis',
    inputs: { x: x([2, 3, 2], { shape: ['rows', 3, 2] }) },
    build: (b, v) => b.node('Gather', [v.x!, b.scalar(1, 'int64')], { axis: 1 }),
  },
  {
    name: 'the last place, kept as an axis',
    inputs: { x: x([2, 3, 2], { shape: ['rows', 3, 2] }) },
    build: (b, v) => b.node('Gather', [v.x!, b.ints([-1])], { axis: 1 }),
  },
];
