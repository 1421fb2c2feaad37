/** Answers as small instruct models really give them: fenced or not, cut off, explained, tried twice. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { chatDialect } from '../../../src/dialects/chat/dialect.ts';
import type { Question, Task } from '../../../src/gasp/question.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { sameValue } from '../../../src/pytext/sameValue.ts';
import { JUDGED, lacksShared, needs, sharedFolder } from '../shared.ts';

const { parseAnswer } = chatDialect();
const question: Question = {
  id: 'q',
  title: '',
  message: '',
  program: 'def f(x):\n    return x\n',
  inputs: ['1', '2', '3'],
  outputs: ['1', '2', '3'],
  shown: 2,
};
const induction: Task = { type: 'induction', question };
const deduction: Task = { type: 'deduction', question, index: 0 };
const abduction: Task = { type: 'abduction', question, index: 0 };

const judge = new NodeJudge();
afterAll(() => judge.dispose());

const double = 'def f(x):\n    return x * 2';
const fence = (code: string, language = 'python') => `\`\`\`${language}\n${code}\n\`\`\``;

/** Each of these is the function that doubles; `f(21)` says so, in real Python. */
const programs: Record<string, string> = {
  'a fenced block': fence(double),
  'prose around it': `Sure! Here is the function:\n\n${fence(double)}\n\nIt doubles x. Let me know if it's OK (or not.`,
  'another name for Python': fence(double, 'py'),
  'Python in capitals, with attributes': fence(double, 'Python {.numberLines}'),
  'no language': fence(double, ''),
  'no closing fence': `\`\`\`python\n${double}\n`,
  'no closing fence, and prose after it': `\`\`\`python\n${double}\n\nThis function doubles x, isn't it nice (I think so.\nIt works for lists too.`,
  'no opening fence': `${double}\n\`\`\``,
  'no fence': `Here is the solution:\n\n${double}\n\nIt doubles its argument.`,
  'indented code': `Here you go:\n\n    def f(x):\n        return x * 2\n\nThat is all.`,
  'a fence in a list': `1. Write it:\n   \`\`\`python\n   def f(x):\n       return x * 2\n   \`\`\`\n2. Done.`,
  'a closing fence glued to the code': `\`\`\`python\n${double}\`\`\``,
  'code on the fence’s line': '```python def f(x): return x * 2```',
  tildes: `~~~python\n${double}\n~~~`,
  'four backticks': `\`\`\`\`python\n${double}\n\`\`\`\``,
  'Windows line ends': fence(double).replaceAll('\n', '\r\n'),
  'an example of its use in the block': fence(
    `${double}\n\nprint(f(3))\nassert f(1) == 7\nresult = f([1,\n  2])`,
  ),
  'a main guard': fence(`${double}\n\nif __name__ == "__main__":\n    print(f(int(input())))`),
  'a loop that tests it': fence(`${double}\n\ntests = [1, 2]\nfor t in tests:\n    print(t, f(t))`),
  'an example of its use in a second block': `${fence(double)}\nUse it so:\n${fence('print(f(3))')}`,
  'a second, corrected version': `${fence('def f(x):\n    return x + 2')}\nWait, that is wrong.\n${fence(double)}`,
  'a second version that was cut off': `${fence(double)}\nOr, with a loop:\n\`\`\`python\ndef f(x):\n    total = 0\n    for i in ra`,
  'a forgotten fence before the next block': `\`\`\`python\n${double}\n\n\`\`\`output\n6\n\`\`\``,
  'helpers in a block before': `First:\n${fence('def twice(v):\n    return v + v')}\nThen:\n${fence('def f(x):\n    return twice(x)')}`,
  'imports, decorators, and a constant': fence(
    'from functools import lru_cache\nTWO = 2\n\n@lru_cache(maxsize=None)\ndef f(x):\n    return x * TWO',
  ),
  'a lambda': fence('f = lambda x: x * 2'),
  'another name': fence('def double_it(x):\n    """Doubles x."""\n    return x * 2\n\nprint(double_it(2))'),
  'another name, calling itself': fence('def g(x):\n    return 0 if x == 0 else 2 + g(x - 1)'),
  'a helper and another name': fence(
    'def add(a, b):\n    return a + b\n\ndef solve(x):\n    return add(x, x)',
  ),
  'a class': fence('class Solution:\n    def double(self, x: int) -> int:\n        return x * 2'),
  'an interactive session': fence('>>> def f(x):\n...     return x * 2\n...\n>>> f(2)\n4'),
  'thinking aloud': `<think>\nMaybe ${fence('def f(x):\n    return 0')} no...\n</think>\n${fence(double)}`,
  'a thought that the prompt began': `So x times two.\n</think>\n\n${fence(double)}`,
  'an end mark that was not a stop token': `${fence(double)}<|im_end|>\n<|im_start|>user\n${fence('def f(x):\n    return 1')}`,
  'a fence in a docstring’s quotes': fence(
    'def f(x):\n    """Twice x.\n\n    >>> f(2)\n    4\n    """\n    return x * 2',
  ),
  'a comment above and below': fence(`# My solution (it's short\n${double}\n# done`),
  'brackets in strings': fence("def f(x):\n    s = '([{'\n    return x * 2\n\nprint(f(1))"),
  'a repeated header, as completions have': fence(
    `def f(x):\n    """Doubles."""\ndef f(x):\n    return x * 2`,
  ),
  'no-break spaces': fence(double.replaceAll('    ', '\u00a0\u00a0\u00a0\u00a0')),
};

test('programs are found in whatever is around them', async () => {
  const parsed = Object.entries(programs).map(([name, text]) => ({
    name,
    answer: parseAnswer(induction, text),
  }));
  expect(parsed.filter((p) => !p.answer.ok).map((p) => p.name)).toEqual([]);
  const runs = parsed.map(({ answer }) => ({ program: answer.ok ? answer.value : '', inputs: ['21'] }));
  const results = await judge.run(runs);
  const wrong = results.flatMap((result, i) =>
    result.status === 'ran' && result.calls[0]!.status === 'returned' && result.calls[0]!.value === '42'
      ? []
      : [[parsed[i]!.name, result, runs[i]!.program]],
  );
  expect(wrong).toEqual([]);
});

test('a program that needs no cleaning stays as it was written', () => {
  const text = 'import math\n\n# Area.\ndef f(r):\n    return math.pi * r ** 2  # approximately';
  expect(parseAnswer(induction, `Here:\n${fence(text)}`)).toEqual({ ok: true, value: `${text}\n` });
});

test.each([
  ['', 'It defines no function f.'],
  ['I cannot do that.', 'It defines no function f.'],
  [fence('print(1 + 2)'), 'It defines no function f.'],
  ['```python\nimport re\n\n# First we', 'It was cut off before it defined a function.'],
  ['<think>\nLet me see, def f(x):\n    return', 'It defines no function f.'],
])('what holds no program is refused: %j', (text, reason) => {
  expect(parseAnswer(induction, text)).toEqual({ ok: false, reason });
});

const list = '[1, 2]';
test.each<[string, string]>([
  [fence(list, 'output'), list],
  [fence(list, ''), list],
  [fence(list), list],
  ['```output\n[1, 2]', list],
  ['```output [1, 2]```', list],
  ['```[1, 2]```', list],
  [list, list],
  [`The output is ${list}.`, list],
  [`Output: ${list}`, list],
  [`**Output:** \`${list}\``, list],
  [`**Answer**: ${list}`, list],
  ['The function returns `[1, 2]`, since it keeps both.', list],
  [`f([1, 2, 3]) == ${list}`, list],
  [`f({'a': [0]}) = ${list}`, list],
  [`f(3) -> ${list}`, list],
  [fence(`f([1, 2, 3]) == ${list}`), list],
  [fence(`assert f('a == b') == ${list}`), list],
  [fence(`print(f(3))  # Output: ${list}`), list],
  [fence(`>>> f(3)\n${list}`), list],
  [fence(`result = ${list}`), list],
  [`First x becomes 3.\nThen it becomes [3, 4].\nSo the answer is ${list}.`, list],
  [`${fence('def f(x):\n    return x')}\nIt gives back its input, so:\n${fence(list, 'output')}`, list],
  ['\\boxed{17}', '17'],
  ['$\\boxed{17}$.', '17'],
  ['The result is -3.5.', '-3.5'],
  ["Output: 'a: b'", "'a: b'"],
  [fence("'it''s'", 'output'), "'it''s'"],
  [fence("{'a': 1, 'b': [2, 3]}", 'output'), "{'a': 1, 'b': [2, 3]}"],
  ["The output will be {'a': 1}", "{'a': 1}"],
  [fence('[\n  1,\n  2\n]', 'output'), '[\n  1,\n  2\n]'],
  ['<think>It is 4.</think>\nTrue', 'True'],
  ['- Output: None', 'None'],
])('an output is found in %j', (text, expected) => {
  expect(parseAnswer(deduction, text)).toEqual({ ok: true, value: expected });
});

test.each([
  '',
  'The function sorts its input.',
  fence('def f(x):\n    return x'),
  fence('hello world', 'output'),
])('no output is made up from %j', (text) => {
  expect(parseAnswer(deduction, text)).toEqual({ ok: false, reason: 'It gives no Python value.' });
});

test.each<[string, string]>([
  [fence('[1, 2], 3', 'input'), '[1, 2], 3'],
  [fence("'abc'", 'input'), "'abc'"],
  [fence('f([1, 2], 3)', 'input'), '[1, 2], 3'],
  [fence('[1, 2], 3', ''), '[1, 2], 3'],
  ['```input\n[1, 2], 3', '[1, 2], 3'],
  ['f([1, 2], 3)', '[1, 2], 3'],
  ['Call it as `f([1, 2], 3)`.', '[1, 2], 3'],
  [`One such input is ${list}.`, list],
  [`Input: ${list}`, list],
  [`An input that gives 3 is \`${list}\`, for example.`, list],
  [fence('assert f([1, 2], 3) == 7'), '[1, 2], 3'],
  [fence('print(f([1, 2], 3))'), '[1, 2], 3'],
  [fence('x = [1, 2]', 'input'), list],
  [fence('x = [1, 2]\ny = 3', 'input'), 'x=[1, 2], y=3'],
  [fence('[0] * 5', 'input'), '[0] * 5'],
  [fence("'a' * 3, k=2", 'input'), "'a' * 3, k=2"],
  [`${fence('def f(x):\n    return f(x - 1)')}\nSo:\n${fence('f([1, 2])')}`, list],
  [fence("f('a, (b')", 'input'), "'a, (b'"],
  [fence('{"a": 1}', 'json'), '{"a": 1}'],
])('an input is found in %j', (text, expected) => {
  expect(parseAnswer(abduction, text)).toEqual({ ok: true, value: expected });
});

test.each(['', 'There is none.', 'f(x)', 'f(...)', fence('def f(x):\n    return x')])(
  'no input is made up from %j',
  (text) => {
    expect(parseAnswer(abduction, text)).toEqual({ ok: false, reason: 'It gives no input for f.' });
  },
);

/** Rows of a file of ../shared/data/judged. */
const rows = (name: string): Record<string, string>[] =>
  readFileSync(`${sharedFolder}${JUDGED}/${name}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.skipIf(lacksShared(JUDGED))(needs(JUDGED, 'real answers of Qwen2.5-Coder-1.5B'), () => {
  const around: [string, (code: string) => string][] = [
    ['as they are', (code) => code],
    ['in a fence', (code) => `Here is the solution:\n\n${fence(code)}\n\nHope that helps!`],
    ['in a fence that is not closed', (code) => `\`\`\`python\n${code}\n`],
  ];
  test.each(around)('programs, %s, define a function f that the judge can call', async (_, wrap) => {
    const answers = [...rows('qwen2.5-coder-1.5b-mbpp'), ...rows('qwen2.5-coder-1.5b-humaneval')];
    const parsed = answers.map(({ task_id, solution }) => ({
      task_id,
      answer: parseAnswer(induction, wrap(solution!)),
    }));
    // One repeats its imports without end, the other never comes to a function.
    expect(parsed.filter((p) => !p.answer.ok).map((p) => p.task_id)).toEqual(['Mbpp/111', 'Mbpp/785']);
    expect(
      parsed
        .filter((p) => p.answer.ok)
        .every((p) => p.answer.ok && /^(?:async )?def f\(|^f = /m.test(p.answer.value)),
    ).toBe(true);
  });

  test('outputs and inputs, in a sentence or a block, come out as they went in', () => {
    for (const [task, kind, label] of [
      [deduction, 'deduction', 'output'],
      [abduction, 'abduction', 'input'],
    ] as const) {
      const answers = rows(`qwen2.5-coder-1.5b-cruxeval-${kind}`).map((r) => r.answer!);
      const bare = answers.map((a) =>
        kind === 'abduction' ? /^f\(([\s\S]*)\)$/.exec(a)?.[1]?.trim() : a.trim(),
      );
      const found = (text: string) => {
        const answer = parseAnswer(task, text);
        return answer.ok ? answer.value : undefined;
      };
      let readable = 0;
      bare.forEach((value, i) => {
        // Some are no values: reasoning that was cut off, sequences without an end.
        if (!value || (kind === 'deduction' && !sameValue(value, value))) return;
        const block = found(`The ${label} is:\n${fence(value, label)}\nas said.`);
        if (block === undefined) return;
        readable++;
        expect([block, found(answers[i]!)], answers[i]).toEqual([value, value]);
      });
      expect(readable / answers.length, kind).toBeGreaterThan(0.95);
    }
  });
});
