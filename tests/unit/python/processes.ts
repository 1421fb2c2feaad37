/** The table of `cpython/processes.py` as runs of a judge, and what came of them as that table has it. */
import type { ProgramResult, ProgramRun } from '../../../src/gasp/ports.ts';
import { readValue } from '../../../src/pytext/sameValue.ts';
import { callOf } from './judgeContract.ts';

export interface Process {
  name: string;
  stdin: string;
  program: string;
  prints?: string;
  raises?: string;
}

/** As LiveCodeBench's answers are run. */
export function processRuns(processes: readonly Process[]): ProgramRun[] {
  return processes.map(({ stdin, program }) => ({
    program,
    inputs: [stdin],
    how: { kind: 'stdin', prelude: true },
    python: '3.11',
    limits: { seconds: 20, total: 60, valueChars: 1_000_000, printChars: 1_000_000 },
  }));
}

/** What was printed, or the type of the exception. */
export function fared(result: ProgramResult): unknown {
  const call = callOf(result);
  if (typeof call === 'string') return readValue(call)?.text;
  return call.status === 'raised' ? { raises: call.error.split(':')[0] } : call;
}
