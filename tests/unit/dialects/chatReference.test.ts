/** A question's own program as a chat model would answer: read back as an answer, and run by CPython's own rules. */
import { afterAll, expect, test } from 'vitest';
import { chatDialect } from '../../../src/dialects/chat/dialect.ts';
import { judgeAnswers } from '../gasp/judgedAnswers.ts';
import type { Question } from '../../../src/gasp/question.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';

const dialect = chatDialect();
const judge = new NodeJudge();
afterAll(() => judge.dispose());

const question = (program: string, pairs: Record<string, string>): Question => ({
  ...{ id: 'q', title: '', message: '', shown: 2 },
  program,
  inputs: Object.keys(pairs),
  outputs: Object.values(pairs),
});
const sorting = { '[3, 1]': '[1, 3]', '[2, 9, 4]': '[2, 4, 9]', '[]': '[]' };

/** Each with what follows the head that the prompt gives; outputs are what CPython prints. */
const written: Record<string, [Question, string]> = {
  'another name for the parameter': [
    question('def f(x):\n    y = x[:]  # of x\n    return sorted(x)\n', sorting),
    ' list[int]:\n    y = nums[:]  # of x\n    return sorted(nums)\n```',
  ],
  'the head’s own words': [
    question('def f(nums: list[int]) -> list[int]:\n    return sorted(nums)\n', sorting),
    ' list[int]:\n    return sorted(nums)\n```',
  ],
  'a body on the line of its head': [
    question('def f(s): return s.upper()\n', { "'a'": "'A'", "'bc'": "'BC'", "'s.s'": "'S.S'" }),
    ' str: return text.upper()\n```',
  ],
  'several parameters': [
    question('def f(a, b):\n    return a + b\n', { '1, 2': '3', '5, 6': '11' }),
    ':\n    return a + b\n```',
  ],
  'helpers and imports before it': [
    question(
      'import math\n\ndef root(v):\n    return math.isqrt(v)\n\ndef f(value: int) -> int:\n    return root(value)\n',
      { '16': '4', '30': '5' },
    ),
    ' int:\n    return root(n)\n\nimport math\n\ndef root(v):\n    return math.isqrt(v)\n```',
  ],
  'outputs of several types, an annotation that needs an import': [
    question('from typing import Optional\n\ndef f(v) -> Optional[int]:\n    return v if v > 1 else None\n', {
      '1': 'None',
      '4': '4',
    }),
    ' object:\n    return n if n > 1 else None\n\nfrom typing import Optional\n```',
  ],
  'a name like an attribute and a string’s': [
    question("def f(a):\n    a.append(len('a'))\n    return a\n", { '[1]': '[1, 1]', '[2, 3]': '[2, 3, 1]' }),
    " list[int]:\n    nums.append(len('a'))\n    return nums\n```",
  ],
};

test.each(Object.entries(written))('%s', async (_, [asked, text]) => {
  expect(dialect.referenceAnswer(asked)).toBe(text);
  const [attempt] = await judgeAnswers([{ task: { type: 'induction', question: asked }, text }], {
    judge,
    dialect,
  });
  expect(attempt).toMatchObject({ verdict: 'passed' });
});

test.each<[string, string]>([
  ['no function', 'f = sorted\n'],
  ['a decorator', 'import functools\n\n@functools.cache\ndef f(x):\n    return sorted(x)\n'],
  ['a second parameter', 'def f(x, y=1):\n    return sorted(x)\n'],
  ['any number of parameters', 'def f(*x):\n    return sorted(x[0])\n'],
  ['a keyword of its parameter’s name', 'def f(x):\n    return sorted(x, key=lambda v: dict(x=v)["x"])\n'],
  ['a formatted string', 'def f(x):\n    return eval(f"sorted({x})")\n'],
  ['the head’s name for something else', 'nums = 1\ndef f(x):\n    return sorted(x)[:: nums]\n'],
])('is not written: %s', (_, program) => {
  expect(dialect.referenceAnswer(question(program, sorting))).toBeUndefined();
});
