/** How a command ends that did not get through: on stderr, and with `--json` as its last line too. */
import { describeProblem } from '../src/lab/problems.ts';
import { UsageError } from './usage.ts';

/** A command cannot go on; the message says why, the advice what to do. */
export class CommandError extends Error {
  override name = 'CommandError';
  constructor(
    message: string,
    readonly advice = '',
    /** The process's exit status. */
    readonly status = 1,
  ) {
    super(message);
  }
}

/** A person stopped the command, as a shell reports it. */
export const interrupted = (kept: string): CommandError => new CommandError(kept, '', 130);

/**
 * Tells what went wrong and gives the exit status: 2 where the command line cannot be carried out. Whoever
 * reads `--json` finds one object in the last line of stdout whatever happens: `{"error": "..."}`.
 */
export function tell(error: unknown, { json, usage }: { json: boolean; usage: string }): number {
  const { message, advice, status } = describe(error, usage);
  console.error(advice ? `${message}\n${advice}` : message);
  if (json) console.log(JSON.stringify({ error: message }));
  return status;
}

function describe(error: unknown, usage: string): { message: string; advice: string; status: number } {
  if (error instanceof UsageError) return { message: error.message, advice: `\n${usage}`, status: 2 };
  if (error instanceof CommandError) {
    const { message, status, advice } = error;
    const goOn = 'What was done is stored: once that is mended, the same command goes on.';
    return { message, advice: forPage(advice) ? goOn : advice, status };
  }
  const { message, advice } = describeProblem(error);
  return { message, advice: forPage(advice) ? '' : advice, status: 1 };
}

/** Advice on the page's buttons; there are none here. */
const forPage = (advice: string): boolean => /press Run|the page/i.test(advice);
