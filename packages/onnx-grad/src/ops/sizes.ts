/** Operators that read or make shapes. */
import { intAttribute } from '../attributes.ts';
import { productDim, subtractDims } from '../dims.ts';
import { constantValues, type Dim } from '../model.ts';
import { MOST, vector } from './knownRules.ts';
import { type Family, NOT_REAL, noGradient } from './operator.ts';
import { input, ints, unknownDim } from './shapeRules.ts';

export const SIZES: Family = {
  Shape: {
    shape: (c) => {
      const { shape } = input(c);
      const part = shape.slice(
        intAttribute(c.attributes, 'start', 0),
        intAttribute(c.attributes, 'end', shape.length),
      );
      return [{ dtype: 'int64', shape: [part.length] }];
    },
    known: (c) => {
      const shape = c.inputs[0]?.shape;
      if (!shape) return undefined;
      const end = intAttribute(c.attributes, 'end', shape.length);
      return vector(shape.slice(intAttribute(c.attributes, 'start', 0), end));
    },
    gradient: NOT_REAL,
    cheap: false,
  },
  Size: {
    shape: () => [{ dtype: 'int64', shape: [] }],
    known: (c) => c.inputs[0] && { dims: [], values: [productDim(c.inputs[0].shape)] },
    gradient: NOT_REAL,
    cheap: false,
  },
  ConstantOfShape: {
    shape: (c) => {
      const value = c.attributes.value;
      const dims = ints(c, 0);
      const rank = input(c).shape[0];
      const shape = dims ?? Array.from({ length: typeof rank === 'number' ? rank : 0 }, unknownDim);
      return [{ dtype: value?.type === 'tensor' ? value.value.dtype : 'float32', shape }];
    },
    known: (c) => {
      const dims = c.known(0)?.values;
      if (!dims || dims.length > 1 || dims.some((d) => typeof d !== 'number')) return undefined;
      const n = Number(dims[0] ?? 1);
      const value = c.attributes.value;
      if (n > MOST || value?.type !== 'tensor' || !/^(int|bool)/.test(value.value.dtype)) return undefined;
      return { dims: dims as number[], values: new Array<Dim>(n).fill(constantValues(value.value)[0]!) };
    },
    gradient: noGradient('its input is a shape'),
    cheap: false,
  },
  Range: {
    shape: (c) => {
      const [start, limit, delta] = [0, 1, 2].map((i) => ints(c, i)?.[0]);
      const size =
        start !== undefined && limit !== undefined && delta === 1 ? subtractDims(limit, start) : unknownDim();
      return [{ dtype: input(c).dtype, shape: [size] }];
    },
    known: (c) => {
      const [start, limit, delta] = [0, 1, 2].map((i) => c.known(i)?.values[0]);
      if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number') {
        return undefined;
      }
      const n = Math.max(0, Math.ceil((limit - start) / delta));
      return n > MOST ? undefined : vector(Array.from({ length: n }, (_, i) => start + i * delta));
    },
    gradient: noGradient('its inputs count places'),
    cheap: false,
  },
};
