/**
 * The rows that a sampler computes together. Samples of a prompt with the same tokens so far are one branch and
 * computed once; where their next tokens differ it parts, and what has ended leaves. Branches are rows
 * without gaps. To read a prompt together, they have places in groups of one width, each with a copy of its
 * prompt's keys and values, so that few places stay empty however unevenly samples end.
 */
import { groupBy } from '../util/groupBy.ts';
import { BranchCache, type CacheShape } from './branchCache.ts';
import type { ActiveRow } from 'onnx-lora';

/** Samples of one prompt whose tokens are the same so far. */
export type Branch = ActiveRow[];

/** Keys and values of prompts, by layer: [P, heads, headDim, T] and [P, heads, T, headDim]. */
export interface PromptCache {
  keys: Float32Array[];
  values: Float32Array[];
  /** T. */
  length: number;
  /** Tokens in each prompt [P]. */
  tokens: readonly number[];
}

/**
 * What a group costs in each step besides its places, and copying its prompt, in places: estimates. On a CPU a
 * third or three times as much of either changes the speed by less than it varies.
 */
const GROUP_COST = 4;
const COPY_COST = 10;
/** Steps over which copying has to pay off. */
const HORIZON = 6;

/** Where batches, one after another, keep keys and values. */
export class BatchMemory {
  readonly own: BranchCache;
  /** The caches of prompts, a copy for each group: keys of all layers, then values. */
  readonly copies: Float32Array[];

  constructor(shape: CacheShape) {
    this.own = new BranchCache(shape);
    this.copies = Array.from({ length: 2 * shape.layers }, () => new Float32Array(0));
  }
}

export class SampleBatch {
  /** By row [R]. */
  branches: Branch[] = [];
  /** By group [G]: which of the prompts it reads. */
  groups: number[] = [];
  /** k, the places of each group. */
  places = 1;
  /** By row [R]: its place among all groups' [G k]. */
  placeOf: number[] = [];
  readonly own: BranchCache;
  private readonly copies: Float32Array[];
  private promptOf: number[] = [];

  /** `rows` by prompt, their first tokens drawn. What another batch has in `memory` is written over. */
  constructor(
    { own, copies }: BatchMemory,
    readonly prompts: PromptCache,
    rows: readonly Branch[],
  ) {
    own.clear();
    this.own = own;
    this.copies = copies;
    rows.forEach((list, prompt) => {
      for (const branch of heirs(list)) {
        this.branches.push(branch);
        this.promptOf.push(prompt);
      }
    });
    this.regroup(this.cheapest().width);
  }

  /** A layer's prompt keys [G, heads, headDim, T] and values [G, heads, T, headDim]. */
  promptLayer(layer: number): { keys: Float32Array; values: Float32Array } {
    return { keys: this.promptCopy(layer), values: this.promptCopy(this.prompts.keys.length + layer) };
  }

  /** Room for the next token's keys and values of each branch. */
  makeRoom(): void {
    const samples = this.branches.reduce((n, branch) => n + branch.length, 0);
    this.own.makeRoom(this.branches.length, samples);
  }

  /** After a step, keys and values stored and tokens drawn: branches part, and what has ended leaves. */
  part(): void {
    const parting: { branch: Branch; from: number }[] = [];
    const gaps: number[] = [];
    this.branches.forEach((branch, row) => {
      const [first, ...others] = heirs(branch);
      if (first) this.branches[row] = first;
      else gaps.push(row);
      for (const other of others) parting.push({ branch: other, from: row });
    });
    const free = this.freePlaces(gaps);
    let fits = true;
    for (const { branch, from } of parting) {
      const row = gaps.pop() ?? this.branches.length;
      const place = free.get(this.promptOf[from]!)?.pop();
      fits &&= place !== undefined;
      this.own.copy(from, row);
      this.put(row, branch, this.promptOf[from]!, place ?? 0);
    }
    // The remaining gaps are filled from the end: `gaps` ascends.
    for (let gap = gaps.pop(); gap !== undefined; gap = gaps.pop()) {
      const last = this.branches.length - 1;
      if (gap < last) {
        this.own.copy(last, gap);
        this.put(gap, this.branches[last]!, this.promptOf[last]!, this.placeOf[last]!);
      }
      for (const list of [this.branches, this.promptOf, this.placeOf]) list.pop();
    }
    const { width, cost, groups } = this.cheapest();
    const present = this.groups.length * (this.places + GROUP_COST);
    if (!fits || HORIZON * (present - cost) > COPY_COST * groups) this.regroup(width);
  }

  private put(row: number, branch: Branch, prompt: number, place: number): void {
    this.branches[row] = branch;
    this.promptOf[row] = prompt;
    this.placeOf[row] = place;
  }

  /** Places that no row but those of `gaps` has, by prompt. */
  private freePlaces(gaps: readonly number[]): Map<number, number[]> {
    const taken = new Set(this.placeOf);
    for (const row of gaps) taken.delete(this.placeOf[row]!);
    const free = new Map<number, number[]>();
    this.groups.forEach((prompt, g) => {
      const list = free.get(prompt) ?? [];
      free.set(prompt, list);
      for (let place = g * this.places; place < (g + 1) * this.places; place++) {
        if (!taken.has(place)) list.push(place);
      }
    });
    return free;
  }

  /** The width of groups that costs least, for the branches that there are. */
  private cheapest(): { width: number; groups: number; cost: number } {
    const numbers = [...groupBy(this.promptOf, (prompt) => prompt).values()].map((rows) => rows.length);
    let best = { width: 1, groups: 0, cost: Number.POSITIVE_INFINITY };
    for (let width = Math.max(1, ...numbers); width > 0; width--) {
      const groups = numbers.reduce((n, count) => n + Math.ceil(count / width), 0);
      const cost = groups * (width + GROUP_COST);
      if (cost < best.cost) best = { width, groups, cost };
    }
    return best;
  }

  private regroup(width: number): void {
    const rows = groupBy(this.promptOf.keys(), (row) => this.promptOf[row]!);
    this.groups = [];
    this.places = width;
    for (const [prompt, list] of rows) {
      list.forEach((row, i) => {
        if (i % width === 0) this.groups.push(prompt);
        this.placeOf[row] = (this.groups.length - 1) * width + (i % width);
      });
    }
    const { keys, values, tokens } = this.prompts;
    [...keys, ...values].forEach((original, i) => {
      const length = original.length / tokens.length;
      if (this.copies[i]!.length < this.groups.length * length) {
        this.copies[i] = new Float32Array(this.groups.length * length);
      }
      this.groups.forEach((prompt, g) => {
        this.copies[i]!.set(original.subarray(prompt * length, (prompt + 1) * length), g * length);
      });
    });
  }

  private promptCopy(i: number): Float32Array {
    const { keys, tokens } = this.prompts;
    return this.copies[i]!.subarray(0, (keys[0]!.length / tokens.length) * this.groups.length);
  }
}

/** A branch's samples that go on, those with the same next token together. */
function heirs(branch: Branch): Branch[] {
  const going = branch.filter(({ ended }) => !ended);
  return [...groupBy(going, ({ tokens }) => tokens.at(-1)!).values()];
}
