/** A comparison as the table that people read first. */
import type { Comparison } from './comparison.ts';
import { KS, type Spread } from './summary.ts';

const percent = (value: number, digits = 1) => `${(100 * value).toFixed(digits)}%`;

/** The few k whose columns are shown: the first, pass@20 (the paper's), and the last that all methods have. */
export function shownKs({ methods }: Comparison): string[] {
  const passes = Object.values(methods).map(({ heldout }) => heldout.pass);
  const common = KS.map(String).filter((k) => passes.length > 0 && passes.every((pass) => k in pass));
  return [...new Set([common[0], common.find((k) => k === '20'), common.at(-1)])].filter(
    (k) => k !== undefined,
  );
}

export function comparisonTable(comparison: Comparison): { head: string[]; rows: string[][] } {
  const { methods } = comparison;
  const ks = shownKs(comparison);
  const main = ks.find((k) => k === '20') ?? ks.at(-1);
  const tried = (k: string) => Object.values(methods).every(({ validation }) => k in validation.pass);
  const validated = main && tried(main) ? [main] : [];
  // Without a validation split both are the same.
  const picks = comparison.runs.some((run) => run.picked !== run.iterations);
  const spread = (value: Spread | undefined, seeds: number, digits: number) => {
    if (!value || Number.isNaN(value.mean)) return '–';
    return percent(value.mean, digits) + (seeds > 1 ? ` ± ${(100 * value.sd).toFixed(digits)}` : '');
  };
  return {
    head: [
      'Method',
      'Seeds',
      'Iterations',
      'Tokens',
      'Minutes',
      ...ks.map((k) => `Held-out pass@${k}`),
      ...(picks && main ? [`last checkpoint’s pass@${main}`] : []),
      ...validated.map((k) => `Validation pass@${k}`),
      'Goalposts solved',
      'by it alone',
      'each seed',
      'Goalposts’ mean pass@1',
    ],
    rows: Object.entries(methods).map(([label, method]) => {
      const { heldout, validation, goalposts, seeds } = method;
      return [
        label === method.method ? method.title : label,
        seeds.join(', '),
        count(method.iterations),
        count(method.tokens),
        (method.seconds / 60).toFixed(1),
        ...ks.map((k) => spread(heldout.pass[k], seeds.length, 1)),
        ...(picks && main ? [spread(heldout.last[main], seeds.length, 1)] : []),
        ...validated.map((k) => spread(validation.pass[k], seeds.length, 1)),
        goalposts.total === 0 ? '–' : `${goalposts.solved} of ${goalposts.total}`,
        goalposts.total === 0 ? '–' : String(goalposts.solved_only_here),
        goalposts.by_seed.join(', ') || '–',
        spread(goalposts.pass['1'], seeds.length, 2),
      ];
    }),
  };
}

const count = (value: number) => Math.round(value).toLocaleString('en');
