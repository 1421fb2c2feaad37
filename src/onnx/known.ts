/**
 * Partial evaluation of the small integer tensors that exporters compute shapes with: what each
 * operator gives where its inputs are known, be it as numbers or as sizes known only at run time.
 */
import {
  addDims,
  compareDims,
  divideDims,
  isNatural,
  multiplyDims,
  productDim,
  subtractDims,
} from './dims.ts';
import { type Attribute, type Constant, constantValues, type Dim, type ValueInfo } from './model.ts';

/** A scalar or vector of integers (booleans as 0 and 1). */
export interface KnownInts {
  /** [] for a scalar, [n] for a vector; deeper only by way of Unsqueeze. */
  dims: number[];
  values: Dim[];
}

export interface KnownContext {
  op: string;
  attributes: Record<string, Attribute>;
  inputs: (ValueInfo | undefined)[];
  known(i: number): KnownInts | undefined;
}

/** Longer tensors are data, not shapes. */
const MOST = 64;

type Rule = (c: KnownContext) => KnownInts | undefined;

const int = (c: KnownContext, name: string, or: number): number => {
  const a = c.attributes[name];
  return a?.type === 'int' ? a.value : or;
};

function binary(f: (a: Dim, b: Dim) => Dim | undefined): Rule {
  return (c) => {
    const a = c.known(0);
    const b = c.known(1);
    if (!a || !b) return undefined;
    const n = Math.max(a.values.length, b.values.length);
    if (![1, n].includes(a.values.length) || ![1, n].includes(b.values.length)) return undefined;
    const values: Dim[] = [];
    for (let i = 0; i < n; i++) {
      const v = f(a.values[a.values.length === 1 ? 0 : i]!, b.values[b.values.length === 1 ? 0 : i]!);
      if (v === undefined) return undefined;
      values.push(v);
    }
    const dims = a.dims.length >= b.dims.length ? a.dims : b.dims;
    return { dims: dims.length > 1 ? dims : n === 1 && dims.length === 0 ? [] : [n], values };
  };
}

const truth = (v: boolean | undefined): Dim | undefined => (v === undefined ? undefined : v ? 1 : 0);
const order = (f: (sign: number) => boolean): Rule =>
  binary((a, b) => {
    const sign = compareDims(a, b);
    return sign === undefined ? undefined : truth(f(sign));
  });
const unary =
  (f: (a: Dim) => Dim | undefined): Rule =>
  (c) => {
    const a = c.known(0);
    const values = a?.values.map(f);
    return a && values?.every((v) => v !== undefined) ? { dims: a.dims, values: values as Dim[] } : undefined;
  };
const same: Rule = (c) => c.known(0);
const vector = (values: Dim[]): KnownInts => ({ dims: [values.length], values });

const RULES: Record<string, Rule> = {
  Identity: same,
  Cast: (c) => {
    const a = c.known(0);
    const to = int(c, 'to', 0);
    if (!a) return undefined;
    if (to === 9) return unary((v) => truth(v !== 0))(c);
    return to === 6 || to === 7 ? a : undefined;
  },
  Shape: (c) => {
    const shape = c.inputs[0]?.shape;
    if (!shape) return undefined;
    const end = int(c, 'end', shape.length);
    return vector(shape.slice(int(c, 'start', 0), end));
  },
  Size: (c) => c.inputs[0] && { dims: [], values: [productDim(c.inputs[0].shape)] },
  Gather: (c) => {
    const x = c.known(0);
    const at = c.known(1);
    if (!x || !at || x.dims.length !== 1 || int(c, 'axis', 0) !== 0) return undefined;
    const values = at.values.map((i) =>
      typeof i === 'number' ? x.values[i < 0 ? i + x.values.length : i] : undefined,
    );
    return values.every((v) => v !== undefined) ? { dims: at.dims, values: values as Dim[] } : undefined;
  },
  Concat: (c) => {
    const parts = c.inputs.map((_, i) => c.known(i));
    if (parts.some((p) => p?.dims.length !== 1)) return undefined;
    return vector(parts.flatMap((p) => p!.values));
  },
  Unsqueeze: (c) => {
    const x = c.known(0);
    const axes = c.known(1);
    if (!x || !axes) return undefined;
    const rank = x.dims.length + axes.values.length;
    const at = axes.values.map((a) => (Number(a) < 0 ? Number(a) + rank : Number(a)));
    const rest = [...x.dims];
    return {
      dims: Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!)),
      values: x.values,
    };
  },
  Squeeze: (c) => {
    const x = c.known(0);
    if (!x) return undefined;
    const at = c.known(1)?.values.map((a) => (Number(a) < 0 ? Number(a) + x.dims.length : Number(a)));
    return { dims: x.dims.filter((d, i) => (at ? !at.includes(i) : d !== 1)), values: x.values };
  },
  Reshape: (c) => {
    const x = c.known(0);
    const target = c.known(1);
    if (!x || !target) return undefined;
    return target.values.length === 0 ? { dims: [], values: x.values } : vector(x.values);
  },
  Slice: (c) => {
    const x = c.known(0);
    const [start, end, axes, steps] = [1, 2, 3, 4].map((i) => c.known(i));
    if (x?.dims.length !== 1 || start?.values.length !== 1 || end?.values.length !== 1) return undefined;
    if (axes && axes.values[0] !== 0 && axes.values[0] !== -1) return undefined;
    const [from, to] = [start.values[0]!, end.values[0]!];
    if (typeof from !== 'number' || typeof to !== 'number' || (steps?.values[0] ?? 1) !== 1) return undefined;
    return vector(x.values.slice(from, to));
  },
  Split: () => undefined,
  Add: binary(addDims),
  Sub: binary(subtractDims),
  Mul: binary(multiplyDims),
  Div: binary((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.trunc(a / b);
    return divideDims(a, b);
  }),
  Mod: binary((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : ((a % b) + b) % b;
    return divideDims(a, b) === undefined ? undefined : 0;
  }),
  Neg: unary((a) => multiplyDims(a, -1)),
  Abs: unary((a) => (isNatural(a) ? a : typeof a === 'number' ? -a : undefined)),
  Not: unary((a) => truth(a === 0)),
  Min: binary((a, b) => {
    const sign = compareDims(a, b);
    return sign === undefined ? undefined : sign <= 0 ? a : b;
  }),
  Max: binary((a, b) => {
    if (isNatural(a) && b === 0) return a;
    if (isNatural(b) && a === 0) return b;
    const sign = compareDims(a, b);
    return sign === undefined ? undefined : sign >= 0 ? a : b;
  }),
  Equal: binary((a, b) => {
    const sign = compareDims(a, b);
    if (sign !== undefined) return truth(sign === 0);
    // A size that is not a number is not 1 or 0 either, as far as exporters' own branches go.
    return undefined;
  }),
  Less: order((sign) => sign < 0),
  LessOrEqual: order((sign) => sign <= 0),
  Greater: order((sign) => sign > 0),
  GreaterOrEqual: order((sign) => sign >= 0),
  And: binary((a, b) => (a === 0 || b === 0 ? 0 : 1)),
  Or: binary((a, b) => (a !== 0 || b !== 0 ? 1 : 0)),
  Where: (c) => {
    const [condition, x, y] = [0, 1, 2].map((i) => c.known(i));
    if (!condition || !x || !y) return undefined;
    const n = Math.max(condition.values.length, x.values.length, y.values.length);
    const at = (k: KnownInts, i: number) => k.values[k.values.length === 1 ? 0 : i]!;
    const values = Array.from({ length: n }, (_, i) => (at(condition, i) !== 0 ? at(x, i) : at(y, i)));
    if (values.some((v) => v === undefined)) return undefined;
    const scalar = [condition, x, y].every((k) => k.dims.length === 0);
    return { dims: scalar ? [] : [n], values };
  },
  ConstantOfShape: (c) => {
    const dims = c.known(0)?.values;
    if (!dims || dims.length > 1 || dims.some((d) => typeof d !== 'number')) return undefined;
    const n = Number(dims[0] ?? 1);
    const value = c.attributes.value;
    if (n > MOST || value?.type !== 'tensor' || !/^(int|bool)/.test(value.value.dtype)) return undefined;
    return { dims: dims as number[], values: new Array<Dim>(n).fill(constantValues(value.value)[0]!) };
  },
  Range: (c) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => c.known(i)?.values[0]);
    if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number') return undefined;
    const n = Math.max(0, Math.ceil((limit - start) / delta));
    return n > MOST ? undefined : vector(Array.from({ length: n }, (_, i) => start + i * delta));
  },
  ReduceProd: (c) => {
    const x = c.known(0);
    if (x?.dims.length !== 1) return undefined;
    return { dims: int(c, 'keepdims', 1) ? [1] : [], values: [productDim(x.values)] };
  },
};

/** The output's value where it can be told. */
export function knownResult(c: KnownContext): KnownInts | undefined {
  const result = RULES[c.op]?.(c);
  return result && result.values.length <= MOST ? result : undefined;
}

/** An integer constant small enough to be a shape. */
export function knownConstant(constant: Constant | undefined): KnownInts | undefined {
  if (!constant?.bytes || !/^(int64|int32|bool)$/.test(constant.dtype)) return undefined;
  const n = constant.dims.reduce((a, b) => a * b, 1);
  return n > MOST ? undefined : { dims: constant.dims, values: Array.from(constantValues(constant)) };
}
