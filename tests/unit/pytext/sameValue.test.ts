import { expect, test } from 'vitest';
import { sameValue } from '../../../src/pytext/sameValue.ts';

test.each([
  ['1', '1.0'],
  ['True', '1'],
  ['-0.0', '0'],
  ['1e16', '10000000000000000'],
  ['0x10', '16'],
  ['1_000', '1000'],
  ['-(3)', '-3'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['[1, 2]', '[1,2,]'],
  ['(1,)', '( 1 , )'],
  ['(1)', '1'],
  ['{1, 2}', '{2, 1, 1.0}'],
  ['{1}', 'frozenset({1})'],
  ['set()', 'set([])'],
  ["{'a': 1, 'b': [2]}", "{'b': [2.0], 'a': True}"],
  ['{1: 2, 1: 3}', '{1: 3}'],
  [`'it\\'s'`, `"it's"`],
  [String.raw`'\x41\u00e9\n\101'`, `"""Aé\nA"""`],
  ["'ab'", "'a' 'b'"],
  [String.raw`'\U0001f600'`, "'😀'"],
  [String.raw`r'\d'`, String.raw`'\\d'`],
  [String.raw`b'\xff'`, String.raw`b'\377'`],
  ["b'ab'", "bytearray(b'ab')"],
  ['1+2j', '(1+2j)'],
  ['inf', '1e999'],
  ['{(1, 2): None}', '{(1.0, 2): None}'],
  ["float('-inf')", '-inf'],
  ["Decimal('1.50')", '1.5'],
  ["Decimal('0.1')", 'Fraction(1, 10)'],
  ["Decimal('1E+3')", '1000'],
  ['Fraction(4, 2)', '2.0'],
  ['deque([1, (2,)])', 'deque([1.0, (2,)])'],
  ['range(0, 4, 2)', 'range(0, 4, 2)'],
])('%s equals %s', (a, b) => {
  expect(sameValue(a, b)).toBe(true);
  expect(sameValue(b, a)).toBe(true);
});

test.each([
  ['1', '2'],
  ['0.1', '0.10000000000000002'],
  ['9007199254740993', '9007199254740992.0'],
  ['[1, 2]', '(1, 2)'],
  ['[1, 2]', '[12]'],
  ['[1, 2]', '[2, 1]'],
  ['[[1], 2]', '[[1, 2]]'],
  ["'1'", '1'],
  ["'a'", "b'a'"],
  ['None', 'False'],
  ['set()', '{}'],
  ['{1: 2}', '{1, 2}'],
  ['{1: 2}', '{2: 1}'],
  ['()', '[]'],
  ['nan', 'nan'],
  ['[nan]', '[nan]'],
  ['inf', '-inf'],
  ["Decimal('0.1')", '0.1'],
  ['Fraction(1, 3)', '0.3333333333333333'],
  ['deque([1])', '[1]'],
  ['range(0, 2)', '[0, 1]'],
])('%s differs from %s', (a, b) => {
  expect(sameValue(a, b)).toBe(false);
  expect(sameValue(b, a)).toBe(false);
});

test.each([
  '<function>',
  '',
  '[1',
  '1]',
  '[1, , 2]',
  '[,]',
  '{[1]: 2}',
  '{[1]}',
  '{1: 2, 3}',
  '{1, 2: 3}',
  '012',
  '1 2',
  '1if',
  '1.2.3',
  '__import__',
  "'a",
  "'a\nb'",
  String.raw`'\x4'`,
  "-'a'",
  '-[1]',
  "b'é'",
  "'a' b'a'",
  'f(1)',
])('%s cannot be read, so it equals nothing', (text) => {
  expect(sameValue(text, text)).toBe(false);
});

test('nesting and length cost neither the stack nor quadratic time', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const wide = `[${Array.from({ length: 100_000 }, (_, i) => i).join(', ')}]`;
  const braces = `${'{1:'.repeat(50_000)}2${'}'.repeat(50_000)}`;
  const parentheses = `${'-('.repeat(50_000)}7${')'.repeat(50_000)}`;
  // Time of this process, which busy neighbours do not change.
  const start = process.cpuUsage();
  for (const value of [deep, wide, braces]) expect(sameValue(value, value)).toBe(true);
  expect(sameValue(parentheses, '7')).toBe(true);
  expect(sameValue(deep, `${deep.slice(1)}`)).toBe(false);
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(5000);
});
