/**
 * Constant matrices that are larger than the largest tensor of a device, in blocks of rows. A block is a view of the
 * matrix: it costs no copy of the file.
 */
import type { GraphBuilder, Value } from './builder.ts';
import { type Constant, DTYPES, elementCount } from './model.ts';

/** Rows in a block at most: a chunk of the vocabulary in a loss. */
export const BLOCK_ROWS = 16384;

/** Rows of a block, of `width` float32 numbers each, so that the block has at most `largest` bytes. */
export function rowsInBlock(width: number, largest = Infinity): number {
  return Math.max(1, Math.min(BLOCK_ROWS, Math.floor(largest / (4 * width))));
}

export const constantBytes = ({ dtype, dims }: Constant): number =>
  Math.ceil(elementCount(dims) * DTYPES[dtype].bytes);

/** `count` rows in equal blocks of at most `size`. */
export function evenBlocks(count: number, size: number): { from: number; to: number }[] {
  const each = Math.ceil(count / Math.ceil(count / size));
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => ({
    from: i * each,
    to: Math.min(count, (i + 1) * each),
  }));
}

/** Columns `from` to `to` of a constant matrix, copied. */
export function columnsOf({ dtype, dims, bytes }: Constant, from: number, to: number): Constant {
  const [rows, columns] = dims as [number, number];
  const each = DTYPES[dtype].bytes;
  const out = new Uint8Array(rows * (to - from) * each);
  for (let r = 0; r < rows; r++) {
    const start = (r * columns + from) * each;
    out.set(bytes!.subarray(start, start + (to - from) * each), r * (to - from) * each);
  }
  return { dtype, dims: [rows, to - from], bytes: out };
}

/**
 * Rows of a matrix [N, width] by their indices [...], which are none below 0: from each block those that it has.
 * `block` gives rows `from` to `to` of the matrix, as columns where `axis` is 1. Output: float32 [..., width].
 */
export function gatherFromBlocks(
  b: GraphBuilder,
  count: number,
  size: number,
  indices: Value,
  block: (from: number, to: number) => Value,
  axis: 0 | 1,
): Value {
  const rank = b.shape(indices).length;
  const wide = b.info(indices).dtype === 'int64' ? indices : b.cast(indices, 'int64');
  const int = (value: number) => b.scalar(value, 'int64');
  let rows: Value | undefined;
  for (const { from, to } of evenBlocks(count, size)) {
    const at = b.sub(wide, int(from));
    const inside = b.node('And', [
      b.node('GreaterOrEqual', [at, int(0)]),
      b.node('Less', [at, int(to - from)]),
    ]);
    const place = b.node('Where', [inside, at, int(0)]);
    const picked = b.cast(b.node('Gather', [block(from, to), place], { axis }), 'float32');
    const perm = [...Array.from({ length: rank }, (_, i) => i + 1), 0];
    const here = axis === 0 ? picked : b.node('Transpose', [picked], { perm });
    const column = b.unsqueeze(inside, [rank]);
    rows = rows === undefined ? here : b.node('Where', [column, here, rows]);
  }
  return rows!;
}
