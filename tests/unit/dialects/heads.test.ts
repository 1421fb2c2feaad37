/** Heads of functions from what they take. */
import { expect, test } from 'vitest';
import { headBegun, headFor } from '../../../src/dialects/chat/functionHeads.ts';

test.each<[string[], string]>([
  [['[1]', '[]', '[2, -3]'], 'def f(nums: list[int]) ->'],
  [["'a'", '""'], 'def f(text: str) ->'],
  [["['a', 'b']"], 'def f(words: list[str]) ->'],
  [['[[1], [2]]', '[]', '[[], [1]]'], 'def f(rows: list[list[int]]) ->'],
  [['3'], 'def f(n: int) ->'],
  [['[1, "a"]'], 'def f(x: list) ->'],
  [['[]'], 'def f(x: list) ->'],
  [["{'a': 1}", '{}'], 'def f(table: dict) ->'],
])('of %j', (inputs, head) => {
  expect(headFor('def f(q):\n    return q', inputs)).toBe(head);
});

test('what is no single value of one type leaves the head of the program', () => {
  const program = 'import math\ndef f(a: int, b=(1, 2)) -> int:\n    return a';
  expect(headFor(program, ['1, 2'])).toBe('def f(a: int, b=(1, 2))');
  expect(headFor(program, ['1', "'a'"])).toBe('def f(a: int, b=(1, 2))');
  expect(headFor('def f(q): return q', ['range(3)', '1'])).toBe('def f(q)');
  expect(headFor('def g(q): return q', ['[0] * 3'])).toBe('def f(');
});

test('a head that is only begun says no type', () => {
  expect(headBegun('def f(q):\n    return q', ['[1]', '[2, 3]'])).toBe('def f(nums');
  expect(headBegun('def f(a, b):\n    return a', ['1, 2'])).toBe('def f(a, b)');
  expect(headBegun('def f(a: int, b=(1, 2)) -> int:\n    return a', ['1, 2'])).toBe('def f(a');
});
