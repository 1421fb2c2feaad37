/** Whether a proposal did what its axis asked for: the axis names what changes, so the other part stays. */
import { pythonStatements } from '../pytext/tokens.ts';
import type { Axis, Question } from './question.ts';

type Compared = Pick<Question, 'program' | 'inputs' | 'benchmark'>;

/**
 * Along the I/O axis the program stays, but for its layout and comments; along the f axis every input is one of
 * those that `from` has. Undefined where that cannot be told: a goalpost may come without a program, and texts on
 * standard input are no arguments.
 *
 * @param from the goalpost of a lemma, or the question that a lift was made from
 */
export function followsAxis(axis: Axis, from: Compared, made: Compared): boolean | undefined {
  if (axis === 'io') {
    const before = statementsOf(from.program);
    return before === '' ? undefined : before === statementsOf(made.program);
  }
  if (from.inputs.length === 0 || (from.benchmark && !from.benchmark.entry)) return undefined;
  const known = new Set(from.inputs.map(withoutBlanks));
  return made.inputs.every((input) => known.has(withoutBlanks(input)));
}

const withoutBlanks = (source: string): string => source.replaceAll(/\s+/g, '');

/** The program's statements, each with the depth of its block. */
function statementsOf(program: string): string {
  return pythonStatements(program)
    .map(({ depth, tokens }) => [depth, ...tokens.map(({ text }) => text)].join(' '))
    .join('\n');
}
