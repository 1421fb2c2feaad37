import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, expect, test } from 'vitest';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { FILE_SIZES } from '../../../src/python/pyodideFiles.ts';

const judge = new NodeJudge({ limits: { seconds: 1, printChars: 10_000, valueChars: 10_000 } });
afterAll(() => judge.dispose());

const one = async (program: string, ...inputs: string[]) => (await judge.run([{ program, inputs }]))[0]!;
const value = async (program: string, input = '1') => {
  const result = await one(program, input);
  const call = result.status === 'ran' ? result.calls[0]! : result;
  return call.status === 'returned' ? call.value : call;
};

test('calls f on each input, in a namespace of its own', { timeout: 120_000 }, async () => {
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

test('writes values as literals that compare by value', async () => {
  expect(
    await value('def f(x):\n    return {3, 1, 2}, {"b": [None], "a": True}, 1e100, "\\n", b"x", ()'),
  ).toBe(String.raw`({1, 2, 3}, {'b': [None], 'a': True}, 1e+100, '\n', b'x', ())`);
  expect(
    await value('from collections import *\ndef f(x):\n    return Counter("aab"), defaultdict(list)'),
  ).toBe("({'a': 2, 'b': 1}, {})");
  expect(await value('class Two(int):\n    def __repr__(self): return "7"\ndef f(x): return Two(2)')).toBe(
    '2',
  );
  expect(await value('class P: pass\ndef f(x): return [P(), f]')).toBe('[<P>, <function>]');
});

test('says what went wrong, and where', async () => {
  expect(await one('def f(x):\n    return (', '1')).toMatchObject({ status: 'syntax', line: 2 });
  expect(await one('import math\nimport js\ndef f(x): return 1', '1')).toEqual({
    status: 'unsafe',
    error: "importing 'js' is not allowed",
    line: 2,
  });
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
  expect(await value('def f(x): return "a" * 10**8')).toMatchObject({ status: 'too-big' });
  expect(await value('def f(x): return [x] * 10**9')).toEqual({
    status: 'raised',
    error: 'MemoryError',
    line: 1,
  });
  expect(await value('def f(x):\n    while True: print(x)')).toMatchObject({ status: 'too-big' });
});

test('a program leaves nothing behind', async () => {
  const results = await judge.run(
    [
      'import collections\nCounter = collections.Counter\nCounter.most_common = None\ndef f(x): return 1',
      'import sys\nsys.setrecursionlimit(50)\ndef f(x): return 1',
      'import builtins\nbuiltins.sum = lambda x: 42\ndef f(x): return sum([1])',
      'sum = lambda x: 42\ndef f(x): return sum([1])',
      'import math\nmath.sqrt = None\ndef f(x): return 1',
      'import decimal\ndecimal.getcontext().prec = 3\ndef f(x): return 1',
      'import collections, sys, math, decimal\ndef f(x):\n    return [collections.Counter("a").most_common(), sys.getrecursionlimit(), sum([1]), math.sqrt(4), decimal.getcontext().prec]',
    ].map((program) => ({ program, inputs: ['0'] })),
  );
  expect(results.at(-1)).toEqual({
    status: 'ran',
    calls: [{ status: 'returned', value: "[[('a', 1)], 1000, 1, 2.0, 28]" }],
  });
  expect(results[2]).toEqual({ status: 'ran', calls: [{ status: 'returned', value: '42' }] });
  expect(await value('def f(x): return sum([1])')).toBe('1');
});

test('endless programs are told so, and the others are judged', { timeout: 60_000 }, async () => {
  const good = { program: 'def f(x): return x + 1', inputs: ['1'] };
  const loops = [
    'def f(x):\n    while True: pass',
    'def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass',
    'def f(x): return sum(range(10**11))',
    'while True: pass',
  ].map((program) => ({ program, inputs: ['1'] }));
  const progress: number[] = [];
  const results = await judge.run([good, ...loops, good, good], {
    onProgress: (done, total) => progress.push(done / total),
  });
  const verdicts = results.map((result) =>
    result.status === 'ran' ? result.calls[0]!.status : result.status,
  );
  expect(verdicts).toEqual(['returned', 'timeout', 'timeout', 'timeout', 'timeout', 'returned', 'returned']);
  expect(progress.at(-1)).toBe(1);
});

test('a program that breaks its interpreter breaks no other', { timeout: 60_000 }, async () => {
  const good = { program: 'def f(x): return x + 1', inputs: ['1'] };
  const deep = { program: 'def f(x):\n    for i in range(10**6): x = [x]\n    return x', inputs: ['1'] };
  const results = await judge.run([good, deep, good]);
  expect(results.map((result) => result.status)).toEqual(['ran', results[1]!.status, 'ran']);
  expect(results[1]!.status === 'ran' && results[1]!.calls[0]!.status === 'returned').toBe(false);
});

test('randomness shows within a call, and a repeated call repeats', async () => {
  const run = { program: 'import random\ndef f(x): return random.random()', inputs: ['1'] };
  const first = await judge.run([run, run]);
  expect(first[0]).not.toEqual(first[1]);
  expect(await judge.run([run, run])).toEqual(first);
});

test('a program that reaches Node finds neither files nor code nor earlier programs', async () => {
  await value('secret = "swordfish"\ndef f(x): return secret');
  const reach = (expression: string) => `
def f(x):
    js = eval("__imp" + "ort__")("pyodide_js")
    try:
        return str(${expression})
    except BaseException as error:
        return "refused"`;
  expect(await value(reach('js.version'))).toMatch(/^'\d/);
  expect(await value(reach('js.constructor.constructor("return import(\'node:fs\')")()'))).toBe("'refused'");
  expect(await value(reach('js._api.process or js._module.process'))).toMatch(/refused|undefined/);
  const hunt = `
import gc
def f(x):
    return [one for one in gc.get_objects() if isinstance(one, dict) and "sword" + "fish" in map(str, one.values())]`;
  expect(await value(hunt)).toBe('[]');
});

test('an aborted call ends at once and harms nobody', async () => {
  const abort = new AbortController();
  const running = judge.run([{ program: 'while True: pass', inputs: [] }], { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 50);
  await expect(running).rejects.toThrow('enough');
  expect(await value('def f(x): return x')).toBe('1');
});

test('the sizes that progress is measured by are those of the installed files', () => {
  const require = createRequire(import.meta.url);
  const size = (name: string) => statSync(require.resolve(`pyodide/${name}`)).size;
  expect(FILE_SIZES).toEqual({
    pyodide: size('pyodide.mjs'),
    asm: size('pyodide.asm.mjs'),
    wasm: size('pyodide.asm.wasm'),
    stdlib: size('python_stdlib.zip'),
  });
});
