/**
 * The world of the embedded model: one-line operations on a list of integers, constants included.
 * Everything that names an operation (program lines, titles, tokens) comes from this table.
 */

/**
 * The kind of change that an operation makes. `representation` rearranges, selects or repeats values and leaves them as
 * they are; `arithmetic` maps each value; `filter` keeps values by a property; `scan` combines
 * neighbours or prefixes; `append` adds one value at the end.
 */
export type OperationKind = 'representation' | 'arithmetic' | 'filter' | 'scan' | 'append';

export interface Operation {
  id: string;
  kind: OperationKind;
  /** The right-hand side of its line: an expression in `x`, defined for every list of integers. */
  python: string;
  /** The operation in words, for titles. */
  words: string;
  /** The same function as `python`, without running Python. Never returns its argument. */
  apply(x: readonly number[]): number[];
}

const runningReduce = (x: readonly number[], step: (total: number, v: number) => number): number[] => {
  const out: number[] = [];
  for (const v of x) out.push(out.length === 0 ? v : step(out[out.length - 1]!, v));
  return out;
};
const adjacent = (x: readonly number[], combine: (a: number, b: number) => number): number[] => {
  const out: number[] = [];
  for (let i = 1; i < x.length; i++) out.push(combine(x[i - 1]!, x[i]!));
  return out;
};
const sum = (x: readonly number[]): number => x.reduce((total, v) => total + v, 0);
const everySecond = (x: readonly number[], start: number): number[] => {
  const out: number[] = [];
  for (let i = start; i < x.length; i += 2) out.push(x[i]!);
  return out;
};
const reversed = (x: readonly number[]): number[] => [...x].reverse();
const half = (x: readonly number[]): number => Math.floor(x.length / 2);

const table: Operation[] = [
  {
    id: 'sort',
    kind: 'representation',
    python: 'sorted(x)',
    words: 'sort',
    apply: (x) => [...x].sort((a, b) => a - b),
  },
  { id: 'reverse', kind: 'representation', python: 'x[::-1]', words: 'reverse', apply: reversed },
  {
    id: 'rotate-left',
    kind: 'representation',
    python: 'x[1:] + x[:1]',
    words: 'move the first to the end',
    apply: (x) => [...x.slice(1), ...x.slice(0, 1)],
  },
  {
    id: 'rotate-right',
    kind: 'representation',
    python: 'x[-1:] + x[:-1]',
    words: 'move the last to the front',
    apply: (x) => [...x.slice(-1), ...x.slice(0, -1)],
  },
  {
    id: 'dedupe',
    kind: 'representation',
    python: 'list(dict.fromkeys(x))',
    words: 'drop repeats',
    apply: (x) => [...new Set(x)],
  },
  {
    id: 'drop-first',
    kind: 'representation',
    python: 'x[1:]',
    words: 'drop the first',
    apply: (x) => x.slice(1),
  },
  {
    id: 'drop-last',
    kind: 'representation',
    python: 'x[:-1]',
    words: 'drop the last',
    apply: (x) => x.slice(0, -1),
  },
  {
    id: 'every-second',
    kind: 'representation',
    python: 'x[::2]',
    words: 'keep every second',
    apply: (x) => everySecond(x, 0),
  },
  {
    id: 'other-second',
    kind: 'representation',
    python: 'x[1::2]',
    words: 'keep every second from the second on',
    apply: (x) => everySecond(x, 1),
  },
  {
    id: 'first-half',
    kind: 'representation',
    python: 'x[:len(x) // 2]',
    words: 'keep the first half',
    apply: (x) => x.slice(0, half(x)),
  },
  {
    id: 'second-half',
    kind: 'representation',
    python: 'x[len(x) // 2:]',
    words: 'keep the second half',
    apply: (x) => x.slice(half(x)),
  },
  {
    id: 'first-three',
    kind: 'representation',
    python: 'x[:3]',
    words: 'keep the first three',
    apply: (x) => x.slice(0, 3),
  },
  {
    id: 'repeat',
    kind: 'representation',
    python: 'x + x',
    words: 'write it twice',
    apply: (x) => [...x, ...x],
  },
  {
    id: 'mirror',
    kind: 'representation',
    python: 'x + x[::-1]',
    words: 'append its mirror image',
    apply: (x) => [...x, ...reversed(x)],
  },
  {
    id: 'absolute',
    kind: 'arithmetic',
    python: '[abs(v) for v in x]',
    words: 'absolute values',
    apply: (x) => x.map((v) => Math.abs(v)),
  },
  {
    id: 'negate',
    kind: 'arithmetic',
    python: '[-v for v in x]',
    words: 'negate',
    apply: (x) => x.map((v) => 0 - v),
  },
  {
    id: 'double',
    kind: 'arithmetic',
    python: '[v * 2 for v in x]',
    words: 'double',
    apply: (x) => x.map((v) => v * 2),
  },
  {
    id: 'triple',
    kind: 'arithmetic',
    python: '[v * 3 for v in x]',
    words: 'triple',
    apply: (x) => x.map((v) => v * 3),
  },
  {
    id: 'add-1',
    kind: 'arithmetic',
    python: '[v + 1 for v in x]',
    words: 'add 1',
    apply: (x) => x.map((v) => v + 1),
  },
  {
    id: 'subtract-1',
    kind: 'arithmetic',
    python: '[v - 1 for v in x]',
    words: 'subtract 1',
    apply: (x) => x.map((v) => v - 1),
  },
  {
    id: 'add-5',
    kind: 'arithmetic',
    python: '[v + 5 for v in x]',
    words: 'add 5',
    apply: (x) => x.map((v) => v + 5),
  },
  {
    id: 'square',
    kind: 'arithmetic',
    python: '[v * v for v in x]',
    words: 'square',
    apply: (x) => x.map((v) => v * v),
  },
  {
    id: 'halve',
    kind: 'arithmetic',
    python: '[v // 2 for v in x]',
    words: 'halve, rounding down',
    apply: (x) => x.map((v) => Math.floor(v / 2)),
  },
  {
    id: 'modulo-3',
    kind: 'arithmetic',
    python: '[v % 3 for v in x]',
    words: 'remainders by 3',
    apply: (x) => x.map((v) => ((v % 3) + 3) % 3),
  },
  {
    id: 'at-least-0',
    kind: 'arithmetic',
    python: '[max(v, 0) for v in x]',
    words: 'raise negatives to 0',
    apply: (x) => x.map((v) => Math.max(v, 0)),
  },
  {
    id: 'add-index',
    kind: 'arithmetic',
    python: '[v + i for i, v in enumerate(x)]',
    words: 'add each position',
    apply: (x) => x.map((v, i) => v + i),
  },
  {
    id: 'times-index',
    kind: 'arithmetic',
    python: '[v * i for i, v in enumerate(x)]',
    words: 'multiply by each position',
    // Adding 0 turns JavaScript's -0 into 0.
    apply: (x) => x.map((v, i) => v * i + 0),
  },
  {
    id: 'keep-even',
    kind: 'filter',
    python: '[v for v in x if v % 2 == 0]',
    words: 'keep even numbers',
    apply: (x) => x.filter((v) => v % 2 === 0),
  },
  {
    id: 'keep-odd',
    kind: 'filter',
    python: '[v for v in x if v % 2 == 1]',
    words: 'keep odd numbers',
    apply: (x) => x.filter((v) => v % 2 !== 0),
  },
  {
    id: 'keep-positive',
    kind: 'filter',
    python: '[v for v in x if v > 0]',
    words: 'keep positive numbers',
    apply: (x) => x.filter((v) => v > 0),
  },
  {
    id: 'keep-negative',
    kind: 'filter',
    python: '[v for v in x if v < 0]',
    words: 'keep negative numbers',
    apply: (x) => x.filter((v) => v < 0),
  },
  {
    id: 'keep-above-5',
    kind: 'filter',
    python: '[v for v in x if v > 5]',
    words: 'keep numbers above 5',
    apply: (x) => x.filter((v) => v > 5),
  },
  {
    id: 'keep-above-mean',
    kind: 'filter',
    python: '[v for v in x if v > sum(x) / len(x)]',
    words: 'keep numbers above the mean',
    apply: (x) => {
      const mean = sum(x) / x.length;
      return x.filter((v) => v > mean);
    },
  },
  {
    id: 'adjacent-sums',
    kind: 'scan',
    python: '[a + b for a, b in zip(x, x[1:])]',
    words: 'adjacent sums',
    apply: (x) => adjacent(x, (a, b) => a + b),
  },
  {
    id: 'adjacent-differences',
    kind: 'scan',
    python: '[b - a for a, b in zip(x, x[1:])]',
    words: 'adjacent differences',
    apply: (x) => adjacent(x, (a, b) => b - a),
  },
  {
    id: 'adjacent-maxima',
    kind: 'scan',
    python: '[max(a, b) for a, b in zip(x, x[1:])]',
    words: 'adjacent maxima',
    apply: (x) => adjacent(x, Math.max),
  },
  {
    id: 'running-sums',
    kind: 'scan',
    python: '[sum(x[:i + 1]) for i in range(len(x))]',
    words: 'running sums',
    apply: (x) => runningReduce(x, (total, v) => total + v),
  },
  {
    id: 'running-maxima',
    kind: 'scan',
    python: '[max(x[:i + 1]) for i in range(len(x))]',
    words: 'running maxima',
    apply: (x) => runningReduce(x, Math.max),
  },
  {
    id: 'mirror-sums',
    kind: 'scan',
    python: '[a + b for a, b in zip(x, x[::-1])]',
    words: 'add the reversed list',
    apply: (x) => x.map((v, i) => v + x[x.length - 1 - i]!),
  },
  {
    id: 'append-sum',
    kind: 'append',
    python: 'x + [sum(x)]',
    words: 'append the sum',
    apply: (x) => [...x, sum(x)],
  },
  {
    id: 'append-length',
    kind: 'append',
    python: 'x + [len(x)]',
    words: 'append the length',
    apply: (x) => [...x, x.length],
  },
  {
    id: 'append-maximum',
    kind: 'append',
    python: 'x + [max(x, default=0)]',
    words: 'append the maximum',
    apply: (x) => [...x, x.length === 0 ? 0 : Math.max(...x)],
  },
];

/** Every operation, in a fixed order: token ids follow it, so new operations go to the end. */
export const operations: readonly Operation[] = table;

const byId = new Map(table.map((operation) => [operation.id, operation]));
const byLine = new Map(table.map((operation) => [lineOf(operation), operation]));

/** Throws for an unknown id. */
export function operationById(id: string): Operation {
  const operation = byId.get(id);
  if (!operation) throw new Error(`There is no operation named "${id}".`);
  return operation;
}

/** The operation's line of Python, indented, without a newline. */
export function lineOf(operation: Operation): string {
  return `    x = ${operation.python}`;
}

/** The operation whose line this is, comment and trailing blanks removed. */
export function operationOfLine(line: string): Operation | undefined {
  return byLine.get(line.replace(/\s*#.*$/, '').trimEnd());
}

/** The list before the first operation and after each: `states.length === program.length + 1`. */
export function trace(program: readonly Operation[], input: readonly number[]): number[][] {
  const states: number[][] = [[...input]];
  for (const operation of program) states.push(operation.apply(states[states.length - 1]!));
  return states;
}
