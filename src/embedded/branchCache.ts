/** Keys and values of a batch's branches: what each has of its own, behind the prompt that it shares. */

/** Sizes of one layer's keys and values. */
export interface CacheShape {
  layers: number;
  heads: number;
  headDim: number;
}

/**
 * By layer, keys and values [R, heads, S, headDim] for R branches with room for S tokens. A branch is one
 * piece of memory, so that one can be copied or put in another's place while the others stay where they are.
 */
export class BranchCache {
  /** S, of which `used` hold tokens. */
  slots = 0;
  used = 0;
  /** Keys of all layers, then values of all layers. */
  private memory: Float32Array[];

  constructor(private readonly shape: CacheShape) {
    this.memory = Array.from({ length: 2 * shape.layers }, () => new Float32Array(0));
  }

  /** Forgets all branches, and keeps the memory for others: getting it anew costs more than using it. */
  clear(): void {
    this.slots = 0;
    this.used = 0;
  }

  /** A layer's keys and values of the first `rows` branches. */
  layer(i: number, rows: number): { keys: Float32Array; values: Float32Array } {
    const size = rows * this.rowSize;
    return {
      keys: this.memory[i]!.subarray(0, size),
      values: this.memory[this.shape.layers + i]!.subarray(0, size),
    };
  }

  /** Room for one more token in each of `rows` branches, and for `most` branches at all. */
  makeRoom(rows: number, most: number): void {
    if (this.used < this.slots) return;
    const { heads, headDim } = this.shape;
    const before = this.slots * headDim;
    // Few more than needed at first, where branches still part and are copied often.
    this.slots += this.slots < 16 ? 4 : 16;
    const after = this.slots * headDim;
    const length = this.used * headDim;
    const size = most * heads * after;
    this.memory = this.memory.map((old) => {
      // Spread out from the end, so that nothing is written over before it is moved. More memory than needed
      // where it grows: pages that nobody touched cost nothing, and new ones cost more than the copying.
      const to = size <= old.length ? old : new Float32Array(2 * size);
      for (let segment = rows * heads - 1; segment >= 0; segment--) {
        const from = segment * before;
        if (to === old) to.copyWithin(segment * after, from, from + length);
        else to.set(old.subarray(from, from + length), segment * after);
      }
      return to;
    });
  }

  /** Puts the newest keys or values of a layer, `fresh` [R, heads, 1, headDim], behind those in `own`. */
  store(own: Float32Array, fresh: Float32Array): void {
    const { headDim } = this.shape;
    const stride = this.slots * headDim;
    for (let from = 0, to = this.used * headDim; from < fresh.length; from += headDim, to += stride) {
      // Number by number: thousands of views of a few numbers cost more than the copying.
      for (let i = 0; i < headDim; i++) own[to + i] = fresh[from + i]!;
    }
  }

  /** One branch's keys and values, in place of another's. */
  copy(from: number, to: number): void {
    const size = this.rowSize;
    for (const memory of this.memory) memory.copyWithin(to * size, from * size, (from + 1) * size);
  }

  /** Numbers of one branch in one layer's keys. */
  private get rowSize(): number {
    return this.shape.heads * this.slots * this.shape.headDim;
  }
}
