/** How a benchmark's problem is put to a student, and what of its tests a teacher reads. */
import type { Benchmark, Question } from '../../gasp/question.ts';
import type { Example } from './examples.ts';
import { closingBracket, mask } from './source.ts';

type Asked = Omit<Example, 'program'> & Pick<Question, 'benchmark'>;

/** Shown tests that a student reads besides the statement. */
const TESTS = 2;
/** Characters of a shown test: a longer one shows little that a shorter does not. */
const LONGEST = 600;

/** The statement, tests that it does not have in words already, and the form of the answer. */
export function benchmarkRequest(question: Asked): string {
  const { entry, starter } = question.benchmark!;
  const tests = shownTests(question, TESTS);
  const form = entry
    ? `Write the Python function ${entry}${starter ? `. It begins so:\n\`\`\`python\n${starter}\n\`\`\`` : '.'}\nAnswer with all of it in one python block.`
    : 'Write a Python program that reads standard input and prints the answer. Answer with the program in one python block.';
  return [question.message, ...(tests && !isTold(question) ? [`Examples:\n${tests}`] : []), form].join(
    '\n\n',
  );
}

/** Whether the statement has the first test on standard input word for word, as those of contests do. */
function isTold({ message, inputs, outputs, benchmark }: Asked): boolean {
  const [input = '', output = ''] = [inputs[0], outputs[0]];
  const plain = message.replace(/\r/g, '');
  return !benchmark!.entry && plain.includes(input.trim()) && plain.includes(output.trim());
}

/** Some of the shown tests, as text; empty where there are none that are short enough. */
export function shownTests({ inputs, outputs, benchmark }: Asked, count: number): string {
  const entry = benchmark?.entry;
  return inputs
    .map((input, i) =>
      entry
        ? `${entry}(${input}) == ${outputs[i]}`
        : `Input:\n${input.trimEnd()}\nOutput:\n${outputs[i]!.trimEnd()}`,
    )
    .filter(({ length }) => length <= LONGEST)
    .slice(0, count)
    .join('\n');
}

/**
 * How an answer begins: with the head of its function up to where a type or a colon follows, which the model makes
 * one token of. Empty for a program on standard input.
 */
export function benchmarkBeginning({ entry, starter = '' }: Benchmark): string {
  if (!entry) return '';
  const plain = mask(starter);
  const head = new RegExp(`^[ \\t]*(?:async[ \\t]+)?def[ \\t]+${entry}[ \\t]*\\(`, 'm').exec(plain);
  if (!head) return `def ${entry}(`;
  const open = head.index + head[0].length - 1;
  const end = closingBracket(plain, open);
  if (end < 0) return starter.slice(0, open + 1);
  const arrow = /^\s*->/.exec(plain.slice(end))?.[0];
  return arrow ? starter.slice(0, end) + arrow : starter.slice(0, end - 1);
}
