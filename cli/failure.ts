/** How a command ends that did not get through: on stderr, and with `--json` as its last line too. */
import { type ErrorCode, type ToldError, tellError } from '../src/util/codedError.ts';
import { UsageError } from './usage.ts';
import { adviceOn } from './wording.ts';

/** Codes of commands alone: a person stopped one; options that cannot be; input with nothing to work on. */
type CommandCode = 'interrupted' | 'usage' | 'input';

/** A command cannot go on; the message says why, the advice what to do. */
export class CommandError extends Error {
  override name = 'CommandError';
  constructor(
    message: string,
    readonly advice = '',
    /** The process's exit status. */
    readonly status = 1,
    readonly code: ErrorCode | CommandCode = 'input',
  ) {
    super(message);
  }
}

/** A person stopped the command, as a shell reports it. */
export const interrupted = (kept: string): CommandError => new CommandError(kept, '', 130, 'interrupted');

/** The command's error for one that the lab reported. `stored`: a run is there to go on with. */
export function labFailure(error: ToldError, stored: boolean): CommandError {
  const goOn = 'What was done is stored: once that is mended, the same command goes on.';
  const advice = [adviceOn(error), stored ? goOn : ''].filter(Boolean).join('\n');
  return new CommandError(error.message, advice, 1, error.code);
}

/**
 * Tells what went wrong and gives the exit status: 2 where the command line cannot be carried out. Whoever
 * reads `--json` finds one object in the last line of stdout whatever happens: `{"error": "...", "code": "..."}`.
 */
export function tell(error: unknown, { json, usage }: { json: boolean; usage: string }): number {
  const { message, advice, status, code } = describe(error, usage);
  console.error(advice ? `${message}\n${advice}` : message);
  if (json) console.log(JSON.stringify({ error: message, code }));
  return status;
}

function describe(error: unknown, usage: string): CommandError {
  if (error instanceof UsageError) return new CommandError(error.message, `\n${usage}`, 2, 'usage');
  if (error instanceof CommandError) return error;
  return labFailure(tellError(error), false);
}
