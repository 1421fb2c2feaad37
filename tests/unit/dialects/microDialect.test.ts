import { expect, test } from 'vitest';
import { decode, encode } from '../../../pretrain/microTokenizer.ts';
import { questionOf } from '../../../pretrain/world.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { answers, programSource, UnencodableError } from '../../../src/dialects/micro/microText.ts';
import { operationById } from '../../../src/dialects/micro/operations.ts';
import type { Question, Task } from '../../../src/gasp/question.ts';

const program = [operationById('sort'), operationById('halve')];
const inputs = [[3, 1, 2], [-5, 9], [4, 4, 8, 0], [7], []];
const question = questionOf({ program, inputs, outputs: [[0, 1, 1], [-3, 4], [0, 2, 2, 4], [3], []] }, 'q');
const induction: Task = { type: 'induction', question };
const deduction: Task = { type: 'deduction', question, index: 1 };
const abduction: Task = { type: 'abduction', question, index: 1 };
const dialect = microDialect();

test('the student sees shown examples, and never the title', () => {
  expect(dialect.solvePrompt(induction)).toBe(
    '# induction\n 3 1 2 -> 0 1 1\n -5 9 -> -3 4\n 4 4 8 0 -> 0 2 2 4\ndef f(x):\n',
  );
  expect(dialect.solvePrompt(deduction)).toBe(
    '# deduction\n    x = sorted(x)\n    x = [v // 2 for v in x]\n -5 9 ->\ndef f(x):\n',
  );
  expect(dialect.solvePrompt(abduction)).toBe(
    '# abduction\n    x = sorted(x)\n    x = [v // 2 for v in x]\n -> -3 4\ndef f(x):\n',
  );
  for (const task of [induction, deduction, abduction]) {
    expect(dialect.solvePrompt(task)).not.toContain('halve');
  }
});

test('the teacher reads title and two examples, or examples only', () => {
  const examples = ' 3 1 2 -> 0 1 1\n -5 9 -> -3 4\ndef f(x):\n';
  expect(dialect.lemmaPrompt(question, 'f')).toBe(
    `# lemma\n# axis: algorithm\nsort, then halve, rounding down\n${examples}`,
  );
  // A title that is not of this world's words is left out, like one that is not to be read.
  for (const title of ['', 'Two sum']) {
    expect(dialect.lemmaPrompt({ ...question, title }, 'io')).toBe(
      `# lemma\n# axis: inputs and outputs\n${examples}`,
    );
  }
});

test('a proposal’s program, and the token that ends it, take the teacher’s advantage', () => {
  const text = answers.proposal(program, inputs);
  const credited = encode(text).slice(0, dialect.creditedTokens!(text));
  expect(decode(credited)).toBe('    x = sorted(x)\n    x = [v // 2 for v in x]\n 3');
  expect(dialect.creditedTokens!('')).toBe(1);
});

test('the author of a lift sees the goalpost in the ablation only', () => {
  const goalpost: Question = { ...question, title: 'sort, then halve, rounding down, then reverse' };
  expect(dialect.liftPrompt(question, 'f')).toBe(
    '# lift\n# axis: algorithm\n    x = sorted(x)\n    x = [v // 2 for v in x]\n' +
      ' 3 1 2 -> 0 1 1\n -5 9 -> -3 4\ndef f(x):\n',
  );
  expect(dialect.liftPrompt(question, 'f', goalpost)).toContain(
    `algorithm\n${goalpost.title}\n    x = sorted`,
  );
});

test('reads its own answers', () => {
  const traced = answers.traced(program, inputs[1]!);
  expect(traced).toBe('    x = sorted(x)  # -5 9\n    x = [v // 2 for v in x]  # -3 4\n    return x\n');
  expect(dialect.parseAnswer(induction, traced)).toEqual({ ok: true, value: `def f(x):\n${traced}` });
  expect(dialect.parseAnswer(deduction, traced)).toEqual({ ok: true, value: '[-3, 4]' });
  const backward = answers.backward(program, inputs[1]!);
  expect(backward).toBe('    x = [v // 2 for v in x] <- -5 9\n    x = sorted(x) <- -5 9\n    return x\n');
  expect(dialect.parseAnswer(abduction, backward)).toEqual({ ok: true, value: '[-5, 9]' });
  const empty = answers.traced(program, []);
  expect(dialect.parseAnswer(deduction, empty)).toEqual({ ok: true, value: '[]' });
});

test('a question’s own program is written as the model was trained to answer', () => {
  const text = dialect.referenceAnswer(question)!;
  expect(text).toBe(answers.traced(program, inputs[0]!));
  expect(dialect.parseAnswer(induction, text)).toEqual({ ok: true, value: `def f(x):\n${text}` });
  // Neither a program of other lines nor a state that there is no token for can be written.
  expect(
    dialect.referenceAnswer({ ...question, program: 'def f(x):\n    return sorted(x)\n' }),
  ).toBeUndefined();
  const steep = [operationById('running-sums'), operationById('halve')];
  expect(
    dialect.referenceAnswer({ ...question, program: programSource(steep), inputs: ['[60, 70]'] }),
  ).toBeUndefined();
});

test('a deduction counts by its last state, whatever program it restates', () => {
  const other = '    x = x[::-1]  # 9 -5\n    x = [-v for v in x]  # -9 5\n    return x\n';
  expect(dialect.parseAnswer(deduction, other)).toEqual({ ok: true, value: '[-9, 5]' });
});

test.each([
  ['cut off', induction, '    x = sorted(x)  # 1 2\n    x = [v'],
  ['cut off before the end', induction, '    x = sorted(x)  # 1 2\n'],
  ['a list where a line belongs', induction, ' 3 1\n    return x\n'],
  ['words after the mark', induction, '    x = sorted(x)  # sort\n    return x\n'],
  ['return twice', induction, '    x = sorted(x)\n    return x\n    return x\n'],
  ['return on another line', induction, '    x = sorted(x)    return x\n'],
  ['no trace to read', deduction, '    x = sorted(x)\n    return x\n'],
  ['the last line without a trace', deduction, '    x = sorted(x)  # 1\n    x = x[1:]\n    return x\n'],
  ['no line at all', deduction, '    return x\n'],
  ['forward instead of backward', abduction, '    x = sorted(x)  # 1 2\n    return x\n'],
] as const)('unparsable answer: %s', (_, task, text) => {
  const parsed = dialect.parseAnswer(task, text);
  expect(parsed.ok).toBe(false);
  expect(parsed).toHaveProperty('reason', expect.stringMatching(/\w+.*\.$/));
});

test('reads its own proposals', () => {
  expect(dialect.parseProposal(answers.proposal(program, inputs))).toEqual({
    ok: true,
    value: {
      title: 'sort, then halve, rounding down',
      message: '',
      program: programSource(program),
      inputs: ['[3, 1, 2]', '[-5, 9]', '[4, 4, 8, 0]', '[7]', '[]'],
    },
  });
});

test.each([
  ['cut off', '    x = sorted(x)\n 1\n 2\n 3\n 4\n 5'],
  ['no program', ' 1\n 2\n 3\n 4\n 5\n    return x\n'],
  ['four inputs', '    x = sorted(x)\n 1\n 2\n 3\n 4\n    return x\n'],
  ['six inputs', '    x = sorted(x)\n 1\n 2\n 3\n 4\n 5\n 6\n    return x\n'],
  ['program after inputs', ' 1\n    x = sorted(x)\n 2\n 3\n 4\n 5\n    return x\n'],
  ['an example instead of an input', '    x = sorted(x)\n 1 -> 2\n 2\n 3\n 4\n 5\n    return x\n'],
  ['a title piece', '    x = sorted(x)\nsort\n 2\n 3\n 4\n 5\n    return x\n'],
] as const)('unparsable proposal: %s', (_, text) => {
  expect(dialect.parseProposal(text)).toHaveProperty('reason', expect.stringMatching(/\w+.*\.$/));
});

test('says what it cannot read, and refuses to ask it', () => {
  const big: Question = { ...question, outputs: ['[100]', ...question.outputs.slice(1)] };
  const long: Question = { ...question, inputs: [`[${Array(13).fill(1)}]`, ...question.inputs.slice(1)] };
  const text: Question = { ...question, inputs: ["'abc'", ...question.inputs.slice(1)] };
  const foreign: Question = { ...question, program: 'def f(x):\n    return x.sort()\n' };
  expect(dialect.unreadable!(question)).toBeNull();
  expect(dialect.unreadable!(big)).toMatch(/100 is outside -99\.\.99/);
  expect(dialect.unreadable!(long)).toMatch(/13 integers/);
  expect(dialect.unreadable!(text)).toMatch(/'abc' is not a list/);
  for (const q of [big, long, text]) {
    expect(() => dialect.solvePrompt({ type: 'induction', question: q })).toThrow(UnencodableError);
  }
  expect(() => dialect.solvePrompt({ type: 'deduction', question: foreign, index: 0 })).toThrow(
    UnencodableError,
  );
  expect(() => dialect.liftPrompt(foreign, 'f')).toThrow(UnencodableError);
  expect(dialect.solvePrompt({ type: 'induction', question: foreign })).toBe(dialect.solvePrompt(induction));
});
