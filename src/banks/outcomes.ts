/** How an answer fared, and the judge's results put into words. */
import type { CallResult, ProgramResult } from '../gasp/ports.ts';
import { missingLibrary } from './libraries.ts';

/** Why an answer did not pass, or that it did. */
export type Outcome =
  | 'passed'
  | 'wrong'
  | 'raised'
  | 'timeout'
  | 'too-big'
  | 'unsafe'
  /** The answer did not pass, and run again it gave another result. */
  | 'nondeterministic'
  | 'unparsable'
  | 'crashed'
  /** The bank's own solution or script failed: nothing is said about the answer. */
  | 'bad-test'
  /** The answer or its tests import a library that is not here: no verdict. */
  | 'no-library';

/** Whether it says something about the answer. */
export function isJudged(outcome: Outcome): boolean {
  return outcome !== 'bad-test' && outcome !== 'no-library';
}

export function readFailure(result: Exclude<ProgramResult, { status: 'ran' }>): {
  outcome: Outcome;
  reason: string;
} {
  const line = result.line === undefined ? '' : `Line ${result.line}: `;
  const reason = line + result.error;
  switch (result.status) {
    case 'syntax':
      return { outcome: 'unparsable', reason: `It is not Python. ${reason}` };
    case 'timeout':
      return { outcome: 'timeout', reason: 'It did not end in time.' };
    case 'raised':
      return isMemory(result.error)
        ? { outcome: 'too-big', reason: `It needs too much memory. ${reason}` }
        : (readImport(result.error) ?? { outcome: 'raised', reason });
    case 'crashed':
      return { outcome: 'crashed', reason: describeCrash(result) };
    default:
      return { outcome: result.status, reason };
  }
}

function readImport(error: string): { outcome: Outcome; reason: string } | undefined {
  const name = missingLibrary(error);
  return name === undefined
    ? undefined
    : { outcome: 'no-library', reason: `It needs ${name}, which is not here: it can't be judged.` };
}

/** Sizes have 32 bits in this Python: an object beyond them would not fit into memory either. */
function isMemory(error: string): boolean {
  return /^(?:MemoryError\b|OverflowError: cannot fit 'int' into an index-sized integer)/.test(error);
}

function describeCrash({ error, exit }: Extract<ProgramResult, { status: 'crashed' }>): string {
  if (exit !== undefined) return `It ended its whole interpreter (exit ${exit}).`;
  return `It ended without an answer: ${error}.`;
}

/** The fault of a call that gave no value. */
export function readCall(
  call: CallResult | undefined,
  where: string,
  cases: string,
): { outcome: Outcome; reason: string } | undefined {
  if (!call) return { outcome: 'crashed', reason: `${where} was not reached${cases}.` };
  switch (call.status) {
    case 'returned':
      return undefined;
    case 'timeout':
      return { outcome: 'timeout', reason: `${where} did not end in time${cases}.` };
    case 'too-big':
      return { outcome: 'too-big', reason: `${where}: ${call.error}${cases}.` };
    case 'raised': {
      const line = call.line === undefined ? '' : ` in line ${call.line}`;
      const library = readImport(call.error);
      if (library) return library;
      if (isMemory(call.error))
        return { outcome: 'too-big', reason: `${where} needs too much memory${line}${cases}.` };
      return { outcome: 'raised', reason: `${where} raised${line}: ${call.error}${cases}` };
    }
  }
}
