/** Limits and sums are those of the Python that a benchmark's outputs come from; rows of our own keep those of ours. */
import { afterAll, expect, test } from 'vitest';
import { grade } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { CRUXEVAL_ROW, HUMANEVAL_ROW, LIVECODEBENCH_CALL_ROW, LIVECODEBENCH_STDIN_ROW } from './samples.ts';

const judge = new NodeJudge();
afterAll(() => judge.dispose());

const tests = (input: string, output: string) => ({
  public_test_cases: JSON.stringify([{ input, output, testtype: 'any' }]),
  private_test_cases: '[]',
});
/** Of CPython 3.11: `sum([0.1] * 10)`; since 3.12 it is 1.0. */
const [TENTHS, PLAIN] = [JSON.stringify(Array(10).fill(0.1)), '0.9999999999999999'];
const LONG = String(2n ** 20_000n);

/** Name, row of a bank, answer to it. */
const PASSING: [string, Record<string, unknown>, string][] = [
  [
    'LiveCodeBench, a sum',
    { ...LIVECODEBENCH_CALL_ROW, ...tests(TENTHS, PLAIN) },
    'class Solution:\n    def pairs(self, a): return sum(a)',
  ],
  [
    'LiveCodeBench, a sum in a program that is alone',
    { ...LIVECODEBENCH_STDIN_ROW, ...tests(TENTHS, PLAIN) },
    'import io, json, os\nprint(sum(json.loads(os.read(0, 999))))',
  ],
  [
    'LiveCodeBench, a long integer printed',
    { ...LIVECODEBENCH_STDIN_ROW, ...tests('20000', LONG) },
    'print(2 ** int(input()))',
  ],
  [
    'LiveCodeBench, a long integer read',
    { ...LIVECODEBENCH_STDIN_ROW, ...tests(LONG, '1') },
    'print((int(input()) + 1) % 2)',
  ],
  [
    'LiveCodeBench, a long integer handed over',
    { ...LIVECODEBENCH_CALL_ROW, ...tests(LONG, `"${LONG}"`) },
    'class Solution:\n    def pairs(self, n): return str(n)',
  ],
  [
    'LiveCodeBench, a long integer in the program',
    { ...LIVECODEBENCH_CALL_ROW, ...tests('1', LONG) },
    `class Solution:\n    def pairs(self, n): return n * ${LONG}`,
  ],
  [
    'CRUXEval, an input',
    { ...CRUXEVAL_ROW, code: 'def f(a): return sum(a)', input: TENTHS, output: PLAIN },
    'f([0.1] * 10)',
  ],
  [
    'HumanEval, compared exactly',
    {
      ...HUMANEVAL_ROW,
      canonical_solution: '    return sum(x)\n',
      test: `def check(candidate):\n    assert str(candidate(${TENTHS})) == '${PLAIN}'\n`,
    },
    'def half(x): return sum(x)',
  ],
  [
    'a row of our own',
    { id: 'own', entry: 'f', tests: [{ input: TENTHS, expected: '1.0' }] },
    'def f(a): return sum(a)',
  ],
];

test.each(PASSING)('%s', { timeout: 600_000 }, async (_name, row, answer) => {
  const { problems } = await readBank(JSON.stringify(row));
  const problem = problems[0]!;
  const prediction = problem.prediction && { type: 'abduction' as const, index: 0 };
  const [verdicts] = await grade([{ problem, answer, ...(prediction && { prediction }) }], judge);
  expect(verdicts!.map(({ outcome, reason }) => [outcome, reason])).toEqual([['passed', expect.any(String)]]);
});
