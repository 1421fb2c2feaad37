/**
 * Problems that prompts show: an easy one and a harder one of the same kind for each axis, read in one
 * direction by a lemma's author and in the other by a lift's. Along the f axis both have the same inputs.
 */
import type { Axis, Question } from '../../gasp/question.ts';

/** A problem as an exchange shows it. */
export interface Example {
  message: string;
  program: string;
  inputs: readonly string[];
  outputs: readonly string[];
}

const numbers = ['[5, 20, 30]', '[1, 2]', '[11, 10, 12]', '[]', '[100, 7]'];
/** The same, none of them empty. */
const some = numbers.map((list) => (list === '[]' ? '[4]' : list));
const texts = ["'an old tree in autumn'", "'every one of us'", "'the sky'", "'up and away'", "'owls'"];
const rows = ['[[5, 20], [30, 11]]', '[[1, 2]]', '[[11], [], [12, 9]]', '[]', '[[100, -100], [15]]'];

/**
 * Heads are those that `headFor` begins answers with.
 */
export const EXAMPLES: Record<Axis, readonly { easy: Example; hard: Example }[]> = {
  f: [
    {
      easy: {
        message: 'Count the words that begin with a vowel.',
        program: "def f(text: str) -> int:\n    return sum(w[0] in 'aeiou' for w in text.split())",
        inputs: texts,
        outputs: ['4', '4', '0', '3', '1'],
      },
      hard: {
        message: 'Turn the words around that begin with a vowel, and join them with dashes.',
        program:
          "def f(text: str) -> str:\n    words = [w[::-1] for w in text.split() if w[0] in 'aeiou']\n    return '-'.join(words)",
        inputs: texts,
        outputs: ["'na-dlo-ni-nmutua'", "'yreve-eno-fo-su'", "''", "'pu-dna-yawa'", "'slwo'"],
      },
    },
    {
      easy: {
        message: 'Give the largest number.',
        program: 'def f(nums: list[int]) -> int:\n    return max(nums)',
        inputs: some,
        outputs: ['30', '2', '12', '4', '100'],
      },
      hard: {
        message: 'Give the largest number minus the smallest one.',
        program: 'def f(nums: list[int]) -> int:\n    return max(nums) - min(nums)',
        inputs: some,
        outputs: ['25', '1', '2', '0', '93'],
      },
    },
    {
      easy: {
        message: 'Keep the numbers that are greater than 10.',
        program: 'def f(nums: list[int]) -> list[int]:\n    return [n for n in nums if n > 10]',
        inputs: numbers,
        outputs: ['[20, 30]', '[]', '[11, 12]', '[]', '[100]'],
      },
      hard: {
        message: 'Keep the even numbers that are greater than 10, then add up their squares.',
        program:
          'def f(nums: list[int]) -> int:\n    even = [n for n in nums if n > 10 and n % 2 == 0]\n    return sum(n * n for n in even)',
        inputs: numbers,
        outputs: ['1300', '0', '144', '0', '10000'],
      },
    },
  ],
  io: [
    {
      easy: {
        message: 'Count the vowels of a word.',
        program: "def f(text: str) -> int:\n    return sum(c in 'aeiou' for c in text)",
        inputs: ["'autumn'", "'tree'", "'sky'", "'banana'", "''"],
        outputs: ['3', '2', '0', '3', '0'],
      },
      hard: {
        message: 'Count the vowels of each word of a sentence.',
        program:
          "def f(text: str) -> dict:\n    return {w: sum(c in 'aeiou' for c in w) for w in text.split()}",
        inputs: texts,
        outputs: [
          "{'an': 1, 'old': 1, 'tree': 2, 'in': 1, 'autumn': 3}",
          "{'every': 2, 'one': 2, 'of': 1, 'us': 1}",
          "{'the': 1, 'sky': 0}",
          "{'up': 1, 'and': 1, 'away': 2}",
          "{'owls': 1}",
        ],
      },
    },
    {
      easy: {
        message: 'Keep the numbers that are greater than 10.',
        program: 'def f(nums: list[int]) -> list[int]:\n    return [n for n in nums if n > 10]',
        inputs: ['[5, 20]', '[1, 2]', '[11, 10, 12]', '[]', '[100, 7]'],
        outputs: ['[20]', '[]', '[11, 12]', '[]', '[100]'],
      },
      hard: {
        message: 'Keep the numbers that are greater than 10 in each row of a table.',
        program:
          'def f(rows: list[list[int]]) -> list[list[int]]:\n    return [[n for n in row if n > 10] for row in rows]',
        inputs: rows,
        outputs: ['[[20], [30, 11]]', '[[]]', '[[11], [], [12]]', '[]', '[[100], [15]]'],
      },
    },
    {
      easy: {
        message: 'Add up the numbers.',
        program: 'def f(nums: list[int]) -> int:\n    return sum(nums)',
        inputs: ['[5, 20]', '[1, 2]', '[11, 0, 12]', '[]', '[7]'],
        outputs: ['25', '3', '23', '0', '7'],
      },
      hard: {
        message: 'Add up the numbers of each row of a table.',
        program: 'def f(rows: list[list[int]]) -> list[int]:\n    return [sum(row) for row in rows]',
        inputs: rows,
        outputs: ['[25, 41]', '[3]', '[11, 0, 21]', '[]', '[0, 15]'],
      },
    },
  ],
};

/** The solved question that the student is shown. */
export const SOLVED = EXAMPLES.f[2]!.easy;

/** Solved problems in the forms of benchmarks: a function of some name, a method, a program on standard input. */
type SolvedProblem = Example & Pick<Question, 'benchmark'>;

const { message, inputs, outputs } = SOLVED;
export const SOLVED_FUNCTION: SolvedProblem = {
  message,
  program: 'def total(nums: list[int]) -> int:\n    return sum(nums)',
  inputs,
  outputs,
  benchmark: { bank: '', entry: 'total', starter: 'def total(nums: list[int]) -> int:', cases: 0 },
};
export const SOLVED_METHOD: SolvedProblem = {
  message,
  program: 'class Solution:\n    def total(self, nums: List[int]) -> int:\n        return sum(nums)',
  inputs,
  outputs,
  benchmark: {
    bank: '',
    entry: 'total',
    starter: 'class Solution:\n    def total(self, nums: List[int]) -> int:',
    cases: 0,
  },
};
export const SOLVED_PRINTING: SolvedProblem = {
  message: 'A line has some numbers. Print their sum.',
  program: 'numbers = [int(word) for word in input().split()]\nprint(sum(numbers))',
  inputs: ['5 20\n', '1 2\n'],
  outputs: ['25\n', '3\n'],
  benchmark: { bank: '', cases: 0 },
};
