/**
 * Element types and shapes of what each operator gives, in one table. Sizes known only at run time
 * are names; a product of names is written `batch*seq`, so that a flattened shape stays comparable.
 */
import { type Attribute, type Constant, constantValues, type Dim, type ValueInfo } from './model.ts';

export interface ShapeContext {
  op: string;
  inputs: (ValueInfo | undefined)[];
  attributes: Record<string, Attribute>;
  /** The value of input i where it is a constant. */
  constant(i: number): Constant | undefined;
  /** How many outputs the node has. */
  outputs: number;
}

/** The operator, or this use of it, is one that the table doesn't cover; says which. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

type ShapeRule = (c: ShapeContext) => ValueInfo[];

let fresh = 0;
/** A size that is known only at run time and equal to no other. */
export const unknownDim = (): string => `?${++fresh}`;

export const intAttribute = (a: Record<string, Attribute>, name: string, or: number): number => {
  const found = a[name];
  return found?.type === 'int' ? found.value : or;
};
export const intsAttribute = (a: Record<string, Attribute>, name: string): number[] | undefined => {
  const found = a[name];
  return found?.type === 'ints' ? found.value : undefined;
};

/** Splits a product into its number and its sorted names. */
function factors(dims: readonly Dim[]): { size: number; names: string[] } {
  let size = 1;
  const names: string[] = [];
  for (const dim of dims) {
    if (typeof dim === 'number') size *= dim;
    else {
      for (const part of dim.split('*')) {
        const n = Number(part);
        if (part !== '' && Number.isInteger(n)) size *= n;
        else names.push(part);
      }
    }
  }
  return { size, names: names.sort() };
}

export function productDim(dims: readonly Dim[]): Dim {
  const { size, names } = factors(dims);
  if (names.length === 0) return size;
  return (size === 1 ? names : [String(size), ...names]).join('*');
}

/** `whole / part`, or a fresh name where it can't be told. */
function quotientDim(whole: readonly Dim[], part: readonly Dim[]): Dim {
  const a = factors(whole);
  const b = factors(part);
  const names = [...a.names];
  for (const name of b.names) {
    const at = names.indexOf(name);
    if (at < 0) return unknownDim();
    names.splice(at, 1);
  }
  if (a.size % b.size !== 0) return unknownDim();
  return productDim([a.size / b.size, ...names]);
}

export function broadcastDims(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === 1) return y;
    if (y === 1 || x === y) return x;
    return typeof x === 'number' ? x : y;
  });
}

const input = (c: ShapeContext, i = 0): ValueInfo => {
  const found = c.inputs[i];
  if (!found) throw new ShapeError(`${c.op}: input ${i} is missing`);
  return found;
};
const constantInts = (c: ShapeContext, i: number): number[] | undefined => {
  const constant = c.constant(i);
  return constant && Array.from(constantValues(constant));
};
const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const same: ShapeRule = (c) => [input(c)];
const broadcast: ShapeRule = (c) => [
  {
    dtype: input(c).dtype,
    shape: c.inputs.map((i) => i?.shape ?? []).reduce<Dim[]>((a, b) => broadcastDims(a, b), []),
  },
];
const compare: ShapeRule = (c) => [{ dtype: 'bool', shape: broadcast(c)[0]!.shape }];
const reduce: ShapeRule = (c) => {
  const { dtype, shape } = input(c);
  const keep = intAttribute(c.attributes, 'keepdims', 1) === 1;
  const given = intsAttribute(c.attributes, 'axes') ?? (c.inputs[1] ? constantInts(c, 1) : undefined);
  if (c.inputs[1] && !given) throw new ShapeError(`${c.op}: the axes are not a constant`);
  const axes = (given ?? shape.map((_, i) => i)).map((a) => axisOf(a, shape.length));
  const out: Dim[] = [];
  shape.forEach((dim, i) => {
    if (!axes.includes(i)) out.push(dim);
    else if (keep) out.push(1);
  });
  return [{ dtype, shape: out }];
};

export const SHAPES: Record<string, ShapeRule> = {
  Add: broadcast,
  Sub: broadcast,
  Mul: broadcast,
  Div: broadcast,
  Pow: broadcast,
  Min: broadcast,
  Max: broadcast,
  And: compare,
  Or: compare,
  Equal: compare,
  Less: compare,
  LessOrEqual: compare,
  Greater: compare,
  GreaterOrEqual: compare,
  Not: same,
  Neg: same,
  Abs: same,
  Exp: same,
  Log: same,
  Sqrt: same,
  Reciprocal: same,
  Sigmoid: same,
  Tanh: same,
  Identity: same,
  Softmax: same,
  LogSoftmax: same,
  Clip: same,
  RotaryEmbedding: same,
  ScatterElements: same,
  ScatterND: same,
  SimplifiedLayerNormalization: (c) => {
    const x = input(c);
    const rest = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
    return [x, rest].slice(0, c.outputs);
  },
  Where: (c) => [
    {
      dtype: input(c, 1).dtype,
      shape: broadcastDims(broadcastDims(input(c).shape, input(c, 1).shape), input(c, 2).shape),
    },
  ],
  Cast: (c) => {
    const code = intAttribute(c.attributes, 'to', 1);
    const dtype = (
      { 1: 'float32', 6: 'int32', 7: 'int64', 9: 'bool', 10: 'float16', 11: 'float64' } as const
    )[code];
    if (!dtype) throw new ShapeError(`Cast: element type ${code} is not supported`);
    return [{ dtype, shape: input(c).shape }];
  },
  ReduceSum: reduce,
  ReduceMean: reduce,
  ReduceMax: reduce,
  MatMul: (c) => {
    const a = input(c);
    const b = input(c, 1);
    if (a.shape.length < 2 || b.shape.length < 2) throw new ShapeError('MatMul: vectors are not supported');
    const batch = broadcastDims(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ dtype: a.dtype, shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] }];
  },
  Gemm: (c) => {
    const a = input(c).shape;
    const b = input(c, 1).shape;
    const m = intAttribute(c.attributes, 'transA', 0) ? a[1]! : a[0]!;
    const n = intAttribute(c.attributes, 'transB', 0) ? b[0]! : b[1]!;
    return [{ dtype: input(c).dtype, shape: [m, n] }];
  },
  Transpose: (c) => {
    const x = input(c);
    const perm = intsAttribute(c.attributes, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
    return [{ dtype: x.dtype, shape: perm.map((p) => x.shape[p]!) }];
  },
  Reshape: (c) => {
    const x = input(c);
    const target = constantInts(c, 1);
    if (!target) throw new ShapeError('Reshape: the target shape is not a constant');
    const shape: Dim[] = target.map((t, i) => (t === 0 ? (x.shape[i] ?? 0) : t));
    const open = target.indexOf(-1);
    if (open >= 0) {
      shape[open] = quotientDim(
        x.shape,
        shape.filter((_, i) => i !== open),
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  Unsqueeze: (c) => {
    const x = input(c);
    const axes = constantInts(c, 1) ?? intsAttribute(c.attributes, 'axes') ?? [];
    const rank = x.shape.length + axes.length;
    const at = axes.map((a) => axisOf(a, rank));
    const rest = [...x.shape];
    return [
      { dtype: x.dtype, shape: Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!)) },
    ];
  },
  Squeeze: (c) => {
    const x = input(c);
    const axes = constantInts(c, 1) ?? intsAttribute(c.attributes, 'axes');
    const at = axes?.map((a) => axisOf(a, x.shape.length));
    return [{ dtype: x.dtype, shape: x.shape.filter((d, i) => (at ? !at.includes(i) : d !== 1)) }];
  },
  Concat: (c) => {
    const x = input(c);
    const axis = axisOf(intAttribute(c.attributes, 'axis', 0), x.shape.length);
    const along = c.inputs.map((i) => i!.shape[axis]!);
    const size = along.every((d) => typeof d === 'number')
      ? along.reduce((a, b) => a + b, 0)
      : along.join('+');
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }];
  },
  Split: (c) => {
    const x = input(c);
    const axis = axisOf(intAttribute(c.attributes, 'axis', 0), x.shape.length);
    const sizes = c.inputs[1] ? constantInts(c, 1) : undefined;
    const whole = x.shape[axis]!;
    return Array.from({ length: c.outputs }, (_, k) => ({
      dtype: x.dtype,
      shape: x.shape.map((d, i) =>
        i !== axis ? d : (sizes?.[k] ?? (typeof whole === 'number' ? whole / c.outputs : unknownDim())),
      ),
    }));
  },
  Slice: (c) => {
    const x = input(c);
    const starts = constantInts(c, 1);
    const ends = constantInts(c, 2);
    const axes = c.inputs[3] ? constantInts(c, 3) : starts?.map((_, i) => i);
    const steps = c.inputs[4] ? constantInts(c, 4) : undefined;
    const shape = [...x.shape];
    (axes ?? []).forEach((a, i) => {
      const axis = axisOf(a, shape.length);
      const size = shape[axis]!;
      const start = starts?.[i];
      const end = ends?.[i];
      const step = steps?.[i] ?? 1;
      if (typeof size !== 'number' || start === undefined || end === undefined || step !== 1)
        shape[axis] = unknownDim();
      else {
        const clamp = (v: number) => Math.min(Math.max(v < 0 ? v + size : v, 0), size);
        shape[axis] = Math.max(clamp(end) - clamp(start), 0);
      }
    });
    return [{ dtype: x.dtype, shape }];
  },
  Gather: (c) => {
    const x = input(c);
    const axis = axisOf(intAttribute(c.attributes, 'axis', 0), x.shape.length);
    return [
      {
        dtype: x.dtype,
        shape: [...x.shape.slice(0, axis), ...input(c, 1).shape, ...x.shape.slice(axis + 1)],
      },
    ];
  },
  GatherElements: (c) => [{ dtype: input(c).dtype, shape: input(c, 1).shape }],
  Shape: (c) => [{ dtype: 'int64', shape: [input(c).shape.length] }],
  ConstantOfShape: (c) => {
    const value = c.attributes.value;
    const dims = constantInts(c, 0);
    const rank = input(c).shape[0];
    const shape = dims ?? Array.from({ length: typeof rank === 'number' ? rank : 0 }, unknownDim);
    return [{ dtype: value?.type === 'tensor' ? value.value.dtype : 'float32', shape }];
  },
  Range: (c) => [{ dtype: input(c).dtype, shape: [unknownDim()] }],
  Expand: (c) => {
    const dims = constantInts(c, 1);
    if (!dims) throw new ShapeError('Expand: the target shape is not a constant');
    return [{ dtype: input(c).dtype, shape: broadcastDims(input(c).shape, dims) }];
  },
  IsInf: (c) => [{ dtype: 'bool', shape: input(c).shape }],
};
