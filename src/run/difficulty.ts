/** How hard a question is by a measure that does not move with the student: its height on the climb. */
import type { Stone } from './state.ts';

/**
 * `start`: how seldom the starting model is right, as a decimal logarithm: 1 where one of its answers in ten is right,
 * 2 where one in a hundred is. `lines`: the length of the question's program.
 */
export type Measure = 'start' | 'lines';

/** Lines of a function's body that do something: no signature, no `return x`, no blank, no comment. */
export function programLength(program: string): number {
  return program
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#') && !line.startsWith('def ') && !/^return \w+$/.test(line))
    .length;
}

/**
 * Right answers of the shipped model, without training, to programs of one line, two lines and so on, as its own
 * proposals have them (158 questions, 1,424 answers). Where a record has no rate of a question itself, this is what
 * its length tells.
 */
const RIGHT_BY_LINES = [0.9, 0.35, 0.12] as const;

/** What each further line multiplies it with. */
const FURTHER_LINE = 1 / 3;

/** The pass rate that the shipped model has without training on a program of so many lines, about. */
export function startRateByLines(lines: number): number {
  const known = RIGHT_BY_LINES[Math.max(1, lines) - 1];
  return known ?? RIGHT_BY_LINES.at(-1)! * FURTHER_LINE ** (lines - RIGHT_BY_LINES.length);
}

/** NaN without a question. `estimated` where its program's length stands for a rate that nobody recorded. */
export function difficulty(
  { proposal: { question }, startPassRate }: Stone,
  measure: Measure,
): { value: number; estimated: boolean } {
  if (!question) return { value: Number.NaN, estimated: true };
  if (measure === 'start' && startPassRate !== undefined)
    return { value: decades(startPassRate), estimated: false };
  const lines = programLength(question.program);
  return { value: measure === 'lines' ? lines : decades(startRateByLines(lines)), estimated: true };
}

/** 2 for one in a hundred. */
const decades = (share: number): number => Math.max(0, -Math.log10(share));
