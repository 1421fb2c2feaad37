/** Files of problems: what each format becomes, and what is said of rows that cannot be read. */
import { expect, test } from 'vitest';
import { describeFault } from '../../../src/banks/problem.ts';
import { readAnswers } from '../../../src/banks/answers.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import {
  CRUXEVAL_ROW,
  EVALPLUS_ROW,
  HUMANEVAL_ROW,
  LIVECODEBENCH_CALL_ROW,
  LIVECODEBENCH_STDIN_ROW,
  MBPP_ROW,
  PACKED_COMMAND,
  PACKED_TESTS,
  QUESTION_ROW,
  SCRIPT_ROW,
  judgedText,
} from './samples.ts';
import { JUDGED, lacksShared, needs } from '../shared.ts';

const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const only = async (row: object) => {
  const { problems, faults } = await readBank(JSON.stringify(row));
  expect(faults).toEqual([]);
  expect(problems).toHaveLength(1);
  return problems[0]!;
};
const testsOf = async (row: object) => (await only(row)).suites.at(-1)!.tests;

test('assertions become inputs and expected values', async () => {
  expect(await testsOf(HUMANEVAL_ROW)).toMatchObject({
    kind: 'calls',
    entry: 'half',
    cases: [
      { input: '3', expected: { literal: '1.5' }, check: { kind: 'equal' } },
      { input: '0.2', expected: { literal: '0.1' }, check: { kind: 'within', tolerance: 1e-6 } },
      { input: '-4', expected: { literal: '-2.0' }, check: { kind: 'equal' } },
    ],
  });
  expect(await testsOf(MBPP_ROW)).toMatchObject({
    kind: 'calls',
    cases: [
      { input: '(3, 4), (4, 5)', asked: 'set(shared((3, 4), (4, 5)))', check: { kind: 'equal' } },
      { input: '[], [1]', expected: { literal: '()' } },
    ],
  });
});

test.each([
  ['assert f(1) == 2, f(1)', '1', { literal: '2' }],
  ['assert 2 == f(1)', '1', { literal: '2' }],
  ['assert (f("a, b) == (") == "x")', '"a, b) == ("', { literal: '"x"' }],
  ['assert f([1,\n  2], k = 3) == {\n "a": 1}', '[1,\n  2], k = 3', { literal: '{\n "a": 1}' }],
  ['assert f(1) == 2 ** 10', '1', { source: '2 ** 10', context: 'none' }],
  ['assert f(1) # why\n', '1', { literal: 'True' }],
  ['assert not f(set([1]))', 'set([1])', { literal: 'False' }],
  ['assert f(1) is None; assert f(2) is None', '1', { literal: 'None' }],
  ['assert f("a".split()) == ["a"]', '"a".split()', { literal: '["a"]' }],
])('reads %s', async (assertion, input, expected) => {
  const row = { ...MBPP_ROW, code: 'def f(x, k=0): return x', test_list: [assertion] };
  expect((await testsOf(row)) as unknown).toMatchObject({
    kind: 'calls',
    cases: [{ input, expected }, ...(assertion.includes(';') ? [{}] : [])],
  });
});

test.each([
  ['x = 1\nassert f(x) == 1', /"x = 1" is no plain assertion/],
  ['for i in range(3):\n    assert f(i) == i', /for i in range/],
  ['assert f(f(1)) == 1', /f\(f\(1\)\)/],
  ['assert f(x) == 1', /f\(x\)/],
  ['assert f(1) == other(1)', /other/],
  ['assert f(1) > 0', /f\(1\) > 0/],
])('leaves a script what it cannot turn: %s', async (script, why) => {
  const row = { ...MBPP_ROW, code: 'def f(x): return x', test_list: [script] };
  expect(await testsOf(row)).toMatchObject({ kind: 'script', entry: 'f', why: expect.stringMatching(why) });
});

test('EvalPlus rows become two suites whose values the solution gives, with the types that JSON lacks', async () => {
  const { suites } = await only({ ...EVALPLUS_ROW, plus_input: [[1.0]] });
  expect(suites.map(({ name }) => name)).toEqual(['base', 'plus']);
  const text = lines(EVALPLUS_ROW).replace('[[1],[-7]]', '[[1.0],[12345678901234567890],[{"2":1,"a":NaN}]]');
  const { problems } = await readBank(text);
  const { tests } = problems[0]!.suites[1]!;
  expect(tests.kind === 'calls' && tests.cases.map(({ input }) => input)).toEqual([
    '1.0',
    '12345678901234567890',
    "{'2': 1, 'a': float('nan')}",
  ]);
  const tuples = { ...EVALPLUS_ROW, task_id: 'Mbpp/2', base_input: [[[3, 4], [5]]], plus_input: {} };
  const read = (await only(tuples)).suites[0]!.tests;
  expect(read.kind === 'calls' && read.cases[0]!.input).toBe('(3, 4), (5,)');
});

test('LiveCodeBench rows: standard input, functions, and packed tests', async () => {
  expect(await testsOf(LIVECODEBENCH_STDIN_ROW)).toEqual({
    kind: 'stdin',
    cases: [
      { input: '3\n', output: '6\n' },
      { input: '10\n', output: '20\n' },
    ],
  });
  expect(await testsOf({ ...LIVECODEBENCH_STDIN_ROW, private_test_cases: PACKED_TESTS })).toEqual({
    kind: 'stdin',
    cases: [
      { input: '3\n', output: '6\n' },
      { input: '10\n', output: '20\n' },
      { input: '4\n', output: '8\n' },
    ],
  });
  expect(await testsOf(LIVECODEBENCH_CALL_ROW)).toMatchObject({
    kind: 'calls',
    entry: 'pairs',
    cases: [
      { input: '[1, 2, 3], 2', expected: { literal: '[1, 2]' } },
      { input: '[], 1', expected: { literal: '[]' } },
    ],
  });
});

test('a pickle that does something is not run', async () => {
  const { faults } = await readBank(
    JSON.stringify({ ...LIVECODEBENCH_STDIN_ROW, private_test_cases: PACKED_COMMAND }),
  );
  expect(faults).toMatchObject([
    { line: 1, field: 'private_test_cases', message: expect.stringMatching(/not run/) },
  ]);
});

test.each([
  ['bm90IHpsaWI=', /no zlib stream/],
  [PACKED_TESTS.slice(0, 60), /damaged or cut off/],
  ['%%%', /neither JSON nor base64/],
])('packed tests that are damaged: %s', async (packed, message) => {
  const { faults } = await readBank(
    JSON.stringify({ ...LIVECODEBENCH_STDIN_ROW, private_test_cases: packed }),
  );
  expect(faults).toMatchObject([{ field: 'private_test_cases', message: expect.stringMatching(message) }]);
});

test('a bad row names its line and field, and good rows still load', async () => {
  const text = [
    JSON.stringify(QUESTION_ROW),
    '{"id": "cut", "program": ',
    JSON.stringify({ ...QUESTION_ROW, id: 'no inputs', inputs: [] }),
    '',
    JSON.stringify({ ...QUESTION_ROW, id: 'outputs', outputs: ['[2, 4]', 'x + 1'] }),
    JSON.stringify({ ...QUESTION_ROW }),
    '[1, 2]',
    JSON.stringify({ ...QUESTION_ROW, id: 'typed', program: 7 }),
    JSON.stringify({ ...QUESTION_ROW, id: 'last' }),
  ].join('\n');
  const { problems, faults } = await readBank(text);
  expect(problems.map(({ id }) => id)).toEqual(['double', 'last']);
  expect(faults.map(({ line, field }) => [line, field])).toEqual([
    [2, ''],
    [3, 'inputs'],
    [5, 'outputs'],
    [6, 'id'],
    [7, ''],
    [8, 'program'],
  ]);
  expect(describeFault(faults[4 - 1]!)).toBe('Line 6, field "id": "double" is the id of line 1 too.');
});

test('arrays and banks are read as lines are', async () => {
  const pretty = JSON.stringify(
    [QUESTION_ROW, { ...QUESTION_ROW, id: 'second', inputs: 3 }, EVALPLUS_ROW],
    null,
    2,
  );
  const { problems, faults } = await readBank(pretty);
  expect(problems.map(({ id }) => id)).toEqual(['double', 'Mbpp/903']);
  const line = pretty.slice(0, pretty.indexOf('"second"')).split('\n').length - 1;
  expect(faults).toMatchObject([{ line, field: 'inputs' }]);
  const bank = {
    name: 'b',
    goalposts: [QUESTION_ROW],
    questions: [QUESTION_ROW, { ...QUESTION_ROW, id: 'other' }],
  };
  expect((await readBank(JSON.stringify(bank))).problems.map(({ id }) => id)).toEqual(['double', 'other']);
  const { id: _, ...nameless } = QUESTION_ROW;
  const byId = JSON.stringify({ first: nameless, second: nameless });
  expect((await readBank(byId)).problems.map(({ id }) => id)).toEqual(['first', 'second']);
  // Several answers to one problem are several, however they are wrapped.
  const answer = { id: 'double', solution: 'def f(x): return x' };
  const wrapped = readAnswers(JSON.stringify({ answers: [answer, answer] }), problems);
  expect([wrapped.answers.length, wrapped.faults]).toEqual([2, []]);
  expect(readAnswers(JSON.stringify({ id: 'double', solutions: [] }), problems).faults).toMatchObject([
    { field: 'solutions', message: expect.stringMatching(/empty list/) },
  ]);
  expect((await readBank('{"what": 1}')).faults).toMatchObject([
    { line: 1, message: expect.stringMatching(/no known format/) },
  ]);
});

test('our own rows: tests of a function, standard input, a script', async () => {
  const row = (more: object) => testsOf({ id: 'own', ...more });
  expect(await row({ entry: 'g', tests: [{ input: '1', expected: '2' }] })).toMatchObject({
    kind: 'calls',
    entry: 'g',
  });
  expect(await row({ tests: [{ stdin: '1', stdout: '2' }] })).toMatchObject({ kind: 'stdin' });
  expect(await row({ entry: 'g', script: 'assert g(1)' })).toMatchObject({ kind: 'script' });
  expect(await testsOf(SCRIPT_ROW)).toMatchObject({
    kind: 'script',
    why: expect.stringMatching(/import random/),
  });
  expect((await only(CRUXEVAL_ROW)).prediction).toMatchObject({ outputs: ["'AB'"] });
});

test.skipIf(lacksShared(JUDGED))(needs(JUDGED, 'every row of the benchmarks is read'), async () => {
  for (const [name, count] of [
    ['humaneval.jsonl', 164],
    ['mbppplus.jsonl', 399],
    ['cruxeval.jsonl', 800],
  ] as const) {
    const { problems, faults } = await readBank(judgedText(name));
    expect(faults).toEqual([]);
    expect(problems).toHaveLength(count);
    const scripts = problems.filter(({ suites }) => suites.some(({ tests }) => tests.kind === 'script'));
    expect(scripts.length).toBeLessThan(10);
  }
});
