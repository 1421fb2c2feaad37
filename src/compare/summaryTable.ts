/** A comparison as the table that people read first. */
import type { Comparison } from './comparison.ts';
import { KS, mainK, type Spread } from './summary.ts';

const percent = (value: number, digits = 1) => `${(100 * value).toFixed(digits)}%`;

/** The k of pass@k that all methods have of a split. */
function commonKs({ methods }: Comparison, split: 'heldout' | 'validation'): string[] {
  const passes = Object.values(methods).map((method) => method[split].pass);
  return KS.map(String).filter((k) => passes.length > 0 && passes.every((pass) => k in pass));
}

export function summaryTable(comparison: Comparison): { head: string[]; rows: string[][] } {
  const { methods } = comparison;
  const tested = commonKs(comparison, 'heldout');
  const main = mainK(tested);
  // Few columns: the first, the main one and the last.
  const ks = [...new Set([tested[0], main, tested.at(-1)])].filter((k) => k !== undefined);
  const picked = commonKs(comparison, 'validation');
  const validated = [picked.find((k) => k === main) ?? mainK(picked)].filter((k) => k !== undefined);
  // Without a validation split both are the same.
  const picks = comparison.runs.some((run) => run.picked !== run.iterations);
  const spread = (value: Spread | undefined, seeds: number, digits: number) => {
    if (!value || Number.isNaN(value.mean)) return '–';
    return percent(value.mean, digits) + (seeds > 1 ? ` ± ${(100 * value.sd).toFixed(digits)}` : '');
  };
  const scored = Object.values(methods).some(({ goalposts }) => goalposts.reference);
  const plain = (value: Spread | undefined, digits: number) =>
    value
      ? `${value.mean.toFixed(digits)}${value.sd > 0 ? ` ± ${value.sd.toFixed(digits)}` : ''}`.replace(
          '-',
          '−',
        )
      : '–';
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
      'without parts of others',
      'never proposed whole',
      'Goalposts’ mean pass@1',
      ...(scored ? ['Mean log₁₀ p of references', 'expected solved, at least'] : []),
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
        ...[goalposts.not_parts, goalposts.never_proposed].map(({ total, solved }) =>
          total === 0 ? '–' : `${solved} of ${total}`,
        ),
        spread(goalposts.pass['1'], seeds.length, 2),
        ...(scored
          ? [plain(goalposts.reference?.log10, 2), plain(goalposts.reference?.expected_solved, 1)]
          : []),
      ];
    }),
  };
}

const count = (value: number) => Math.round(value).toLocaleString('en');
