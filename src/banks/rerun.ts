/** Whether an answer that failed is random: it is run again. */
import type { CallResult, Judge, JudgeOptions, ProgramResult, ProgramRun } from '../gasp/ports.ts';
import { brief } from '../util/text.ts';

/** Names without which a program gives the same result each time: nothing else here changes between runs. */
const CHANGING =
  /\b(?:random\w*|time\w*|datetime|uuid\w*|secrets|urandom|getpid|id|object|shuffle|choices?|sample|randint|perf_counter\w*|monotonic\w*)\b/;

/**
 * For each run that failed how its values differed when it ran again, or undefined. Only programs that
 * name a source of chance are run again, twice: a right answer costs nothing.
 */
export async function findRandom(
  failed: readonly { run: ProgramRun; result: ProgramResult }[],
  judge: Judge,
  options: JudgeOptions,
): Promise<(string | undefined)[]> {
  const suspects = [...failed.entries()].filter(([, { run }]) => CHANGING.test(run.program));
  const found: (string | undefined)[] = failed.map(() => undefined);
  if (suspects.length === 0) return found;
  // Both in one call, so that their seeds differ.
  const again = await judge.run(
    suspects.flatMap(([, { run }]) => [run, run]),
    options,
  );
  for (const [k, [i, { run, result }]] of suspects.entries()) {
    found[i] = difference(run, [result, again[2 * k]!, again[2 * k + 1]!]);
  }
  return found;
}

function difference({ inputs }: ProgramRun, results: readonly ProgramResult[]): string | undefined {
  for (const [i, input] of inputs.entries()) {
    const seen = results.map((result) => (result.status === 'ran' ? outcomeOf(result.calls[i]) : undefined));
    const [first, ...others] = seen;
    const other = others.find((one) => one !== undefined && first !== undefined && one !== first);
    if (first !== undefined && other !== undefined) {
      return `On ${brief(input || 'no input')} it ${first} in one run and ${other} in another.`;
    }
  }
  return undefined;
}

/** Undefined where it did not get as far, or was out of time, which tells nothing. */
function outcomeOf(call: CallResult | undefined): string | undefined {
  if (call?.status === 'returned') return `gave ${brief(call.value)}`;
  if (call?.status === 'raised') return `raised ${call.error}`;
  return undefined;
}
