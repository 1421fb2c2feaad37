/**
 * Element types and shapes of what each operator gives, in one table. Sizes known only at run time
 * are names; a product of names is written `batch*seq`, so that a flattened shape stays comparable.
 */
import { addDims, compareDims, divideDims, multiplyDims, productDim, subtractDims } from './dims.ts';
import type { KnownInts } from './known.ts';
import { type Attribute, type Dim, type DType, DTYPES, type ValueInfo } from './model.ts';

export interface ShapeContext {
  op: string;
  inputs: (ValueInfo | undefined)[];
  attributes: Record<string, Attribute>;
  /** The value of input i where it is a small integer tensor that can be told, sizes by name included. */
  known(i: number): KnownInts | undefined;
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

/** `whole / part`, or a fresh name where it can't be told. */
function quotientDim(whole: readonly Dim[], part: readonly Dim[]): Dim {
  // Factors that both have cancel even where they are sums.
  const rest = [...part];
  const left = whole.filter((d) => {
    const at = rest.indexOf(d);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return divideDims(productDim(left), productDim(rest)) ?? unknownDim();
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
/** Integers of input i, sizes by name among them. */
const ints = (c: ShapeContext, i: number): Dim[] | undefined => c.known(i)?.values;
/** Integers of input i, all of them numbers. */
const numbers = (c: ShapeContext, i: number): number[] | undefined => {
  const values = ints(c, i);
  return values?.every((v) => typeof v === 'number') ? (values as number[]) : undefined;
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
  const given = intsAttribute(c.attributes, 'axes') ?? (c.inputs[1] ? numbers(c, 1) : undefined);
  if (c.inputs[1] && !given) throw new ShapeError(`${c.op}: the axes are not a constant`);
  const none =
    (given === undefined || given.length === 0) &&
    intAttribute(c.attributes, 'noop_with_empty_axes', 0) === 1;
  const axes = none
    ? []
    : (given?.length ? given : shape.map((_, i) => i)).map((a) => axisOf(a, shape.length));
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
  Xor: compare,
  Mod: broadcast,
  BitwiseAnd: broadcast,
  BitwiseOr: broadcast,
  BitShift: broadcast,
  PRelu: broadcast,
  Not: same,
  Neg: same,
  Cos: same,
  Sin: same,
  Erf: same,
  Floor: same,
  Ceil: same,
  Round: same,
  Sign: same,
  Relu: same,
  LeakyRelu: same,
  Gelu: same,
  FastGelu: same,
  QuickGelu: same,
  Softplus: same,
  HardSigmoid: same,
  HardSwish: same,
  Trilu: same,
  CumSum: same,
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
    const dtype = (Object.keys(DTYPES) as DType[]).find((name) => DTYPES[name].code === code);
    if (!dtype) throw new ShapeError(`Cast: element type ${code} is not supported`);
    return [{ dtype, shape: input(c).shape }];
  },
  ReduceSum: reduce,
  ReduceMean: reduce,
  ReduceMax: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSumSquare: reduce,
  ReduceL2: reduce,
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
    const target = ints(c, 1);
    if (!target) {
      const rank = c.inputs[1]?.shape[0];
      if (typeof rank !== 'number') throw new ShapeError('Reshape: the target shape cannot be told');
      return [{ dtype: x.dtype, shape: Array.from({ length: rank }, unknownDim) }];
    }
    const keep = intAttribute(c.attributes, 'allowzero', 0) === 0;
    const shape: Dim[] = target.map((t, i) => (t === 0 && keep ? (x.shape[i] ?? 0) : t));
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
    const axes = numbers(c, 1) ?? intsAttribute(c.attributes, 'axes') ?? [];
    const rank = x.shape.length + axes.length;
    const at = axes.map((a) => axisOf(a, rank));
    const rest = [...x.shape];
    return [
      { dtype: x.dtype, shape: Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!)) },
    ];
  },
  Squeeze: (c) => {
    const x = input(c);
    const axes = numbers(c, 1) ?? intsAttribute(c.attributes, 'axes');
    const at = axes?.map((a) => axisOf(a, x.shape.length));
    return [{ dtype: x.dtype, shape: x.shape.filter((d, i) => (at ? !at.includes(i) : d !== 1)) }];
  },
  Concat: (c) => {
    const x = input(c);
    const axis = axisOf(intAttribute(c.attributes, 'axis', 0), x.shape.length);
    const along = c.inputs.map((i) => i!.shape[axis]!);
    const size = along.reduce<Dim>(addDims, 0);
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }];
  },
  Split: (c) => {
    const x = input(c);
    const axis = axisOf(intAttribute(c.attributes, 'axis', 0), x.shape.length);
    const sizes = c.inputs[1] ? ints(c, 1) : intsAttribute(c.attributes, 'split');
    const whole = x.shape[axis]!;
    return Array.from({ length: c.outputs }, (_, k) => ({
      dtype: x.dtype,
      shape: x.shape.map((d, i) =>
        i !== axis ? d : (sizes?.[k] ?? divideDims(whole, c.outputs) ?? unknownDim()),
      ),
    }));
  },
  Slice: (c) => {
    const x = input(c);
    const starts = ints(c, 1);
    const ends = ints(c, 2);
    const axes = c.inputs[3] ? numbers(c, 3) : starts?.map((_, i) => i);
    const steps = c.inputs[4] ? numbers(c, 4) : undefined;
    const shape = [...x.shape];
    if (!axes || (c.inputs[4] && !steps)) return [{ dtype: x.dtype, shape: shape.map(unknownDim) }];
    axes.forEach((a, i) => {
      const axis = axisOf(a, shape.length);
      const range = sliceRange(shape[axis]!, starts?.[i], ends?.[i], steps?.[i] ?? 1);
      shape[axis] = range?.size ?? unknownDim();
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
  Shape: (c) => {
    const { shape } = input(c);
    const part = shape.slice(
      intAttribute(c.attributes, 'start', 0),
      intAttribute(c.attributes, 'end', shape.length),
    );
    return [{ dtype: 'int64', shape: [part.length] }];
  },
  ConstantOfShape: (c) => {
    const value = c.attributes.value;
    const dims = ints(c, 0);
    const rank = input(c).shape[0];
    const shape = dims ?? Array.from({ length: typeof rank === 'number' ? rank : 0 }, unknownDim);
    return [{ dtype: value?.type === 'tensor' ? value.value.dtype : 'float32', shape }];
  },
  Range: (c) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => ints(c, i)?.[0]);
    const size =
      start !== undefined && limit !== undefined && delta === 1 ? subtractDims(limit, start) : unknownDim();
    return [{ dtype: input(c).dtype, shape: [size] }];
  },
  Expand: (c) => {
    const dims = ints(c, 1);
    const rank = c.inputs[1]?.shape[0];
    if (!dims && typeof rank !== 'number') throw new ShapeError('Expand: the target shape cannot be told');
    const target = dims ?? Array.from({ length: Number(rank) }, unknownDim);
    return [{ dtype: input(c).dtype, shape: broadcastDims(input(c).shape, target) }];
  },
  IsInf: (c) => [{ dtype: 'bool', shape: input(c).shape }],
  IsNaN: (c) => [{ dtype: 'bool', shape: input(c).shape }],
  Einsum: (c) => {
    const a = c.attributes.equation;
    const equation = a?.type === 'string' ? a.value.replaceAll(' ', '') : '';
    const [from, to] = equation.split('->');
    if (!from || to === undefined || equation.includes('.')) throw new ShapeError(`Einsum: ${equation}`);
    const sizes = new Map<string, Dim>();
    from.split(',').forEach((term, i) => {
      [...term].forEach((letter, k) => {
        sizes.set(letter, input(c, i).shape[k]!);
      });
    });
    return [{ dtype: input(c).dtype, shape: [...to].map((letter) => sizes.get(letter)!) }];
  },
  NonZero: (c) => [{ dtype: 'int64', shape: [input(c).shape.length, unknownDim()] }],
  Size: () => [{ dtype: 'int64', shape: [] }],
  Flatten: (c) => {
    const x = input(c);
    const axis = axisOf(intAttribute(c.attributes, 'axis', 1), x.shape.length);
    return [{ dtype: x.dtype, shape: [productDim(x.shape.slice(0, axis)), productDim(x.shape.slice(axis))] }];
  },
  Tile: (c) => {
    const x = input(c);
    const repeats = ints(c, 1);
    return [
      {
        dtype: x.dtype,
        shape: x.shape.map((d, i) => (repeats ? multiplyDims(d, repeats[i]!) : unknownDim())),
      },
    ];
  },
  Pad: (c) => {
    const x = input(c);
    const pads = ints(c, 1);
    const axes = c.inputs[3] ? numbers(c, 3) : undefined;
    const shape = x.shape.map((d, i) => {
      const at = axes ? axes.findIndex((a) => axisOf(a, x.shape.length) === i) : i;
      if (at < 0) return d;
      const half = axes?.length ?? x.shape.length;
      return pads ? addDims(d, addDims(pads[at]!, pads[half + at]!)) : unknownDim();
    });
    return [{ dtype: x.dtype, shape }];
  },
  GatherND: (c) => {
    const x = input(c);
    const at = input(c, 1).shape;
    const batch = intAttribute(c.attributes, 'batch_dims', 0);
    const depth = at.at(-1)!;
    if (typeof depth !== 'number') throw new ShapeError('GatherND: the depth of its indices cannot be told');
    return [{ dtype: x.dtype, shape: [...at.slice(0, -1), ...x.shape.slice(batch + depth)] }];
  },
  LayerNormalization: (c) => {
    const x = input(c);
    const axis = axisOf(intAttribute(c.attributes, 'axis', -1), x.shape.length);
    const rest: ValueInfo = { dtype: 'float32', shape: x.shape.map((d, i) => (i < axis ? d : 1)) };
    return [x, rest, rest].slice(0, c.outputs);
  },
  MatMulNBits: (c) => {
    const x = input(c);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), intAttribute(c.attributes, 'N', 0)] }];
  },
  DequantizeLinear: (c) => [{ dtype: input(c, 1).dtype, shape: input(c).shape }],
  /** Rows of a table in blocks of 4 or 8 bits, widened; two 4-bit values lie in one byte of a uint8 table. */
  GatherBlockQuantized: (c) => {
    const x = input(c);
    const bits = intAttribute(c.attributes, 'bits', 4);
    const row = x.shape.slice(1);
    const last = row.length - 1;
    if (x.dtype === 'uint8' && bits < 8) row[last] = multiplyDims(row[last]!, 8 / bits);
    return [{ dtype: input(c, 2).dtype, shape: [...input(c, 1).shape, ...row] }];
  },
};

/** Where a slice begins and how long it is; undefined where that can't be told. An end beyond the size is cut. */
export function sliceRange(
  size: Dim,
  start: Dim | undefined,
  end: Dim | undefined,
  step: number,
): { start: Dim; size: Dim } | undefined {
  if (start === undefined || end === undefined) return undefined;
  const place = (v: Dim): Dim => {
    const at = compareDims(v, 0) === -1 ? addDims(v, size) : v;
    if (typeof at === 'number' && typeof size !== 'number') return at > 2 ** 31 ? size : at;
    if (typeof at === 'number' && typeof size === 'number') return Math.min(Math.max(at, 0), size);
    return compareDims(at, size) === 1 ? size : at;
  };
  if (step < 0) {
    if (typeof size !== 'number' || typeof start !== 'number' || typeof end !== 'number') return undefined;
    const from = Math.min(start < 0 ? start + size : start, size - 1);
    const to = end < 0 ? Math.max(end + size, -1) : end;
    return { start: from, size: Math.max(0, Math.ceil((to - from) / step)) };
  }
  const from = place(start);
  const length = subtractDims(place(end), from);
  if (typeof length === 'number') return { start: from, size: Math.max(0, Math.ceil(length / step)) };
  return step === 1 ? { start: from, size: length } : undefined;
}
