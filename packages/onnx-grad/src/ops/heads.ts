/** The heads of attention, side by side in a token's vector or as an axis of their own. */
import type { GraphWriter, Value } from '../graphWriter.ts';

/** [B, T, heads * D] as [B, heads, T, D]. */
export function splitHeads(b: GraphWriter, x: Value, heads: number): Value {
  return b.transpose(b.reshape(x, [0, 0, heads, Number(b.shape(x)[2]) / heads]), [0, 2, 1, 3]);
}

/** [B, heads, T, D] as [B, T, heads * D]. */
export function joinHeads(b: GraphWriter, x: Value): Value {
  const [, heads, , dim] = b.shape(x);
  return b.reshape(b.transpose(x, [0, 2, 1, 3]), [0, 0, Number(heads) * Number(dim)]);
}
