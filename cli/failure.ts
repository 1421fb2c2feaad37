/** How a command ends that did not get through. */
import { describeProblem } from '../src/lab/problems.ts';
import { UsageError } from './usage.ts';

/** Says on stderr what went wrong and what to do; the exit status. Throws a `UsageError` on: it gets the usage. */
export function failure(error: unknown): number {
  if (error instanceof UsageError) throw error;
  const { message, advice } = describeProblem(error);
  console.error(`${message}\n${advice}`);
  return 1;
}
