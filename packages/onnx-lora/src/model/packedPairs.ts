/**
 * LoRA's pairs in the order in which graphs of whole sequences read them. Layers that read one input have one matrix A,
 * the A of each side by side, and one B for each product, in which the pairs stand in blocks and all else is 0: two
 * products more for all of them, forward, and four back.
 */
import type { Constant, GraphBuilder, Value } from 'onnx-grad';
import { cutVector, joinVectors } from '../train/flatVector.ts';
import type { Layout } from '../train/trainedVector.ts';

/** Of a packed matrix [rows, columns], the places of a vector that its elements come from; -1 for zeros. */
export interface PackedMatrix {
  dims: [number, number];
  from: Int32Array;
}

/** Matrices with elements of a layout's vector, each once in all of them. */
export class PackedPairs {
  private readonly matrices: PackedMatrix[] = [];

  constructor(
    private readonly layout: Layout,
    /** Bytes of the largest tensor. */
    private readonly largest = Infinity,
  ) {}

  /** A matrix of zeros. Gives its number, by which `write` returns it. */
  add(rows: number, columns: number): number {
    this.matrices.push({ dims: [rows, columns], from: new Int32Array(rows * columns).fill(-1) });
    return this.matrices.length - 1;
  }

  /** Has the parameter's columns `start` to `start + size` stand in a matrix from `row` and `column` on. */
  put(matrix: number, name: string, row: number, column: number, start = 0, size?: number): void {
    const { dims, from } = this.matrices[matrix]!;
    const [height, width] = this.layout.parameters.find((p) => p.name === name)!.dims as [number, number];
    const at = this.layout.offsets.get(name)!;
    for (let r = 0; r < height; r++) {
      for (let c = 0; c < (size ?? width); c++) {
        from[(row + r) * dims[1] + column + c] = at + r * width + start + c;
      }
    }
  }

  /**
   * The matrices in runs, each of which is read from the vector by itself: as few as the largest tensor allows. Those of
   * a run stand together in the vector; so where they stand in quite another order than here, there is one run.
   */
  private runs(): Run[] {
    const runs: PackedMatrix[][] = [[]];
    let [size, end, count] = [0, 0, 0];
    let next: PackedMatrix[] = [];
    for (const matrix of this.matrices) {
      next.push(matrix);
      for (const place of matrix.from) {
        if (place < 0) continue;
        end = Math.max(end, place + 1);
        count++;
      }
      // Up to here the vector's beginning was read, and nothing else.
      if (end !== count) continue;
      const added = next.reduce((n, { from }) => n + from.length, 0);
      if (size > 0 && 4 * (size + added) > this.largest) {
        runs.push([]);
        size = 0;
      }
      runs.at(-1)!.push(...next);
      size += added;
      next = [];
    }
    runs.at(-1)!.push(...next);
    return runs.map((matrices, i) => new Run(matrices, i));
  }

  /** Appends nodes that read the matrices from the vector. */
  write(b: GraphBuilder, vector: Value): Value[] {
    const { size } = this.layout;
    let padded: Value | undefined;
    return this.runs().flatMap((run) => {
      let packed = vector;
      if (!run.isWhole(size)) {
        const zeros = run.order.includes(-1);
        const places = zeros ? run.order.map((place) => (place < 0 ? size : place)) : run.order;
        if (zeros) padded ??= b.node('Pad', [vector, b.ints([0, 1])]);
        const order = b.initializer(`pairs.order.${run.number}`, int32(places));
        packed = b.node('Gather', [zeros ? padded! : vector, order], { axis: 0 });
      }
      const sizes = run.matrices.map(({ from }) => from.length);
      return cutVector(b, packed, sizes).map((part, i) => b.reshape(part, run.matrices[i]!.dims));
    });
  }

  /** Appends nodes that put gradients of the matrices in the order of the vector, [P]. */
  gather(b: GraphBuilder, gradients: readonly Value[]): Value {
    const { size } = this.layout;
    const runs = this.runs();
    if (runs.reduce((n, { count }) => n + count, 0) !== size) {
      throw new Error('a weight of the layout is in none of the graph’s layers, or in several');
    }
    let at = 0;
    const parts = runs.map((run) => {
      const packed = joinVectors(b, gradients.slice(at, at + run.matrices.length));
      at += run.matrices.length;
      if (run.isWhole(size)) return packed;
      const back = b.initializer(`pairs.back.${run.number}`, int32(run.back()));
      return b.node('Gather', [packed, back], { axis: 0 });
    });
    return joinVectors(b, parts);
  }
}

/** Matrices that are read from the vector together. */
class Run {
  /** Of all elements, one matrix after the other. */
  readonly order: Int32Array;
  /** The first place of the vector, and how many there are. */
  readonly first: number;
  readonly count: number;

  constructor(
    readonly matrices: readonly PackedMatrix[],
    readonly number: number,
  ) {
    this.order = new Int32Array(matrices.reduce((n, { from }) => n + from.length, 0));
    let at = 0;
    for (const { from } of matrices) {
      this.order.set(from, at);
      at += from.length;
    }
    let [first, count] = [Infinity, 0];
    for (const place of this.order) {
      if (place < 0) continue;
      first = Math.min(first, place);
      count++;
    }
    [this.first, this.count] = [first, count];
  }

  /** Whether it is the vector of `size` as it stands. */
  isWhole(size: number): boolean {
    return this.order.length === size && this.order.every((place, i) => place === i);
  }

  /** For each place of the vector from the first on, where it stands in the matrices. */
  back(): Int32Array {
    const back = new Int32Array(this.count);
    this.order.forEach((place, i) => {
      if (place >= 0) back[place - this.first] = i;
    });
    return back;
  }
}

const int32 = (values: Int32Array): Constant => ({
  dtype: 'int32',
  dims: [values.length],
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});
