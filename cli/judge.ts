/** `lab judge`: answers to problems of any format, judged, and compared with verdicts that they carry. */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { compareVerdicts, nameOf, type Report, summarize } from '../src/banks/agreement.ts';
import { ANSWER_FORMS } from '../src/banks/answerForms.ts';
import { type Answer, readAnswers } from '../src/banks/answers.ts';
import { grade, type SuiteVerdict } from '../src/banks/grading.ts';
import { describeFault, type Problem } from '../src/banks/problem.ts';
import { readBank } from '../src/banks/readBank.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';
import { readAnswerFolder } from './answerFolder.ts';
import { CommandError } from './failure.ts';
import { keepResults } from './keptResults.ts';
import { readTextFile } from './textFile.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

export const judgeUsage = `lab judge --problems FILE --answers FILE [options]
  Judges answers. A row passes where every suite of it that has cases passes, and one has.
  Formats of problems are told by their fields: HumanEval, MBPP, HumanEval+ and MBPP+ (of EvalPlus and of the
  Hub), CRUXEval, LiveCodeBench, and this project's own (public/schema), also compressed by gzip.
  Answers are programs (solution, or completion of the prompt) or predictions (answer), and may be
    ${ANSWER_FORMS}
  --task NAME       deduction (outputs were asked for) or abduction (inputs), where neither rows nor answers tell
  --seconds S       least time for each case (default 6)
  --size N          interpreters side by side (default: one for each core)
  --keep DIR        keep what the bank's own solutions give there: another time they need not run
  --quiet           no line for each answer that did not pass
  --json            the last line is {"rows", "passed", "not_judged", "agree", "disagree": [ids]}: not_judged counts
                    rows of which nothing can be said (bad tests, a library that is not here), which are no failed
                    ones; the last two where the answers carry verdicts; id#2 is the second answer to a problem
`;

const OPTIONS = {
  problems: { type: 'string' },
  answers: { type: 'string' },
  task: { type: 'string' },
  seconds: { type: 'string', default: '6' },
  size: { type: 'string', default: String(availableParallelism()) },
  keep: { type: 'string' },
  quiet: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function judgeCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.problems || !values.answers)
    throw new UsageError('judge needs --problems FILE and --answers FILE.');
  if (values.task !== undefined && values.task !== 'deduction' && values.task !== 'abduction') {
    throw new UsageError(`--task takes deduction or abduction; got "${values.task}".`);
  }
  const seconds = numberOption('seconds', values.seconds, { min: 0.1, integer: false });
  const size = numberOption('size', values.size, { min: 1 });
  const bank = await readBank(await readText('problems', values.problems));
  for (const fault of bank.faults) console.error(`${values.problems}: ${describeFault(fault)}`);
  if (bank.problems.length === 0) {
    throw new CommandError(`${values.problems} holds no problem that could be read.`);
  }
  printLeftOut(values.problems, bank.problems);
  const read = readAnswers(await readText('answers', values.answers), bank.problems, {
    ...(values.task !== undefined && { task: values.task }),
    order: bank.order,
  });
  for (const fault of read.faults) console.error(`${values.answers}: ${describeFault(fault)}`);
  if (read.answers.length === 0) {
    throw new CommandError(
      `${values.answers} holds no answer that could be judged. Answers that are read:\n    ${ANSWER_FORMS}.`,
    );
  }
  const judge = new NodeJudge({ size: Math.min(size, read.answers.length) });
  try {
    const submissions = read.answers.map(({ submission }) => submission);
    const verdicts = await grade(submissions, judge, {
      seconds,
      ...(values.keep !== undefined && { solutions: keepResults(judge, values.keep) }),
      onSolutions: showProgress("of the bank's own solutions run"),
      onProgress: showProgress('answers judged'),
    });
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    if (!values.quiet) for (const [i, answer] of read.answers.entries()) printVerdict(answer, verdicts[i]!);
    const report = summarize(read.answers, verdicts);
    if (values.json) console.log(JSON.stringify(report));
    else printReport(report);
    return 0;
  } finally {
    await judge.dispose();
  }
}

async function readText(option: string, path: string): Promise<string> {
  try {
    if (option === 'answers' && (await stat(path)).isDirectory()) return readAnswerFolder(path);
  } catch (error) {
    throw new UsageError(`--${option}: ${path} cannot be read (${(error as Error).message}).`);
  }
  return readTextFile(option, path);
}

/** Milliseconds between two reports: a log needs few of them; all of MBPP+ takes a quarter of an hour. */
const [ON_TERMINAL, IN_LOG] = [200, 30_000];

function showProgress(what: string): (done: number, total: number) => void {
  const { isTTY } = process.stderr;
  let shown = isTTY ? 0 : Date.now();
  return (done, total) => {
    if (Date.now() - shown < (isTTY ? ON_TERMINAL : IN_LOG)) return;
    shown = Date.now();
    process.stderr.write(isTTY ? `\r\x1b[K${done} of ${total} ${what}` : `${done} of ${total} ${what}\n`);
  };
}

function printVerdict(answer: Answer, judged: readonly SuiteVerdict[]): void {
  const name = nameOf(answer);
  if (judged.length === 0) console.log(`${name}: not judged. It has no tests.`);
  const differ = new Set(compareVerdicts(answer, judged)?.differ);
  for (const one of judged) {
    const passed = one.outcome === 'passed';
    if (passed && !differ.has(one)) continue;
    const suite = judged.length > 1 ? ` ${one.suite}` : '';
    const mark = differ.has(one) ? ` [the reference says ${passed ? 'fail' : 'pass'}]` : '';
    const mode = one.script ? ' (script mode)' : '';
    console.log(`${name}${suite}: ${one.outcome}${mode}. ${one.reason}${mark}`);
  }
}

function printReport({ rows, passed, not_judged, agree, disagree }: Report): void {
  const left = not_judged > 0 ? `; ${not_judged} could not be judged` : '';
  console.log(`${passed} of ${rows} passed${left}.`);
  if (agree === undefined || disagree === undefined) return;
  console.log(
    `${agree} verdicts agree with the answers' own${disagree.length > 0 ? `; not ${disagree.join(', ')}` : ''}.`,
  );
}

/** Prints which tests of the rows are not run. */
function printLeftOut(file: string, problems: readonly Problem[]): void {
  const counts = new Map<string, number>();
  for (const { leftOut } of problems) {
    if (leftOut !== undefined) counts.set(leftOut, (counts.get(leftOut) ?? 0) + 1);
  }
  for (const [what, count] of counts) console.error(`${file}: Left out in ${count} rows: ${what}.`);
}
