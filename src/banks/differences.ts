/** A wrong value put into words, with what makes it wrong where that is not plain to see. */
import { brief } from '../util/text.ts';

/** Both as the judge writes them. `cases` says which case it was. */
export function describeDifference(where: string, value: string, expected: string, cases: string): string {
  const [gave, wanted] = [readable(value), readable(expected)];
  if (gave === TOO_LONG && wanted === TOO_LONG)
    return `${where} gave another value than expected; both are ${TOO_LONG}${cases}.`;
  return `${where} gave ${gave}, expected ${wanted}${cases}.${remark(value, expected)}`;
}

const TOO_LONG = 'too long to be written out';

function readable(literal: string): string {
  if (literal.startsWith('digest(')) return TOO_LONG;
  // Python's limit on decimal digits does not hold here.
  return brief(/^-?0x[\da-f]+$/.test(literal) ? hexadecimal(literal) : literal);
}

function hexadecimal(literal: string): string {
  const minus = literal.startsWith('-');
  // Only its first digits are shown, and writing all of a very long one takes long.
  if (literal.length > 200_000) return literal;
  return `${minus ? '-' : ''}${BigInt(minus ? literal.slice(1) : literal)}`;
}

function remark(value: string, expected: string): string {
  const object = /<[\w.]+>/.exec(value)?.[0];
  if (object && value === expected)
    return ` Two objects ${object} are equal only where they are the same one.`;
  if (object) return ` ${object} is no plain value.`;
  if (/\bnan\b/.test(value) && /\bnan\b/.test(expected)) return ' nan equals nothing, itself included.';
  return '';
}
