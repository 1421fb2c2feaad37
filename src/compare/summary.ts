/** Methods side by side, from runs that were measured alike: means and spread over seeds. */
import { expectedSolved, summarizeDistances } from '../gasp/distance.ts';
import { passesOf } from '../gasp/measuring.ts';
import { type MethodName, METHODS } from '../gasp/methods.ts';
import { meanPassAtK } from '../gasp/passAtK.ts';
import type { RunDigest, Tried } from './digest.ts';

/** The k of pass@k that are reported, as far as there are samples. */
export const KS = [1, 2, 5, 10, 20, 50, 100] as const;

/** Over seeds; `sd` is the sample's standard deviation, 0 where there is one seed only. */
export interface Spread {
  mean: number;
  sd: number;
}

export interface MethodSummary {
  method: MethodName;
  title: string;
  about: string;
  citation: string;
  seeds: number[];
  /** Mean over seeds; so are the tokens (sampled plus trained) and the seconds. */
  iterations: number;
  tokens: number;
  tokensSampled: number;
  tokensTrained: number;
  seconds: number;
  /**
   * Pass@k of the checkpoints that the validation split picked, or of the last ones where that split was not tried;
   * `last`: of the last ones in any case. `n`: answers to each question.
   */
  heldout: {
    n: number;
    questions: number;
    pass: Record<string, Spread>;
    last: Record<string, Spread>;
  };
  /** Pass@k of the reported checkpoints on the validation split, which picked them; `n` is 0 where it was not tried. */
  validation: { n: number; questions: number; pass: Record<string, Spread> };
  /** Iterations of the checkpoints that are reported, in the order of `seeds`. */
  picked: number[];
  goalposts: {
    /** Answers to each goalpost. */
    n: number;
    /** Goalposts tried. */
    total: number;
    /** With a right answer in some seed. */
    solved: number;
    /** Their ids, in the order of the bank. */
    solved_ids: string[];
    /** Goalposts among them that no other method solves in any seed; methods that contain this one are ignored. */
    solved_only_here: number;
    /** Number of goalposts that each seed solves, in the order of `seeds`. */
    by_seed: number[];
    pass: Record<string, Spread>;
    /** Without those whose lines stand within the program of another goalpost. */
    not_parts: Counted;
    /**
     * Without those whose whole program was a proposal of a run of this method, as its text or by giving all of their
     * outputs: guidance showed these to the student.
     */
    never_proposed: Counted;
    /** Of reference answers under the reported checkpoints; absent where none was scored. */
    reference?: {
      /** Goalposts that have one. */
      scored: number;
      /** Mean over goalposts of the decimal logarithm of its probability, over seeds; by seed in the order of `seeds`. */
      log10: Spread;
      log10_by_seed: number[];
      /** Goalposts solved in expectation with `n` answers, were the reference the only right one: a lower bound. */
      expected_solved: Spread;
    };
  };
}

/** Goalposts tried, and those of them with a right answer in some seed. */
export interface Counted {
  total: number;
  solved: number;
}

export type MethodSummaries = Record<string, MethodSummary>;

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { mean: Number.NaN, sd: 0 };
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  if (values.length === 1) return { mean, sd: 0 };
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

/** The paper's k of pass@k, else the largest. */
export const mainK = (ks: readonly string[]): string | undefined => ks.find((k) => k === '20') ?? ks.at(-1);

/** Of the difference of two means, each with its number of seeds. */
export function standardError(a: Spread, seedsOfA: number, b: Spread, seedsOfB: number): number {
  return Math.sqrt(a.sd ** 2 / seedsOfA + b.sd ** 2 / seedsOfB);
}

/** The trials at the newest checkpoint, those with the most samples where there are several. */
export function newest(tried: readonly Tried[]): Tried | undefined {
  return tried.toSorted((a, b) => a.iteration - b.iteration || a.samples - b.samples).at(-1);
}

/** The trials at the reported checkpoint; at the newest one where there are none. */
export function reported({ picked }: RunDigest, tried: readonly Tried[]): Tried | undefined {
  return newest(tried.filter(({ iteration }) => iteration === picked)) ?? newest(tried);
}

/** pass@k over the questions tried, for each k of `KS` that there are samples for. */
export function passCurve({ samples, answers }: Tried): Record<string, number> {
  const counts = Object.values(answers).map((digits) => passesOf(digits));
  return Object.fromEntries(
    KS.filter((k) => k <= samples).map((k) => [String(k), meanPassAtK(samples, counts, k)]),
  );
}

/** Ids of questions with at least one right answer. */
export function solvedIds({ answers }: Tried): string[] {
  return Object.keys(answers).filter((id) => answers[id]!.includes('1'));
}

/** Runs by label, in the order of first appearance. */
export function byLabel(runs: readonly RunDigest[]): Map<string, RunDigest[]> {
  const groups = new Map<string, RunDigest[]>();
  for (const run of runs) groups.set(run.label, [...(groups.get(run.label) ?? []), run]);
  return groups;
}

export function summarize(runs: readonly RunDigest[]): MethodSummaries {
  const groups = byLabel(runs);
  const solved = new Map<string, Set<string>>();
  for (const [label, own] of groups) {
    const tried = own.flatMap((run) => reported(run, run.tries) ?? []);
    solved.set(label, new Set(tried.flatMap(solvedIds)));
  }
  const out: MethodSummaries = {};
  for (const [label, own] of groups) {
    const method = own[0]!.method;
    const others = [...groups].filter(
      ([other, [run]]) => other !== label && !METHODS[run!.method].contains.includes(method),
    );
    const elsewhere = new Set(others.flatMap(([other]) => [...solved.get(other)!]));
    const mean = (value: (run: RunDigest) => number) => spread(own.map(value)).mean;
    const heldout = own.flatMap((run) => reported(run, run.heldout) ?? []);
    const last = own.flatMap((run) => newest(run.heldout) ?? []);
    const validation = own.flatMap((run) => reported(run, run.validation) ?? []);
    const goalposts = own.flatMap((run) => reported(run, run.tries) ?? []);
    const tried = [...new Set(goalposts.flatMap(({ answers }) => Object.keys(answers)))];
    const solvedHere = solved.get(label)!;
    const without = (key: 'isPart' | 'wasProposed'): Counted => {
      const some = new Set(own.flatMap((run) => run.goalposts.flatMap((g) => (g[key] ? [g.id] : []))));
      const left = tried.filter((id) => !some.has(id));
      return { total: left.length, solved: left.filter((id) => solvedHere.has(id)).length };
    };
    const reference = referenceSummary(goalposts);
    out[label] = {
      method,
      title: METHODS[method].title,
      about: METHODS[method].about,
      citation: METHODS[method].citation.text,
      seeds: own.map((run) => run.seed),
      iterations: mean((run) => run.iterations),
      tokens: mean((run) => run.tokensSampled + run.tokensTrained),
      tokensSampled: mean((run) => run.tokensSampled),
      tokensTrained: mean((run) => run.tokensTrained),
      seconds: mean((run) => run.seconds),
      heldout: { ...size(heldout), pass: passSpread(heldout), last: passSpread(last) },
      validation: { ...size(validation), pass: passSpread(validation) },
      picked: own.map((run) => run.picked),
      goalposts: {
        n: size(goalposts).n,
        total: size(goalposts).questions,
        solved: solvedHere.size,
        solved_ids: tried.filter((id) => solvedHere.has(id)),
        solved_only_here: [...solvedHere].filter((id) => !elsewhere.has(id)).length,
        by_seed: goalposts.map((tried) => solvedIds(tried).length),
        pass: passSpread(goalposts),
        not_parts: without('isPart'),
        never_proposed: without('wasProposed'),
        ...(reference && { reference }),
      },
    };
  }
  return out;
}

/** Of runs whose goalposts were scored. */
function referenceSummary(tried: readonly Tried[]): MethodSummary['goalposts']['reference'] {
  const scored = tried.flatMap(({ samples, logprobs }) => (logprobs ? [{ samples, logprobs }] : []));
  if (scored.length === 0) return undefined;
  const means = scored.map(({ logprobs }) => summarizeDistances(logprobs));
  return {
    scored: means[0]!.scored,
    log10: spread(means.map(({ meanLog10 }) => meanLog10)),
    log10_by_seed: means.map(({ meanLog10 }) => meanLog10),
    expected_solved: spread(scored.map(({ samples, logprobs }) => expectedSolved(logprobs, samples))),
  };
}

const size = (tried: readonly Tried[]): { n: number; questions: number } => ({
  n: tried[0]?.samples ?? 0,
  questions: tried[0] ? Object.keys(tried[0].answers).length : 0,
});

/** Mean and spread over runs of their pass@k, for each k that all of them have. */
function passSpread(tried: readonly Tried[]): Record<string, Spread> {
  const curves = tried.map(passCurve);
  const ks = Object.keys(curves[0] ?? {}).filter((k) => curves.every((curve) => k in curve));
  return Object.fromEntries(ks.map((k) => [k, spread(curves.map((curve) => curve[k]!))]));
}
