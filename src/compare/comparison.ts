/** The whole of a comparison as data: what `report.json` holds and the page shows. */
import type { RunDigest } from './digest.ts';
import { byLabel, type MethodSummaries, passCurve, reported, solvedIds, summarize } from './summary.ts';

/** What each run could spend; absent: not bounded. */
export interface Budget {
  minutes?: number;
  /** Sampled plus trained. */
  tokens?: number;
  iterations?: number;
}

export interface Comparison {
  version: 1;
  budget: Budget;
  bank: string;
  methods: MethodSummaries;
  runs: RunSummary[];
  /** False while runs are still to come. */
  complete: boolean;
  /** What to make of it, in sentences. */
  reading: string[];
}

export interface RunSummary {
  run: string;
  label: string;
  seed: number;
  iterations: number;
  /** The checkpoint that is reported. */
  picked: number;
  tokens: number;
  seconds: number;
  heldout: Record<string, number>;
  solved: string[];
}

export function compareRuns(
  runs: readonly RunDigest[],
  about: { budget: Budget; bank: string; runsWanted?: number },
): Comparison {
  const methods = summarize(runs);
  return {
    version: 1,
    budget: about.budget,
    bank: about.bank,
    methods,
    runs: runs.map((run) => {
      const [heldout, tries] = [reported(run, run.heldout), reported(run, run.tries)];
      return {
        run: run.run,
        label: run.label,
        seed: run.seed,
        iterations: run.iterations,
        picked: run.picked,
        tokens: run.tokensSampled + run.tokensTrained,
        seconds: run.seconds,
        heldout: heldout ? passCurve(heldout) : {},
        solved: tries ? solvedIds(tries) : [],
      };
    }),
    complete: runs.length >= (about.runsWanted ?? runs.length),
    reading: [budgetSentence(about.budget), ...read(runs, methods)],
  };
}

/** What is held equal. */
export function budgetSentence({ minutes, tokens, iterations }: Budget): string {
  const limits = [
    tokens !== undefined && `${tokens.toLocaleString('en')} tokens (sampled plus trained)`,
    minutes !== undefined && `${minutes} ${minutes === 1 ? 'minute' : 'minutes'} of self-play`,
    iterations !== undefined && `${iterations} ${iterations === 1 ? 'iteration' : 'iterations'}`,
  ].filter((limit) => limit !== false);
  if (limits.length === 0) return 'These runs had no common budget: read the tokens beside each.';
  const ends = 'and ends with the iteration in which they are spent';
  const first = limits.length > 1 ? ', whichever is spent first,' : '';
  return `Each run had the same budget: ${limits.join(' or ')}${first} ${ends}. Measuring costs no part of it.`;
}

function read(runs: readonly RunDigest[], methods: MethodSummaries): string[] {
  return [...byLabel(runs).keys()].map((label) => {
    const { title, seeds, heldout, goalposts } = methods[label]!;
    const at = heldout.pass['20'] ? '20' : Object.keys(heldout.pass).at(-1);
    const best = at ? heldout.pass[at]! : undefined;
    const percent = (x: number) => `${(100 * x).toFixed(1)}%`;
    const name = label in methods && methods[label]!.method === label ? title : label;
    const spread = seeds.length > 1 ? ` ± ${percent(best?.sd ?? 0)}` : '';
    return (
      `${name}: pass@${at} ${best ? percent(best.mean) : '–'}${spread} on held-out questions; ` +
      `${goalposts.solved} of ${goalposts.total} goalposts solved in ${seeds.length === 1 ? 'its one seed' : `some of ${seeds.length} seeds`}, ` +
      `${goalposts.solved_only_here} by it alone`
    );
  });
}
