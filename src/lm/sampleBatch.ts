/**
 * What a sampler computes together: branches, their places, and their keys and values. Samples of a
 * prompt with the same tokens so far are one branch and computed once; where their next tokens differ it
 * parts. Places lie in groups of one width, each with a copy of its prompt's keys and values, so that few
 * places stay empty however unevenly the samples end.
 */
import { CacheMemory, type Move } from './cacheMemory.ts';
import type { ActiveRow } from './sampler.ts';

/** Samples of one prompt whose tokens are the same so far. */
export type Branch = ActiveRow[];

/** Sizes of one layer's keys and values. */
export interface CacheShape {
  layers: number;
  heads: number;
  headDim: number;
}

/** Keys and values of prompts, by layer: [P, heads, headDim, T] and [P, heads, T, headDim]. */
export interface PromptCache {
  keys: Float32Array[];
  values: Float32Array[];
  /** T. */
  length: number;
  /** Tokens in each prompt [P]. */
  tokens: readonly number[];
}

/** A branch that goes on, and the place whose keys and values it has. */
interface Heir {
  branch: Branch;
  from: number;
}

/** What a group costs besides its places, in places: its product with the prompt is less tall. Like all of these, measured on a CPU. */
const GROUP_COST = 0.5;
/** Copying a group's prompt, a place's slot, and any copying at all: in a place's part of a step. */
const COPY = { prompt: 1.2, slot: 0.03, any: 20 };
/** Steps over which copying has to pay off. */
const HORIZON = 6;
/** RotaryEmbedding takes a group's places for a sequence, which must fit into the context; wider ones gain nothing. */
const MOST_PLACES = 32;

export class SampleBatch {
  /** By group [G]: which of the prompts it reads. */
  groups: number[];
  /** k of each group. */
  places = 1;
  /** By group and place [G k]; undefined: an empty place, computed and ignored. */
  branches: (Branch | undefined)[];
  /** S of the places' own keys and values, of which `used` hold tokens. */
  slots = 0;
  used = 0;
  private readonly prompt: CacheMemory[];
  private readonly own: CacheMemory[];

  /** `rows` by prompt, their first tokens drawn. */
  constructor(
    private readonly shape: CacheShape,
    readonly prompts: PromptCache,
    rows: readonly Branch[],
  ) {
    this.groups = rows.map((_, p) => p);
    this.branches = rows.map((list) => [...list]);
    this.prompt = [...prompts.keys, ...prompts.values].map((layer) => new CacheMemory(layer));
    const places = rows.reduce((n, list) => n + list.length, 0);
    const reserve = places * 16 * shape.heads * shape.headDim;
    this.own = this.prompt.map(() => new CacheMemory(undefined, reserve));
    this.part();
  }

  /** A layer's prompt keys [G, heads, headDim, T] and values [G, heads, T, headDim]. */
  promptLayer(layer: number): { keys: Float32Array; values: Float32Array } {
    return { keys: this.prompt[layer]!.data, values: this.prompt[this.shape.layers + layer]!.data };
  }

  /** A layer's own keys and values [G, heads, k, S, headDim]. */
  ownLayer(layer: number): { keys: Float32Array; values: Float32Array } {
    return { keys: this.own[layer]!.data, values: this.own[this.shape.layers + layer]!.data };
  }

  /** Room for the next token's keys and values in each place. */
  makeRoom(): void {
    if (this.used < this.slots) return;
    const { heads, headDim } = this.shape;
    const before = this.slots;
    // Few more than needed at first, where branches still part and are copied often.
    this.slots += before < 16 ? 4 : 16;
    const moves: Move[] = [];
    const segments = this.groups.length * heads * this.places;
    for (let s = 0; s < segments; s++) {
      moves.push({ from: s * before * headDim, to: s * this.slots * headDim, length: this.used * headDim });
    }
    for (const memory of this.own) memory.move(moves, segments * this.slots * headDim);
  }

  /** Puts a layer's newest keys or values, `fresh` [G, heads, k, headDim], behind a place's own. */
  store(own: Float32Array, fresh: Float32Array): void {
    const { headDim } = this.shape;
    const stride = this.slots * headDim;
    for (let from = 0, to = this.used * headDim; from < fresh.length; from += headDim, to += stride) {
      // Number by number: thousands of views of a few numbers cost more than the copying.
      for (let i = 0; i < headDim; i++) own[to + i] = fresh[from + i]!;
    }
  }

  /** After a step, keys and values stored and tokens drawn: branches part, and what has ended leaves. */
  part(): void {
    const heirs = this.heirs();
    const counts = [...heirs.values()].map((list) => list.length);
    let width = 1;
    let least = Number.POSITIVE_INFINITY;
    for (let w = Math.min(MOST_PLACES, Math.max(0, ...counts)); w > 0; w--) {
      const cost = this.costOf(counts, w);
      if (cost < least) [width, least] = [w, cost];
    }
    const present = HORIZON * this.groups.length * (this.places + GROUP_COST);
    if (heirs.size === 0 || present > least || !this.settle(heirs)) this.arrange(heirs, width);
  }

  /** Branches that go on, by prompt. */
  private heirs(): Map<number, Heir[]> {
    const heirs = new Map<number, Heir[]>();
    this.branches.forEach((branch, from) => {
      const byToken = new Map<number, Branch>();
      for (const row of branch ?? []) {
        if (row.ended) continue;
        const token = row.tokens.at(-1)!;
        const list = byToken.get(token);
        if (list) list.push(row);
        else byToken.set(token, [row]);
      }
      if (byToken.size === 0) return;
      const prompt = this.groups[Math.floor(from / this.places)]!;
      const list = heirs.get(prompt) ?? [];
      heirs.set(prompt, list);
      for (const heir of byToken.values()) list.push({ branch: heir, from });
    });
    return heirs;
  }

  /** Of `counts` branches by prompt in groups of `width`: copying them there, and the steps after. */
  private costOf(counts: readonly number[], width: number): number {
    let groups = 0;
    let branches = 0;
    for (const n of counts) {
      groups += Math.ceil(n / width);
      branches += n;
    }
    const prompts = groups === this.groups.length ? 0 : COPY.prompt * groups;
    return HORIZON * groups * (width + GROUP_COST) + prompts + COPY.slot * branches * this.used + COPY.any;
  }

  /** Leaves branches where they are, and those that part goes to free places of its group. False: there are too few. */
  private settle(heirs: ReadonlyMap<number, Heir[]>): boolean {
    const next = new Array<Branch | undefined>(this.branches.length);
    const parting: Heir[] = [];
    for (const list of heirs.values()) {
      for (const heir of list) {
        if (next[heir.from]) parting.push(heir);
        else next[heir.from] = heir.branch;
      }
    }
    const moves: Move[] = [];
    for (const { branch, from } of parting) {
      const first = from - (from % this.places);
      let to = first;
      while (to < first + this.places && next[to]) to++;
      if (to === first + this.places) return false;
      next[to] = branch;
      moves.push(...this.placeMoves(from, to));
    }
    for (const memory of this.own) memory.copy(moves);
    this.branches = next;
    return true;
  }

  /** One place's own keys or values, to another place; `to` counts in groups of `places` with `slots`. */
  private placeMoves(from: number, to: number, places = this.places, slots = this.slots): Move[] {
    const { heads, headDim } = this.shape;
    const at = (place: number, h: number, k: number, S: number) =>
      ((Math.floor(place / k) * heads + h) * k + (place % k)) * S * headDim;
    return Array.from({ length: heads }, (_, h) => ({
      from: at(from, h, this.places, this.slots),
      to: at(to, h, places, slots),
      length: this.used * headDim,
    }));
  }

  /** The branches in groups of `width` places. */
  private arrange(heirs: ReadonlyMap<number, Heir[]>, width: number): void {
    const { heads, headDim } = this.shape;
    const groups: { prompt: number; heirs: Heir[] }[] = [];
    for (const [prompt, list] of heirs) {
      for (let at = 0; at < list.length; at += width) {
        groups.push({ prompt, heirs: list.slice(at, at + width) });
      }
    }
    const sources = groups.map((g) => Math.floor(g.heirs[0]!.from / this.places));
    if (sources.length !== this.groups.length || sources.some((source, g) => source !== g)) {
      const length = heads * headDim * this.prompts.length;
      const moves = sources.map((source, g) => ({ from: source * length, to: g * length, length }));
      for (const memory of this.prompt) memory.move(moves, groups.length * length);
    }
    const moves = groups.flatMap((group, g) =>
      group.heirs.flatMap(({ from }, place) => this.placeMoves(from, g * width + place, width)),
    );
    const size = groups.length * heads * width * this.slots * headDim;
    for (const memory of this.own) memory.move(moves, size);
    this.groups = groups.map((g) => g.prompt);
    this.places = width;
    this.branches = groups.flatMap((g) => Array.from({ length: width }, (_, i) => g.heirs[i]?.branch));
  }
}
