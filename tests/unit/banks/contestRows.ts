/**
 * Forty problems in the form in which LiveCodeBench publishes its own (`code_generation_lite`): twenty small tasks, each
 * as a method and as a program on standard input, with private tests packed as theirs.
 */
import { LIVECODEBENCH_STDIN_ROW, packedAsTheirs } from './samples.ts';

/** What is asked for of a list of numbers, the name of a method for it, and the answer. */
const TASKS: [asked: string, name: string, answer: (nums: number[]) => number][] = [
  ['the sum of the numbers', 'total', (x) => x.reduce((a, b) => a + b, 0)],
  ['the largest of the numbers', 'largest', (x) => Math.max(...x)],
  ['the smallest of the numbers', 'smallest', (x) => Math.min(...x)],
  ['how many of the numbers are even', 'countEven', (x) => x.filter((n) => n % 2 === 0).length],
  ['how many of the numbers are negative', 'countNegative', (x) => x.filter((n) => n < 0).length],
  ['how many different numbers there are', 'countDistinct', (x) => new Set(x).size],
  [
    'the difference between the largest and the smallest number',
    'spread',
    (x) => Math.max(...x) - Math.min(...x),
  ],
  ['the sum of the squares of the numbers', 'sumOfSquares', (x) => x.reduce((a, b) => a + b * b, 0)],
  ['the first number plus the last one', 'ends', (x) => x[0]! + x.at(-1)!],
  [
    'the sum of every second number, beginning with the first',
    'everySecond',
    (x) => x.filter((_, i) => i % 2 === 0).reduce((a, b) => a + b, 0),
  ],
  [
    'how often a number is larger than the one before it',
    'rises',
    (x) => x.filter((n, i) => i > 0 && n > x[i - 1]!).length,
  ],
  [
    'how often a number equals the one before it',
    'repeats',
    (x) => x.filter((n, i) => i > 0 && n === x[i - 1]).length,
  ],
  ['the largest sum of two neighbours', 'bestPair', (x) => Math.max(...x.slice(1).map((n, i) => n + x[i]!))],
  [
    'the place, counted from 0, of the first occurrence of the largest number',
    'placeOfLargest',
    (x) => x.indexOf(Math.max(...x)),
  ],
  [
    'the sum of the numbers that occur exactly once',
    'sumOfSingles',
    (x) => x.filter((n) => x.filter((m) => m === n).length === 1).reduce((a, b) => a + b, 0),
  ],
  [
    'the largest sum of numbers that stand in a row, at least one of them',
    'bestRun',
    (x) =>
      Math.max(
        ...x.map((_, i) =>
          Math.max(...x.slice(i).map((__, j) => x.slice(i, i + j + 1).reduce((a, b) => a + b, 0))),
        ),
      ),
  ],
  [
    'the second largest of the different numbers, or 0 where there is only one',
    'runnerUp',
    (x) => [...new Set(x)].sort((a, b) => b - a)[1] ?? 0,
  ],
  [
    'how many pairs of places i < j have a larger number at i than at j',
    'inversions',
    (x) => x.reduce((sum, n, i) => sum + x.slice(i + 1).filter((m) => m < n).length, 0),
  ],
  [
    'the length of the longest run of numbers that rise strictly',
    'longestRise',
    (x) =>
      x.reduce(
        ([best, now], n, i) => {
          const next = i > 0 && n > x[i - 1]! ? now! + 1 : 1;
          return [Math.max(best!, next), next];
        },
        [0, 0],
      )[0]!,
  ],
  [
    'the sum of the numbers without their largest and without their smallest one, each left out once',
    'withoutEnds',
    (x) => x.reduce((a, b) => a + b, 0) - Math.max(...x) - Math.min(...x),
  ],
];

const SHOWN = [
  [3, 1, 2],
  [5, 5, -1, 4],
];
const HIDDEN = [
  [7, 7],
  [-3, -8, -2, -8],
  [10, 20, 30, 25, 40, 1],
  [0, 4, 0, 4, 9, 2, 2],
  [100, -100, 50, -50, 25],
];

const asMethod = (answer: (nums: number[]) => number) => (nums: number[]) => ({
  input: JSON.stringify(nums),
  output: String(answer(nums)),
  testtype: 'functional',
});
const asText = (answer: (nums: number[]) => number) => (nums: number[]) => ({
  input: `${nums.length}\n${nums.join(' ')}\n`,
  output: `${answer(nums)}\n`,
  testtype: 'stdin',
});

/** In order: each task as a method, then on standard input. */
export const CONTEST_ROWS = TASKS.flatMap(([asked, name, answer], i) => {
  const row = { ...LIVECODEBENCH_STDIN_ROW, question_title: `${name} (method)`, contest_id: `c${i}` };
  const [method, text] = [asMethod(answer), asText(answer)];
  return [
    {
      ...row,
      question_id: `${3000 + i}`,
      platform: 'leetcode',
      question_content: `You are given a list nums of at least two whole numbers.\n\nReturn ${asked}.`,
      starter_code: `class Solution:\n    def ${name}(self, nums: List[int]) -> int:\n        `,
      public_test_cases: JSON.stringify(SHOWN.map(method)),
      private_test_cases: packedAsTheirs(HIDDEN.map(method)),
      metadata: JSON.stringify({ func_name: name }),
    },
    {
      ...row,
      question_id: `abc9${String(i).padStart(2, '0')}_b`,
      question_title: `${name} (input)`,
      question_content: `The first line has a number N, at least 2; the second line has N whole numbers.\n\nPrint ${asked}.`,
      public_test_cases: JSON.stringify(SHOWN.map(text)),
      private_test_cases: packedAsTheirs(HIDDEN.map(text)),
    },
  ];
});

export const CONTEST_FILE = CONTEST_ROWS.map((row) => JSON.stringify(row)).join('\n');
