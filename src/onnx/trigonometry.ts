/**
 * Sine and cosine of products and sums only. WGSL grants its own an error of 2^-11 within one turn and
 * promises nothing beyond, and a rotary embedding turns by as many radians as a token's position: gradients
 * were 3e-4 off on WebGPU where they are 2e-6 off with these.
 */
import type { GraphBuilder, Value } from './builder.ts';

/** pi / 2 in three parts, of which the first two times a whole number are exact (Cody and Waite 1980). */
const QUARTER = [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8];
/** In z = r^2 from the lowest power on, for |r| <= pi / 4 (Moshier's Cephes, sinf and cosf). */
const SINE = [-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4];
const COSINE = [4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5];

/** sin(x + quarters pi / 2) of a float32 value. */
export function sine(b: GraphBuilder, x: Value, quarters: number): Value {
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
  // Odd quarters are the other function, and the second half turn is negative.
  const turn = quarters === 0 ? n : plus(n, quarters);
  const quadrant = b.sub(turn, times(floor(times(turn, 0.25)), 4));
  const half = floor(times(quadrant, 0.5));
  const odd = b.node('Greater', [b.sub(quadrant, times(half, 2)), b.scalar(0.5)]);
  return b.mul(b.node('Where', [odd, cos, sin]), plus(times(half, -2), 1));
}
