/** Prompts of the chat dialect, and proposals as small instruct models write them. */
import { expect, test } from 'vitest';
import { chatDialect } from '../../../src/dialects/chat/dialect.ts';
import { EXAMPLES } from '../../../src/dialects/chat/examples.ts';
import { proposalText } from '../../../src/dialects/chat/prompts.ts';
import type { ChatMessage, Prompt } from '../../../src/gasp/ports.ts';
import type { Question } from '../../../src/gasp/question.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';

const dialect = chatDialect();
const { parseProposal } = dialect;

const question: Question = {
  id: 'q',
  title: 'keep what is even, then sort',
  message: '',
  program: 'def f(x):\n    return sorted(v for v in x if v % 2 == 0)\n',
  inputs: ['[4, 2]', '[1]', '[6, 5, 0]', '[70, 71]', '[88, 86]'],
  outputs: ['[2, 4]', '[]', '[0, 6]', '[70]', '[86, 88]'],
  shown: 3,
};
const goal: Question = { ...question, title: 'GOAL-TITLE', inputs: question.inputs.map((i) => `[99, ${i}]`) };

const text = (prompt: Prompt) => (prompt as ChatMessage[]).map((m) => m.content).join('\n');
const asked = (prompt: Prompt) => (prompt as ChatMessage[]).at(-2)!.content;

test('every prompt is a chat of user and assistant in turns that ends with the beginning of an answer', () => {
  const prompts = [
    ...(['io', 'f'] as const).flatMap((axis) => [
      dialect.lemmaPrompt(goal, axis),
      dialect.liftPrompt(question, axis),
      dialect.liftPrompt(question, axis, goal),
    ]),
    dialect.unguidedPrompt([]),
    dialect.unguidedPrompt([question, goal]),
    dialect.solvePrompt({ type: 'induction', question }),
    dialect.solvePrompt({ type: 'deduction', question, index: 1 }),
    dialect.solvePrompt({ type: 'abduction', question, index: 1 }),
  ];
  for (const prompt of prompts) {
    const roles = (prompt as ChatMessage[]).map((m) => m.role);
    expect(roles.every((role, i) => role === (i % 2 === 0 ? 'user' : 'assistant'))).toBe(true);
    expect(roles.at(-1)).toBe('assistant');
  }
});

test('who sees what', () => {
  // The lemma's author: title and examples of the goalpost, not its program.
  const lemma = asked(dialect.lemmaPrompt(question, 'f'));
  expect(lemma).toContain('keep what is even, then sort');
  expect(lemma).toContain('f([4, 2]) == [2, 4]');
  expect(lemma).not.toContain('sorted(v');
  // Without a title (a setting) there are examples only.
  expect(asked(dialect.lemmaPrompt({ ...question, title: '' }, 'f'))).toContain('f([4, 2])');
  // The lift's author: the lemma with its program, and the goalpost only in the ablation.
  const lift = dialect.liftPrompt(question, 'io');
  expect(asked(lift)).toContain('sorted(v');
  expect(text(lift)).not.toContain('GOAL-TITLE');
  expect(text(dialect.liftPrompt(question, 'io', goal))).toContain('GOAL-TITLE');
  // The student: the shown pairs, no title, no program, none of the pairs that it is judged on.
  const induction = asked(dialect.solvePrompt({ type: 'induction', question }));
  expect(induction).toContain('f([6, 5, 0]) == [0, 6]');
  for (const hidden of ['70', '88', 'sorted', 'even, then']) expect(induction).not.toContain(hidden);
  const hinted = { ...question, message: 'Order the even ones.' };
  expect(asked(dialect.solvePrompt({ type: 'induction', question: hinted }))).toContain(
    'Order the even ones.',
  );
  const deduction = asked(dialect.solvePrompt({ type: 'deduction', question, index: 2 }));
  expect(deduction).toContain('f([6, 5, 0])');
  expect(deduction).not.toContain('[0, 6]');
  const abduction = asked(dialect.solvePrompt({ type: 'abduction', question, index: 2 }));
  expect(abduction).toContain('[0, 6]');
  expect(abduction).not.toContain('[6, 5, 0]');
  expect(asked(dialect.lemmaPrompt(question, 'io'))).not.toBe(lemma);
});

const inputs = ["'ab'", "''", "'a b'", "'xyz'", "'(,)'"];
const program = 'def f(s):\n    return s[::-1]';
const expected = {
  title: 'Turn a text around',
  message: 'Turn a text around.',
  program: `${program}\n`,
  inputs,
};

test('the form that is asked for comes back as it went in', () => {
  const written = proposalText({ message: expected.message, program, inputs });
  expect(parseProposal(written)).toEqual({ ok: true, value: expected });
});

const py = `\`\`\`python\n${program}\n\`\`\``;
const calls = inputs.map((i) => `f(${i})`);
test.each<[string, string]>([
  [
    'input blocks',
    `${expected.message}\n${py}\n${inputs.map((i) => `\`\`\`input\n${i}\n\`\`\``).join('\n')}`,
  ],
  ['one input block', `${py}\n\`\`\`input\n${inputs.join('\n')}\n\`\`\``],
  ['one input block that is not closed', `${py}\n\`\`\`input\n${inputs.join('\n')}`],
  [
    'calls in a list',
    `**Message:** Turn it.\n\n${py}\n\n**Inputs:**\n${calls.map((c, i) => `${i + 1}. \`${c}\``).join('\n')}`,
  ],
  ['calls with what they give', `${py}\n\nInputs:\n${calls.map((c) => `- ${c} == 'x'`).join('\n')}`],
  ['values in a list', `${py}\n\nInputs:\n${inputs.map((i) => `- ${i}`).join('\n')}\n\nHave fun!`],
  [
    'calls in the block of the program',
    `\`\`\`python\n${program}\n\n${calls.map((c) => `print(${c})`).join('\n')}\n\`\`\``,
  ],
  ['asserts', `\`\`\`python\n${program}\n\n${calls.map((c) => `assert ${c} == 'x'`).join('\n')}\n\`\`\``],
  ['no fence at all', `Message: Turn it.\n\n${program}\n\nInputs:\n${calls.join('\n')}`],
  ['a second block of calls', `${py}\nTry it:\n\`\`\`\n${calls.join('\n')}\n\`\`\``],
  [
    'a function of another name',
    `${py.replace('def f', 'def turn')}\n\nInputs:\n${calls.map((c) => c.replace('f(', 'turn(')).join('\n')}`,
  ],
])('inputs are found in %s', (_, written) => {
  const parsed = parseProposal(written);
  expect(parsed.ok && parsed.value.inputs).toEqual(inputs);
  expect(parsed.ok && parsed.value.program).toContain('s[::-1]');
});

test.each<[string, string, string]>([
  ['a label', `Problem: Turn *it* around. Twice.\n${py}\nf('a')`, 'Turn *it* around'],
  ['a block', `\`\`\`message\nTurn it\naround.\n\`\`\`\n${py}\nf('a')`, 'Turn it around'],
  [
    'a docstring',
    `${py.replace('    return', '    """Turn around.\n\n    >>> f(1)\n    """\n    return')}\nf('a')`,
    'Turn around',
  ],
  ['nothing', `${py}\nf('a')`, 'return s[::-1]'],
])('a title is taken from %s', (_, written, title) => {
  const parsed = parseProposal(written);
  expect(parsed.ok && parsed.value.title).toBe(title);
});

test.each<[string, string]>([
  ['', 'It defines no function f.'],
  ['I am sorry, but I cannot write that.', 'It defines no function f.'],
  [`Message: Turn it.\n${py}`, 'It gives no inputs for its function.'],
  [`${py}\nInputs:\nf(s)\nf(...)\nf(x, y)`, 'It gives no inputs for its function.'],
])('what is no proposal is refused: %j', (written, reason) => {
  expect(parseProposal(written)).toEqual({ ok: false, reason });
});

test('an input is not taken twice, nor from a recursive call', () => {
  const parsed = parseProposal(
    '```python\ndef f(n):\n    return 1 if n == 0 else n * f(n - 1)\n```\nInputs:\nf(3)\nf(3)\nf(5)',
  );
  expect(parsed.ok && parsed.value.inputs).toEqual(['3', '5']);
});

test('a proposal that repeats an example of its prompt is refused', () => {
  const prompt = dialect.lemmaPrompt(question, 'f');
  const example = (prompt as ChatMessage[])[1]!.content;
  const refused = { ok: false, reason: 'It repeats an example of its prompt.' };
  expect(parseProposal(example, prompt)).toEqual(refused);
  // Under another name of its parameter's type too, but not where another prompt shows it.
  expect(parseProposal(example.replace(/ -> \w+/, ''), prompt)).toEqual(refused);
  expect(parseProposal(example, dialect.lemmaPrompt(question, 'io')).ok).toBe(true);
});

test('a sentence that is an example’s, about another function, is left out', () => {
  const prompt = dialect.lemmaPrompt(question, 'f');
  const { message } = EXAMPLES.f[2]!.easy;
  expect(text(prompt)).toContain(`Message: ${message}`);
  const written = `) -> int:\n    return sum(nums)\n\`\`\`\n\nMessage: ${message}`;
  const parsed = parseProposal(written, prompt);
  expect(parsed).toMatchObject({ ok: true, value: { message: '', title: 'return sum(nums)' } });
});

test('answers are read that go on from the words they were begun with', () => {
  const induction = (text: string) => dialect.parseAnswer({ type: 'induction', question }, text);
  const head = 'def f(nums: list[int]) ->';
  const expectedProgram = { ok: true, value: `${head} list[int]:\n    return nums * 2\n` };
  expect(beginning(dialect.solvePrompt({ type: 'induction', question }))).toBe(`\`\`\`python\n${head}`);
  expect(induction(' list[int]:\n    return nums * 2\n```\n\nThis doubles (the list.')).toEqual(
    expectedProgram,
  );
  expect(induction(' list[int]:\n    return nums * 2')).toEqual(expectedProgram);
  for (const nothing of ['', ' int:', ' or not', ' int:\nI do not know.', ' Well: no.'])
    expect(induction(nothing).ok).toBe(false);
  // One that begins anew is read by itself.
  expect(induction('Sure:\n\n```python\ndef f(x):\n    return x\n```')).toEqual({
    ok: true,
    value: 'def f(x):\n    return x\n',
  });
  expect(induction('def f(')).toEqual({ ok: false, reason: 'It defines no function f.' });
  const deduction = (text: string) => dialect.parseAnswer({ type: 'deduction', question, index: 0 }, text);
  expect(deduction(' [2]\n```\nsince 1 + 1 is 3.')).toEqual({ ok: true, value: '[2]' });
  expect(deduction(' [2]')).toEqual({ ok: true, value: '[2]' });
  expect(deduction(' [2]\nf([1]) == []')).toEqual({ ok: true, value: '[2]' });
  const abduction = (text: string) => dialect.parseAnswer({ type: 'abduction', question, index: 0 }, text);
  expect(abduction('([1], 2)\n```\nf([3]) would do too.')).toEqual({ ok: true, value: '[1], 2' });
});

const beginning = (prompt: Prompt) => (prompt as ChatMessage[]).at(-1)!.content;

test('along the f axis a proposal is begun with the inputs and the head of the function', () => {
  const given = question.inputs.map((input, i) => `${i + 1}. f(${input})`).join('\n');
  for (const prompt of [dialect.lemmaPrompt(question, 'f'), dialect.liftPrompt(question, 'f')]) {
    expect(beginning(prompt)).toBe(`Inputs:\n${given}\n\n\`\`\`python\ndef f(nums`);
    expect(parseProposal('):\n    return sorted(nums)\n```\n\nMessage: Sort it.', prompt)).toEqual({
      ok: true,
      value: {
        title: 'Sort it',
        message: 'Sort it.',
        program: 'def f(nums):\n    return sorted(nums)\n',
        inputs: question.inputs,
      },
    });
  }
  // Not with values that the goalpost's author keeps to judge answers: outputs stay out of it.
  expect(beginning(dialect.lemmaPrompt(question, 'f'))).not.toContain('[86, 88]');
  // Several parameters have the names that the program gives them.
  const two = { ...question, inputs: ['1, 2', '3, 4', '5, 6', '7, 8', '9, 0'] };
  const program = 'def f(a, b=(1, 2)):\n    return a\n';
  expect(beginning(dialect.lemmaPrompt({ ...two, program }, 'f'))).toMatch(/python\ndef f\(a, b=\(1, 2\)\)$/);
  expect(beginning(dialect.lemmaPrompt({ ...two, program: '' }, 'f'))).toMatch(/python\ndef f\($/);
  const few = beginning(dialect.lemmaPrompt({ ...question, inputs: ['1', '2'] }, 'f'));
  expect(few).toBe('Inputs:\n1. f(1)\n2. f(2)\n3. f');
  const long = question.inputs.map((input) => `[${input}, ${'1, '.repeat(100)}]`);
  expect(beginning(dialect.lemmaPrompt({ ...question, inputs: long }, 'f'))).toBe('Inputs:\n1. f');
});

test('along the I/O axis it is begun with two inputs, the shortest or the longest, and goes on with its own', () => {
  expect(beginning(dialect.lemmaPrompt(question, 'io'))).toBe('Inputs:\n1. f([1])\n2. f([4, 2])\n3. f');
  const prompt = dialect.liftPrompt(question, 'io');
  expect(beginning(prompt)).toBe('Inputs:\n1. f([6, 5, 0])\n2. f([70, 71])\n3. f');
  const own = ['[[1], []]', '[[2]]', '[[3, 4]]'];
  const listed = own.map((input, i) => `${i > 0 ? `${i + 3}. f` : ''}(${input})`).join('\n');
  const parsed = parseProposal(`${listed}\n\n\`\`\`python\ndef f(x):\n    return len(x)\n\`\`\``, prompt);
  expect(parsed).toMatchObject({
    ok: true,
    value: { program: 'def f(x):\n    return len(x)\n', inputs: ['[6, 5, 0]', '[70, 71]', ...own] },
  });
});

test('a model that begins anew is read all the same', () => {
  const prompt = dialect.lemmaPrompt(question, 'f');
  const anew = proposalText({ message: expected.message, program, inputs });
  const parsed = parseProposal(` return it\n\`\`\`\nOr rather:\n${anew}`, prompt);
  expect(parsed.ok && parsed.value.program).toBe(expected.program);
});

test('the examples are true', async () => {
  const judge = new NodeJudge();
  try {
    const shown = Object.values(EXAMPLES).flatMap((pairs) => pairs.flatMap(({ easy, hard }) => [easy, hard]));
    const results = await judge.run(shown.map(({ program, inputs }) => ({ program, inputs: [...inputs] })));
    const values = results.map((r) => (r.status === 'ran' ? r.calls.map((c) => 'value' in c && c.value) : r));
    expect(values).toEqual(shown.map(({ outputs }) => outputs));
  } finally {
    await judge.dispose();
  }
});
