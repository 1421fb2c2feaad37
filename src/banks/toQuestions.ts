/**
 * Problems of other banks as questions of the method: with a program and pairs as questions about a function `f`,
 * all others in their own form, judged by their own tests.
 */
import type { Judge, ProgramRun } from '../gasp/ports.ts';
import type { Question } from '../gasp/question.ts';
import { grade, verdictOf } from './grading.ts';
import { packTests } from './packedTests.ts';
import type { CallCase, Problem, Suite } from './problem.ts';

/** Pairs that a question keeps, and how many of them the student sees at most. */
const PAIRS = 10;
const SHOWN = 3;
/** Characters of a test that is shown: a longer one is for machines. */
const LONGEST_SHOWN = 10_000;

export interface ImportedQuestions {
  questions: Question[];
  /** Problems that are no questions, with the reason. */
  left: { problem: Problem; why: string }[];
}

/**
 * Questions out of problems, in their order. Outputs that a file leaves to its solution are computed by the judge, and
 * solutions are held to tests in a benchmark's own form; the judge is asked for only then.
 */
export async function toQuestions(
  problems: readonly Problem[],
  source: string,
  openJudge: () => Promise<Judge>,
): Promise<ImportedQuestions> {
  const left = new Map<Problem, string>();
  const made = new Map<Problem, Question>();
  const plans: { problem: Problem; program: string; cases: CallCase[] }[] = [];
  const inOwnForm: Problem[] = [];
  for (const problem of problems) {
    const pairs = pairsOf(problem);
    if (pairs) plans.push({ problem, ...pairs });
    else if (countCases(problem.suites) > 0) inOwnForm.push(problem);
    else left.set(problem, whyNone(problem));
  }

  const asked = plans.filter(({ cases }) => cases.some(({ expected }) => typeof expected === 'string'));
  const runs = asked.map(
    ({ program, cases }): ProgramRun => ({ program, inputs: cases.map(({ input }) => input) }),
  );
  const results = runs.length > 0 ? await (await openJudge()).run(runs) : [];
  const outputs = new Map(asked.map(({ problem }, i) => [problem, results[i]!]));
  for (const { problem, program, cases } of plans) {
    const result = outputs.get(problem);
    const pairs = cases.flatMap(({ input, expected }, i) => {
      if (typeof expected !== 'string')
        return 'literal' in expected ? [{ input, output: expected.literal }] : [];
      const call = result?.status === 'ran' ? result.calls[i] : undefined;
      return call?.status === 'returned' ? [{ input, output: call.value }] : [];
    });
    if (pairs.length < 2) {
      left.set(problem, 'Its solution gives no values for its inputs.');
      continue;
    }
    made.set(problem, {
      id: `${source}:${problem.id}`,
      title: problem.title,
      message: problem.format === 'foothold' ? problem.statement : statementOf(problem),
      program,
      inputs: pairs.map(({ input }) => input),
      outputs: pairs.map(({ output }) => output),
      shown: Math.min(SHOWN, Math.floor(pairs.length / 2)),
      tags: { source: 'imported', format: problem.format },
    });
  }

  for (const [problem, why] of await unsound(inOwnForm, openJudge)) left.set(problem, why);
  for (const problem of inOwnForm)
    if (!left.has(problem)) made.set(problem, await inOwnFormOf(problem, source));
  return {
    questions: problems.flatMap((problem) => made.get(problem) ?? []),
    left: problems.flatMap((problem) => (left.has(problem) ? [{ problem, why: left.get(problem)! }] : [])),
  };
}

function countCases(suites: readonly Suite[]): number {
  return suites.reduce((sum, { tests }) => sum + (tests.kind === 'script' ? 1 : tests.cases.length), 0);
}

const whyNone = ({ suites, prediction }: Problem): string =>
  suites.length === 0 && prediction
    ? 'It has one pair only: it can be judged, but not asked for as a program.'
    : 'It has no tests.';

/** Problems that their own solution does not pass, with the reason: nobody could, and all would seem unsolved. */
async function unsound(
  problems: readonly Problem[],
  openJudge: () => Promise<Judge>,
): Promise<[Problem, string][]> {
  const solved = problems.flatMap((problem) =>
    problem.solution === undefined ? [] : [{ problem, answer: problem.solution }],
  );
  if (solved.length === 0) return [];
  const verdicts = await grade(solved, await openJudge());
  return solved.flatMap(({ problem }, i): [Problem, string][] => {
    const fault = verdicts[i]!.find(({ outcome }) => outcome !== 'passed');
    if (verdictOf(verdicts[i]!) === 'passed') return [];
    return [[problem, fault?.reason ?? 'It has no tests.']];
  });
}

/** A question that is asked in the problem's own form, and judged by all of its tests. */
async function inOwnFormOf(problem: Problem, source: string): Promise<Question> {
  const { id, title, statement, suites, solution, format } = problem;
  const entry = suites.map(({ tests }) => (tests.kind === 'stdin' ? undefined : tests.entry))[0];
  const starter = entry === undefined ? undefined : (problem.starter ?? problem.prompt);
  const shown = shownTests(problem);
  return {
    id: `${source}:${id}`,
    title,
    message: statement,
    program: solution ?? '',
    inputs: shown.map(({ input }) => input),
    outputs: shown.map(({ output }) => output),
    shown: shown.length,
    benchmark: {
      bank: format,
      ...(entry !== undefined && { entry }),
      ...(starter && { starter }),
      cases: countCases(suites),
      tests: await packTests(problem),
    },
    tags: { source: 'imported', format },
  };
}

/** Tests of the first suite that whoever has to answer sees. */
function shownTests({ suites: [first], shown }: Problem): { input: string; output: string }[] {
  if (!first || first.tests.kind === 'script') return [];
  const { tests } = first;
  const count = shown ?? Math.min(SHOWN, Math.floor(tests.cases.length / 2));
  const pairs =
    tests.kind === 'stdin'
      ? tests.cases.slice(0, count)
      : tests.cases.slice(0, count).flatMap(({ asked, input, expected }) => {
          const literal = typeof expected !== 'string' && 'literal' in expected;
          return literal && asked === undefined ? [{ input, output: expected.literal }] : [];
        });
  return pairs.filter(({ input, output }) => input.length + output.length <= LONGEST_SHOWN);
}

/** The program as one that defines `f`, and its cases, where there are both. */
function pairsOf({ suites, solution }: Problem): { program: string; cases: CallCase[] } | undefined {
  // MBPP+ as the Hub hands it out has both: assertions, and a script with more of them.
  const calls = suites.filter(({ tests }) => tests.kind === 'calls');
  if (solution === undefined || calls.length === 0) return undefined;
  const cases = calls.flatMap(({ tests }) => (tests.kind === 'calls' ? tests.cases : []));
  const entry = suites[0]?.tests.kind === 'calls' ? suites[0].tests.entry : 'f';
  const plain = cases.filter(
    ({ asked, expected, input }) =>
      asked === undefined && (typeof expected === 'string' || 'literal' in expected) && input.length < 2000,
  );
  const different = [...new Map(plain.map((one) => [one.input, one])).values()];
  if (different.length < 2) return undefined;
  const program = entry === 'f' ? solution : `${solution.trimEnd()}\n\nf = ${entry}\n`;
  return { program, cases: different.slice(0, PAIRS) };
}

/** The statement without its signature and examples, which would give outputs away. */
function statementOf({ statement }: Problem): string {
  const text = /"""([\s\S]*?)"""|'''([\s\S]*?)'''/.exec(statement);
  const words = text ? (text[1] ?? text[2] ?? '') : statement;
  const lines = words.split('\n').map((line) => line.trim());
  const end = lines.findIndex((line) => /^(?:>>>|assert\b|Examples?\b|For example)/i.test(line));
  return lines
    .slice(0, end < 0 ? undefined : end)
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 600);
}
