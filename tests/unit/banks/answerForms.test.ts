/** Files of answers in the forms that the benchmarks' own tools write. */
import { expect, test } from 'vitest';
import { readAnswers } from '../../../src/banks/answers.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import {
  CRUXEVAL_ROW,
  EVALPLUS_ROW,
  HUMANEVAL_ROW,
  LIVECODEBENCH_CALL_ROW,
  LIVECODEBENCH_STDIN_ROW,
} from './samples.ts';

const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const bank = async (...rows: object[]) => readBank(lines(...rows));

/** Of each answer its name, its text, and the verdicts that it carries. */
async function read(answers: unknown, ...rows: object[]) {
  const { problems, order } = await bank(...rows);
  const text = typeof answers === 'string' ? answers : JSON.stringify(answers);
  const { answers: found, faults } = readAnswers(text, problems, { order });
  const said = faults.map(({ message }) => message);
  return {
    said,
    found: found.map(({ id, number, submission, verdicts, verdict }) => [
      number === undefined ? id : `${id}#${number}`,
      submission.prediction?.type ?? submission.answer,
      ...(verdicts.size > 0 ? [Object.fromEntries(verdicts)] : []),
      ...(verdict === undefined ? [] : [verdict]),
    ]),
  };
}

const crux = [CRUXEVAL_ROW, { ...CRUXEVAL_ROW, id: 'sample_905' }];

test("CRUXEval's generations, and their scores", async () => {
  const inputs = { sample_904: ["f('ab')", "f('aB')"], sample_905: ["f('ab')"] };
  expect(await read(inputs, ...crux)).toEqual({
    said: [],
    found: [
      ['sample_904#1', 'abduction'],
      ['sample_904#2', 'abduction'],
      ['sample_905', 'abduction'],
    ],
  });
  expect((await read({ sample_904: ["'AB'"], sample_905: "'AB'" }, ...crux)).found).toEqual([
    ['sample_904', 'deduction'],
    ['sample_905', 'deduction'],
  ]);
  const scored = {
    raw_generations: inputs,
    raw_scored_generations: { sample_904: [true, false], sample_905: [true] },
    pass_at_1: 75,
  };
  expect((await read(scored, ...crux)).found).toEqual([
    ['sample_904#1', 'abduction', true],
    ['sample_904#2', 'abduction', false],
    ['sample_905', 'abduction', true],
  ]);
});

test("EvalPlus's results, with the infinities that Python writes", async () => {
  const sample = { task_id: EVALPLUS_ROW.task_id, base_fail_tests: [], plus_fail_tests: [] };
  const results = JSON.stringify({
    date: '2026-01-01',
    eval: {
      [EVALPLUS_ROW.task_id]: [
        { ...sample, solution: 'a', base_status: 'pass', plus_status: 'fail' },
        { ...sample, solution: 'b', base_status: 'timeout', plus_status: null },
      ],
    },
  }).replace('"plus_fail_tests":[]', '"plus_fail_tests":[[Infinity, NaN]]');
  expect(results).toContain('Infinity');
  expect(await read(results, EVALPLUS_ROW)).toEqual({
    said: [],
    found: [
      ['Mbpp/903#1', 'a', { base: true, plus: false }],
      ['Mbpp/903#2', 'b', { base: false }],
    ],
  });
  const old = { eval: { [EVALPLUS_ROW.task_id]: { nfiles: 1, base: [['success', []]], plus: [] } } };
  expect(await read(old, EVALPLUS_ROW)).toEqual({
    said: [expect.stringMatching(/verdicts without the answers: judge the samples\.jsonl/)],
    found: [],
  });
});

test("BigCode's generations stand for their problems by position", async () => {
  const rows = [HUMANEVAL_ROW, EVALPLUS_ROW];
  expect(await read([['a', 'b'], null], ...rows)).toEqual({
    said: [],
    found: [
      ['HumanEval/900#1', 'a'],
      ['HumanEval/900#2', 'b'],
    ],
  });
  expect((await read([[], ['c']], ...rows)).found).toEqual([['Mbpp/903', 'c']]);
  // A row that can't be read keeps its place.
  const broken = { ...HUMANEVAL_ROW, task_id: 'HumanEval/899', prompt: 3 };
  expect(await read([['a'], ['b']], broken, EVALPLUS_ROW)).toEqual({
    said: [expect.stringMatching(/position 1 could not be read/)],
    found: [['Mbpp/903', 'b']],
  });
  expect(await read([['a'], ['b'], ['c']], ...rows)).toEqual({
    said: [expect.stringMatching(/3 lists of them, and 2 problems/)],
    found: [
      ['HumanEval/900', 'a'],
      ['Mbpp/903', 'b'],
    ],
  });
});

test("LiveCodeBench's own output, by question or in the order of the questions' ids", async () => {
  const rows = [LIVECODEBENCH_STDIN_ROW, LIVECODEBENCH_CALL_ROW];
  const [stdin, call] = rows.map(({ question_id }) => question_id);
  const output = [
    {
      question_id: stdin,
      question_content: '',
      output_list: ['```a```'],
      code_list: ['a', 'b'],
      graded_list: [true, false],
      metadata: ['{}', '{}'],
      'pass@1': 0.5,
    },
  ];
  expect((await read(output, ...rows)).found).toEqual([
    [`${stdin}#1`, 'a', true],
    [`${stdin}#2`, 'b', false],
  ]);
  expect((await read([['x'], ['y']], ...rows)).found).toEqual([
    [call, 'x'],
    [stdin, 'y'],
  ]);
});

test('a suite that repeats another one passes where a reference passes both', async () => {
  const row = {
    task_id: 904,
    code: 'def f(x): return x',
    prompt: 'Give it back.',
    test_list: ['assert f(1) == 1'],
    test: 'inputs = [[1], [2]]\nresults = [1, 2]\nfor i, (inp, exp) in enumerate(zip(inputs, results)):\n    assert f(*inp) == exp\n',
  };
  // As the Hub's interface hands rows out.
  const { problems } = await readBank(JSON.stringify({ features: [], rows: [{ row_idx: 0, row }] }));
  expect(problems[0]!.suites.map(({ name }) => name)).toEqual(['base', 'plus']);
  const answers = [
    ['pass', 'pass'],
    ['fail', 'pass'],
    ['pass', 'fail'],
    ['pass', null],
  ].map(([base_status, plus_status]) => ({ task_id: 'Mbpp/904', solution: 'a', base_status, plus_status }));
  const read = readAnswers(JSON.stringify(answers), problems);
  expect(read.answers.map(({ verdicts }) => Object.fromEntries(verdicts))).toEqual([
    { base: true, plus: true },
    { base: false, plus: false },
    { base: true, plus: false },
    { base: true },
  ]);
});

test("HumanEval's samples with their results, and lists where a text is usual", async () => {
  const row = { task_id: HUMANEVAL_ROW.task_id, completion: '    return x' };
  const results = lines(
    { ...row, result: 'passed', passed: true },
    { ...row, result: 'failed: ', passed: false },
  );
  expect((await read(results, HUMANEVAL_ROW)).found).toEqual([
    ['HumanEval/900#1', `${HUMANEVAL_ROW.prompt}    return x`, true],
    ['HumanEval/900#2', `${HUMANEVAL_ROW.prompt}    return x`, false],
  ]);
  const listed = { task_id: HUMANEVAL_ROW.task_id, solution: ['a', 'b'], passed: [false, true] };
  expect((await read(listed, HUMANEVAL_ROW)).found).toEqual([
    ['HumanEval/900#1', 'a', false],
    ['HumanEval/900#2', 'b', true],
  ]);
});
