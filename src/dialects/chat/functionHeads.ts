/**
 * Heads of functions as answers are begun with them. Small models write for a parameter what its name and
 * type make likely: of `x` they expect a number, whatever the examples say.
 */
import { annotation } from '../../pytext/annotation.ts';

const NAMES: Record<string, string> = {
  int: 'n',
  str: 'text',
  dict: 'table',
  'list[int]': 'nums',
  'list[float]': 'nums',
  'list[str]': 'words',
  'list[list[int]]': 'rows',
};

/**
 * The head of a function that takes such inputs, up to its arrow: `def f(nums: list[int]) ->`. Where inputs
 * have no one type, that of `program` up to the end of its parameters.
 */
export function headFor(program: string, inputs: readonly string[]): string {
  const taken = annotation(inputs);
  if (taken === undefined) return /^def f\(.*\)(?=[^:\n]*:)/m.exec(program)?.[0] ?? 'def f(';
  // No further: the bracket that ends most types makes one token with the colon after it.
  return `def f(${NAMES[taken] ?? 'x'}: ${taken}) ->`;
}

/**
 * The same up to the parameter's name, `def f(nums`: where a whole sentence about the function is still to
 * come, small models end many a head with a type before its body.
 */
export function headBegun(program: string, inputs: readonly string[]): string {
  return headFor(program, inputs).replace(/:.*/, '');
}
