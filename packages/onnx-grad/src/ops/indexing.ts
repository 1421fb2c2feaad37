/** Reads and writes at places that other inputs name. */
import { axisFromStart, intAttribute, textAttribute } from '../attributes.ts';
import type { Value } from '../graphWriter.ts';
import type { Dim } from '../model.ts';
import { axisOf, padAround } from './gradientRules.ts';
import { never } from './nodeRules.ts';
import { type Family, NOT_REAL, noGradient } from './operator.ts';
import { input, ShapeError, same, unknownDim } from './shapeRules.ts';

const NO_SIZES = never('no exporter seen so far computes a size with it');

export const INDEXING: Family = {
  Gather: {
    shape: (c) => {
      const x = input(c);
      const axis = axisFromStart(intAttribute(c.attributes, 'axis', 0), x.shape.length);
      const shape = [...x.shape.slice(0, axis), ...input(c, 1).shape, ...x.shape.slice(axis + 1)];
      return [{ dtype: x.dtype, shape }];
    },
    known: (c) => {
      const x = c.known(0);
      const at = c.known(1);
      if (!x || !at || x.dims.length !== 1 || intAttribute(c.attributes, 'axis', 0) !== 0) return undefined;
      const values = at.values.map((i) =>
        typeof i === 'number' ? x.values[axisFromStart(i, x.values.length)] : undefined,
      );
      return values.every((v) => v !== undefined) ? { dims: at.dims, values: values as Dim[] } : undefined;
    },
    /** Rows that were read several times get the sum of their gradients; along another axis, one place at a time. */
    gradient: ({ b, node }, dy) => {
      const [table, ids] = node.inputs as [Value, Value];
      const axis = axisOf(node, b, 0);
      const at = b.known(ids);
      if (at?.values.length === 1 && typeof at.values[0] === 'number') {
        const size = b.shape(table)[axis]!;
        const index = at.values[0] < 0 && typeof size === 'number' ? at.values[0] + size : at.values[0];
        const row = at.dims.length === 0 ? b.unsqueeze(dy, [axis]) : dy;
        if (index >= 0) return [padAround(b, row, table, new Map([[axis, index]]))];
      }
      if (axis !== 0) {
        throw new Error('the gradient of Gather is known along axis 0 and for one constant index only');
      }
      const width = b.shape(table).slice(1);
      const rows = b.reshape(dy, [-1, ...width.map(Number)]);
      const flat = b.unsqueeze(b.reshape(b.cast(ids, 'int64'), [-1]), [1]);
      return [b.node('ScatterND', [b.zerosLike(table), flat, rows], { reduction: 'add' })];
    },
    cheap: false,
  },
  GatherElements: {
    shape: (c) => [{ dtype: input(c).dtype, shape: input(c, 1).shape }],
    known: NO_SIZES,
    gradient: ({ b, node }, dy) => {
      const [x, ids] = node.inputs as [Value, Value];
      const attributes = { axis: axisOf(node, b, 0), reduction: 'add' };
      return [b.node('ScatterElements', [b.zerosLike(x), ids, dy], attributes)];
    },
    cheap: false,
  },
  GatherND: {
    shape: (c) => {
      const x = input(c);
      const at = input(c, 1).shape;
      const batch = intAttribute(c.attributes, 'batch_dims', 0);
      const depth = at.at(-1)!;
      if (typeof depth !== 'number') {
        throw new ShapeError('GatherND: the depth of its indices cannot be told');
      }
      return [{ dtype: x.dtype, shape: [...at.slice(0, -1), ...x.shape.slice(batch + depth)] }];
    },
    known: NO_SIZES,
    gradient: ({ b, node }, dy) => {
      const [x, ids] = node.inputs as [Value, Value];
      if (intAttribute(node.attributes, 'batch_dims', 0) !== 0) {
        throw new Error('the gradient of GatherND is known without batch axes only');
      }
      return [b.node('ScatterND', [b.zerosLike(x), ids, dy], { reduction: 'add' })];
    },
    cheap: false,
  },
  ScatterND: {
    shape: same,
    known: NO_SIZES,
    /** Elements that were overwritten get 0; the updates get what flows back to their places. */
    gradient: ({ b, node, wanted }, dy) => {
      const [x, ids, updates] = node.inputs as [Value, Value, Value];
      const reduction = textAttribute(node.attributes, 'reduction', 'none');
      if (reduction !== 'none' && reduction !== 'add') {
        throw new Error(`the gradient of ScatterND is not known for the reduction ${reduction}`);
      }
      const kept = () =>
        reduction === 'add' ? dy : b.assume(b.node('ScatterND', [dy, ids, b.zerosLike(updates)]), b.shape(x));
      return [
        wanted(0) ? kept() : undefined,
        undefined,
        wanted(2) ? b.assume(b.node('GatherND', [dy, ids]), b.shape(updates)) : undefined,
      ];
    },
    cheap: false,
  },
  ScatterElements: {
    shape: same,
    known: NO_SIZES,
    gradient: noGradient('only gradients write it, and no decoder differentiates twice'),
    cheap: false,
  },
  NonZero: {
    shape: (c) => [{ dtype: 'int64', shape: [input(c).shape.length, unknownDim()] }],
    known: NO_SIZES,
    gradient: NOT_REAL,
    cheap: false,
  },
};
