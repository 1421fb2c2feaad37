/**
 * Sequences that begin alike, in one row of a graph: what they share stands there once. A row is the tree of
 * its sequences' beginnings, depth first: a token sees those before it that lead to it, and no others.
 *
 *     prompt prompt | answer answer | other other      the second answer does not see the first
 */

/** A sequence as a row takes it. */
export interface Sequence {
  tokens: readonly number[];
  /**
   * The first prediction that matters; position t predicts `tokens[t + 1]`. Only tokens before it are shared: a
   * position that is shared would have several tokens to predict.
   */
  from: number;
}

/** The sequences of one row, by their number. */
export type RowMembers = readonly number[];

/**
 * Tokens in a row at which attention, which grows with the square of them, takes about as long as all else (SmolLM2
 * on a processor). A sequence joins a row only where that saves more than it costs.
 */
const ATTENTION_TOKENS = 1024;

const cost = (tokens: number) => tokens * (ATTENTION_TOKENS + tokens);

/** Tokens of a sequence that a row holds: the last one predicts nothing. */
const heldTokens = ({ tokens }: Sequence) => Math.max(0, tokens.length - 1);

/** How many tokens two sequences may share at their beginnings. */
function shareable(a: Sequence, b: Sequence): number {
  const most = Math.min(a.from, b.from, heldTokens(a), heldTokens(b));
  let n = 0;
  while (n < most && a.tokens[n] === b.tokens[n]) n++;
  return n;
}

/** Sorts sequences so that those with the longest common beginnings are neighbours. */
function byBeginning(sequences: readonly Sequence[]): number[] {
  const compare = (x: Sequence, y: Sequence) => {
    const n = Math.min(x.from, y.from);
    for (let t = 0; t < n; t++) {
      const difference = x.tokens[t]! - y.tokens[t]!;
      if (difference) return difference;
    }
    return x.from - y.from;
  };
  return sequences.map((_, i) => i).sort((i, j) => compare(sequences[i]!, sequences[j]!) || i - j);
}

/**
 * Puts sequences into rows of at most `longest` tokens, a row that holds one sequence only excepted; those that
 * share a beginning stand together where that is less work. With `longest` 0 each has a row of its own.
 */
export function planRows(sequences: readonly Sequence[], longest: number): RowMembers[] {
  if (longest === 0) return sequences.map((_, i) => [i]);
  const order = byBeginning(sequences);
  /** What `sequence` adds to a row that ends with `last`. */
  const added = (last: number, next: number) =>
    heldTokens(sequences[next]!) - shareable(sequences[last]!, sequences[next]!);
  const fill = (most: number) => {
    const rows: number[][] = [];
    let length = 0;
    for (const i of order) {
      const row = rows.at(-1);
      const more = row && added(row.at(-1)!, i);
      const alone = heldTokens(sequences[i]!);
      const joins =
        row &&
        more !== undefined &&
        length + more <= most &&
        cost(length + more) < cost(length) + cost(alone);
      if (joins) {
        row.push(i);
        length += more;
      } else {
        rows.push([i]);
        length = alone;
      }
    }
    return rows;
  };
  // The smallest bound that gives no more rows: two alike take less than a full one and the rest.
  const count = fill(longest).length;
  let [low, high] = [1, longest];
  while (low < high) {
    const bound = (low + high) >> 1;
    if (fill(bound).length <= count) high = bound;
    else low = bound + 1;
  }
  return fill(high);
}

/** A row as a graph reads it: of each token its id, its position in its sequence, and the last token that sees it. */
export interface LaidRow {
  ids: number[];
  positions: number[];
  reach: number[];
  /** Where each member's tokens stand, but for its last one. */
  places: number[][];
}

/** Lays out sequences, the members of a row of `planRows` in its order. */
export function layRow(members: readonly Sequence[]): LaidRow {
  const row: LaidRow = { ids: [], positions: [], reach: [], places: [] };
  members.forEach((sequence, m) => {
    const before = members[m - 1];
    const shared = before ? shareable(before, sequence) : 0;
    const places = row.places[m - 1]?.slice(0, shared) ?? [];
    for (let t = shared; t < heldTokens(sequence); t++) {
      places.push(row.ids.length);
      row.ids.push(sequence.tokens[t]!);
      row.positions.push(t);
      row.reach.push(0);
    }
    for (const place of places) row.reach[place] = row.ids.length - 1;
    row.places.push(places);
  });
  return row;
}

/** Tokens of a row. */
export function rowLength(members: readonly Sequence[]): number {
  let length = 0;
  members.forEach((sequence, m) => {
    length += heldTokens(sequence) - (m > 0 ? shareable(members[m - 1]!, sequence) : 0);
  });
  return length;
}
