/** What every judge must do alike, wherever its interpreters live. */
import { expect, test } from 'vitest';
import type { Judge, ProgramResult } from '../../../src/gasp/ports.ts';
import type { Limits } from '../../../src/python/pool.ts';
import processes from './cpython/processes.json' with { type: 'json' };
import { fared, processRuns } from './processes.ts';

/** Of the judges under test; on a busy machine honest programs need most of the time. */
export const TEST_LIMITS: Limits = { seconds: 2, printChars: 10_000, valueChars: 10_000 };
/** For tests that wait for interpreters; on a free machine they take a fraction of it. */
export const PATIENCE = 600_000;

/** What `f` gave for one input: the value's text, or whatever came instead. */
export async function judgeOne(judge: Judge, program: string, input = '1') {
  const [result] = await judge.run([{ program, inputs: [input] }]);
  return callOf(result!);
}

export function callOf(result: ProgramResult) {
  const call = result.status === 'ran' ? result.calls[0]! : result;
  return call.status === 'returned' ? call.value : call;
}

const ENDLESS = [
  'def f(x):\n    while True: pass',
  'def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass',
  'def f(x): return sum(range(10**11))',
  'while True: pass',
];
/** What a program does that has `look(object, name)`, which reads any attribute. */
const TAKE_OVER = `
def f(x):
    judge = look(look(f, '__globals__')['__builtins__']['exit'], '__globals__')
    judge['_call'] = lambda *more: ({'status': 'returned', 'value': "'forged'"}, False)
    return 'found'`;
const FORGE = `'{"status": "ran", "calls": [{"status": "returned", "value": "\\'found\\'"}]}'`;
/** Ways to what all programs share that are easily taken for harmless ones. */
const BREAKOUTS = {
  formatter: `import string
def look(value, name): return string.Formatter().get_field('0.' + name, (value,), {})[0]
${TAKE_OVER}`,
  patterns: `T = type(int)
M = T('M', (T,), {'__instancecheck__': lambda kind, value: True})
def look(value, name):
    X = M('X', (), {'__match_args__': (name,)})
    match value:
        case X(found): return found
${TAKE_OVER}`,
  wrapping: `import functools
def look(value, name):
    found = []
    copy = type(int)('Copy', (), {'__setattr__': lambda self, name, value: found.append(value)})()
    functools.update_wrapper(copy, value, (name,), ())
    return found[0]
${TAKE_OVER}`,
  annotations: `import typing
code = "import json; json.dumps = lambda result: " + repr(${FORGE})
def g(a: 'exec(code)'): pass
def f(x): return typing.get_type_hints(g)`,
  enumerations: `import enum
class Forger(enum.Enum):
    def __call__(self, *more): return ${FORGE}
enum.global_enum(Forger('Forged', {'dumps': 1}, module='json'))
def f(x): return x`,
};
const good = { program: 'def f(x): return x + 1', inputs: ['1'] };
/** Recursion that leads through C, with the depth that CPython 3.11 just reaches in a module of its own, less ten. */
const RECURSIVE: Record<string, [depth: number, program: string]> = {
  'a cache': [487, 'from functools import cache\n@cache\ndef f(n): return n and 1 + f(n - 1)'],
  'a cached method': [
    487,
    'from functools import lru_cache\nclass A:\n    @lru_cache(None)\n    def g(self, n): return n and 1 + self.g(n - 1)\ndef f(n): return A().g(n)',
  ],
  'an object': [
    487,
    'class A:\n    def __call__(self, n): return n and 1 + self(n - 1)\ndef f(n): return A()(n)',
  ],
  'a hash': [
    487,
    'class A:\n    def __init__(self, n): self.n = n\n    def __hash__(self): return self.n and 1 + hash(A(self.n - 1))\ndef f(n): return hash(A(n))',
  ],
  'a map': [978, 'def f(n): return n and 1 + sum(map(f, [n - 1]))'],
  'a partial': [985, 'from functools import partial\ndef f(n): return n and 1 + partial(f, n - 1)()'],
  'a length': [
    978,
    'class A:\n    def __init__(self, n): self.n = n\n    def __len__(self): return self.n and 1 + len(A(self.n - 1))\ndef f(n): return len(A(n))',
  ],
};

/** Of the table of processes: each way to read and to write once, in interpreters that are shared and in others. */
const STREAMS = [
  'a line of bytes, then text',
  'an iterator, then input',
  'a peek',
  'reconfigure',
  'line ends of Windows',
  'a prompt after what is pending',
  'the file 0, a line at a time',
  'as much as the file says',
  'what the stream says',
  'letters of all kinds',
  'more than a buffer',
  'bytes overtake text',
  'the system call overtakes',
  'more text than a buffer',
  'a wrapper as output',
  'a wrapper that is not flushed',
  'the file 1, closed',
  'exit with a message',
  '_exit after a flush',
  'at exit, several',
  'a deque of many',
  'substitute with a count',
  'a search in a long range',
  'a sum of both',
];
/** Programs that print without end, each by another way. */
const FLOODS = [
  'while True: print("é" * 9)',
  'import sys\nwhile True: sys.stdout.buffer.write(b"x")',
  'import sys\nwhile True: print(1, file=sys.stderr)',
  'import os\nwhile True: os.write(1, b"x")',
  'while True:\n    try: print("x" * 99, flush=True)\n    except BaseException: break',
  'print("x" * 10 ** 5)',
];

export function judgeContract(judge: Judge): void {
  const one = async (program: string, ...inputs: string[]) => (await judge.run([{ program, inputs }]))[0]!;
  const value = (program: string, input?: string) => judgeOne(judge, program, input);

  test('calls f on each input, in a namespace of its own', { timeout: PATIENCE }, async () => {
    const program = 'seen = []\ndef f(x, *more, k=0):\n    seen.append(x)\n    return seen, more, k';
    expect(await one(program, '1', '2, 3, k=4  # why', '*[5]')).toEqual({
      status: 'ran',
      calls: [
        { status: 'returned', value: '([1], (), 0)' },
        { status: 'returned', value: '([2], (3,), 4)' },
        { status: 'returned', value: '([5], (), 0)' },
      ],
    });
  });

  test('judges a batch in order, one result a program', { timeout: PATIENCE }, async () => {
    const runs = Array.from({ length: 100 }, (_, i) => ({
      program: `def f(x): return x * ${i}`,
      inputs: ['2', '"a"'],
    }));
    const progress: number[] = [];
    const results = await judge.run(runs, { onProgress: (done) => progress.push(done) });
    expect(results).toEqual(
      runs.map((_, i) => ({
        status: 'ran',
        calls: [
          { status: 'returned', value: String(2 * i) },
          { status: 'returned', value: `'${'a'.repeat(i)}'` },
        ],
      })),
    );
    expect(progress).toEqual(runs.map((_, i) => i + 1));
  });

  test('writes values as literals that compare by value', { timeout: PATIENCE }, async () => {
    expect(
      await value('def f(x):\n    return {3, 1, 2}, {"b": [None], "a": True}, 1e100, "\\n", b"x", ()'),
    ).toBe(String.raw`({1, 2, 3}, {'b': [None], 'a': True}, 1e+100, '\n', b'x', ())`);
    expect(
      await value('from collections import *\ndef f(x):\n    return Counter("aab"), defaultdict(list)'),
    ).toBe("({'a': 2, 'b': 1}, {})");
    const two = 'class Two(int):\n    def __repr__(self): return "7"\ndef f(x): return Two(2)';
    expect(await value(two)).toBe('2');
    expect(await value('class P: pass\ndef f(x): return [P(), f]')).toBe('[<P>, <function>]');
    const a = await value('def f(x): return {"a": 1, "b": (2, 0.5)}');
    const b = await value('def f(x): return {"b": (2.0, 1 / 2), "a": True}');
    expect(judge.sameValue(a as string, b as string)).toBe(true);
    expect(judge.sameValue(a as string, (b as string).replace('True', 'False'))).toBe(false);
  });

  test('says what went wrong, and where', { timeout: PATIENCE }, async () => {
    expect(await one('def f(x):\n    return (', '1')).toMatchObject({ status: 'syntax', line: 2 });
    expect(await one('import math\nimport js\ndef f(x): return 1', '1')).toEqual({
      status: 'unsafe',
      error: "importing 'js' is not allowed",
      line: 2,
    });
    // A call that imports is read as the statement; where it does not say what, it is refused.
    expect(await value('def f(x): return __import__("math").comb(5, 2)')).toBe('10');
    expect(await one('def f(x): return __import__("js")', '1')).toMatchObject({
      status: 'unsafe',
      error: "importing 'js' is not allowed",
    });
    expect(await one('def f(x): return __import__("j" + "s")', '1')).toMatchObject({ status: 'unsafe' });
    expect(await one('g = __import__\ndef f(x): return g("js")', '1')).toMatchObject({ status: 'unsafe' });
    expect(await one('x = 1\ny = x / 0\ndef f(x): return 1', '1')).toEqual({
      status: 'raised',
      error: 'ZeroDivisionError: division by zero',
      line: 2,
    });
    expect(await one('def g(x): return x', '1')).toMatchObject({ status: 'raised' });
    expect(await value('class Odd(Exception):\n    pass\ndef f(x):\n    raise Odd("no")')).toEqual({
      status: 'raised',
      error: 'Odd: no',
      line: 4,
    });
    expect(await value('def f(x): return f(x)')).toMatchObject({
      error: expect.stringMatching(/^RecursionError/),
    });
    expect(await value('def f(x): return x', '1) or (2')).toMatchObject({ status: 'raised' });
    expect(await value('def f(x): return "a" * 10**6')).toMatchObject({ status: 'too-big' });
    expect(await value('def f(x): return [x] * 10**9')).toEqual({
      status: 'raised',
      error: 'MemoryError',
      line: 1,
    });
    expect(await value('def f(x):\n    while True: print(x)')).toMatchObject({ status: 'too-big' });
  });

  test('standard streams, sizes and sums are those of CPython 3.11', { timeout: PATIENCE }, async () => {
    const some = processes.filter(({ name }) => STREAMS.includes(name));
    expect(some.length).toBe(STREAMS.length);
    const results = await judge.run(processRuns(some));
    expect(some.map(({ name }, i) => [name, fared(results[i]!)])).toEqual(
      some.map(({ name, prints, raises }) => [name, prints ?? { raises }]),
    );
  });

  test('who prints without end is stopped, and the next has its own output', {
    timeout: PATIENCE,
  }, async () => {
    const limits = { seconds: 10, total: 60 };
    const runs = [...FLOODS, 'print(1)'].map((program) => ({
      program,
      inputs: [''],
      how: { kind: 'stdin' as const },
      limits,
    }));
    const results = await judge.run(runs);
    for (const [i, program] of FLOODS.entries()) {
      expect([program, callOf(results[i]!)]).toEqual([
        program,
        { status: 'too-big', error: 'printed more than 10000 characters' },
      ]);
    }
    expect(callOf(results.at(-1)!)).toBe(String.raw`'1\n'`);
  });

  test('limits and sums are those that a run asks for', { timeout: PATIENCE }, async () => {
    const program = `def f(x): return str(10 ** 5000)[:2], sum([0.1] * 10)`;
    const run = { program, inputs: ['1'] };
    const prelude = { kind: 'once', entry: 'f', prelude: true } as const;
    const large = { program: 'def f(x): return x % 7', inputs: ['1'.repeat(5000)] };
    const results = await judge.run([
      { ...run, how: prelude },
      { ...run, how: prelude, python: '3.11' },
      { ...large, how: prelude },
      run,
      { program: 'def f(x): return sum([0.1] * 10)', inputs: ['1'], python: '3.11' },
      { program: 'def f(x): return sum([0.1] * 10)', inputs: ['1'] },
      {
        program: 'import sys\nsys.set_int_max_str_digits(0)\ndef f(x): return str(10 ** 5000)[:2]',
        inputs: ['1'],
      },
      { program: 'import sys\nsys.set_int_max_str_digits(700)\ndef f(x): return [10 ** 800]', inputs: ['1'] },
    ]);
    expect(results.map(callOf)).toEqual([
      "('10', 1.0)",
      "('10', 0.9999999999999999)",
      // 10 ** 6 is 1 modulo 7, and 111111 is 0.
      String(11 % 7),
      {
        status: 'raised',
        error: expect.stringMatching(/^ValueError: Exceeds the limit \(4300 digits\)/),
        line: 1,
      },
      '0.9999999999999999',
      '1.0',
      "'10'",
      `[0x${(10n ** 800n).toString(16)}]`,
    ]);
  });

  test('recursion through C is as deep as in CPython 3.11, and what is deeper is told so', {
    timeout: PATIENCE,
  }, async () => {
    const deep = Object.values(RECURSIVE);
    const bottomless = 'from functools import cache\n@cache\ndef f(n): return f(n + 1)';
    const results = await judge.run([
      ...deep.map(([depth, program]) => ({ program, inputs: [String(depth)] })),
      { program: bottomless, inputs: ['0'] },
      good,
    ]);
    const names = Object.keys(RECURSIVE);
    expect(names.map((name, i) => [name, callOf(results[i]!)])).toEqual(
      names.map((name, i) => [name, String(deep[i]![0])]),
    );
    expect(callOf(results[deep.length]!)).toMatchObject({
      status: 'raised',
      error: expect.stringMatching(/^RecursionError/),
    });
    expect(callOf(results.at(-1)!)).toBe('2');
  });

  test('a program leaves nothing behind', { timeout: PATIENCE }, async () => {
    const results = await judge.run(
      [
        'import collections\nCounter = collections.Counter\nCounter.most_common = None\ndef f(x): return 1',
        'import typing\ntyping.Counter.most_common = None\ndef f(x): return 1',
        'import sys\nsys.setrecursionlimit(50)\ndef f(x): return 1',
        'import builtins\nbuiltins.sum = lambda x: 42\ndef f(x): return sum([1])',
        'sum = lambda x: 42\ndef f(x): return sum([1])',
        'import math\nmath.sqrt = None\ndef f(x): return 1',
        'import decimal\ndecimal.getcontext().prec = 3\ndef f(x): return 1',
        'import collections, sys, math, decimal\ndef f(x):\n    return [collections.Counter("a").most_common(), sys.getrecursionlimit(), sum([1]), math.sqrt(4), decimal.getcontext().prec]',
      ].map((program) => ({ program, inputs: ['0'] })),
    );
    expect(callOf(results.at(-1)!)).toBe("[[('a', 1)], 1000, 1, 2.0, 28]");
    expect(callOf(results[3]!)).toBe('42');
    expect(await value('def f(x): return sum([1])')).toBe('1');
  });

  test.each(Object.entries(BREAKOUTS))(
    'who finds the judge in Python judges nobody else: %s',
    { timeout: PATIENCE },
    async (_way, program) => {
      const results = await judge.run([{ program, inputs: ['1'] }, good, good, good]);
      // It did find it, so the rest says something.
      expect(results.map(callOf)).toEqual(["'found'", '2', '2', '2']);
    },
  );

  test('a program reads nothing of earlier ones', { timeout: PATIENCE }, async () => {
    const secret = { program: 'secret = "swordfish"\ndef f(x): return secret', inputs: ['"marlin"'] };
    const gone = [
      "def f(x): return '{0.__globals__[__builtins__][exit].__globals__}'.format(f)",
      'import gc\ndef f(x): return [str(one) for one in gc.get_objects() if isinstance(one, (dict, list))][:9]',
    ];
    const results = await judge.run([secret, ...gone.map((program) => ({ program, inputs: ['1'] }))]);
    expect(callOf(results[0]!)).toBe("'swordfish'");
    expect(JSON.stringify(results.slice(1))).not.toMatch(/swordfish|marlin/);
  });

  test('endless programs are told so, and the others are judged', { timeout: PATIENCE }, async () => {
    const progress: number[] = [];
    const loops = ENDLESS.map((program) => ({ program, inputs: ['1'] }));
    const results = await judge.run([good, ...loops, good, good], {
      onProgress: (done, total) => progress.push(done / total),
    });
    const verdicts = results.map((result) =>
      result.status === 'ran' ? result.calls[0]!.status : result.status,
    );
    expect(verdicts).toEqual([
      'returned',
      'timeout',
      'timeout',
      'timeout',
      'timeout',
      'returned',
      'returned',
    ]);
    expect(progress.at(-1)).toBe(1);
  });

  test('a program that breaks its interpreter breaks no other', { timeout: PATIENCE }, async () => {
    const deep = { program: 'def f(x):\n    for i in range(10**6): x = [x]\n    return x', inputs: ['1'] };
    const results = await judge.run([good, deep, good]);
    expect([callOf(results[0]!), callOf(results[2]!)]).toEqual(['2', '2']);
    expect(callOf(results[1]!)).not.toBeTypeOf('string');
  });

  test('randomness shows within a call, and a repeated call repeats', { timeout: PATIENCE }, async () => {
    const runs = [
      'import random\ndef f(x): return random.random()',
      'from statistics import NormalDist\ndef f(x): return NormalDist().samples(1)',
    ].flatMap((program) => [
      { program, inputs: ['1'] },
      { program, inputs: ['1'] },
    ]);
    const first = await judge.run(runs);
    expect(first[0]).not.toEqual(first[1]);
    expect(first[2]).not.toEqual(first[3]);
    expect(await judge.run(runs)).toEqual(first);
    // A run that names its seed draws the same wherever it stands.
    const seeded = [7, 8].map((seed) => ({ ...runs[0]!, seed }));
    const [seven, eight] = await judge.run(seeded);
    expect(seven).not.toEqual(eight);
    expect((await judge.run([...runs, ...seeded])).slice(-2)).toEqual([seven, eight]);
  });

  test('an aborted call ends at once and harms nobody', { timeout: PATIENCE }, async () => {
    const abort = new AbortController();
    const running = judge.run([{ program: 'while True: pass', inputs: [] }, good], { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await expect(running).rejects.toThrow('enough');
    expect(await value('def f(x): return x')).toBe('1');
    await expect(judge.run([good], { signal: abort.signal })).rejects.toThrow('enough');
  });
}
