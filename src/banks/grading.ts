/** Answers to problems, judged: one verdict a suite, with a reason that a person can read. */
import type { CallResult, Judge, JudgeOptions, ProgramResult, ProgramRun, RunLimits } from '../gasp/ports.ts';
import { brief } from '../util/text.ts';
import { readValue } from '../pytext/sameValue.ts';
import { firstDifferentLine, samePrinted, startComparison } from './compare.ts';
import { describeDifference } from './differences.ts';
import { type Expectations, resolveExpectations, VALUE_CHARS } from './expectations.ts';
import { type Outcome, readCall, readFailure } from './outcomes.ts';
import { gradePredictions, type PredictionTask } from './predictions.ts';
import type { CallCase, Problem, Suite } from './problem.ts';
import { findRandom } from './rerun.ts';
import { gradeScripts } from './scripts.ts';

export interface SuiteVerdict {
  suite: string;
  outcome: Outcome;
  /** For a person: the first differing case, the exception with its line, and so on. */
  reason: string;
  /** Judged by a script that could not be turned into inputs and values. */
  script?: true;
}

export interface Submission {
  problem: Problem;
  /** A whole program; for predictions a value or a call. */
  answer: string;
  /** Absent: the answer is a program. */
  prediction?: PredictionTask;
  /** Names of the suites to judge; absent: all. */
  suites?: readonly string[];
}

export interface GradingOptions extends JudgeOptions {
  /** Least time for each case, in seconds; a solution that takes longer raises it to four times that. */
  seconds?: number;
  /** Before answers: how many of the bank's own programs have run, where expected values come from them. */
  onSolutions?: JudgeOptions['onProgress'];
  /** Who runs these; absent: who runs the answers. */
  solutions?: Pick<Judge, 'run'>;
}

const DEFAULT_SECONDS = 6;
/** For one answer with all cases of a suite. */
const TOTAL_SECONDS = 60;
const SLOWER_THAN_SOLUTION = 4;

/** Judges submissions, in order. Expected values never enter an interpreter that runs an answer. */
export async function grade(
  submissions: readonly Submission[],
  judge: Judge,
  options: GradingOptions = {},
): Promise<SuiteVerdict[][]> {
  const verdicts: SuiteVerdict[][] = submissions.map(() => []);
  const asked = [...submissions.entries()].flatMap(([index, { problem, suites, prediction }]) =>
    prediction
      ? []
      : problem.suites
          .filter(({ name }) => !suites || suites.includes(name))
          .map((suite) => ({ index, problem, suite })),
  );
  const unique = [...new Map(asked.map(({ problem, suite }) => [suite, { problem, suite }])).values()];
  const resolved = await resolveExpectations(unique, options.solutions ?? judge, {
    ...(options.signal && { signal: options.signal }),
    ...(options.onSolutions && { onProgress: options.onSolutions }),
  });
  const expectations = new Map(unique.map(({ suite }, i) => [suite, resolved[i]!]));

  const predictions = [...submissions.entries()].filter(([, { prediction }]) => prediction);
  const scripts = asked.filter(({ suite }) => suite.tests.kind === 'script');
  const programs = asked.filter(({ suite }) => suite.tests.kind !== 'script');

  const runs: ProgramRun[] = [];
  const places = new Map<string, number>();
  const placed = programs.map(({ index, suite }) => {
    const expected = expectations.get(suite)!;
    if (!expected.ok) return undefined;
    const run = runOf(submissions[index]!.answer, suite, expected, options.seconds ?? DEFAULT_SECONDS);
    const key = JSON.stringify(run);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, runs.length);
    return runs.push(run) - 1;
  });
  const total = runs.length + predictions.length + scripts.length;
  const progress = (from: number) =>
    options.onProgress && { onProgress: (done: number) => options.onProgress?.(from + done, total) };
  const results =
    runs.length > 0
      ? await judge.run(runs, { ...(options.signal && { signal: options.signal }), ...progress(0) })
      : [];
  const fared = programs.map(({ suite }, i): { outcome: Outcome; reason: string } => {
    const expected = expectations.get(suite)!;
    const place = placed[i];
    if (!expected.ok || place === undefined) {
      return { outcome: 'bad-test', reason: expected.ok ? '' : expected.why };
    }
    return readSuite(suite, results[place]!, expected.values);
  });
  const failed = [...fared.entries()].filter(
    ([, { outcome }]) => outcome === 'wrong' || outcome === 'raised',
  );
  const random = await findRandom(
    failed.map(([i]) => ({ run: runs[placed[i]!]!, result: results[placed[i]!]! })),
    judge,
    options.signal ? { signal: options.signal } : {},
  );
  for (const [k, [i, { reason }]] of failed.entries()) {
    const why = random[k];
    if (why)
      fared[i] = {
        outcome: 'nondeterministic',
        reason: `${reason.replace(/\)$/, ').')} It is not deterministic: ${why}`,
      };
  }
  for (const [i, { index, suite }] of programs.entries()) {
    verdicts[index]!.push({ suite: suite.name, ...fared[i]! });
  }
  const predicted = await gradePredictions(
    predictions.map(([, { problem, answer, prediction }]) => ({ problem, answer, task: prediction! })),
    judge,
    { ...(options.signal && { signal: options.signal }), ...progress(runs.length) },
    options.seconds ?? DEFAULT_SECONDS,
  );
  for (const [i, [index, { prediction }]] of predictions.entries()) {
    verdicts[index]!.push({ suite: prediction!.type, ...predicted[i]! });
  }
  const scripted = await gradeScripts(
    scripts.map(({ index, problem, suite }) => ({ problem, suite, answer: submissions[index]!.answer })),
    judge,
    { ...(options.signal && { signal: options.signal }), ...progress(runs.length + predictions.length) },
    options.seconds ?? DEFAULT_SECONDS,
  );
  for (const [i, { index, suite }] of scripts.entries()) {
    verdicts[index]!.push({ suite: suite.name, ...scripted[i]!, script: true });
  }
  for (const [index, { problem }] of submissions.entries()) {
    const order = problem.suites.map(({ name }) => name);
    verdicts[index]!.sort((a, b) => order.indexOf(a.suite) - order.indexOf(b.suite));
  }
  return verdicts;
}

function runOf(
  program: string,
  { tests }: Suite,
  expected: Expectations & { ok: true },
  seconds: number,
): ProgramRun {
  if (tests.kind === 'stdin') {
    const limits: RunLimits = {
      seconds,
      total: TOTAL_SECONDS,
      valueChars: 20_000_000,
      printChars: 20_000_000,
    };
    const how = { kind: 'stdin', prelude: true } as const;
    return { program, inputs: tests.cases.map(({ input }) => input), how, limits };
  }
  if (tests.kind === 'script') throw new Error('scripts run elsewhere');
  const each = tests.cases.map((_, i) =>
    Math.max(seconds, (SLOWER_THAN_SOLUTION * (expected.ms[i] ?? 0)) / 1000),
  );
  const needed = expected.ms.reduce((sum, ms) => sum + (ms ?? 0), 0) / 1000;
  return {
    program,
    inputs: tests.cases.map(({ input }) => input),
    ...(!tests.afresh && {
      how: {
        kind: 'once',
        entry: tests.entry,
        ...(tests.scope && { scope: tests.scope }),
        ...(tests.prelude && { prelude: tests.prelude }),
      },
    }),
    limits: {
      seconds: tests.afresh || each.length === 0 ? seconds : each,
      total: TOTAL_SECONDS + SLOWER_THAN_SOLUTION * needed,
      // What a file says in full is compared in full; only solutions give fingerprints.
      valueChars: Math.max(VALUE_CHARS, ...expected.values.map(({ length }) => 2 * length)),
    },
  };
}

/** How far the run of an answer got, compared with what was expected. */
function readSuite(
  { tests }: Suite,
  result: ProgramResult,
  expected: readonly string[],
): { outcome: Outcome; reason: string } {
  if (result.status !== 'ran') return readFailure(result);
  if (tests.kind === 'script') throw new Error('scripts are read elsewhere');
  const count = tests.cases.length;
  const comparison = tests.kind === 'calls' ? startComparison(tests.rules) : undefined;
  for (const [i, one] of tests.cases.entries()) {
    const cases = count > 1 ? ` (case ${i + 1} of ${count})` : '';
    const where =
      tests.kind === 'calls'
        ? `${tests.entry}(${brief(one.input)})`
        : `Standard input ${brief(JSON.stringify(one.input))}`;
    const call = result.calls[i];
    const failure = readCall(call, where, cases);
    if (failure) return failure;
    const { value } = call as CallResult & { status: 'returned' };
    if (tests.kind === 'stdin') {
      const printed = unquote(value);
      const { output } = tests.cases[i]!;
      if (samePrinted(printed, output)) continue;
      const line = firstDifferentLine(printed, output);
      const at = line > 0 ? `line ${line} differs` : 'the number of lines differs';
      return {
        outcome: 'wrong',
        reason: `${where} printed ${brief(JSON.stringify(printed))}, expected ${brief(JSON.stringify(output))}: ${at}${cases}.`,
      };
    }
    if (!comparison!.agrees(value, expected[i]!, (one as CallCase).check)) {
      return { outcome: 'wrong', reason: describeDifference(where, value, expected[i]!, cases) };
    }
  }
  return {
    outcome: 'passed',
    reason: count === 0 ? 'It runs; there are no cases.' : `All ${count} cases agree.`,
  };
}

/** The text that a string literal of the judge stands for; it writes nothing else for what was printed. */
function unquote(literal: string): string {
  return readValue(literal)?.text ?? literal;
}
