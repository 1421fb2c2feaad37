/** Answers to problems, judged: one verdict a suite, with a reason that a person can read. */
import type { Judge, JudgeOptions, ProgramRun } from '../gasp/ports.ts';
import { hasNoCases } from './evalplusScripts.ts';
import { resolveExpectations } from './expectations.ts';
import { isJudged, type Outcome } from './outcomes.ts';
import { gradePredictions, type PredictionTask } from './predictions.ts';
import type { Problem, Tests } from './problem.ts';
import { pythonOf } from './pythonOf.ts';
import { findRandom } from './rerun.ts';
import { gradeScripts } from './scripts.ts';
import { type Fared, readSuite, runOfAnswer } from './suiteRuns.ts';

export interface SuiteVerdict {
  suite: string;
  outcome: Outcome;
  /** For a person: the first differing case, the exception with its line, and so on. */
  reason: string;
  /** The share of its cases that agree, where they were run one by one. */
  share?: number;
  /** Judged by a script that could not be turned into inputs and values. */
  script?: true;
}

export interface Submission {
  problem: Problem;
  /** A whole program; for predictions a value or a call. */
  answer: string;
  /** Absent: the answer is a program. */
  prediction?: PredictionTask;
}

export interface GradingOptions extends JudgeOptions {
  /** Least time for each case, in seconds; a solution that takes longer raises it to four times that. */
  seconds?: number;
  /** Before answers: how many of the bank's own programs have run, where expected values come from them. */
  onSolutions?: JudgeOptions['onProgress'];
  /** The judge for the bank's own programs; absent: the one that runs the answers. */
  solutions?: Pick<Judge, 'run'>;
}

const DEFAULT_SECONDS = 6;

/**
 * The verdict on an answer from those of its suites: it passes where there are suites and all pass, and fails where
 * one fails; else it is not judged.
 */
export function verdictOf(suites: readonly SuiteVerdict[]): 'passed' | 'failed' | 'not-judged' {
  if (suites.some(({ outcome }) => outcome !== 'passed' && isJudged(outcome))) return 'failed';
  return suites.length > 0 && suites.every(({ outcome }) => outcome === 'passed') ? 'passed' : 'not-judged';
}

/**
 * Judges submissions, in order: verdicts of the suites that have cases. Expected values never enter an
 * interpreter that runs an answer.
 */
export async function grade(
  submissions: readonly Submission[],
  judge: Judge,
  options: GradingOptions = {},
): Promise<SuiteVerdict[][]> {
  const verdicts: SuiteVerdict[][] = submissions.map(() => []);
  const asked = [...submissions.entries()].flatMap(([index, { problem, prediction }]) =>
    prediction
      ? []
      : problem.suites.filter(({ tests }) => !isEmpty(tests)).map((suite) => ({ index, problem, suite })),
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
    const { problem, answer } = submissions[index]!;
    const run = {
      ...runOfAnswer(answer, suite, expected, options.seconds ?? DEFAULT_SECONDS),
      ...pythonOf(problem),
    };
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
  const fared = programs.map(({ suite }, i): Fared => {
    const expected = expectations.get(suite)!;
    return expected.ok ? readSuite(suite, results[placed[i]!]!, expected.values) : expected;
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

function isEmpty(tests: Tests): boolean {
  if (tests.kind !== 'script') return tests.cases.length === 0;
  return tests.script.trim() === '' || hasNoCases(tests.script);
}
