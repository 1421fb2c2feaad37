/** The whole of a comparison as data: what `report.json` holds and the page shows. */
import type { RunDigest } from './digest.ts';
import {
  byLabel,
  type Counted,
  mainK,
  type MethodSummaries,
  type MethodSummary,
  passCurve,
  reported,
  solvedIds,
  standardError,
  summarize,
} from './summary.ts';

/** The budget of each run; absent: not bounded. */
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
  runs: ComparedRun[];
  /** False while runs are still to come. */
  complete: boolean;
  /** How to read the table, in sentences. */
  reading: string[];
}

export interface ComparedRun {
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
    reading: [budgetSentence(about.budget), ...read(runs, methods), ...guidance(runs, methods)],
  };
}

/** A sentence about the budget that all methods share. */
export function budgetSentence({ minutes, tokens, iterations }: Budget): string {
  const limits = [
    tokens !== undefined && `${tokens.toLocaleString('en')} tokens (sampled plus trained)`,
    minutes !== undefined && `${minutes} ${minutes === 1 ? 'minute' : 'minutes'} of self-play`,
    iterations !== undefined && `${iterations} ${iterations === 1 ? 'iteration' : 'iterations'}`,
  ].filter((limit) => limit !== false);
  if (limits.length === 0) return 'These runs had no common budget: read the tokens beside each.';
  const first = limits.length > 1 ? ', whichever is spent first' : '';
  return `Each run had the same budget: ${limits.join(' or ')}${first}. It ends with the iteration in which that is spent; measuring costs no part of it.`;
}

/** Guided methods, each with the unguided one that is trained alike. */
const GUIDED = [
  ['gasp', 'azr'],
  ['gasp-hindsight', 'azr-hindsight'],
] as const;

/** What counts as unguided of the goalposts that guidance is said to reach. */
const UNGUIDED = ['base', 'azr', 'real'];

/**
 * Whether guidance helps, in the paper's two terms: points of pass@20 above the unguided method on held-out
 * questions (2.5 above AZR there), and the share of goalposts that the guided one solves while base model, AZR and
 * real-data RL all leave them unsolved (11 of 146, 7.5%, there). Nothing where the methods for it are not compared.
 */
function guidance(runs: readonly RunDigest[], methods: MethodSummaries): string[] {
  return GUIDED.flatMap(([label, control]) => {
    const guided = methods[label];
    const sentences: string[] = [];
    if (!guided) return [];
    for (const other of new Set(label === 'gasp' ? [control] : ['gasp', control])) {
      const than = methods[other];
      const sentence = than && ahead(guided, than);
      if (sentence) sentences.push(sentence);
    }
    if (UNGUIDED.every((other) => other in methods) && guided.goalposts.total > 0) {
      const solvedBy = (labels: readonly string[]) =>
        runs
          .filter((run) => labels.includes(run.label))
          .flatMap((run) => {
            const tried = reported(run, run.tries);
            return tried ? solvedIds(tried) : [];
          });
      const elsewhere = new Set(solvedBy(UNGUIDED));
      const beyond = new Set(solvedBy([label]).filter((id) => !elsewhere.has(id))).size;
      const { total, n } = guided.goalposts;
      sentences.push(
        `${guided.title} solves ${beyond} of ${total} goalposts (${((100 * beyond) / total).toFixed(1)}%) that base model, AZR and real-data RL all leave unsolved, with ${n} answers to each in every run`,
      );
    }
    return sentences;
  });
}

/** How far one method's held-out pass@20, or that of the largest k that both have, is from another's. */
function ahead(method: MethodSummary, than: MethodSummary): string | undefined {
  const ks = Object.keys(method.heldout.pass).filter((key) => key in than.heldout.pass);
  const k = mainK(ks);
  const [ours, theirs] = [method, than].map(({ heldout }) => (k ? heldout.pass[k] : undefined));
  if (!k || !ours || !theirs) return undefined;
  const points = 100 * (ours.mean - theirs.mean);
  const where = `${Math.abs(points).toFixed(1)} points ${points < 0 ? 'below' : 'above'} ${than.title}`;
  const n = [method.seeds.length, than.seeds.length] as const;
  const error = 100 * standardError(ours, n[0], theirs, n[1]);
  const spread = Math.min(...n) > 1 ? `, with a standard error of ${error.toFixed(1)} over seeds` : '';
  return `${method.title} is ${where} in pass@${k} on held-out questions${spread}`;
}

function read(runs: readonly RunDigest[], methods: MethodSummaries): string[] {
  return [...byLabel(runs).keys()].map((label) => {
    const { title, seeds, heldout, goalposts } = methods[label]!;
    const at = mainK(Object.keys(heldout.pass));
    const best = at ? heldout.pass[at]! : undefined;
    const percent = (x: number) => `${(100 * x).toFixed(1)}%`;
    const name = label in methods && methods[label]!.method === label ? title : label;
    const spread = best && seeds.length > 1 ? ` ± ${percent(best.sd)}` : '';
    const learned = best
      ? `pass@${at} ${percent(best.mean)}${spread} on held-out questions`
      : 'not tried on held-out questions';
    const { not_parts: notParts, never_proposed: neverProposed, reference } = goalposts;
    const without = (kind: Counted, words: string) =>
      kind.total === goalposts.total ? '' : `, ${kind.solved} of the ${kind.total} ${words}`;
    const near = reference
      ? `; their own programs have a mean log₁₀ p of ${reference.log10.mean.toFixed(2).replace('-', '−')}, by which at least ${reference.expected_solved.mean.toFixed(1)} of ${reference.scored} are expected solved with ${goalposts.n} answers`
      : '';
    return (
      `${name}: ${learned}; ` +
      `${goalposts.solved} of ${goalposts.total} goalposts solved in ${seeds.length === 1 ? 'its one seed' : `some of ${seeds.length} seeds`}, ` +
      `${goalposts.solved_only_here} by it alone` +
      without(notParts, 'that are no part of another') +
      without(neverProposed, 'that no proposal gave away') +
      near
    );
  });
}
