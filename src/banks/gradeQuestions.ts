/** Answers to questions of benchmarks, judged by the tests that the questions carry. */
import type { Grade, Graded, Judge, ProgramResult } from '../gasp/ports.ts';
import type { Benchmark, Verdict } from '../gasp/question.ts';
import { grade, type SuiteVerdict, verdictOf } from './grading.ts';
import type { Outcome } from './outcomes.ts';
import { unpackTests } from './packedTests.ts';
import type { Problem } from './problem.ts';

/** As the student's verdicts are named. What cannot be judged did not pass. */
const VERDICTS: Record<Outcome, Verdict> = {
  passed: 'passed',
  wrong: 'wrong',
  raised: 'raised',
  timeout: 'timeout',
  'too-big': 'wrong',
  unsafe: 'unsafe',
  nondeterministic: 'wrong',
  unparsable: 'unparsable',
  crashed: 'raised',
  'bad-test': 'wrong',
  'no-library': 'raised',
};

export const gradeQuestions: Grade = async (answers, judge, options) => {
  const problems = await Promise.all(answers.map(({ question }) => problemOf(question.benchmark!)));
  const submissions = answers.map(({ question: { benchmark }, program }, i) => ({
    problem: problems[i]!,
    answer: withImports(benchmark!, program),
  }));
  const verdicts = await grade(submissions, judge, { ...options, solutions: remembering(judge) });
  return verdicts.map(readSuites);
};

function readSuites(suites: readonly SuiteVerdict[]): Graded {
  const passed = verdictOf(suites) === 'passed';
  const share = suites.reduce((sum, one) => sum + (one.share ?? 0), 0) / Math.max(1, suites.length);
  const told = (passed ? suites.at(-1) : suites.find(({ outcome }) => outcome !== 'passed')) ?? {
    outcome: 'bad-test',
    reason: 'It has no tests.',
  };
  return { verdict: VERDICTS[told.outcome], reason: told.reason, share: passed ? 1 : share };
}

/** The imports that come with the problem: an answer that gives the function alone has them in its benchmark, too. */
function withImports({ starter = '' }: Benchmark, program: string): string {
  const imports = starter.split('\n').filter((line) => /^(?:import|from)\s/.test(line));
  const missing = imports.filter((line) => !program.includes(line));
  return [...missing, program].join('\n');
}

/** Problems whose answers come in turn; the tests of a whole benchmark would not fit into memory. */
const KEPT = 64;
const recent = new Map<string, Promise<Problem>>();

function problemOf(benchmark: Benchmark): Promise<Problem> {
  const key = benchmark.tests ?? '';
  const problem = recent.get(key) ?? unpackTests(benchmark);
  recent.delete(key);
  recent.set(key, problem);
  problem.catch(() => recent.delete(key));
  for (const oldest of recent.keys()) {
    if (recent.size <= KEPT) break;
    recent.delete(oldest);
  }
  return problem;
}

/** For the benchmarks' own solutions, which give the same for each batch of answers. */
const solutions = new WeakMap<Judge, Pick<Judge, 'run'>>();

function remembering(judge: Judge): Pick<Judge, 'run'> {
  const known = solutions.get(judge);
  if (known) return known;
  const results = new Map<string, ProgramResult>();
  const made: Pick<Judge, 'run'> = {
    run: async (runs, options) => {
      const keys = runs.map((run) => JSON.stringify(run));
      const fresh = runs.flatMap((run, i) => (results.has(keys[i]!) ? [] : [{ run, key: keys[i]! }]));
      const ran =
        fresh.length > 0
          ? await judge.run(
              fresh.map(({ run }) => run),
              options,
            )
          : [];
      for (const [i, { key }] of fresh.entries()) results.set(key, ran[i]!);
      return keys.map((key) => results.get(key)!);
    },
  };
  solutions.set(judge, made);
  return made;
}
