import { describe, expect, test } from 'vitest';
import { listSource, programSource, titleOf } from '../../../src/dialects/micro/microText.ts';
import { operations, trace } from '../../../src/dialects/micro/operations.ts';
import { cosine, embedQuestion } from '../../../src/gasp/embedding.ts';
import { NoveltyBuffer } from '../../../src/gasp/novelty.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';

const THRESHOLD = 0.95;
const similarity = (a: string, b: string, titles: [string, string] = ['', '']) =>
  cosine(
    embedQuestion({ title: titles[0], message: '', program: a }),
    embedQuestion({ title: titles[1], message: '', program: b }),
  );

const runs = `
def f(s: str, limit: int = 3) -> list[tuple[str, int]]:
    """Runs of equal characters."""
    runs = []
    longest = 0
    for c in s:
        if runs and runs[-1][0] == c:
            runs[-1] = (c, runs[-1][1] + 1)
        else:
            runs.append((c, 1))
        longest += 1
    if longest > limit:
        runs.sort(key=lambda run: -run[1])
    return [(c, n) for c, n in runs if n < 10]
`;

describe('ordinary functions: near-copies', () => {
  test('renamed variables, parameters, lambda and comprehension names', () => {
    const renamed = runs
      .replaceAll('runs', 'groups')
      .replaceAll('longest', 'count')
      .replaceAll('limit', 'bound')
      .replaceAll('lambda run: -run[1]', 'lambda g: -g[1]')
      .replaceAll('(c, n) for c, n in', '(letter, size) for letter, size in')
      .replaceAll('n < 10', 'size < 10')
      .replace(/\bs\b/g, 'text');
    expect(renamed).not.toBe(runs);
    expect(similarity(runs, renamed)).toBeCloseTo(1, 9);
  });
  test('reformatted, commented, annotated otherwise, quotes and augmented assignment', () => {
    const other = `
def f(s,limit=3):
      # collects runs
      runs=[]   # nothing yet
      longest=0
      for c in s :
            if (
              runs and runs[-1][0] == c
            ):
                  runs[-1]=(c,runs[-1][1]+1,)
            else: runs.append( (c, 1) )
            longest = longest + 1
      if longest>limit: runs.sort( key = lambda run : - run[1], )
      return [ (c, n) for c, n in runs if n < 10 ]`;
    // Parentheses around a condition are all that is left of the difference.
    expect(
      similarity(
        runs,
        other.replace(
          '(\n              runs and runs[-1][0] == c\n            )',
          'runs and runs[-1][0] == c',
        ),
      ),
    ).toBeCloseTo(1, 9);
    expect(similarity("def f(s):\n    return s.split('a')", 'def f(s): return s.split("a")')).toBeCloseTo(
      1,
      9,
    );
  });
  test('independent statements trade places', () => {
    const swapped = runs.replace('    runs = []\n    longest = 0\n', '    longest = 0\n    runs = []\n');
    expect(swapped).not.toBe(runs);
    expect(similarity(runs, swapped)).toBeCloseTo(1, 9);
    const helpers = 'def g(a):\n    return a + 1\ndef h(a):\n    return a * 2\n';
    const back = 'def h(b):\n    return b * 2\ndef g(b):\n    return b + 1\n';
    const main = 'def f(a):\n    return g(a) + h(a)\n';
    expect(similarity(helpers + main, back + main)).toBeCloseTo(1, 9);
  });
  test('changed constants only, in other words too', () => {
    const constants = runs
      .replace('= 3', '= 5')
      .replace('c, 1)', 'c, 2)')
      .replace('< 10', '< 20')
      .replace('+ 1)', '+ 2)');
    expect(constants).not.toBe(runs);
    expect(similarity(runs, constants)).toBeGreaterThan(THRESHOLD);
    expect(similarity(runs, constants, ['runs by length', 'something else entirely'])).toBeGreaterThan(
      THRESHOLD,
    );
    expect(
      similarity(
        "def f(s):\n    return s.replace('a', 'b')[:3]",
        "def f(s):\n    return s.replace('x', 'y')[:4]",
      ),
    ).toBeGreaterThan(THRESHOLD);
  });
});

describe('ordinary functions: new questions', () => {
  test.each([
    ['another condition', runs.replace('if longest > limit:', 'if longest % limit == 0:')],
    ['another operator', runs.replace('runs[-1][1] + 1', 'runs[-1][1] * 1')],
    ['another call', runs.replace('runs.append((c, 1))', 'runs.insert(0, (c, 1))')],
    ['a statement less', runs.replace('        longest += 1\n', '')],
    ['a statement more', runs.replace('    longest = 0\n', '    longest = 0\n    s = s.lower()\n')],
    ['a statement out of its loop', runs.replace('        longest += 1', '    longest += 1')],
    [
      'dependent statements trade places',
      runs.replace('return [(c, n) for c, n in runs', 'runs = runs[1:]\n    return [(n, c) for c, n in runs'),
    ],
  ])('%s', (_, other) => {
    expect(other).not.toBe(runs);
    expect(similarity(runs, other, ['same title', 'same title'])).toBeLessThan(THRESHOLD);
  });
  test('order matters where one line reads the other', () => {
    const a = 'def f(n):\n    n = n + 1\n    m = n * 2\n    return m - n';
    const b = 'def f(n):\n    m = n * 2\n    n = n + 1\n    return m - n';
    expect(similarity(a, b)).toBeLessThan(THRESHOLD);
    expect(similarity('def f(a, b):\n    return a - b', 'def f(a, b):\n    return b - a')).toBeLessThan(
      THRESHOLD,
    );
  });
});

describe('the micro world', () => {
  const program = (...lines: string[]) =>
    `def f(x):\n${lines.map((l) => `    x = ${l}\n`).join('')}    return x\n`;
  const double = '[v * 2 for v in x]';
  const triple = '[v * 3 for v in x]';

  test('a trace in comments and other names leave the program', () => {
    const plain = program('sorted(x)', double);
    const traced =
      'def f(x):\n    x = sorted(x)  # 1 2 5\n    x = [v * 2 for v in x]  # 2 4 10\n    return x\n';
    const renamed = 'def f(numbers):\n    a = sorted(numbers)\n    b = [n * 2 for n in a]\n    return b\n';
    expect(similarity(plain, traced)).toBeCloseTo(1, 9);
    expect(similarity(plain, renamed)).toBeCloseTo(1, 9);
  });
  test('another constant is near, and another question', () => {
    for (const rest of [[], ['sorted(x)'], ['sorted(x)', 'x[::-1]', 'x[1:]', 'x[::2]', 'x + x']]) {
      const near = similarity(program(...rest, double), program(...rest, triple));
      expect(near).toBeGreaterThan(0.8);
      expect(near).toBeLessThan(THRESHOLD);
    }
  });
  test('another order is another question', () => {
    expect(similarity(program('x[1:]', 'x[::-1]'), program('x[::-1]', 'x[1:]'))).toBeLessThan(0.9);
  });
  test('repeating an operation once more is another question', () => {
    const drops = (n: number) => program(...new Array<string>(n).fill('x[1:]'));
    expect(similarity(drops(6), drops(5))).toBeLessThan(THRESHOLD);
  });
  test('of random programs of up to 6 lines, exactly the equal ones are copies', () => {
    const random = new Random(5);
    for (let i = 0; i < 400; i++) {
      const lines = Array.from({ length: 1 + random.int(6) }, () => random.pick(operations));
      const changed = lines.slice();
      if (i % 3 === 0) changed[random.int(lines.length)] = random.pick(operations);
      else if (i % 3 === 1) changed.splice(random.int(lines.length + 1), 0, random.pick(operations));
      else changed.push(changed.shift()!);
      const same = titleOf(lines) === titleOf(changed);
      const [a, b] = [programSource(lines), programSource(changed)];
      expect(similarity(a, b, [titleOf(lines), titleOf(changed)]) > THRESHOLD, `${a}\n${b}`).toBe(same);
    }
  });
});

/** Pairs of questions of which it is known whether the second is the first again. */
interface Pair {
  name: string;
  first: Draft;
  second: Draft;
  copy: boolean;
}
interface Draft {
  title?: string;
  program: string;
  inputs: string[];
  outputs: string[];
}

const micro = (lines: string[], inputs: readonly number[][]): Draft => {
  const operation = (line: string) => operations.find(({ python }) => python === line)!;
  const program = lines.map(operation);
  return {
    title: titleOf(program),
    program: programSource(program),
    inputs: inputs.map(listSource),
    outputs: inputs.map((input) => listSource(trace(program, input).at(-1)!)),
  };
};
const lists = [
  [3, 1, 2],
  [5, 5, 4],
  [9, 0],
  [-1, -2, 7, 7],
  [8, 6],
];
const otherLists = [[4, 4, 1], [2, 9], [0, -3, 5], [6], [7, 1, 1]];
const sorted = micro(['sorted(x)', 'x[1:]'], lists);
const words = ["'to be or not'", "'a b a'", "''", "'one'", "'b  b'"];
const lengths = ['{2: 3, 3: 1}', '{1: 3}', '{}', '{3: 1}', '{1: 2}'];
const chat: Draft = {
  title: 'Count words by their length',
  program: `def f(s):
    counts = {}
    for word in s.split():
        counts[len(word)] = counts.get(len(word), 0) + 1
    return counts`,
  inputs: words,
  outputs: lengths,
};

const known: Pair[] = [
  { name: 'micro: the question itself', first: sorted, second: sorted, copy: true },
  {
    name: 'micro: its inputs in another order and layout',
    first: sorted,
    second: {
      ...sorted,
      inputs: sorted.inputs.map((input) => input.replaceAll(' ', '')).reverse(),
      outputs: sorted.outputs.toReversed(),
    },
    copy: true,
  },
  {
    name: 'micro: other names and another title',
    first: sorted,
    second: {
      ...sorted,
      title: 'something else',
      program: 'def f(numbers):\n    a = sorted(numbers)\n    b = a[1:]\n    return b\n',
    },
    copy: true,
  },
  {
    name: 'micro: one of five inputs replaced',
    first: sorted,
    second: micro(['sorted(x)', 'x[1:]'], [...lists.slice(1), otherLists[0]!]),
    copy: true,
  },
  {
    name: 'micro: the same program on other inputs',
    first: sorted,
    second: micro(['sorted(x)', 'x[1:]'], otherLists),
    copy: false,
  },
  {
    name: 'micro: one operation more at the end',
    first: sorted,
    second: micro(['sorted(x)', 'x[1:]', 'x[::-1]'], lists),
    copy: false,
  },
  {
    name: 'micro: one operation more at the beginning',
    first: sorted,
    second: micro(['[v * 2 for v in x]', 'sorted(x)', 'x[1:]'], lists),
    copy: false,
  },
  {
    name: 'micro: one operation less',
    first: sorted,
    second: micro(['sorted(x)'], lists),
    copy: false,
  },
  {
    name: 'micro: another constant',
    first: micro(['[v * 2 for v in x]'], lists),
    second: micro(['[v * 3 for v in x]'], lists),
    copy: false,
  },
  {
    name: 'micro: the same outputs by another program',
    first: micro(['sorted(x)', 'x[::-1]'], lists),
    second: micro(['x[::-1]', 'sorted(x)', 'x[::-1]'], lists),
    copy: true,
  },
  {
    name: 'micro: an operation that these inputs do not show',
    first: sorted,
    second: micro(['sorted(x)', 'sorted(x)', 'x[1:]'], lists),
    copy: true,
  },
  { name: 'function: the question itself', first: chat, second: chat, copy: true },
  {
    name: 'function: renamed, reworded, the inputs written otherwise',
    first: chat,
    second: {
      title: 'A histogram of lengths',
      program: `def f(text):
    # how often each length occurs
    histogram = {}
    for w in text.split():
        histogram[len(w)] = histogram.get(len(w), 0) + 1
    return histogram`,
      inputs: words.map((word) => `${word.replaceAll("'", '"')},`),
      outputs: lengths.with(0, '{3: 1, 2: 3}'),
    },
    copy: true,
  },
  {
    name: 'function: other constants on the same inputs',
    first: {
      program: 'def f(n, k):\n    return [i * 3 for i in range(n) if i % k]',
      inputs: ['1, 2', '5, 3', '7, 2', '9, 4'],
      outputs: ['[]', '[3, 6, 12]', '[3, 9, 15]', '[3, 6, 9, 15, 18, 21]'],
    },
    second: {
      program: 'def f(n, k):\n    return [i * 4 for i in range(n) if i % k]',
      inputs: ['1,2', '5,3', '7,2', '9,4'],
      outputs: ['[]', '[4, 8, 16]', '[4, 12, 20]', '[4, 8, 12, 20, 24, 28]'],
    },
    copy: true,
  },
  {
    name: 'function: the same program on other inputs',
    first: chat,
    second: {
      ...chat,
      inputs: ["'x yy'", "'the end'", "'q'", "'so so so'"],
      outputs: ['{1: 1, 2: 1}', '{3: 2}', '{1: 1}', '{2: 3}'],
    },
    copy: false,
  },
  {
    name: 'function: renamed, on other inputs',
    first: chat,
    second: {
      title: 'A histogram of lengths',
      program: chat.program.replaceAll('counts', 'histogram').replaceAll('word', 'w'),
      inputs: ["'x yy'", "'the end'", "'q'", "'so so so'"],
      outputs: ['{1: 1, 2: 1}', '{3: 2}', '{1: 1}', '{2: 3}'],
    },
    copy: false,
  },
  {
    name: 'function: one step more',
    first: chat,
    second: {
      ...chat,
      program: chat.program.replace('return counts', 'return max(counts.values(), default=0)'),
      outputs: ['3', '3', '0', '1', '2'],
    },
    copy: false,
  },
  {
    name: 'function: a statement more',
    first: chat,
    second: {
      ...chat,
      program: chat.program.replace('    counts = {}\n', '    counts = {}\n    s = s[1:]\n'),
      outputs: ['{1: 1, 2: 2, 3: 1}', '{1: 2}', '{}', '{2: 1}', '{1: 1}'],
    },
    copy: false,
  },
  {
    name: 'function: the same outputs by another program',
    first: chat,
    second: {
      title: 'Group by length',
      program: `from collections import Counter
def f(s):
    return dict(Counter(map(len, s.split())))`,
      inputs: words,
      outputs: lengths,
    },
    copy: true,
  },
  {
    name: 'function: keyword arguments, renamed',
    first: {
      program: 'def f(a, b=2):\n    return a ** b',
      inputs: ['3, b=4', '2', 'a=5', 'max(1, 2), b=3'],
      outputs: ['81', '4', '25', '8'],
    },
    second: {
      program: 'def f(a, b=2):\n    return pow(a, b)',
      inputs: ['3,b=4', '2', 'a = 5', 'max(1,2), b=3'],
      outputs: ['81', '4', '25', '8'],
    },
    copy: true,
  },
  {
    name: 'function: other arguments out of the same parts',
    first: {
      program: 'def f(a, b):\n    return a - b',
      inputs: ['1, 2', '3, 5', '7, 4', '0, 9'],
      outputs: ['-1', '-2', '3', '-9'],
    },
    second: {
      program: 'def f(a, b):\n    return a - b',
      inputs: ['2, 1', '5, 3', '4, 7', '9, 0'],
      outputs: ['1', '2', '-3', '9'],
    },
    copy: false,
  },
];

describe('a copy or a next step', () => {
  const question = (id: string, { title = '', ...rest }: Draft) => ({
    ...{ id, title, message: '', shown: 3 },
    ...rest,
  });
  test.each(known)('$name', ({ first, second, copy }) => {
    for (const [a, b] of [
      [first, second],
      [second, first],
    ] as const) {
      const { similarity: found, id } = new NoveltyBuffer([question('a', a)]).nearest(question('b', b));
      expect(found).toBeLessThanOrEqual(1);
      expect(found > THRESHOLD, String(found)).toBe(copy);
      if (copy) expect(id).toBe('a');
    }
  });
  test('programs alone, as runs from before this compare them: inputs and outputs play no part', () => {
    const other = micro(['sorted(x)', 'x[1:]'], otherLists);
    const programs = new NoveltyBuffer([question('a', sorted)], 'programs');
    expect(programs.nearest(question('b', other)).similarity).toBeCloseTo(1, 9);
    expect(programs.fork().nearest(question('b', other)).similarity).toBeCloseTo(1, 9);
    const longer = micro(['sorted(x)', 'sorted(x)', 'x[1:]'], lists);
    expect(programs.nearest(question('b', longer)).similarity).toBeLessThan(THRESHOLD);
  });
});

test('any text at all has an embedding of length 1', () => {
  const random = new Random(11);
  const pieces = [
    'def ',
    'f(x',
    '):',
    '"',
    "'''",
    '\n',
    '    ',
    '[',
    '}',
    'for',
    ' in ',
    'x',
    '=',
    ':=',
    '😀',
    '\\',
    '#',
    'lambda',
    ',',
  ];
  for (let i = 0; i < 2000; i++) {
    const junk = Array.from({ length: random.int(25) }, () => random.pick(pieces)).join('');
    const embedding = embedQuestion({ title: 't', message: '', program: junk });
    expect(cosine(embedding, embedding), junk).toBeCloseTo(1, 9);
  }
});

test('nearest names the most similar accepted question', () => {
  const question = (id: string, body: string, output: string) => ({
    id,
    title: '',
    message: '',
    program: `def f(n):\n    return ${body}`,
    inputs: ['3'],
    outputs: [output],
    shown: 1,
  });
  const buffer = new NoveltyBuffer([question('a', 'n + 1', '4'), question('b', 'n * 2', '6')]);
  expect(buffer.nearest(question('c', 'n * 3', '9'))).toMatchObject({ id: 'b' });
  expect(new NoveltyBuffer().nearest(question('c', 'n', '3'))).toEqual({ similarity: 0 });
  const fork = buffer.fork();
  fork.add(question('d', 'n ** n', '27'));
  expect([buffer.questions.length, fork.questions.length]).toEqual([2, 3]);
  const recent = fork.fork(2).questions.map((q) => q.id);
  expect(recent).toEqual(['b', 'd']);
  expect(fork.fork(9).questions).toEqual(fork.questions);
});
