/** Results of banks' programs, kept in a folder: the same ones need not run again. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Judge, JudgeOptions, ProgramResult, ProgramRun } from '../src/gasp/ports.ts';

/** Raised where the judge writes values in another way: older results are then not used. */
const VERSION = 1;

/** Asks `judge` for results that the folder does not hold. For the bank's own programs only: stored results are trusted. */
export function keepResults(judge: Pick<Judge, 'run'>, folder: string): Pick<Judge, 'run'> {
  mkdirSync(folder, { recursive: true });
  const fileOf = (run: ProgramRun) =>
    join(
      folder,
      `${createHash('sha256')
        .update(JSON.stringify([VERSION, run]))
        .digest('hex')}.json`,
    );
  return {
    async run(runs: ProgramRun[], options?: JudgeOptions): Promise<ProgramResult[]> {
      const results = runs.map((run) => read(fileOf(run)));
      const missing = [...runs.keys()].filter((i) => results[i] === undefined);
      let done = runs.length - missing.length;
      // One at a time is kept: whoever stops the command loses what runs, and nothing else.
      await Promise.all(
        missing.map(async (i) => {
          const [result] = await judge.run([runs[i]!], options?.signal && { signal: options.signal });
          results[i] = result;
          // A result that may be another one on a quieter machine is not kept.
          if (isSettled(result!)) write(fileOf(runs[i]!), result!);
          options?.onProgress?.(++done, runs.length);
        }),
      );
      return results as ProgramResult[];
    },
  };
}

const isSettled = (result: ProgramResult): boolean =>
  result.status === 'ran' && result.calls.every(({ status }) => status === 'returned');

function read(file: string): ProgramResult | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Under another name first: half a file never counts. */
function write(file: string, result: ProgramResult): void {
  const part = `${file}.${process.pid}`;
  writeFileSync(part, JSON.stringify(result));
  renameSync(part, file);
}
