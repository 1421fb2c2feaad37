/** The Python version whose results a bank's problems expect. */
import type { ProgramRun } from '../gasp/ports.ts';
import type { Problem } from './problem.ts';

/**
 * For runs of a problem's programs: the outputs that benchmarks expect come from Pythons before 3.12. Rows of our
 * own hold what the judge's own Python gave.
 */
export function pythonOf({ format }: Pick<Problem, 'format'>): Pick<ProgramRun, 'python'> {
  return format === 'foothold' ? {} : { python: '3.11' };
}
