/** How far each method's held-out pass@k is from a baseline's, as a column of the table. */
import { points } from '../run/gainWords.ts';
import type { Comparison } from './comparison.ts';
import { mainK, standardError } from './summary.ts';

/** None where the baseline was not measured. The standard error is over seeds, where both have several. */
export function overBaseline(
  { methods }: Comparison,
  baseline: string | undefined,
): { head: string[]; cells: (label: string) => string[] } {
  const base = baseline === undefined ? undefined : methods[baseline];
  const ks = Object.keys(base?.heldout.pass ?? {});
  const k = mainK(ks);
  if (!base || k === undefined) return { head: [], cells: () => [] };
  const than = base.heldout.pass[k]!;
  return {
    head: [`pass@${k}, points over ${baseline}`],
    cells: (label) => {
      const method = methods[label];
      const own = method?.heldout.pass[k];
      if (!own || label === baseline) return ['–'];
      const seeds = [method.seeds.length, base.seeds.length] as const;
      const error = standardError(own, seeds[0], than, seeds[1]);
      const spread = Math.min(...seeds) > 1 ? ` (standard error ${(100 * error).toFixed(1)})` : '';
      return [`${points(own.mean - than.mean)}${spread}`];
    },
  };
}
