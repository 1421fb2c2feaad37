/** Comparisons, booleans, and the choice by them. */
import type { Value } from '../graphWriter.ts';
import { scalarLike, unbroadcast } from './gradientRules.ts';
import { binary, type KnownInts, order, truth, unary } from './knownRules.ts';
import { never, REAL } from './nodeRules.ts';
import { type Family, NOT_REAL } from './operator.ts';
import { broadcastDims, compare, input, same } from './shapeRules.ts';

export const LOGIC: Family = {
  And: {
    shape: compare,
    known: binary((a, b) => (a === 0 || b === 0 ? 0 : 1)),
    gradient: NOT_REAL,
    cheap: false,
    import: {
      /** Exporters begin a mask with "all true". */
      fold: ({ b, inputs }) => {
        for (const [i, v] of inputs.entries()) {
          if (b.shape(v).length === 0 && b.known(v)?.values[0] === 1) return inputs[1 - i];
        }
        return undefined;
      },
    },
  },
  Or: {
    shape: compare,
    known: binary((a, b) => (a !== 0 || b !== 0 ? 1 : 0)),
    gradient: NOT_REAL,
    cheap: false,
  },
  Xor: {
    shape: compare,
    known: never('no exporter seen so far computes a size with it'),
    gradient: NOT_REAL,
    cheap: false,
  },
  Not: { shape: same, known: unary((a) => truth(a === 0)), gradient: NOT_REAL, cheap: false },
  Equal: { shape: compare, known: order((sign) => sign === 0), gradient: NOT_REAL, cheap: false },
  Less: { shape: compare, known: order((sign) => sign < 0), gradient: NOT_REAL, cheap: false },
  LessOrEqual: { shape: compare, known: order((sign) => sign <= 0), gradient: NOT_REAL, cheap: false },
  Greater: { shape: compare, known: order((sign) => sign > 0), gradient: NOT_REAL, cheap: false },
  GreaterOrEqual: { shape: compare, known: order((sign) => sign >= 0), gradient: NOT_REAL, cheap: false },
  IsInf: {
    shape: (c) => [{ dtype: 'bool', shape: input(c).shape }],
    known: REAL,
    gradient: NOT_REAL,
    cheap: false,
  },
  IsNaN: {
    shape: (c) => [{ dtype: 'bool', shape: input(c).shape }],
    known: REAL,
    gradient: NOT_REAL,
    cheap: true,
  },
  Where: {
    shape: (c) => [
      {
        dtype: input(c, 1).dtype,
        shape: broadcastDims(broadcastDims(input(c).shape, input(c, 1).shape), input(c, 2).shape),
      },
    ],
    known: (c) => {
      const [condition, x, y] = [0, 1, 2].map((i) => c.known(i));
      if (!condition || !x || !y) return undefined;
      const n = Math.max(condition.values.length, x.values.length, y.values.length);
      const at = (k: KnownInts, i: number) => k.values[k.values.length === 1 ? 0 : i]!;
      const values = Array.from({ length: n }, (_, i) => (at(condition, i) !== 0 ? at(x, i) : at(y, i)));
      if (values.some((v) => v === undefined)) return undefined;
      const scalar = [condition, x, y].every((k) => k.dims.length === 0);
      return { dims: scalar ? [] : [n], values };
    },
    gradient: ({ b, node, wanted }, dy) => {
      const [condition, x, y] = node.inputs as [Value, Value, Value];
      const zero = scalarLike(b, dy, 0);
      return [
        undefined,
        wanted(1) ? unbroadcast(b, b.node('Where', [condition, dy, zero]), b.shape(x)) : undefined,
        wanted(2) ? unbroadcast(b, b.node('Where', [condition, zero, dy]), b.shape(y)) : undefined,
      ];
    },
    cheap: true,
    import: {
      /** A choice that is the same for all elements, where the other branch does not widen the shape. */
      fold: ({ b, inputs }) => {
        const [choice, x, y] = inputs as [Value, Value, Value];
        const condition = b.known(choice);
        const [first] = condition?.values ?? [];
        if (first === undefined || !condition!.values.every((v) => v === first)) return undefined;
        const [kept, other] = first !== 0 ? [x, y] : [y, x];
        return b.shape(kept).length >= Math.max(b.shape(other).length, b.shape(choice).length) &&
          b.shape(other).every((d) => d === 1)
          ? kept
          : undefined;
      },
    },
  },
};
