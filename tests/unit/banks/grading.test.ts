/** Verdicts of every kind on every kind of test, by the real judge. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAnswers } from '../../../src/banks/answers.ts';
import { grade, type SuiteVerdict } from '../../../src/banks/grading.ts';
import { readBank } from '../../../src/banks/readBank.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import {
  CRUXEVAL_ROW,
  EVALPLUS_ROW,
  HUMANEVAL_ROW,
  LIVECODEBENCH_CALL_ROW,
  LIVECODEBENCH_STDIN_ROW,
  MBPP_ROW,
  QUESTION_ROW,
  SCRIPT_ROW,
} from './samples.ts';

const PATIENCE = 600_000;
const judge = new NodeJudge({ size: 2 });
afterAll(() => judge.dispose());

const half = (body: string) => `def half(x):\n    ${body}`;
const [he, script, mbpp, plus] = ['HumanEval/900', 'HumanEval/901', 'Mbpp/902', 'Mbpp/903'];
const [stdin, call] = ['abc905_a', '2906'];
const crux = 'sample_904';
/** Its values are longer than what the judge writes out by default, and as long as it does for banks. */
const LONG_ROW = {
  id: 'long',
  entry: 'f',
  solution: 'def f(n): return [list(range(n))] * 9',
  tests: [{ input: '5000' }],
};

/** Name, row of an answers file, what comes of each suite, what the last reason says. */
const CASES: [string, Record<string, unknown>, string, RegExp?][] = [
  ['a right function', { task_id: he, solution: half('return x / 2') }, 'passed', /All 3 cases/],
  ['a completion of the prompt', { task_id: he, completion: '    return x * 0.5\n' }, 'passed'],
  ['a float within the tolerance', { task_id: he, solution: half('return x / 2 + 1e-9') }, 'passed'],
  [
    'a wrong value',
    { task_id: he, solution: half('return x // 2') },
    'wrong',
    /half\(3\) gave 1, expected 1\.5 \(case 1 of 3\)/,
  ],
  [
    'an exception',
    { task_id: he, solution: half('y = 1\n    return y / 0') },
    'raised',
    /raised in line 3: ZeroDivisionError/,
  ],
  [
    'a custom exception',
    { task_id: he, solution: 'class Odd(Exception): pass\ndef half(x): raise Odd(x)' },
    'raised',
    /line 2: Odd: 3/,
  ],
  ['no such function', { task_id: he, solution: 'def other(x): return x' }, 'raised', /defines no half/],
  ['no Python', { task_id: he, solution: 'def half(x):\n  return (' }, 'unparsable', /Line 2/],
  [
    'banned',
    { task_id: he, solution: 'import js\ndef half(x): return x / 2' },
    'unsafe',
    /Line 1: importing 'js'/,
  ],
  [
    'an endless loop',
    { task_id: he, solution: half('while True: pass') },
    'timeout',
    /half\(3\) did not end in time/,
  ],
  ['a memory bomb', { task_id: he, solution: half('return [0] * 10**9') }, 'too-big', /memory/],
  [
    'a flood',
    { task_id: he, solution: half('print("x" * 10**7)\n    return x / 2') },
    'too-big',
    /printed more/,
  ],
  ['deep recursion', { task_id: he, solution: half('return half(x) + 1') }, 'raised', /RecursionError/],
  [
    'an object that equals all',
    {
      task_id: he,
      solution:
        'class E:\n    def __eq__(self, o): return True\n    def __sub__(self, o): return 0\ndef half(x): return E()',
    },
    'wrong',
    /<E>/,
  ],
  [
    'a float that equals all',
    {
      task_id: he,
      solution: 'class E(float):\n    def __eq__(self, o): return True\ndef half(x): return E(7)',
    },
    'wrong',
  ],
  ['a generator', { task_id: mbpp, solution: 'def shared(a, b): yield 4' }, 'wrong', /<generator>/],
  [
    'a set where sets are compared',
    { task_id: mbpp, solution: 'def shared(a, b): return {*a} & {*b} if a else ()' },
    'passed',
  ],
  [
    'a list for a tuple',
    { task_id: mbpp, solution: 'def shared(a, b): return [*({*a} & {*b})]' },
    'wrong',
    /gave \[\], expected \(\)/,
  ],
  [
    'state between calls',
    {
      task_id: mbpp,
      solution: 'seen = []\ndef shared(a, b):\n    seen.append(1)\n    return (4,) if len(seen) == 1 else ()',
    },
    'passed',
  ],
  [
    'base alone',
    { task_id: plus, solution: 'def halve(x): return x / 2 if x > 2 else 7' },
    'passed wrong',
    /halve\(1\) gave 7/,
  ],
  ['a script', { task_id: script, solution: half('return x // 2') }, 'passed'],
  ['a script that fails', { task_id: script, solution: half('return x') }, 'wrong', /assertion/],
  [
    'an answer that looks for its script',
    {
      task_id: script,
      solution:
        'import sys\ndef half(x):\n    f = sys._getframe()\n    while f.f_back: f = f.f_back\n    return f',
    },
    'unsafe',
  ],
  [
    'standard input',
    { question_id: stdin, code: 'import sys\nn = int(sys.stdin.readline())\nprint(2 * n)' },
    'passed',
  ],
  ['decimals', { question_id: stdin, code: 'print(f"{2 * int(input()):.2f}  ")' }, 'passed'],
  [
    'under __main__',
    {
      question_id: stdin,
      code: 'def main():\n    print(int(input()) * 2)\nif __name__ == "__main__":\n    main()',
    },
    'passed',
  ],
  [
    'a wrong line',
    { question_id: stdin, code: 'print(2 * int(input()) % 19)' },
    'wrong',
    /printed "1\\n", expected "20\\n": line 1 differs \(case 2 of 2\)/,
  ],
  [
    'one line too many',
    { question_id: stdin, code: 'print(2 * int(input()))\nprint(1)' },
    'wrong',
    /number of lines/,
  ],
  ['an early exit', { question_id: stdin, code: 'print(2 * int(input()))\nexit(1)' }, 'passed'],
  [
    'too much asked of the input',
    { question_id: stdin, code: 'input(); input()' },
    'raised',
    /line 1: EOFError/,
  ],
  [
    'a method',
    {
      question_id: call,
      code: 'class Solution:\n    def pairs(self, nums: List[int], k: int) -> List[int]:\n        return nums[:k]',
    },
    'passed',
  ],
  ['a tuple for a list', { question_id: call, code: 'def pairs(nums, k): return tuple(nums[:k])' }, 'passed'],
  [
    'names that come with it',
    { question_id: call, code: 'def pairs(nums, k): return list(islice(nums, k))' },
    'passed',
  ],
  [
    'standard error',
    {
      question_id: stdin,
      code: 'import sys\nn = int(input())\nprint("n is", n, file=sys.stderr)\nsys.stderr.buffer.write(b"x")\nprint(2 * n)',
    },
    'passed',
  ],
  [
    'an output that is put aside',
    {
      question_id: stdin,
      code: 'import io, sys\nout = sys.stdout\nsys.stdout = io.StringIO()\nprint(2 * int(input()))\nout.write(sys.stdout.getvalue())',
    },
    'passed',
  ],
  [
    'a thread for its stack',
    {
      question_id: stdin,
      code: 'import sys, threading\nthreading.stack_size(2**27)\ndef main():\n    print(2 * int(input()))\n    sys.exit()\nt = threading.Thread(target=main)\nt.start()\nt.join()',
    },
    'passed',
  ],
  [
    'recursion through C',
    {
      question_id: stdin,
      code: '@lru_cache(None)\ndef g(n): return 0 if n == 0 else 1 + g(n - 1)\nassert g(5000) == 5000\nprint(2 * int(input()))',
    },
    'passed',
  ],
  [
    'recursion through C without end',
    {
      question_id: stdin,
      code: 'sys.setrecursionlimit(10**9)\ndef g(x): return sorted([x], key=g)\nprint(g(input()))',
    },
    'raised',
    /RecursionError/,
  ],
  [
    'chance',
    { task_id: he, solution: 'import random\ndef half(x): return random.random()' },
    'nondeterministic',
    /gave 0\.\d+, expected 1\.5 \(case 1 of 3\)\. It is not deterministic: .* in one run and gave 0\.\d+ in another/,
  ],
  [
    'no method of that name',
    { question_id: call, code: 'class Solution: pass\ndef pairs(nums, k): return nums[:k]' },
    'raised',
    /no attribute 'pairs'/,
  ],
  [
    'a class outside of LiveCodeBench',
    { task_id: he, solution: 'class Solution:\n    def half(self, x): return x / 2' },
    'raised',
    /defines no half/,
  ],
  [
    'an exact number',
    { task_id: he, solution: 'from fractions import Fraction\ndef half(x): return Fraction(x) / 2' },
    'passed',
  ],
  ['sizes beyond 32 bits', { task_id: he, solution: half('return [0] * 10**10') }, 'too-big', /memory/],
  [
    'its interpreter ended',
    { task_id: he, solution: 'import os\ndef half(x): os._exit(3)' },
    'crashed',
    /exit 3/,
  ],
  ['nan', { task_id: he, solution: half('return float("nan")') }, 'wrong', /gave nan/],
  ['the file 0', { question_id: stdin, code: 'print(2 * int(open(0).read()))' }, 'passed'],
  ['a predicted output', { id: crux, answer: '"AB"', task: 'deduction' }, 'passed'],
  ['an expression', { id: crux, answer: '"A" + "B"', task: 'deduction' }, 'passed'],
  ['asking the program', { id: crux, answer: 'f("ab")', task: 'deduction' }, 'wrong|unparsable'],
  [
    'another output',
    { id: crux, answer: "'ab'", task: 'deduction' },
    'wrong',
    /It says 'ab'; the output is 'AB'/,
  ],
  ['words', { id: crux, answer: 'the output is AB', task: 'deduction' }, 'unparsable'],
  ['any input', { id: crux, answer: "f('Ab')", task: 'abduction' }, 'passed'],
  ['an input with its output', { id: crux, answer: "f('aB') == 'AB'", task: 'abduction' }, 'passed'],
  ['another input', { id: crux, answer: "f('b')", task: 'abduction' }, 'wrong', /gives 'B', not 'AB'/],
  ['no call', { id: crux, answer: "'ab'", task: 'abduction' }, 'unparsable'],
  [
    'an input that answers for itself',
    { id: crux, answer: "f('b') or 'AB'", task: 'abduction' },
    'unparsable',
  ],
  [
    'an input that breaks out',
    { id: crux, answer: "f('b') if (f := print) else ('')", task: 'abduction' },
    'unparsable',
  ],
  ['our own question', { id: 'double', program: 'def f(x): return [v + v for v in x]' }, 'passed'],
  ['a long value', { id: 'long', solution: 'def f(n): return [[*range(n)] for _ in range(9)]' }, 'passed'],
  ['our own prediction', { id: 'double', answer: '[2, 4.0]', task: 'deduction' }, 'passed'],
];

const verdicts = new Map<string, SuiteVerdict[]>();
beforeAll(async () => {
  const bank = await readBank(
    [
      HUMANEVAL_ROW,
      SCRIPT_ROW,
      MBPP_ROW,
      EVALPLUS_ROW,
      LIVECODEBENCH_STDIN_ROW,
      LIVECODEBENCH_CALL_ROW,
      CRUXEVAL_ROW,
      QUESTION_ROW,
      LONG_ROW,
    ]
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
  const read = readAnswers(CASES.map(([, row]) => JSON.stringify(row)).join('\n'), bank.problems);
  expect([...bank.faults, ...read.faults]).toEqual([]);
  const judged = await grade(
    read.answers.map(({ submission }) => submission),
    judge,
    { seconds: 1 },
  );
  for (const [i, [name]] of CASES.entries()) verdicts.set(name, judged[i]!);
}, PATIENCE);

test.each(CASES)('%s', (name, _row, outcome, reason = /./) => {
  const judged = verdicts.get(name)!;
  expect(judged.map((verdict) => verdict.outcome).join(' ')).toMatch(new RegExp(`^(?:${outcome})$`));
  expect(judged.at(-1)!.reason).toMatch(reason);
});
