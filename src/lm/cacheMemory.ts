/** Keys or values of one layer, which move about whenever a batch changes its shape. */

/** A run of `length` numbers, and where it goes. */
export interface Move {
  from: number;
  to: number;
  length: number;
}

/**
 * Two halves of one array take turns: what moves is copied from one to the other. A new array at each change
 * would cost several times the copying, since the system clears its pages first.
 */
export class CacheMemory {
  private memory: Float32Array;
  /** Where the half in use starts, and how many numbers a half holds. */
  private start = 0;
  private half = 0;

  /** `reserve`: numbers that will be needed at the least. */
  constructor(
    public data: Float32Array = new Float32Array(0),
    private readonly reserve = 0,
  ) {
    this.memory = data;
  }

  /** Copies within what there is. */
  copy(moves: readonly Move[]): void {
    for (const { from, to, length } of moves) this.data.copyWithin(to, from, from + length);
  }

  /** `size` numbers: those that `moves` brings from the present ones, others are anything finite. */
  move(moves: readonly Move[], size: number): void {
    if (size > this.half) {
      // Much more than needed: pages that nobody touched cost nothing, and new ones often do.
      const half = Math.max(size, 2 * this.half, this.reserve);
      const memory = new Float32Array(2 * half);
      for (const { from, to, length } of moves) memory.set(this.data.subarray(from, from + length), to);
      this.memory = memory;
      this.half = half;
      this.start = 0;
    } else {
      const next = this.start === 0 ? this.half : 0;
      const { memory, start } = this;
      for (const { from, to, length } of moves) {
        memory.copyWithin(next + to, start + from, start + from + length);
      }
      this.start = next;
    }
    this.data = this.memory.subarray(this.start, this.start + size);
  }
}
