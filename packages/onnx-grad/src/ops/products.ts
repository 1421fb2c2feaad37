/** Products of matrices. */
import { floatAttribute, intAttribute, textAttribute } from '../attributes.ts';
import type { GraphWriter, Value } from '../graphWriter.ts';
import type { Dim } from '../model.ts';
import { scalarLike, unbroadcast } from './gradientRules.ts';
import { REAL } from './nodeRules.ts';
import { type Family, LoweringError } from './operator.ts';
import { broadcastDims, input, ShapeError } from './shapeRules.ts';

/** [..., last] as [rows, last]; undefined where `last` is known only at run time. */
export function flatten(b: GraphWriter, x: Value, last: Dim): Value | undefined {
  if (b.shape(x).length === 2) return x;
  return typeof last === 'number' ? b.reshape(x, [-1, last]) : undefined;
}

/** The last two axes exchanged; of what has them exchanged already, the value before. */
function swapped(b: GraphWriter, x: Value): Value {
  const from = b.model.graph.nodes.find((node) => node.outputs[0] === x);
  const perm = from?.op === 'Transpose' && from.attributes.perm;
  const rank = b.shape(x).length;
  const plain = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  return perm && perm.type === 'ints' && perm.value.join() === plain.join() ? from.inputs[0]! : b.swap(x);
}

const equationOf = (attributes: Parameters<typeof textAttribute>[0]): string =>
  textAttribute(attributes, 'equation').replaceAll(' ', '');

export const PRODUCTS: Family = {
  MatMul: {
    shape: (c) => {
      const a = input(c);
      const b = input(c, 1);
      if (a.shape.length < 2 || b.shape.length < 2) {
        throw new ShapeError('MatMul: vectors are not supported');
      }
      const batch = broadcastDims(a.shape.slice(0, -2), b.shape.slice(0, -2));
      return [{ dtype: a.dtype, shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] }];
    },
    known: REAL,
    gradient: ({ b, node, wanted }, dy) => {
      const [x, y] = node.inputs as [Value, Value];
      let dx: Value | undefined;
      let dw: Value | undefined;
      if (wanted(0)) {
        // A weight needs no transposed copy where rows are flattened.
        const flat = b.shape(y).length === 2 && flatten(b, dy, b.shape(y)[1]!);
        dx = flat
          ? b.reshapeLike(b.node('Gemm', [flat, y], { transB: 1 }), x)
          : unbroadcast(b, b.matmul(dy, swapped(b, y)), b.shape(x));
      }
      if (wanted(1)) {
        const [k, n] = b.shape(y);
        // A weight shared by all rows: one product over flattened rows instead of a sum of small ones.
        const [left, right] = b.shape(y).length === 2 ? [flatten(b, x, k!), flatten(b, dy, n!)] : [];
        if (!left || !right) dw = unbroadcast(b, b.matmul(b.swap(x), dy), b.shape(y));
        else dw = b.assume(b.node('Gemm', [left, right], { transA: 1 }), b.shape(y));
      }
      return [dx, dw];
    },
    /** Attention's own products; those with weights take the most of a pass. */
    cheap: ({ forEachPair }) => forEachPair,
  },
  /** y = alpha A' B' + beta C, A' and B' transposed or not. */
  Gemm: {
    shape: (c) => {
      const a = input(c).shape;
      const b = input(c, 1).shape;
      const m = intAttribute(c.attributes, 'transA', 0) ? a[1]! : a[0]!;
      const n = intAttribute(c.attributes, 'transB', 0) ? b[0]! : b[1]!;
      return [{ dtype: input(c).dtype, shape: [m, n] }];
    },
    known: REAL,
    gradient: ({ b, node: { inputs, attributes }, wanted }, dy) => {
      const [x, y, c] = inputs as [Value, Value, Value | undefined];
      const transA = intAttribute(attributes, 'transA', 0) === 1;
      const transB = intAttribute(attributes, 'transB', 0) === 1;
      const alpha = floatAttribute(attributes, 'alpha', 1);
      const beta = floatAttribute(attributes, 'beta', 1);
      const product = (left: Value, right: Value, ta: boolean, tb: boolean, like: Value) =>
        b.assume(
          b.node('Gemm', [left, right], {
            ...(ta && { transA: 1 }),
            ...(tb && { transB: 1 }),
            ...(alpha !== 1 && { alpha: { type: 'float', value: alpha } as const }),
          }),
          b.shape(like),
        );
      const dx = () => (transA ? product(y, dy, transB, true, x) : product(dy, y, false, !transB, x));
      const dw = () => (transB ? product(dy, x, true, transA, y) : product(x, dy, !transA, false, y));
      const dc = () => unbroadcast(b, beta === 1 ? dy : b.mul(dy, scalarLike(b, dy, beta)), b.shape(c!));
      return [wanted(0) ? dx() : undefined, wanted(1) ? dw() : undefined, c && wanted(2) ? dc() : undefined];
    },
    cheap: false,
  },
  FusedMatMul: {
    lower: ({ b, node, inputs: [x, y] }) => {
      const flag = (name: string) => intAttribute(node.attributes, name, 0) !== 0;
      if (flag('transBatchA') || flag('transBatchB')) {
        throw new LoweringError(`FusedMatMul with a transposed batch (node ${node.name})`);
      }
      const product = b.matmul(flag('transA') ? b.swap(x!) : x!, flag('transB') ? b.swap(y!) : y!);
      const alpha = floatAttribute(node.attributes, 'alpha', 1);
      return [alpha === 1 ? product : b.mul(product, b.scalar(alpha))];
    },
  },
  Einsum: {
    shape: (c) => {
      const equation = equationOf(c.attributes);
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
    known: REAL,
    /** The gradient of the first factor of `ab,bc->ac` is `ac,bc->ab`: the factor and the result change places. */
    gradient: ({ b, node, wanted }, dy) => {
      const [from, to] = equationOf(node.attributes).split('->') as [string, string];
      const terms = from.split(',');
      return terms.map((term, i) => {
        if (!wanted(i)) return undefined;
        const others = terms.filter((_, k) => k !== i);
        const factors = [to, ...others];
        if (new Set(term).size < term.length || [...term].some((l) => !factors.join('').includes(l))) {
          throw new Error(`the gradient of Einsum is not known for the formula ${from}->${to}`);
        }
        const inputs = [dy, ...node.inputs.filter((_, k) => k !== i)];
        const g = b.node('Einsum', inputs, { equation: `${factors.join(',')}->${term}` });
        return b.assume(g, b.shape(node.inputs[i]!));
      });
    },
    cheap: false,
  },
};
