/** Problems of other banks as questions of the method, where they are such: a program and pairs. */
import type { Judge, ProgramRun } from '../gasp/ports.ts';
import type { Question } from '../gasp/question.ts';
import type { CallCase, Problem } from './problem.ts';

/** Pairs that a question keeps, and how many of them the student sees at most. */
const PAIRS = 10;
const SHOWN = 3;

export interface ImportedQuestions {
  questions: Question[];
  /** Problems that are no questions, with the reason. */
  left: { problem: Problem; why: string }[];
}

/**
 * Questions out of problems; outputs that a file leaves to its solution are computed by the judge, which
 * is asked for only then.
 */
export async function toQuestions(
  problems: readonly Problem[],
  source: string,
  openJudge: () => Promise<Pick<Judge, 'run'>>,
): Promise<ImportedQuestions> {
  const left: ImportedQuestions['left'] = [];
  const plans = problems.flatMap((problem) => {
    const pairs = pairsOf(problem);
    if (typeof pairs !== 'string') return [{ problem, ...pairs }];
    left.push({ problem, why: pairs });
    return [];
  });
  const asked = plans.filter(({ cases }) => cases.some(({ expected }) => typeof expected === 'string'));
  const runs = asked.map(
    ({ program, cases }): ProgramRun => ({ program, inputs: cases.map(({ input }) => input) }),
  );
  const results = runs.length > 0 ? await (await openJudge()).run(runs) : [];
  const outputs = new Map(asked.map(({ problem }, i) => [problem, results[i]!]));
  const questions = plans.flatMap(({ problem, program, cases }): Question[] => {
    const result = outputs.get(problem);
    const pairs = cases.flatMap(({ input, expected }, i) => {
      if (typeof expected !== 'string')
        return 'literal' in expected ? [{ input, output: expected.literal }] : [];
      const call = result?.status === 'ran' ? result.calls[i] : undefined;
      return call?.status === 'returned' ? [{ input, output: call.value }] : [];
    });
    if (pairs.length < 2) {
      left.push({ problem, why: 'Its solution gives no values for its inputs.' });
      return [];
    }
    return [
      {
        id: `${source}:${problem.id}`,
        title: problem.title,
        message: problem.format === 'foothold' ? problem.statement : statementOf(problem),
        program,
        inputs: pairs.map(({ input }) => input),
        outputs: pairs.map(({ output }) => output),
        shown: Math.min(SHOWN, Math.floor(pairs.length / 2)),
        tags: { source: 'imported', format: problem.format },
      },
    ];
  });
  return { questions, left };
}

/** The program as one that defines `f`, and its cases; or why there are none. */
function pairsOf(problem: Problem): { program: string; cases: CallCase[] } | string {
  const { suites, solution, prediction } = problem;
  if (suites.length === 0 && prediction)
    return 'It has one pair only: it can be judged, but not asked for as a program.';
  const scripted = suites.find(({ tests }) => tests.kind === 'script');
  // MBPP+ as the Hub hands it out has both: assertions, and a script with more of them.
  if (scripted?.tests.kind === 'script' && !suites.some(({ tests }) => tests.kind === 'calls'))
    return `Judged by its script: ${scripted.tests.why}`;
  if (suites.some(({ tests }) => tests.kind === 'stdin')) {
    return 'It reads standard input: it can be judged, but is no question about a function.';
  }
  if (solution === undefined)
    return 'It has no solution: it can be judged, but a teacher has no program to read.';
  const cases = suites.flatMap(({ tests }) => (tests.kind === 'calls' ? tests.cases : []));
  const entry = suites[0]?.tests.kind === 'calls' ? suites[0].tests.entry : 'f';
  const plain = cases.filter(
    ({ asked, expected, input }) =>
      asked === undefined && (typeof expected === 'string' || 'literal' in expected) && input.length < 2000,
  );
  const different = [...new Map(plain.map((one) => [one.input, one])).values()];
  if (different.length < 2) return 'It has fewer than two pairs.';
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
