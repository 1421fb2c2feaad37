/** Judged answers counted, and compared with the verdicts that they carry. */
import type { Answer } from './answers.ts';
import { type SuiteVerdict, verdictOf } from './grading.ts';
import { isJudged } from './outcomes.ts';

export interface Report {
  rows: number;
  passed: number;
  /** Rows of which nothing can be said: no tests, bad ones, or a library that is not here. */
  not_judged: number;
  /** Rows whose verdicts are all those of the reference; absent where no row carries any. */
  agree?: number;
  /** Names of the others; rows that could not be judged are neither. */
  disagree?: string[];
}

/** The problem's id, with a number where the file has several answers to it. */
export function nameOf({ id, number }: Answer): string {
  return number === undefined ? id : `${id}#${number}`;
}

/** How the verdicts differ from the reference's; undefined where there is nothing to compare. */
export function compareVerdicts(
  { verdicts, verdict }: Answer,
  judged: readonly SuiteVerdict[],
): { differ: SuiteVerdict[] } | undefined {
  const compared = judged.filter(({ suite, outcome }) => isJudged(outcome) && verdicts.has(suite));
  const differ = compared.filter(({ suite, outcome }) => verdicts.get(suite) !== (outcome === 'passed'));
  const whole = verdictOf(judged);
  if (verdict === undefined || whole === 'not-judged') return compared.length > 0 ? { differ } : undefined;
  if (verdict === (whole === 'passed')) return { differ };
  // The suites that decided: those that failed, or where none did, the last one.
  const failed = judged.filter(({ outcome }) => outcome !== 'passed' && isJudged(outcome));
  return { differ: [...new Set([...differ, ...(failed.length > 0 ? failed : judged.slice(-1))])] };
}

export function summarize(answers: readonly Answer[], verdicts: readonly SuiteVerdict[][]): Report {
  const whole = verdicts.map(verdictOf);
  const count = (wanted: string) => whole.filter((one) => one === wanted).length;
  const report: Report = {
    rows: answers.length,
    passed: count('passed'),
    not_judged: count('not-judged'),
  };
  if (answers.every((answer) => answer.verdicts.size === 0 && answer.verdict === undefined)) return report;
  const compared = answers.map((answer, i) => compareVerdicts(answer, verdicts[i]!));
  report.agree = compared.filter((one) => one?.differ.length === 0).length;
  report.disagree = answers.filter((_, i) => (compared[i]?.differ.length ?? 0) > 0).map(nameOf);
  return report;
}
