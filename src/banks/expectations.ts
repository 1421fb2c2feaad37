/** The values that a bank's tests expect, as literals: read, evaluated, or taken from its solution. */
import type { Judge, JudgeOptions, ProgramRun, RunLimits } from '../gasp/ports.ts';
import type { Problem, Suite } from './problem.ts';

/** For each case what it expects, and how long the solution took for it where it was asked. */
export type Expectations = { ok: true; values: string[]; ms: number[] } | { ok: false; why: string };

/** As long as a value may be before its fingerprint takes its place: the same for answers and solutions. */
export const VALUE_CHARS = 1_000_000;

/** A bank's own programs are given time: some of MBPP+'s take seconds for an input even outside of a browser. */
const SOLUTION_LIMITS: RunLimits = { seconds: 120, total: 900, valueChars: VALUE_CHARS };

/** Expected values of `suites`, all in one batch. Programs of banks run in the sandbox too. */
export async function resolveExpectations(
  suites: readonly { problem: Problem; suite: Suite }[],
  judge: Pick<Judge, 'run'>,
  options?: JudgeOptions,
): Promise<Expectations[]> {
  const runs: ProgramRun[] = [];
  const plans = suites.map(({ problem, suite }) => {
    const { tests } = suite;
    if (tests.kind !== 'calls') return undefined;
    const asked = tests.cases.filter(({ expected }) => expected === 'solution').map(({ input }) => input);
    const solution =
      asked.length > 0 && problem.solution !== undefined
        ? runs.push({
            program: problem.solution,
            inputs: asked,
            how: { kind: 'once', entry: tests.entry },
            limits: SOLUTION_LIMITS,
          }) - 1
        : undefined;
    const evaluated = tests.cases.map(({ expected }) => {
      if (expected === 'solution' || !('source' in expected)) return undefined;
      const context = expected.context === 'solution' ? `${problem.solution}\n\n` : '';
      return (
        runs.push({ program: `${context}def f():\n    return (${expected.source}\n)`, inputs: [''] }) - 1
      );
    });
    return { tests, solution, evaluated };
  });
  const results = runs.length > 0 ? await judge.run(runs, options) : [];
  return plans.map((plan): Expectations => {
    if (!plan) return { ok: true, values: [], ms: [] };
    const values: string[] = [];
    const ms: number[] = [];
    let next = 0;
    for (const [i, { expected, input }] of plan.tests.cases.entries()) {
      if (expected !== 'solution' && 'literal' in expected) {
        values.push(expected.literal);
        continue;
      }
      const place = expected === 'solution' ? plan.solution : plan.evaluated[i];
      if (place === undefined)
        return { ok: false, why: 'The bank has no solution to take expected values from.' };
      const result = results[place]!;
      const call = result.status === 'ran' ? result.calls[expected === 'solution' ? next++ : 0] : undefined;
      if (call?.status !== 'returned') {
        const why =
          result.status === 'ran'
            ? call && 'error' in call
              ? call.error
              : 'it took too long'
            : result.error;
        return {
          ok: false,
          why: `The bank's own solution gives no value for (${input.slice(0, 80)}): ${why}.`,
        };
      }
      values.push(call.value);
      if (call.ms !== undefined) ms[i] = call.ms;
    }
    return { ok: true, values, ms };
  });
}
