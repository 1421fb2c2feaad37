/** Operators of weights quantized in blocks, and those of exports that quantize activations too. */
import { intAttribute } from '../attributes.ts';
import { dequantize } from '../blocks.ts';
import { multiplyDims } from '../dims.ts';
import { REAL } from './nodeRules.ts';
import { type Family, noGradient, type RefusedOperator } from './operator.ts';
import { flatten } from './products.ts';
import { input } from './shapeRules.ts';

const roundsActivations: RefusedOperator = {
  refused: (where) =>
    `this export rounds activations to 8 bits (${where}), which cannot be trained through: choose the dtype q4, q4f16, fp16 or fp32`,
};

export const QUANTIZED: Family = {
  MatMulNBits: {
    domain: 'com.microsoft',
    shape: (c) => {
      const x = input(c);
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), intAttribute(c.attributes, 'N', 0)] }];
    },
    known: REAL,
    /** dx = dy W. The weight W is a constant in blocks of a few bits: it is widened when needed and not kept. */
    gradient: ({ b, node }, dy) => {
      const x = node.inputs[0]!;
      const flat = flatten(b, dy, b.shape(dy).at(-1)!)!;
      return [b.reshapeLike(b.node('Gemm', [flat, dequantize(b, node)], { transB: 1 }), x)];
    },
    cheap: false,
    import: {
      /** Activations stay in float32 (level 1): rounding them to 8 bits has no gradient. */
      update: ({ attributes }) => {
        attributes.accuracy_level = { type: 'int', value: 1 };
      },
    },
  },
  DequantizeLinear: {
    shape: (c) => [{ dtype: input(c, 1).dtype, shape: input(c).shape }],
    known: REAL,
    gradient: noGradient('it widens constants'),
    cheap: false,
  },
  /** Rows of a table in blocks of 4 or 8 bits, widened; a byte of a uint8 table holds two 4-bit values. */
  GatherBlockQuantized: {
    domain: 'com.microsoft',
    shape: (c) => {
      const x = input(c);
      const bits = intAttribute(c.attributes, 'bits', 4);
      const row = x.shape.slice(1);
      const last = row.length - 1;
      if (x.dtype === 'uint8' && bits < 8) row[last] = multiplyDims(row[last]!, 8 / bits);
      return [{ dtype: input(c, 2).dtype, shape: [...input(c, 1).shape, ...row] }];
    },
    known: REAL,
    gradient: noGradient('it reads a constant table by token'),
    cheap: false,
  },
  DynamicQuantizeLinear: roundsActivations,
  MatMulInteger: roundsActivations,
  ConvInteger: roundsActivations,
  DynamicQuantizeMatMul: roundsActivations,
  MatMulIntegerToFloat: roundsActivations,
  QLinearMatMul: roundsActivations,
  QAttention: roundsActivations,
  DynamicQuantizeLSTM: roundsActivations,
};
