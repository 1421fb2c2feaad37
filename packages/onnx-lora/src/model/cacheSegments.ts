/**
 * Keys and values of earlier tokens in four segments, one behind the other, so that what rows share is
 * held and computed once, and so that a step copies the newest tokens only:
 *
 * - prefix: what all rows begin with, [1, heads, tokens, width];
 * - prompt: the rest of each prompt, [prompts, heads, tokens, width], padded on the left;
 * - own: what each row was given after its prompt, [rows, heads, tokens, width], padded on the left;
 * - recent: the newest of that, [rows, heads, tokens, width], to which a step adds its tokens.
 *
 * Every segment but `recent` has at least one token, if only a hidden one: runtimes differ in products over
 * nothing. Keys that segmented attention reads are turned, [..., heads, width, tokens], so that no step
 * transposes them.
 */
import { addDims, type Dim, type GraphBuilder, type Value } from 'onnx-grad';

export const SEGMENTS = ['prefix', 'prompt', 'own', 'recent'] as const;
export type Segment = (typeof SEGMENTS)[number];

/** How tokens lie in a cached tensor: along axis 2, or, turned, along axis 3. */
export type TokensAxis = 2 | 3;

/** Names of a cached tensor's input in a segment, and of the output that is `recent` with the step's tokens. */
export const segmentName = (segment: Segment, tensor: number, axis: TokensAxis): string =>
  axis === 3 ? `${segment}.${tensor}.turned` : `${segment}.${tensor}`;
export const extendedName = (tensor: number): string => `extended.${tensor}`;

/** Size of the earlier tokens of a row, and with those of the step. */
export const PAST: Dim = SEGMENTS.reduce<Dim>(addDims, 0);
export const TOTAL: Dim = addDims(PAST, 'seq');

/**
 * The segments as inputs of a graph, for steps of `seq` tokens. Inputs besides the segments: lengths int64 [6],
 * tokens of each segment, rows and seq (asked of a tensor on a device, they would bring it here); and where rows stand in the grid [prompts, rows of a prompt] in which
 * products with prompts are computed: slots int64 [prompts, each], the row in each place (any row where a
 * place is free), and slotOf int64 [rows], the place of each row, counted through all prompts.
 */
export class SegmentedCache {
  readonly slots: Value;
  readonly slotOf: Value;
  private readonly lengths: Value;
  private readonly made = new Map<string, Value>();

  constructor(
    private readonly b: GraphBuilder,
    private readonly shapes: readonly { heads: number; width: number }[],
  ) {
    this.lengths = b.input('lengths', 'int64', [SEGMENTS.length + 2]);
    this.slots = b.input('slots', 'int64', ['prompts', 'each']);
    this.slotOf = b.input('slotOf', 'int64', ['rows']);
  }

  /** One tensor's segments. */
  segments(tensor: number, axis: TokensAxis): Record<Segment, Value> {
    const { heads, width } = this.shapes[tensor]!;
    const input = (s: Segment, rows: Dim) => {
      const name = segmentName(s, tensor, axis);
      const dims = axis === 2 ? [rows, heads, s, width] : [rows, heads, width, s];
      return this.b.has(name) ? name : this.b.input(name, 'float32', dims);
    };
    return {
      prefix: input('prefix', 1),
      prompt: input('prompt', 'prompts'),
      own: input('own', 'rows'),
      recent: input('recent', 'rows'),
    };
  }

  /** All earlier tokens of each row, [rows, heads, past, width], copied together. */
  whole(tensor: number): Value {
    const { b } = this;
    const { prefix, prompt, own, recent } = this.segments(tensor, 2);
    const everyRow = b.concat([this.rows(), b.ints([1, 1, 1])], 0);
    const shared = b.assume(b.node('Expand', [prefix, everyRow]), ['rows', ...b.shape(prefix).slice(1)]);
    const prompts = b.node('Gather', [prompt, this.promptOf()], { axis: 0 });
    return b.concat([shared, prompts, own, recent], 2);
  }

  /** How many rows, each int64 [1]. */
  rows = (): Value => this.once('rows', () => this.b.slice(this.lengths, 4, 5, 0));
  /** How many new tokens. */
  seq = (): Value => this.once('seq', () => this.b.slice(this.lengths, 5, 6, 0));
  /** How many places a prompt has. */
  each = (): Value => this.once('each', () => this.b.slice(this.b.node('Shape', [this.slots]), 1, 2, 0));
  /** How many earlier tokens, and how many with the new ones. */
  past = (): Value =>
    this.once('past', () => {
      const one = (i: number) => this.b.slice(this.lengths, i, i + 1, 0);
      return [one(0), one(1), one(2), one(3)].reduce((x, y) => this.b.add(x, y));
    });
  total = (): Value => this.once('total', () => this.b.add(this.past(), this.seq()));
  /** Tokens of own, recent and new ones together. */
  later = (): Value =>
    this.once('later', () => {
      const { b, lengths } = this;
      return b.add(b.add(b.slice(lengths, 2, 3, 0), b.slice(lengths, 3, 4, 0)), this.seq());
    });
  /** Tokens of prefix, of prompt, and of the rest: int64 [3]. */
  parts = (): Value =>
    this.once('parts', () => this.b.concat([this.b.slice(this.lengths, 0, 2, 0), this.later()], 0));
  /** Tokens of own, and of recent with the new ones: int64 [2]. */
  laterParts = (): Value =>
    this.once('laterParts', () => {
      const { b, lengths } = this;
      return b.concat([b.slice(lengths, 2, 3, 0), b.add(b.slice(lengths, 3, 4, 0), this.seq())], 0);
    });

  /** The size `dim` as int64 [1]; undefined where it is none that is known here. */
  size(dim: Dim): Value | undefined {
    if (typeof dim === 'number') return this.b.ints([dim]);
    const named: Record<string, () => Value> = {
      rows: this.rows,
      seq: this.seq,
      [PAST]: this.past,
      [TOTAL]: this.total,
    };
    return named[dim]?.();
  }

  /** The prompt of each row, int64 [rows]. */
  private promptOf = (): Value => this.once('promptOf', () => this.b.div(this.slotOf, this.each()));

  /** One node for all layers. */
  once(name: string, make: () => Value): Value {
    const known = this.made.get(name) ?? make();
    this.made.set(name, known);
    return known;
  }
}
