/** How an answer fared, and the judge's results put into words. */
import type { CallResult, ProgramResult } from '../gasp/ports.ts';

/** Why an answer did not pass, or that it did. */
export type Outcome =
  | 'passed'
  | 'wrong'
  | 'raised'
  | 'timeout'
  | 'too-big'
  | 'unsafe'
  | 'unparsable'
  | 'crashed'
  /** The bank's own solution or script failed: nothing is said about the answer. */
  | 'bad-test';

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
        : { outcome: 'raised', reason };
    default:
      return { outcome: result.status, reason };
  }
}

function isMemory(error: string): boolean {
  return /^MemoryError\b/.test(error);
}

/** What is wrong with a call that gave no value. */
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
      if (isMemory(call.error))
        return { outcome: 'too-big', reason: `${where} needs too much memory${line}${cases}.` };
      return { outcome: 'raised', reason: `${where} raised${line}: ${call.error}${cases}` };
    }
  }
}
