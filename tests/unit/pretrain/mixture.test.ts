import { expect, test } from 'vitest';
import {
  defaultMixture,
  type ExampleKind,
  exampleKinds,
  isOfTheme,
  type Mixture,
  sampleExample,
} from '../../../pretrain/mixture.ts';
import { decode } from '../../../pretrain/microTokenizer.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { readListSource, readProgram } from '../../../src/dialects/micro/microText.ts';
import { type Operation, trace } from '../../../src/dialects/micro/operations.ts';
import type { Task } from '../../../src/gasp/question.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';

const only = (kind: ExampleKind): Mixture =>
  Object.fromEntries(exampleKinds.map((name) => [name, name === kind ? 1 : 0])) as Mixture;
const dialect = microDialect();
const draw = (kind: ExampleKind, count: number, depths = [1, 1, 1]) => {
  const rng = Random.for(3, kind);
  return Array.from({ length: count }, () => {
    const example = sampleExample(rng, depths, only(kind));
    return { ...example, promptText: decode(example.prompt), answerText: decode(example.answer) };
  });
};
const run = (program: readonly Operation[], x: readonly number[]) => trace(program, x).at(-1)!;
const proposalOf = (text: string) => {
  const parsed = dialect.parseProposal(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return {
    program: readProgram(parsed.value.program)!,
    inputs: parsed.value.inputs.map((input) => readListSource(input)!),
  };
};
const readExamples = (prompt: string) =>
  [...prompt.matchAll(/^((?: -?\d+)*) ->((?: -?\d+)*)$/gm)].map(([, input, output]) => ({
    input: input!.split(' ').slice(1).map(Number),
    output: output!.split(' ').slice(1).map(Number),
  }));

test('the same seed gives the same examples', () => {
  expect(draw('lift', 20)).toEqual(draw('lift', 20));
});

test('kinds come in the shares of the mixture', () => {
  const rng = new Random(5);
  const counts = new Map<ExampleKind, number>();
  const total = 4000;
  for (let i = 0; i < total; i++) {
    const { kind, prompt, answer, weights } = sampleExample(rng, [1, 1]);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    expect(weights.length).toBe(prompt.length + answer.length);
  }
  for (const kind of exampleKinds) {
    // Four standard deviations of a binomial share.
    const spread = 4 * Math.sqrt((defaultMixture[kind] * (1 - defaultMixture[kind])) / total);
    expect(Math.abs(counts.get(kind)! / total - defaultMixture[kind])).toBeLessThan(spread);
  }
});

test('an induction answer explains all examples, and its trace is the first one', () => {
  for (const { promptText, answerText } of draw('induction', 200)) {
    const task = { type: 'induction' } as Task;
    const parsed = dialect.parseAnswer(task, answerText);
    const program = readProgram(parsed.ok ? parsed.value : '')!;
    const examples = readExamples(promptText);
    expect(examples).toHaveLength(3);
    for (const { input, output } of examples) expect(run(program, input)).toEqual(output);
    const states = [...answerText.matchAll(/ {2}#(.*)$/gm)].map(([, list]) => list);
    expect(states).toEqual(
      trace(program, examples[0]!.input)
        .slice(1)
        .map((state) => state.map((v) => ` ${v}`).join('')),
    );
  }
});

test('the loss weighs answers, and the outputs of later examples a little', () => {
  const { prompt, answer, weights } = draw('induction', 1)[0]!;
  const lines = decode(prompt.filter((_, i) => weights[i] === 0.3));
  const outputs = readExamples(decode(prompt)).map(({ output }) => output.map((v) => ` ${v}`).join(''));
  expect(lines).toBe(`${outputs[1]}\n${outputs[2]}\n`);
  expect(weights.slice(prompt.length)).toEqual(answer.map(() => 1));
  const other = draw('deduction', 1)[0]!;
  expect(other.weights.slice(0, other.prompt.length).every((w) => w === 0)).toBe(true);
});

test('a lemma is a contiguous part of its goalpost, of any length; on the I/O axis its inputs are short', () => {
  let untitled = 0;
  const missing = new Map<number, number>();
  for (const { promptText, answerText } of draw('lemma', 300)) {
    const lemma = proposalOf(answerText);
    const title = promptText.split('\n')[2]!;
    if (title.startsWith(' ')) untitled++;
    else {
      const part = lemma.program.map((operation) => operation.words).join(', then ');
      expect(`, then ${title}, then `).toContain(`, then ${part}, then `);
      const left = title.split(', then ').length - lemma.program.length;
      expect(left).toBeGreaterThan(0);
      missing.set(left, (missing.get(left) ?? 0) + 1);
    }
    if (promptText.includes('inputs and outputs')) {
      for (const input of lemma.inputs) expect(input.length).toBeLessThanOrEqual(4);
    }
    expect(readExamples(promptText)).toHaveLength(2);
  }
  expect(untitled).toBeGreaterThan(60);
  expect(untitled).toBeLessThan(120);
  // Of goalposts of four and more lines, too, all but one are asked for now and then.
  for (const left of [1, 2, 3, 4]) expect(missing.get(left)).toBeGreaterThan(5);
});

test('a lift is its lemma and one operation more, mostly of its theme; on the I/O axis a representation', () => {
  const themed = { yes: 0, no: 0 };
  for (const { promptText, answerText } of draw('lift', 300)) {
    const lift = proposalOf(answerText);
    const body = promptText.split('\n').filter((line) => line.startsWith('    x ='));
    const lemma = readProgram(`def f(x):\n${body.join('\n')}\n    return x\n`)!;
    expect(lift.program).toHaveLength(lemma.length + 1);
    const atEnd = lift.program.slice(0, -1).every((operation, i) => operation === lemma[i]);
    const atStart = lift.program.slice(1).every((operation, i) => operation === lemma[i]);
    expect(atEnd || atStart).toBe(true);
    if (!promptText.includes('inputs and outputs')) {
      themed[isOfTheme((atEnd ? lift.program.at(-1) : lift.program[0])!, lemma) ? 'yes' : 'no']++;
      continue;
    }
    const added = [atEnd && lift.program.at(-1)!.kind, atStart && lift.program[0]!.kind];
    expect(added).toContain('representation');
    for (const input of lift.inputs) expect(input.length).toBeGreaterThanOrEqual(6);
  }
  expect(themed.yes).toBeGreaterThan(2 * themed.no);
  expect(themed.no).toBeGreaterThan(5);
});

test('unguided proposals and all others have five inputs and enough distinct outputs', () => {
  for (const kind of ['lemma', 'lift', 'unguided'] as const) {
    for (const { answerText } of draw(kind, 100)) {
      const { program, inputs } = proposalOf(answerText);
      expect(inputs).toHaveLength(5);
      expect(new Set(inputs.map(String)).size).toBe(5);
      expect(new Set(inputs.map((x) => String(run(program, x)))).size).toBeGreaterThanOrEqual(3);
    }
  }
});
