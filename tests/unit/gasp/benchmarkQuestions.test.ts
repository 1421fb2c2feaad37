/** Problems of benchmarks as questions: asked in their own form, judged by their own tests, in real Python. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradeQuestions } from '../../../src/banks/gradeQuestions.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { toQuestions } from '../../../src/banks/toQuestions.ts';
import { chatDialect } from '../../../src/dialects/chat/dialect.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import type { ChatMessage } from '../../../src/gasp/ports.ts';
import { type Question, question as questionSchema } from '../../../src/gasp/question.ts';
import { goalpostsReached } from '../../../src/gasp/reach.ts';
import { checkReadable, checkTests } from '../../../src/lab/checks.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { check } from '../../../src/share/schema.ts';
import {
  LIVECODEBENCH_CALL_ROW,
  LIVECODEBENCH_STDIN_ROW,
  packedAsTheirs,
  SCRIPT_ROW,
} from '../banks/samples.ts';
import { judgeAnswers } from './judgedAnswers.ts';

const judge = new NodeJudge({ size: 2 });
afterAll(() => judge.dispose());
const dialect = chatDialect();
const judging = { judge, dialect, grade: gradeQuestions };

const ROWS = [
  {
    ...LIVECODEBENCH_STDIN_ROW,
    private_test_cases: packedAsTheirs([
      { input: '10\n', output: '20\n', testtype: 'stdin' },
      { input: '-4\n', output: '-8\n', testtype: 'stdin' },
      { input: '0\n', output: '0\n', testtype: 'stdin' },
    ]),
  },
  {
    ...LIVECODEBENCH_CALL_ROW,
    question_content: 'Return the numbers of nums that are at most k.',
    private_test_cases: packedAsTheirs([
      { input: '[]\n1', output: '[]', testtype: 'functional' },
      { input: '[5, 9]\n7', output: '[5]', testtype: 'functional' },
      { input: '[5, 9]\n9', output: '[5, 9]', testtype: 'functional' },
    ]),
  },
];

let stdin: Question;
let call: Question;
beforeAll(async () => {
  const { problems, faults } = await readBank(ROWS.map((row) => JSON.stringify(row)).join('\n'));
  expect(faults).toEqual([]);
  const { questions, left } = await toQuestions(problems, 'lcb', async () => judge);
  expect(left).toEqual([]);
  [stdin, call] = questions as [Question, Question];
});

const fence = (code: string) => `\`\`\`python\n${code}\n\`\`\``;
const METHOD = 'class Solution:\n    def pairs(self, nums: List[int], k: int) -> List[int]:\n        ';

test('a row becomes a question in its own form, which a stranger may send', () => {
  expect(stdin).toMatchObject({
    ...{ id: 'lcb:abc905_a', title: 'Twice', message: 'Read n, print twice n.', program: '' },
    ...{ inputs: ['3\n'], outputs: ['6\n'], shown: 1 },
    benchmark: { bank: 'livecodebench', cases: 4 },
  });
  expect(call).toMatchObject({
    ...{ inputs: ['[1, 2, 3], 2'], outputs: ['[1, 2]'], shown: 1 },
    benchmark: { entry: 'pairs', starter: METHOD.trim(), cases: 4 },
  });
  // Hidden tests stand nowhere in the open.
  for (const question of [stdin, call]) {
    const { tests, ...rest } = question.benchmark!;
    expect(tests).toBeDefined();
    expect(JSON.stringify({ ...question, benchmark: rest })).not.toMatch(/-8|\[5, 9\]/);
    expect(check(questionSchema, question)).toEqual({ ok: true, value: question });
  }
});

const lastAsked = (messages: ChatMessage[]) => messages.slice(-2).map(({ content }) => content);

test('the student reads the statement, the shown tests and the form of the answer', () => {
  const [asked, begun] = lastAsked(
    dialect.solvePrompt({ type: 'induction', question: stdin }) as ChatMessage[],
  );
  expect(asked).toContain('Read n, print twice n.');
  expect(asked).toContain('Input:\n3\nOutput:\n6');
  expect(asked).toContain('reads standard input');
  expect(begun).toBe('```python\n');
  const [head, begunHead] = lastAsked(
    dialect.solvePrompt({ type: 'induction', question: call }) as ChatMessage[],
  );
  expect(head).toContain('pairs([1, 2, 3], 2) == [1, 2]');
  expect(head).toContain(METHOD.trim());
  expect(begunHead).toBe('```python\nclass Solution:\n    def pairs(self, nums: List[int], k: int) ->');
});

test('the teacher reads the statement and the shown tests, and is asked for a function f', () => {
  const [asked, begun] = lastAsked(dialect.lemmaPrompt(stdin, 'f') as ChatMessage[]);
  expect(asked).toContain('Read n, print twice n.\nInput:\n3\nOutput:\n6');
  expect(asked).toContain('Give the Python function f');
  expect(begun).toBe('Inputs:\n1. f');
  const [asking, begins] = lastAsked(dialect.lemmaPrompt(call, 'f') as ChatMessage[]);
  expect(asking).toContain('pairs([1, 2, 3], 2) == [1, 2]');
  expect(begins).toBe('Inputs:\n1. f([1, 2, 3], 2)\n2. f');
  expect(`${asked}${asking}`).not.toMatch(/-8|\[5, 9\]/);
});

/** Answer as a model goes on, verdict, what the reason says. */
const STDIN_ANSWERS: [string, string, string, RegExp][] = [
  ['goes on from the fence', 'print(2 * int(input()))\n```\nIt doubles n.', 'passed', /All 4 cases/],
  ['a block of its own', `Sure!\n${fence('n = int(input())\nprint(n + n)')}`, 'passed', /All 4 cases/],
  ['right on the shown test only', 'n = int(input())\nprint(6)\n```', 'wrong', /case 2 of 4/],
  ['an exception', 'print(1 / int(input()) * 0 + 2)\n```', 'wrong', /case 1 of 4/],
  [
    'a crash on a hidden test',
    'n = int(input())\nprint(2 * n if n else 1 / n)\n```',
    'raised',
    /case 4 of 4/,
  ],
  ['a program that never prints', 'n = int(input())\n```', 'wrong', /printed ""/],
  ['prose', 'You should double the number.', 'unparsable', /not Python/],
  ['no Python', 'print(2 *\n```', 'unparsable', /not Python/],
];
const CALL_ANSWERS: [string, string, string, RegExp][] = [
  [
    'goes on from the head',
    ' List[int]:\n        return [n for n in nums if n <= k]\n```',
    'passed',
    /All 4 cases/,
  ],
  [
    'a class of its own',
    `Here it is:\n${fence(`${METHOD}return [n for n in nums if n <= k]`)}`,
    'passed',
    /All 4 cases/,
  ],
  [
    'a plain function',
    fence('def pairs(nums, k):\n    return [n for n in nums if n <= k]'),
    'passed',
    /All 4/,
  ],
  [
    'a tuple, which its benchmark takes',
    ' List[int]:\n        return tuple(n for n in nums if n <= k)\n```',
    'passed',
    /All 4/,
  ],
  [
    'a wrong edge',
    ' List[int]:\n        return [n for n in nums if n < k + 1 and n < 9]\n```',
    'wrong',
    /case 4 of 4/,
  ],
  ['another name', fence('def f(nums, k):\n    return nums'), 'unparsable', /defines no pairs/],
];

describe.each([
  ['standard input', () => stdin, STDIN_ANSWERS],
  ['a method', () => call, CALL_ANSWERS],
] as const)('answers to a question about %s', (_, question, answers) => {
  test.each(answers)('%s', async (_name, text, verdict, reason) => {
    const [attempt] = await judgeAnswers(
      [{ task: { type: 'induction', question: question() }, text }],
      judging,
    );
    expect(attempt).toMatchObject({ verdict, reason: expect.stringMatching(reason) });
    expect(attempt!.reward).toBe({ passed: 1, unparsable: -1 }[verdict] ?? -0.5);
  });
});

test('the share of tests that an answer passes is told, for goalposts that have no program', async () => {
  const graded = await gradeQuestions(
    [
      { question: stdin, program: 'print(abs(2 * int(input())))' },
      { question: call, program: 'def pairs(nums, k): return nums[:1]' },
    ],
    judge,
  );
  expect(graded.map(({ verdict, share }) => [verdict, share])).toEqual([
    ['wrong', 3 / 4],
    ['wrong', 2 / 4],
  ]);
});

test('a proposal reaches a goalpost of a benchmark where its function passes all of the tests', async () => {
  const programs = [
    'def f(nums, k):\n    return [n for n in nums if n <= k]\n',
    'def f(nums, k):\n    return nums[:k]\n',
  ];
  expect(await goalpostsReached(programs, [stdin, call], judging)).toEqual([[call.id], []]);
});

test('what needs a program does without, or refuses by name', async () => {
  expect(dialect.referenceAnswer(stdin)).toBeUndefined();
  expect(dialect.referenceAnswer(call)).toBeUndefined();
  expect(() => checkReadable(microDialect(), [call])).toThrow(
    /“Twice”: it is a problem of a benchmark.*lists of integers/,
  );
});

test('tests by a script are questions too, where their own solution passes', async () => {
  const wrong = { ...SCRIPT_ROW, task_id: 'HumanEval/902', canonical_solution: '    return x / 3\n' };
  const { problems } = await readBank([SCRIPT_ROW, wrong].map((row) => JSON.stringify(row)).join('\n'));
  const { questions, left } = await toQuestions(problems, 'he', async () => judge);
  expect(questions.map(({ id }) => id)).toEqual(['he:HumanEval/901']);
  expect(left).toMatchObject([{ problem: { id: 'HumanEval/902' }, why: expect.stringMatching(/assert/i) }]);
  const task = { type: 'induction', question: questions[0]! } as const;
  // Its own solution stands under the head that the prompt gives.
  const own = dialect.referenceAnswer(task.question)!;
  const attempts = await judgeAnswers(
    [own, ' float:\n    return x // 2 if x < 9 else 0\n```'].map((text) => ({ task, text })),
    judging,
  );
  expect(attempts.map(({ verdict }) => verdict)).toEqual(['passed', 'wrong']);
});

test('tests that were left out of what was shared are named, not passed', async () => {
  const { tests: _, ...benchmark } = stdin.benchmark!;
  expect(() => checkTests([{ ...stdin, benchmark }, call])).toThrow(/tests of “Twice” did not come with it/);
  expect(() => checkTests([stdin, call])).not.toThrow();
  const program = 'print(2 * int(input()))';
  await expect(gradeQuestions([{ question: { ...stdin, benchmark }, program }], judge)).rejects.toMatchObject(
    {
      code: 'tests-missing',
    },
  );
  const damaged = { ...benchmark, tests: 'H4sIAAAA' };
  await expect(
    gradeQuestions([{ question: { ...stdin, benchmark: damaged }, program }], judge),
  ).rejects.toMatchObject({ code: 'tests-missing' });
});
