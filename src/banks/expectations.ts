/** The values that a bank's tests expect, as literals: read, evaluated, or taken from its solution. */
import type { CallResult, Judge, JudgeOptions, ProgramResult, ProgramRun, RunLimits } from '../gasp/ports.ts';
import { isJudged, readCall, readFailure } from './outcomes.ts';
import type { CallCase, Problem, Suite, Tests } from './problem.ts';
import { pythonOf } from './pythonOf.ts';
import { type Fared, readSuite, runOf, VALUE_CHARS } from './suiteRuns.ts';

/**
 * The expected value of each case, and the milliseconds that the solution took for it where it was run; or, where
 * the tests can't be used, the verdict on every answer.
 */
export type Expectations = { ok: true; values: string[]; ms: number[] } | ({ ok: false } & Fared);

/** A bank's own programs are given time: some of MBPP+'s take seconds for an input even outside of a browser. */
export const SOLUTION_LIMITS: RunLimits = { seconds: 120, total: 900, valueChars: VALUE_CHARS };

/**
 * Expected values of `suites`, all in one batch. Solutions are held to the tests too: where one fails, its
 * tests are bad. Programs of banks run in the sandbox as well.
 */
export async function resolveExpectations(
  suites: readonly { problem: Problem; suite: Suite }[],
  judge: Pick<Judge, 'run'>,
  options?: JudgeOptions,
): Promise<Expectations[]> {
  const runs: ProgramRun[] = [];
  const plans = suites.map(({ problem, suite }) => {
    const place = (run: ProgramRun) => runs.push({ ...run, ...pythonOf(problem) }) - 1;
    const { tests } = suite;
    if (tests.kind === 'script') return undefined;
    const cases = tests.kind === 'calls' ? tests.cases : [];
    // For values that it is asked for it runs once, whatever answers do.
    const solution =
      problem.solution === undefined
        ? undefined
        : place(runOf(problem.solution, cases.some(asksSolution) ? onceOf(tests) : tests, SOLUTION_LIMITS));
    const evaluated = cases.map(({ expected }) => {
      if (expected === 'solution' || !('source' in expected)) return undefined;
      const context = expected.context === 'solution' ? `${problem.solution}\n\n` : '';
      return place({ program: `${context}def f():\n    return (${expected.source}\n)`, inputs: [''] });
    });
    return { suite, cases, solution, evaluated };
  });
  const results = runs.length > 0 ? await judge.run(runs, options) : [];
  return plans.map((plan): Expectations => {
    if (!plan) return { ok: true, values: [], ms: [] };
    const { suite, cases } = plan;
    const solved = plan.solution === undefined ? undefined : results[plan.solution]!;
    const values: string[] = [];
    const ms: number[] = [];
    for (const [i, { expected, input }] of cases.entries()) {
      if (expected !== 'solution' && 'literal' in expected) {
        values.push(expected.literal);
        continue;
      }
      const result = expected === 'solution' ? solved : results[plan.evaluated[i]!]!;
      if (!result) return bad('The bank has no solution to take expected values from.');
      const call = result.status === 'ran' ? result.calls[expected === 'solution' ? i : 0] : undefined;
      if (call?.status !== 'returned') return noValue(input, result, call);
      values.push(call.value);
      if (expected === 'solution' && call.ms !== undefined) ms[i] = call.ms;
    }
    if (solved) {
      const { outcome, reason } = readSuite(suite, solved, values);
      if (outcome !== 'passed') {
        const why = `The bank's own solution fails its tests: ${reason}`;
        return { ...bad(why), ...(!isJudged(outcome) && { outcome }) };
      }
    }
    return { ok: true, values, ms };
  });
}

function bad(reason: string): { ok: false } & Fared {
  return { ok: false, outcome: 'bad-test', reason };
}

function noValue(input: string, result: ProgramResult, call: CallResult | undefined): { ok: false } & Fared {
  const failed = result.status === 'ran' ? readCall(call, '', '') : readFailure(result);
  if (failed && !isJudged(failed.outcome)) return { ok: false, ...failed };
  const why =
    result.status === 'ran' ? (call && 'error' in call ? call.error : 'it took too long') : result.error;
  return bad(`The bank's own solution gives no value for (${input.slice(0, 80)}): ${why}.`);
}

function asksSolution({ expected }: CallCase): boolean {
  return expected === 'solution';
}

function onceOf(tests: Tests): Tests {
  if (tests.kind !== 'calls') return tests;
  const { afresh: _, ...once } = tests;
  return once;
}
