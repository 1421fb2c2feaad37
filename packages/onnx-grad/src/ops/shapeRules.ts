/**
 * Rules for element types and shapes that several operators share. Sizes known only at run time are
 * names; a product of names is written `batch*seq`, so that flattened shapes can be compared.
 */
import { axisFromStart, intAttribute, intsAttribute } from '../attributes.ts';
import { addDims, compareDims, subtractDims } from '../dims.ts';
import type { Dim, ValueInfo } from '../model.ts';
import type { KnownContext } from './knownRules.ts';

export interface ShapeContext extends KnownContext {
  /** How many outputs the node has. */
  outputs: number;
}

/** Type and shape of each output. Throws `ShapeError`. */
export type ShapeRule = (c: ShapeContext) => ValueInfo[];

/** The shape of this use of an operator cannot be inferred; the message says which. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

let fresh = 0;
/** A size that is known only at run time and equal to no other. */
export const unknownDim = (): string => `?${++fresh}`;

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

export const input = (c: ShapeContext, i = 0): ValueInfo => {
  const found = c.inputs[i];
  if (!found) throw new ShapeError(`${c.op}: input ${i} is missing`);
  return found;
};
/** Integers of input i, sizes by name among them. */
export const ints = (c: ShapeContext, i: number): Dim[] | undefined => c.known(i)?.values;
/** Integers of input i, all of them numbers. */
export const numbers = (c: ShapeContext, i: number): number[] | undefined => {
  const values = ints(c, i);
  return values?.every((v) => typeof v === 'number') ? (values as number[]) : undefined;
};

/** Type and shape of the first input. */
export const same: ShapeRule = (c) => [input(c)];

export const broadcast: ShapeRule = (c) => [
  {
    dtype: input(c).dtype,
    shape: c.inputs.map((i) => i?.shape ?? []).reduce<Dim[]>((a, b) => broadcastDims(a, b), []),
  },
];

/** Booleans of the inputs' common shape. */
export const compare: ShapeRule = (c) => [{ dtype: 'bool', shape: broadcast(c)[0]!.shape }];

/** Axes are an attribute or, in newer opsets, the second input; all of them where none are given. */
export const reduce: ShapeRule = (c) => {
  const { dtype, shape } = input(c);
  const keep = intAttribute(c.attributes, 'keepdims', 1) === 1;
  const given = intsAttribute(c.attributes, 'axes') ?? (c.inputs[1] ? numbers(c, 1) : undefined);
  if (c.inputs[1] && !given) throw new ShapeError(`${c.op}: the axes are not a constant`);
  const none =
    (given === undefined || given.length === 0) &&
    intAttribute(c.attributes, 'noop_with_empty_axes', 0) === 1;
  const axes = none
    ? []
    : (given?.length ? given : shape.map((_, i) => i)).map((a) => axisFromStart(a, shape.length));
  const out: Dim[] = [];
  shape.forEach((dim, i) => {
    if (!axes.includes(i)) out.push(dim);
    else if (keep) out.push(1);
  });
  return [{ dtype, shape: out }];
};

/** Start and size of a slice; undefined where they are not known. An end beyond `size` is cut to it. */
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
