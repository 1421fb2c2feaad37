/**
 * Sine and cosine, computed with products and sums only. WGSL allows its own an error of 2^-11 within one
 * turn and any error beyond, and a rotary embedding turns by as many radians as a token's position: on
 * WebGPU gradients had an error of 3e-4 with WGSL's and have one of 2e-6 with these.
 */
import type { GraphWriter, Value } from '../graphWriter.ts';
import { unary } from './gradientRules.ts';
import { REAL } from './nodeRules.ts';
import type { Family } from './operator.ts';
import { same } from './shapeRules.ts';

/** pi / 2 in three parts; products of the first two with whole numbers are exact (Cody and Waite 1980). */
const QUARTER = [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8];
/** Coefficients of polynomials in z = r^2, lowest power first, for |r| <= pi / 4 (Moshier's Cephes, sinf and cosf). */
const SINE = [-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4];
const COSINE = [4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5];

/** sin(x + quarters pi / 2) of a float32 value. */
export function sine(b: GraphWriter, x: Value, quarters: number): Value {
  const times = (v: Value, factor: number) => b.mul(v, b.scalar(factor));
  const plus = (v: Value, term: number) => b.add(v, b.scalar(term));
  const floor = (v: Value) => b.node('Floor', [v]);
  const polynomial = (z: Value, coefficients: readonly number[]) =>
    coefficients
      .slice(0, -1)
      .reduceRight<Value>((sum, c) => plus(b.mul(sum, z), c), b.scalar(coefficients.at(-1)!));
  // x = n pi / 2 + r
  const n = floor(plus(times(x, 2 / Math.PI), 0.5));
  const r = QUARTER.reduce((rest, part) => b.sub(rest, times(n, part)), x);
  const z = b.mul(r, r);
  const sin = b.add(r, b.mul(b.mul(r, z), polynomial(z, SINE)));
  const cos = b.add(plus(times(z, -0.5), 1), b.mul(b.mul(z, z), polynomial(z, COSINE)));
  // In odd quarters sine and cosine change places; in the second half of a turn the sign changes.
  const turn = quarters === 0 ? n : plus(n, quarters);
  const quadrant = b.sub(turn, times(floor(times(turn, 0.25)), 4));
  const half = floor(times(quadrant, 0.5));
  const odd = b.node('Greater', [b.sub(quadrant, times(half, 2)), b.scalar(0.5)]);
  return b.mul(b.node('Where', [odd, cos, sin]), plus(times(half, -2), 1));
}

export const TRIGONOMETRY: Family = {
  Sin: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, _y, dy) => b.mul(dy, b.node('Cos', [x]))),
    cheap: false,
    lower: ({ b, inputs: [x] }) => [b.info(x!).dtype === 'float32' ? sine(b, x!, 0) : b.node('Sin', [x!])],
  },
  Cos: {
    shape: same,
    known: REAL,
    gradient: unary((b, x, _y, dy) => b.neg(b.mul(dy, b.node('Sin', [x])))),
    cheap: false,
    lower: ({ b, inputs: [x] }) => [b.info(x!).dtype === 'float32' ? sine(b, x!, 1) : b.node('Cos', [x!])],
  },
};
