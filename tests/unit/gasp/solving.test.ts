import { expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { answers, programSource } from '../../../src/dialects/micro/microText.ts';
import type { Dialect, ProgramResult } from '../../../src/gasp/ports.ts';
import type { Task } from '../../../src/gasp/question.ts';
import { solve } from '../../../src/gasp/solving.ts';
import { judgeAnswers } from './judgedAnswers.ts';
import { MicroJudge, program, question, ScriptedPolicy } from './microWorld.ts';

const dialect = microDialect();
const sortReverse = question('q', program('sort', 'reverse'), [[2, 1], [5, 3, 4], [1], [7, 9], [0, -1, 1]]);
const induction: Task = { type: 'induction', question: sortReverse };
const deduction: Task = { type: 'deduction', question: sortReverse, index: 1 };
const abduction: Task = { type: 'abduction', question: sortReverse, index: 3 };

test('induction is judged on every pair, and the reason names the first that differs', async () => {
  const right = answers.traced(program('sort', 'reverse'), [2, 1]);
  const wrong = answers.traced(program('reverse'), [2, 1]);
  const judge = new MicroJudge();
  const attempts = await judgeAnswers(
    [right, wrong, 'x', right].map((text) => ({ task: induction, text })),
    { judge, dialect },
  );
  expect(attempts.map((a) => [a.verdict, a.reward])).toEqual([
    ['passed', 1],
    ['wrong', -0.5],
    ['unparsable', -1],
    ['passed', 1],
  ]);
  expect(attempts[0]!.reason).toBe('All 5 cases agree.');
  expect(attempts[1]!.reason).toBe('f([2, 1]) gave [1, 2], expected [2, 1] (case 1 of 5).');
  // Equal answers run once.
  expect(judge.ran).toBe(2);
});

test('deduction compares the output, abduction takes any input that gives it', async () => {
  const judge = new MicroJudge();
  const said = (input: number[]) => answers.backward(program('sort', 'reverse'), input);
  const attempts = await judgeAnswers(
    [
      { task: deduction, text: answers.traced(program('sort', 'reverse'), [5, 3, 4]) },
      { task: deduction, text: answers.traced(program('sort', 'reverse'), [5, 3]) },
      // Not the question's own input [7, 9], but it gives [9, 7] too.
      { task: abduction, text: said([9, 7]) },
      { task: abduction, text: said([9, 8]) },
    ],
    { judge, dialect },
  );
  expect(attempts.map((a) => a.verdict)).toEqual(['passed', 'wrong', 'passed', 'wrong']);
  expect(attempts[1]!.reason).toBe('It says [5, 3]; the output is [5, 4, 3].');
  expect(attempts[3]!.reason).toBe('f([9, 8]) gave [9, 8], expected [9, 7].');
});

test('every way to fail has its verdict and a reason', async () => {
  const results: ProgramResult[] = [
    { status: 'syntax', error: 'invalid syntax', line: 3 },
    { status: 'unsafe', error: 'imports os' },
    { status: 'timeout', error: 'It did not end in time.' },
    { status: 'crashed', error: 'out of memory' },
    { status: 'ran', calls: [{ status: 'raised', error: 'IndexError: list index out of range', line: 4 }] },
    { status: 'ran', calls: [{ status: 'timeout' }] },
    { status: 'ran', calls: [{ status: 'too-big', error: 'The value is too big to compare.' }] },
  ];
  const judge = new MicroJudge();
  judge.run = async () => results;
  const any: Pick<Dialect, 'parseAnswer'> = { parseAnswer: (_, text) => ({ ok: true, value: text }) };
  const attempts = await judgeAnswers(
    results.map((_, i) => ({ task: induction, text: `${i}` })),
    { judge, dialect: { ...dialect, ...any } },
  );
  expect(attempts.map((a) => a.verdict)).toEqual([
    'unparsable',
    'unsafe',
    'timeout',
    'raised',
    'raised',
    'timeout',
    'wrong',
  ]);
  expect(attempts[0]!.reason).toBe('Line 3: invalid syntax');
  expect(attempts[4]!.reason).toContain('line 4: IndexError');
  for (const attempt of attempts) expect(attempt.reason).not.toBe('');
});

test('a deduced value that is not Python counts as unparsable', async () => {
  const any: Pick<Dialect, 'parseAnswer'> = { parseAnswer: (_, text) => ({ ok: true, value: text }) };
  const [attempt] = await judgeAnswers([{ task: deduction, text: '[5, ' }], {
    judge: new MicroJudge(),
    dialect: { ...dialect, ...any },
  });
  expect(attempt).toMatchObject({ verdict: 'unparsable', reward: -1 });
});

test('solve keeps answers with their tasks across batches', async () => {
  const tasks = Array.from({ length: 30 }, (_, i): Task => {
    const lines = program(i % 2 ? 'sort' : 'reverse');
    return {
      type: 'induction',
      question: question(`q${i}`, lines, [
        [2, 3, 1],
        [5, 3, 4],
        [1, 0],
        [7, 9],
        [0, -1],
      ]),
    };
  });
  const sorted = answers.traced(program('sort'), [1]);
  const policy = new ScriptedPolicy(
    () => (_, sample) => (sample < 10 ? sorted : programSource(program('sort'))),
  );
  const seen: number[] = [];
  const solved = await solve(
    tasks,
    { samples: 40, temperature: 1, topP: 1, seed: 1, stage: 'solving-lemmas' },
    {
      policy,
      judge: new MicroJudge(),
      dialect,
      progress: { stage: (_, done, total) => seen.push(done / total), sampling: () => {} },
    },
  );
  expect(solved.map((s) => s.task)).toEqual(tasks);
  expect(solved.map((s) => s.passRate)).toEqual(tasks.map((_, i) => (i % 2 ? 0.25 : 0)));
  expect(solved.every((s) => s.completions.length === 40)).toBe(true);
  expect(seen).toEqual([0.4, 0.8, 1]);
});
