/**
 * Seeded randomness. Every use derives its own seed from the run's and a few labels, so iteration i
 * never depends on how many numbers an earlier one drew, and resuming needs no generator state.
 */

export type SeedLabel = string | number;

/** A seed in [0, 2^32) for one purpose, such as `deriveSeed(seed, 'rollouts', iteration)`. */
export function deriveSeed(seed: number, ...labels: SeedLabel[]): number {
  // The type is part of the text, so that 1 and '1' are different labels.
  const text = JSON.stringify([seed, ...labels]);
  // FNV-1a over UTF-16 units, then the finalizer of MurmurHash3 to spread nearby labels apart.
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A small fast counting generator (sfc32, from Doty-Humphrey's PractRand): 128 bits of state. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = deriveSeed(seed, 'a');
    this.b = deriveSeed(seed, 'b');
    this.c = deriveSeed(seed, 'c');
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** The stream for one purpose: `Random.for(seed, 'axes', iteration)`. */
  static for(seed: number, ...labels: SeedLabel[]): Random {
    return new Random(deriveSeed(seed, ...labels));
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 0x4000000 + (this.bits() >>> 6)) / 0x20000000000000;
  }

  /** Uniform integer in [0, below). */
  int(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Nothing to pick from.');
    return items[this.int(items.length)]!;
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const out = items.slice();
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}
