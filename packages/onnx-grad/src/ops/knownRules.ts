/**
 * Values known before a graph runs: partial evaluation of the small integer tensors that exporters
 * compute shapes with. Elements are numbers, or sizes known only at run time, by name.
 */
import { compareDims } from '../dims.ts';
import { type Attribute, type Constant, constantValues, type Dim, type ValueInfo } from '../model.ts';

/** A scalar or vector of integers (booleans as 0 and 1). */
export interface KnownInts {
  /** [] for a scalar, [n] for a vector; more axes only after Unsqueeze. */
  dims: number[];
  values: Dim[];
}

export interface KnownContext {
  op: string;
  attributes: Record<string, Attribute>;
  /** Undefined where an optional input is absent. */
  inputs: (ValueInfo | undefined)[];
  /** The value of input i where it is known. */
  known(i: number): KnownInts | undefined;
}

/** The value of the one output; undefined where it is not known. */
export type KnownRule = (c: KnownContext) => KnownInts | undefined;

/** Most elements of a known value: longer tensors are data, not shapes. */
export const MOST = 64;

/** A function of one integer, element by element. */
export const unary =
  (f: (a: Dim) => Dim | undefined): KnownRule =>
  (c) => {
    const a = c.known(0);
    const values = a?.values.map(f);
    return a && values?.every((v) => v !== undefined) ? { dims: a.dims, values: values as Dim[] } : undefined;
  };

/** A function of two integers, element by element; one of the inputs may have one element only. */
export function binary(f: (a: Dim, b: Dim) => Dim | undefined): KnownRule {
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

export const truth = (v: boolean): Dim => (v ? 1 : 0);

/** A comparison, from the sign of the difference; unknown where the sign depends on sizes at run time. */
export const order = (f: (sign: number) => boolean): KnownRule =>
  binary((a, b) => {
    const sign = compareDims(a, b);
    return sign === undefined ? undefined : truth(f(sign));
  });

/** The value of the first input. */
export const same: KnownRule = (c) => c.known(0);

export const vector = (values: Dim[]): KnownInts => ({ dims: [values.length], values });

export function shortEnough(known: KnownInts | undefined): KnownInts | undefined {
  return known && known.values.length <= MOST ? known : undefined;
}

/** The value of an integer constant that is small enough to be a shape. */
export function knownConstant(constant: Constant | undefined): KnownInts | undefined {
  if (!constant?.bytes || !/^(int64|int32|bool)$/.test(constant.dtype)) return undefined;
  const n = constant.dims.reduce((a, b) => a * b, 1);
  return n > MOST ? undefined : { dims: constant.dims, values: Array.from(constantValues(constant)) };
}
