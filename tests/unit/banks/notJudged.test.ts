/** Rows of which nothing can be said, and suites that say nothing, by the real judge. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareVerdicts, summarize } from '../../../src/banks/agreement.ts';
import { type Answer, readAnswers } from '../../../src/banks/answers.ts';
import { grade, type SuiteVerdict, verdictOf } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { runOfAnswer } from '../../../src/banks/suiteRuns.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import {
  CRUXEVAL_ROW,
  EVALPLUS_ROW,
  HUMANEVAL_ROW,
  LIVECODEBENCH_STDIN_ROW,
  MBPP_ROW,
  QUESTION_ROW,
} from './samples.ts';

const judge = new NodeJudge({ size: 2 });
afterAll(() => judge.dispose());

const stdin = LIVECODEBENCH_STDIN_ROW.question_id;
const ROWS = [
  { ...EVALPLUS_ROW, task_id: 'Mbpp/910', plus_input: {} },
  { ...EVALPLUS_ROW, task_id: 'Mbpp/911', base_input: [], plus_input: [] },
  EVALPLUS_ROW,
  // JSON has no tuples: EvalPlus says by task where they are meant, whatever its id looks like.
  {
    ...EVALPLUS_ROW,
    task_id: 2,
    entry_point: 'similar_elements',
    canonical_solution: '\ndef similar_elements(a, b):\n    return tuple(set(a) & set(b))\n',
    base_input: [[[3, 4], [4]]],
    plus_input: [[[1], []]],
  },
  {
    task_id: 'HumanEval/32',
    prompt: 'def find_zero(xs: list):\n    """A zero of a polynomial."""\n',
    entry_point: 'find_zero',
    canonical_solution: '    return 1.0\n',
    base_input: [[[-1, 0, 1, 0]]],
    plus_input: [],
    atol: 1e-4,
  },
  HUMANEVAL_ROW,
  { ...HUMANEVAL_ROW, task_id: 'HumanEval/902', canonical_solution: '    return x // 2\n' },
  { ...HUMANEVAL_ROW, task_id: 'HumanEval/903', entry_point: 'sum_div', prompt: 'def sum_div(x):\n' },
  { ...MBPP_ROW, code: `${MBPP_ROW.code}\nimport sympy` },
  { id: 'own', solution: 'print(int(input()) + 1)', tests: [{ stdin: '1', stdout: '3' }] },
  { id: 'both', entry: 'f', tests: [{ input: '1', expected: '1' }], script: 'assert f(2) == 4' },
  { ...QUESTION_ROW, outputs: ['[2, 4]', '[0]'] },
  CRUXEVAL_ROW,
  { ...CRUXEVAL_ROW, id: 'sample_905', output: "'Ab'" },
  LIVECODEBENCH_STDIN_ROW,
  { ...LIVECODEBENCH_STDIN_ROW, question_id: 'bare', public_test_cases: '[]', private_test_cases: '' },
  {
    ...HUMANEVAL_ROW,
    task_id: 'HumanEval/904',
    test: 'def check(candidate):\n    inputs = []\n    results = []\n    for inp, exp in zip(inputs, results):\n        assert candidate(*inp) == exp\n',
  },
];

const half = (value: string) => `def half(x):\n    return ${value}`;
const tuples =
  'def similar_elements(a, b):\n    assert isinstance(a, tuple)\n    return tuple(set(a) & set(b))';

/** What is tried, the answer, verdicts of the suites and of the whole, what the last reason says. */
const CASES: [string, object, string, 'passed' | 'failed' | 'not-judged', RegExp?][] = [
  ['an empty plus', { task_id: 'Mbpp/910', solution: 'def halve(x): return x / 2' }, 'passed', 'passed'],
  [
    'an empty plus, a wrong answer',
    { task_id: 'Mbpp/910', solution: 'def halve(x): return x' },
    'wrong',
    'failed',
  ],
  ['no cases at all', { task_id: 'Mbpp/911', solution: 'def halve(x): return x / 2' }, '', 'not-judged'],
  [
    'base wrong and plus right',
    { task_id: 'Mbpp/903', solution: 'def halve(x): return x / 2 if x < 3 else 0' },
    'wrong passed',
    'failed',
  ],
  ['tuples for a bare number', { task_id: 2, solution: tuples }, 'passed passed', 'passed'],
  ['tuples under the full id', { task_id: 'Mbpp/2', solution: tuples }, 'passed passed', 'passed'],
  ['another root', { task_id: 'HumanEval/32', completion: '    return -1.00001' }, 'passed', 'passed'],
  ['no root', { task_id: 'HumanEval/32', completion: '    return 1.1' }, 'wrong', 'failed'],
  [
    'an answer to assertions that the solution fails',
    { task_id: 'HumanEval/902', solution: half('x / 2') },
    'bad-test',
    'not-judged',
    /own solution fails its tests: half\(3\) gave 1/,
  ],
  [
    "a rule of MBPP's for a function of that name elsewhere",
    { task_id: 'HumanEval/903', solution: 'def sum_div(x):\n    return 0' },
    'wrong',
    'failed',
  ],
  [
    'an answer with a library',
    { task_id: 'HumanEval/900', solution: `import numpy as np\n${half('np.divide(x, 2)')}` },
    'no-library',
    'not-judged',
    /needs numpy/,
  ],
  [
    'a library within a call',
    {
      task_id: 'HumanEval/900',
      solution: 'def half(x):\n    from pandas import Series\n    return Series([x]).mean() / 2',
    },
    'no-library',
    'not-judged',
    /needs pandas/,
  ],
  [
    'a wrong value before the library',
    { task_id: 'HumanEval/900', solution: 'def half(x):\n    if x == 3: return 3\n    import numpy' },
    'wrong',
    'failed',
  ],
  [
    'a test runner, which no harness has',
    { task_id: 'HumanEval/900', solution: `import pytest_made_up\n${half('x / 2')}` },
    'raised',
    'failed',
  ],
  [
    'a solution with a library',
    { task_id: 902, solution: 'def shared(a, b): return ()' },
    'no-library',
    'not-judged',
    /needs sympy/,
  ],
  [
    'standard input that the solution fails',
    { id: 'own', solution: 'print(3)' },
    'bad-test',
    'not-judged',
    /printed "2\\n", expected "3"/,
  ],
  [
    'a library on standard input',
    { question_id: stdin, code: 'import numpy as np\nprint(np.int64(input()) * 2)' },
    'no-library',
    'not-judged',
    /needs numpy/,
  ],
  ['no tests by standard input', { question_id: 'bare', code: 'print(1)' }, '', 'not-judged'],
  ['no inputs in a script', { task_id: 'HumanEval/904', solution: half('7') }, '', 'not-judged'],
  ['tests and a script', { id: 'both', solution: 'def f(x): return x * x' }, 'passed passed', 'passed'],
  ['tests and a script that fails', { id: 'both', solution: 'def f(x): return x' }, 'passed wrong', 'failed'],
  [
    'a question whose program gives something else',
    { id: 'double', program: 'def f(x): return [v + v for v in x]' },
    'bad-test',
    'not-judged',
    /gave \[\], expected \[0\]/,
  ],
  ['a prediction', { id: 'sample_904', answer: "f('aB')", task: 'abduction' }, 'passed', 'passed'],
  [
    'a prediction for a pair that is none',
    { id: 'sample_905', answer: "'AB'", task: 'deduction' },
    'bad-test',
    'not-judged',
    /gives 'AB', not 'Ab'/,
  ],
];

const judged = new Map<string, SuiteVerdict[]>();
beforeAll(async () => {
  const { problems, faults } = await readBank(ROWS.map((row) => JSON.stringify(row)).join('\n'));
  const read = readAnswers(CASES.map(([, row]) => JSON.stringify(row)).join('\n'), problems);
  expect([...faults, ...read.faults]).toEqual([]);
  const verdicts = await grade(
    read.answers.map(({ submission }) => submission),
    judge,
  );
  for (const [i, [name]] of CASES.entries()) judged.set(name, verdicts[i]!);
}, 600_000);

test.each(CASES)('%s', (name, _row, outcomes, whole, reason = /./) => {
  const suites = judged.get(name)!;
  expect([suites.map(({ outcome }) => outcome).join(' '), verdictOf(suites)]).toEqual([outcomes, whole]);
  if (suites.length > 0) expect(suites.at(-1)!.reason).toMatch(reason);
});

test('what says nothing is left out of agreement', () => {
  const answer = (more: Partial<Answer>): Answer => ({
    line: 1,
    id: 'a',
    submission: {} as Answer['submission'],
    verdicts: new Map(),
    ...more,
  });
  const suite = (name: string, outcome: SuiteVerdict['outcome']): SuiteVerdict => ({
    suite: name,
    outcome,
    reason: '',
  });
  const [base, plus] = [suite('base', 'passed'), suite('plus', 'wrong')];
  const said = new Map([
    ['base', true],
    ['plus', true],
  ]);
  expect(compareVerdicts(answer({ verdicts: said }), [base, plus])).toEqual({ differ: [plus] });
  expect(compareVerdicts(answer({ verdicts: said }), [base])).toEqual({ differ: [] });
  expect(compareVerdicts(answer({ verdict: false }), [base, plus])).toEqual({ differ: [] });
  expect(compareVerdicts(answer({ verdict: false }), [base])).toEqual({ differ: [base] });
  expect(compareVerdicts(answer({ verdict: true }), [suite('tests', 'no-library')])).toBeUndefined();
  expect(
    summarize(
      [
        answer({ id: 'a', number: 1, verdict: true }),
        answer({ id: 'a', number: 2, verdict: true }),
        answer({ id: 'b', verdict: true }),
        answer({ id: 'c' }),
      ],
      [[base], [base, plus], [suite('tests', 'bad-test')], []],
    ),
  ).toEqual({ rows: 4, passed: 1, not_judged: 2, agree: 1, disagree: ['a#2'] });
});

test('LiveCodeBench limits each case, and nothing limits them together', async () => {
  const cases = Array.from({ length: 40 }, () => ({ input: '1', output: '1', testtype: 'stdin' }));
  const row = { ...LIVECODEBENCH_STDIN_ROW, public_test_cases: JSON.stringify(cases) };
  const { problems } = await readBank(JSON.stringify(row));
  const { limits } = runOfAnswer('print(1)', problems[0]!.suites[0]!, { values: [], ms: [] }, 6);
  expect(limits).toMatchObject({ seconds: 6, total: Number.POSITIVE_INFINITY });
});
