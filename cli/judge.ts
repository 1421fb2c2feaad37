/** `lab judge`: answers to problems of any format, judged, and compared with verdicts that they carry. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { type Answer, readAnswers } from '../src/banks/answers.ts';
import { grade, type SuiteVerdict } from '../src/banks/grading.ts';
import { describeFault } from '../src/banks/problem.ts';
import { decodeText } from '../src/banks/bankText.ts';
import { isGzip } from '../src/util/gzip.ts';
import { readBank } from '../src/banks/readBank.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';
import { CommandError } from './failure.ts';
import { keepResults } from './keptResults.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

export const judgeUsage = `lab judge --problems FILE --answers FILE [options]
  Judges answers. Formats are told by their fields: HumanEval, MBPP, EvalPlus (HumanEval+, MBPP+), CRUXEval,
  LiveCodeBench, and this project's own (public/schema), also compressed by gzip. Answers name their problem
  (task_id, question_id, id) and hold a program (solution, or completion of the prompt) or a prediction (answer).
  --task NAME       deduction or abduction, where neither rows nor answers tell which was asked
  --seconds S       least time for each case (default 6)
  --size N          interpreters side by side (default: one for each core)
  --keep DIR        keep what the bank's own solutions give there: another time they need not run
  --quiet           no line for each answer that did not pass
  --json            the last line is {"rows", "passed", "agree", "disagree": [ids]}; the last two where the answers
                    carry verdicts
`;

interface Report {
  rows: number;
  passed: number;
  /** Rows whose verdicts are all those of the reference. */
  agree?: number;
  disagree?: string[];
}

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
  const read = readAnswers(await readText('answers', values.answers), bank.problems, values.task);
  for (const fault of read.faults) console.error(`${values.answers}: ${describeFault(fault)}`);
  if (read.answers.length === 0) {
    throw new CommandError(`${values.answers} holds no answer that could be judged.`);
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
    const bytes = await readFile(path);
    // HumanEval and others are handed out compressed.
    return decodeText(new Uint8Array(isGzip(bytes) ? gunzipSync(bytes) : bytes));
  } catch (error) {
    throw new UsageError(`--${option}: ${path} cannot be read (${(error as Error).message}).`);
  }
}

/** Where nobody looks at a terminal, a line at times tells that it goes on; all of MBPP+ takes a quarter of an hour. */
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

function passes(verdict: SuiteVerdict): boolean {
  return verdict.outcome === 'passed';
}

/** The suites whose verdicts differ from the reference's. */
function differences({ verdicts }: Answer, judged: readonly SuiteVerdict[]): SuiteVerdict[] {
  return judged.filter((one, i) => {
    const reference =
      verdicts.get(one.suite) ?? (judged.length === 1 && i === 0 ? [...verdicts.values()][0] : undefined);
    return reference !== undefined && reference !== passes(one);
  });
}

function printVerdict(answer: Answer, judged: readonly SuiteVerdict[]): void {
  const different = new Set(differences(answer, judged));
  for (const one of judged) {
    if (passes(one) && !different.has(one)) continue;
    const name = judged.length > 1 ? ` ${one.suite}` : '';
    const mark = different.has(one) ? ` [the reference says ${passes(one) ? 'fail' : 'pass'}]` : '';
    const mode = one.script ? ' (script mode)' : '';
    console.log(`${answer.id}${name}: ${one.outcome}${mode}. ${one.reason}${mark}`);
  }
}

function summarize(answers: readonly Answer[], verdicts: readonly SuiteVerdict[][]): Report {
  const last = verdicts.map((judged) => judged.at(-1));
  const report: Report = {
    rows: answers.length,
    passed: last.filter((verdict) => verdict !== undefined && passes(verdict)).length,
  };
  const withVerdict = [...answers.entries()].filter(([, answer]) => answer.verdicts.size > 0);
  if (withVerdict.length === 0) return report;
  const disagree = withVerdict.filter(([i, answer]) => differences(answer, verdicts[i]!).length > 0);
  report.agree = withVerdict.length - disagree.length;
  report.disagree = disagree.map(([, { id }]) => id);
  return report;
}

function printReport({ rows, passed, agree, disagree }: Report): void {
  console.log(`${passed} of ${rows} passed.`);
  if (agree === undefined || disagree === undefined) return;
  console.log(
    `${agree} verdicts agree with the answers' own${disagree.length > 0 ? `; not ${disagree.join(', ')}` : ''}.`,
  );
}
