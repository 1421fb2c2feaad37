/** One program against one suite that is no script: how it is run, and how its result is read. */
import type { CallResult, ProgramResult, ProgramRun, RunLimits } from '../gasp/ports.ts';
import { brief } from '../util/text.ts';
import { readValue } from '../pytext/sameValue.ts';
import { firstDifferentLine, samePrinted, startValueComparison } from './valueComparison.ts';
import { describeDifference } from './differences.ts';
import { type Outcome, readCall, readFailure } from './outcomes.ts';
import type { CallCase, StdinCase, Suite, Tests } from './problem.ts';

export interface Fared {
  outcome: Outcome;
  reason: string;
  /** The share of the suite's cases that agree, where the program was run on them. */
  share?: number;
}

/** As long as a value may be before its fingerprint takes its place: the same for answers and solutions. */
export const VALUE_CHARS = 1_000_000;
/** EvalPlus's limit for all cases of a suite, in seconds. */
const TOTAL_SECONDS = 60;
const SLOWER_THAN_SOLUTION = 4;

/** The run of an answer; `ms` is how long the solution took for each case, where it was asked. */
export function runOfAnswer(
  program: string,
  { tests }: Suite,
  expected: { values: readonly string[]; ms: readonly number[] },
  seconds: number,
): ProgramRun {
  // Values that a file spells out are compared in full; only those of solutions become fingerprints.
  const valueChars = Math.max(VALUE_CHARS, ...expected.values.map(({ length }) => 2 * length));
  if (tests.kind === 'stdin') return runOf(program, tests, { seconds, total: Infinity, ...PRINTED });
  if (tests.kind === 'script') throw new Error('scripts run elsewhere');
  if (tests.afresh) {
    // The judge knows one limit for a program that runs afresh for each case.
    return runOf(program, tests, { seconds: seconds * tests.cases.length, total: Infinity, valueChars });
  }
  const each = tests.cases.map((_, i) =>
    Math.max(seconds, (SLOWER_THAN_SOLUTION * (expected.ms[i] ?? 0)) / 1000),
  );
  const needed = expected.ms.reduce((sum, ms) => sum + (ms ?? 0), 0) / 1000;
  // LiveCodeBench limits each case, and all of them by the sum of these limits only.
  const total = tests.rules.kind === 'evalplus' ? TOTAL_SECONDS + SLOWER_THAN_SOLUTION * needed : Infinity;
  return runOf(program, tests, { seconds: each, total, valueChars });
}

const PRINTED = { valueChars: 20_000_000, printChars: 20_000_000 };

/** A program on all cases of a suite, as its benchmark's harness runs one. */
export function runOf(program: string, tests: Tests, limits: RunLimits): ProgramRun {
  if (tests.kind === 'script') throw new Error('scripts run elsewhere');
  const inputs = tests.cases.map(({ input }) => input);
  if (tests.kind === 'stdin') return { program, inputs, how: { kind: 'stdin', prelude: true }, limits };
  const { entry, scope, prelude, afresh, cases } = tests;
  if (afresh) return { program, inputs, limits };
  if (cases.some(({ asked }) => asked !== undefined)) {
    const asked = cases.map((one) => one.asked ?? `${entry}(${one.input}\n)`);
    return { program, inputs: asked, how: { kind: 'asked', entry, ...(scope && { scope }) }, limits };
  }
  const how = { kind: 'once', entry, ...(scope && { scope }), ...(prelude && { prelude }) } as const;
  return { program, inputs, how, limits };
}

/** The verdict on a run: its results compared with the expected ones. The first case that fails is the reason. */
export function readSuite({ tests }: Suite, result: ProgramResult, expected: readonly string[]): Fared {
  if (result.status !== 'ran') return readFailure(result);
  if (tests.kind === 'script') throw new Error('scripts are read elsewhere');
  const count = tests.cases.length;
  const faultOf =
    tests.kind === 'stdin'
      ? (i: number) => faultOfPrinted(tests.cases[i]!, result.calls[i], casesOf(i, count))
      : faultOfValue(tests, expected, result.calls);
  const faults = tests.cases.map((_, i) => faultOf(i));
  const first = faults.find((fault) => fault !== undefined);
  if (!first) return { outcome: 'passed', reason: `All ${count} cases agree.`, share: 1 };
  return { ...first, share: faults.filter((fault) => fault === undefined).length / count };
}

const casesOf = (i: number, count: number) => (count > 1 ? ` (case ${i + 1} of ${count})` : '');

function faultOfPrinted(
  { input, output }: StdinCase,
  call: CallResult | undefined,
  cases: string,
): Fared | undefined {
  const where = `Standard input ${brief(JSON.stringify(input))}`;
  const failure = readCall(call, where, cases);
  if (failure) return failure;
  const printed = unquote((call as CallResult & { status: 'returned' }).value);
  if (samePrinted(printed, output)) return undefined;
  const line = firstDifferentLine(printed, output);
  const at = line > 0 ? `line ${line} differs` : 'the number of lines differs';
  return {
    outcome: 'wrong',
    reason: `${where} printed ${brief(JSON.stringify(printed))}, expected ${brief(JSON.stringify(output))}: ${at}${cases}.`,
  };
}

function faultOfValue(
  { entry, rules, cases: all }: Tests & { kind: 'calls' },
  expected: readonly string[],
  calls: readonly CallResult[],
): (i: number) => Fared | undefined {
  const comparison = startValueComparison(rules);
  return (i) => {
    const one = all[i]!;
    const where = describeAsked(entry, one);
    const cases = casesOf(i, all.length);
    const failure = readCall(calls[i], where, cases);
    if (failure) return failure;
    const { value } = calls[i] as CallResult & { status: 'returned' };
    if (comparison.agrees(value, expected[i]!, one)) return undefined;
    return { outcome: 'wrong', reason: describeDifference(where, value, expected[i]!, cases) };
  };
}

function describeAsked(entry: string, { asked, input }: CallCase): string {
  return asked === undefined ? `${entry}(${brief(input)})` : brief(asked);
}

/** The text that a string literal of the judge stands for; it writes printed text as one literal. */
function unquote(literal: string): string {
  return readValue(literal)?.text ?? literal;
}
