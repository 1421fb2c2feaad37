/** Whether a value is the expected one, as each benchmark's harness has it; outside of the sandbox. */
import { readValue, sameValue, type Value } from '../pytext/sameValue.ts';
import type { CallCase, Rules } from './problem.ts';
import { specialRule } from './specialRules.ts';

/** Compares the values of one run, in order: EvalPlus's tolerance depends on earlier cases. */
export interface ValueComparison {
  /** Both as the judge writes them. */
  agrees(value: string, expected: string, one: Pick<CallCase, 'check' | 'input'>): boolean;
}

export function startValueComparison(rules: Rules): ValueComparison {
  // EvalPlus turns the tolerance on with the first float that it expects, and leaves it on.
  let atol = rules.kind === 'evalplus' ? rules.atol : 0;
  return {
    agrees(value, expected, { check, input }) {
      switch (check.kind) {
        case 'truth':
          return isTrue(value) === check.wanted;
        case 'is':
          return value === expected;
        case 'within':
          return isWithin(value, expected, check.tolerance);
        case 'equal':
          break;
      }
      if (rules.kind === 'python') return equal(value, expected);
      if (rules.kind === 'livecodebench') return equal(tupleAsList(value), expected);
      const special = specialRule(rules.benchmark, rules.entry);
      const exact = special?.settled
        ? special.accepts({ value, expected, input, atol })
        : equal(value, expected) || special?.accepts({ value, expected, input, atol }) === true;
      if (atol === 0 && expectsFloats(expected)) atol = FLOAT_ATOL;
      return exact || (atol !== 0 && special?.settled !== true && isClose(value, expected, atol));
    },
  };
}

const FLOAT_ATOL = 1e-6;
const RTOL = 1e-7;

/** Values too long to be written come as digests, which are equal where the values are. */
function equal(value: string, expected: string): boolean {
  if (value.startsWith('digest(')) return value === expected;
  return sameValue(value, expected);
}

/** `isinstance(x, float)`, or a list or tuple of nothing else. */
function expectsFloats(literal: string): boolean {
  if (!/^(?:[[(]|-?[\d.]|-?inf|nan)/.test(literal)) return false;
  const value = readValue(literal);
  if (!value) return false;
  if (value.type === 'float') return true;
  return (
    (value.type === 'list' || value.type === 'tuple') && value.items!.every(({ type }) => type === 'float')
  );
}

/** NumPy's `assert_allclose` on numbers and nested lists and tuples of them: |a - b| <= atol + rtol |b|. */
function isClose(a: string, b: string, atol: number): boolean {
  const [x, y] = [toArray(readValue(a)), toArray(readValue(b))];
  if (!x || !y) return false;
  const scalar = x.shape.length === 0 || y.shape.length === 0;
  if (!scalar && x.shape.join() !== y.shape.join()) return false;
  const size = x.shape.length === 0 ? y.numbers.length : x.numbers.length;
  for (let i = 0; i < size; i++) {
    const p = x.shape.length === 0 ? x.numbers[0]! : x.numbers[i]!;
    const q = y.shape.length === 0 ? y.numbers[0]! : y.numbers[i]!;
    if (Number.isNaN(p) && Number.isNaN(q)) continue;
    if (
      p !== q &&
      !(Number.isFinite(p) && Number.isFinite(q) && Math.abs(p - q) <= atol + RTOL * Math.abs(q))
    ) {
      return false;
    }
  }
  return true;
}

interface NumberArray {
  shape: number[];
  numbers: number[];
}

/** The array that NumPy makes of a value; undefined for ragged lists and anything that is no number. */
function toArray(value: Value | undefined): NumberArray | undefined {
  if (!value) return undefined;
  if (value.type === 'bool' || value.type === 'int' || value.type === 'float') {
    // Longer integers make it an array of objects, which it refuses to compare.
    if (value.type === 'int' && Math.abs(value.number!) >= 2 ** 64) return undefined;
    return { shape: [], numbers: [value.number!] };
  }
  if (value.type !== 'list' && value.type !== 'tuple') return undefined;
  const parts = value.items!.map(toArray);
  if (parts.some((part) => part === undefined)) return undefined;
  const shape = parts[0]?.shape ?? [];
  if (parts.some((part) => part!.shape.join() !== shape.join())) return undefined;
  return { shape: [parts.length, ...shape], numbers: parts.flatMap((part) => part!.numbers) };
}

function isWithin(a: string, b: string, tolerance: number): boolean {
  const [x, y] = [readValue(a)?.number, readValue(b)?.number];
  return x !== undefined && y !== undefined && Math.abs(x - y) < tolerance;
}

/** Python's truth of a value; anything but a literal is an object, and true. */
function isTrue(literal: string): boolean {
  const value = readValue(literal);
  if (!value) return true;
  if (value.number !== undefined) return value.number !== 0;
  if (value.text !== undefined) return value.text !== '';
  if (value.items) return value.items.length > 0;
  return value.type !== 'none';
}

/** A tuple at the top as a list. */
function tupleAsList(literal: string): string {
  if (!literal.startsWith('(') || readValue(literal)?.type !== 'tuple') return literal;
  return `[${literal.trim().slice(1, -1).trim().replace(/,$/, '')}]`;
}

/** LiveCodeBench's comparison of printed text: line by line without space around it, numbers as decimals. */
export function samePrinted(printed: string, expected: string): boolean {
  const [a, b] = [lines(printed), lines(expected)];
  return a.length === b.length && a.every((line, i) => line === b[i] || sameDecimals(line, b[i]!));
}

/** The first line (from 1) that differs; 0 where all lines of the shorter one agree. */
export function firstDifferentLine(printed: string, expected: string): number {
  const [a, b] = [lines(printed), lines(expected)];
  return a.findIndex((line, i) => i < b.length && line !== b[i] && !sameDecimals(line, b[i]!)) + 1;
}

function lines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

function sameDecimals(a: string, b: string): boolean {
  const [x, y] = [decimals(a), decimals(b)];
  return x !== undefined && y !== undefined && x.length === y.length && x.every((one, i) => one === y[i]);
}

/** Numbers of a line in a normal form that keeps every digit; undefined where one is none. */
function decimals(line: string): string[] | undefined {
  const numbers = line
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(decimal);
  return numbers.includes(undefined) ? undefined : (numbers as string[]);
}

function decimal(word: string): string | undefined {
  const found = /^([+-]?)(?:(\d[\d_]*)\.?([\d_]*)|\.(\d[\d_]*))(?:[eE]([+-]?\d+))?$/.exec(word);
  if (!found) {
    const infinite = /^([+-]?)inf(?:inity)?$/i.exec(word);
    return infinite ? `${infinite[1] === '-' ? '-' : ''}inf` : undefined;
  }
  const [, sign, whole = '', part = found[4] ?? '', , exponent = '0'] = found;
  const digits = (whole + part).replaceAll('_', '');
  const power = Number(exponent) - part.replaceAll('_', '').length;
  const trimmed = digits.replace(/^0+/, '');
  if (trimmed === '') return '0';
  const tail = /0*$/.exec(trimmed)![0].length;
  return `${sign === '-' ? '-' : ''}${trimmed.slice(0, trimmed.length - tail)}e${power + tail}`;
}
