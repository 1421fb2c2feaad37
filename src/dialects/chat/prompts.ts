/**
 * What instruct models are asked, teacher and student. Each prompt shows one short exchange before the
 * real one, and ends with the first words of the answer: the smallest models go on with a form far
 * better than they follow a description of it. Only the roles `user` and `assistant` are used, which
 * every chat template knows.
 */
import type { ChatMessage } from '../../gasp/ports.ts';
import type { Axis, Question } from '../../gasp/question.ts';

type Chat = ChatMessage[];

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });

/** How answers begin. */
export const BEGINNINGS = {
  proposal: 'Message:',
  induction: '```python\ndef f(',
  deduction: '```output\n',
  abduction: '```input\n',
} as const;
const begin = (kind: keyof typeof BEGINNINGS): ChatMessage => assistant(BEGINNINGS[kind]);

/** A question as an exchange shows it. */
interface Shown {
  message: string;
  program: string;
  inputs: readonly string[];
  outputs: readonly string[];
}

const python = (program: string) => `\`\`\`python\n${program.trim()}\n\`\`\``;

const pairs = (inputs: readonly string[], outputs: readonly string[], count: number) =>
  inputs
    .slice(0, count)
    .map((input, i) => `f(${input}) == ${outputs[i]}`)
    .join('\n');

/** How many pairs of a question a teacher reads. */
const TEACHER_PAIRS = 3;

const FORM = (inputs: number) =>
  `Give one sentence that says what f does, the Python function f, and ${inputs} different inputs for it.`;

const EASIER: Record<Axis, string> = {
  io: 'Keep the algorithm, but make its inputs and outputs simpler: shorter, flatter, of plainer types.',
  f: 'Keep the form of inputs and outputs, but make the algorithm simpler: leave out all but one or two of its steps.',
};
const HARDER: Record<Axis, string> = {
  io: 'Keep the algorithm, but make its inputs and outputs richer: longer, nested, of more types, with special cases.',
  f: 'Keep the form of inputs and outputs, but make the algorithm do more: add one more step or condition to it.',
};

/** A proposal in the form that is asked for. */
export function proposalText({ message, program, inputs }: Omit<Shown, 'outputs'>): string {
  return `Message: ${message}\n\n${python(program)}\n\nInputs:\n${inputs.map((i) => `f(${i})`).join('\n')}`;
}

const words = {
  hard: {
    message: 'Count the words that begin with a vowel, longest word excluded, and double the count.',
    inputs: ["'an old tree in autumn'", "'every one of us'"],
    outputs: ['6', '6'],
  },
  io: {
    message: 'Count the letters of a word that are vowels.',
    program: "def f(word):\n    return sum(c in 'aeiou' for c in word)",
    inputs: ["'autumn'", "'tree'", "'sky'", "'banana'", "''"],
  },
  f: {
    message: 'Count the words that begin with a vowel.',
    program: "def f(text):\n    return sum(w[0] in 'aeiou' for w in text.split())",
    inputs: ["'an old tree in autumn'", "'every one of us'", "'the sky'", "'up and away'", "'owls'"],
  },
};
const totals = {
  easy: {
    message: 'Add up the numbers that are greater than 10.',
    program: 'def f(nums):\n    return sum(n for n in nums if n > 10)',
    inputs: ['[5, 20, 30]', '[1, 2]', '[11, 10, 12]'],
    outputs: ['50', '0', '23'],
  },
  io: {
    message: 'Add up the numbers that are greater than 10 in each row of a table.',
    program: 'def f(rows):\n    return [sum(n for n in row if n > 10) for row in rows]',
    inputs: ['[[5, 20], [30, 11]]', '[[1, 2]]', '[[11, 10, 12], []]', '[]', '[[100, -100], [15]]'],
  },
  f: {
    message: 'Add up the squares of the even numbers that are greater than 10.',
    program: 'def f(nums):\n    return sum(n * n for n in nums if n > 10 and n % 2 == 0)',
    inputs: ['[5, 20, 30]', '[11, 12, 13]', '[2, 4]', '[]', '[14, 14, 9]'],
  },
};

function lemmaRequest(goal: Omit<Shown, 'program'>, axis: Axis, count: number): string {
  const said = goal.message ? `${goal.message}\n` : '';
  return `This problem is too hard:\n${said}${pairs(goal.inputs, goal.outputs, TEACHER_PAIRS)}\n\nWrite an easier problem of the same kind. ${EASIER[axis]} ${FORM(count)}`;
}

function liftRequest(lemma: Shown, axis: Axis, count: number, goal?: Omit<Shown, 'program'>): string {
  const towards = goal
    ? `\n\nIt should be a step towards this problem:\n${goal.message}\n${pairs(goal.inputs, goal.outputs, TEACHER_PAIRS)}`
    : '';
  const said = lemma.message ? `${lemma.message}\n` : '';
  return `This problem is easy:\n${said}${python(lemma.program)}\n${pairs(lemma.inputs, lemma.outputs, TEACHER_PAIRS)}${towards}\n\nWrite a harder problem of the same kind. ${HARDER[axis]} ${FORM(count)}`;
}

/** What a teacher reads of a question: a bank's titles are what a proposal's message is. */
function read(question: Question): Shown {
  return { ...question, message: question.message || question.title };
}

export function lemmaPrompt(goalpost: Question, axis: Axis, count: number): Chat {
  return [
    user(lemmaRequest(words.hard, axis, count)),
    assistant(proposalText(words[axis])),
    user(lemmaRequest(read(goalpost), axis, count)),
    begin('proposal'),
  ];
}

export function liftPrompt(lemma: Question, axis: Axis, count: number, goalpost?: Question): Chat {
  return [
    user(liftRequest(totals.easy, axis, count)),
    assistant(proposalText(totals[axis])),
    user(liftRequest(read(lemma), axis, count, goalpost && read(goalpost))),
    begin('proposal'),
  ];
}

/** AZR's proposer (Zhao et al. 2025, appendix): something new and demanding, unlike what there is already. */
export function unguidedPrompt(references: readonly Question[], count: number): Chat {
  const request = (known: readonly string[]) => {
    const unlike = known.length
      ? `These problems exist already:\n${known.join('\n')}\n\nWrite a problem that is different from all of them.`
      : 'Write a problem of your own.';
    return `${unlike} It should be interesting: its solution takes some thought, but can be checked by running it. Use no imports, no randomness, no files. ${FORM(count)}`;
  };
  return [
    user(request(['- Add up the numbers that are greater than 10.'])),
    assistant(proposalText(words.f)),
    user(request(references.map((q) => `- ${(q.message || q.title).trim() || firstLine(q.program)}`))),
    begin('proposal'),
  ];
}

const firstLine = (program: string) => program.trim().split('\n')[0]!;

export function inductionPrompt({ message, inputs, outputs, shown }: Question): Chat {
  const request = (q: Omit<Shown, 'program'>, count: number) =>
    `Write a Python function f.\n${q.message ? `${q.message}\n` : ''}Examples:\n${pairs(q.inputs, q.outputs, count)}\n\nAnswer with the function in one python block.`;
  return [
    user(request(totals.easy, 3)),
    assistant(python(totals.easy.program)),
    user(request({ message, inputs, outputs }, shown)),
    begin('induction'),
  ];
}

export function deductionPrompt(program: string, input: string): Chat {
  const request = (code: string, given: string) =>
    `${python(code)}\n\nWhat does f(${given}) return? Answer with the value in an output block.`;
  return [
    user(request(totals.easy.program, totals.easy.inputs[0]!)),
    assistant(`\`\`\`output\n${totals.easy.outputs[0]}\n\`\`\``),
    user(request(program, input)),
    begin('deduction'),
  ];
}

export function abductionPrompt(program: string, output: string): Chat {
  const request = (code: string, wanted: string) =>
    `${python(code)}\n\nFor which input does f return ${wanted}? Answer with an input in an input block.`;
  return [
    user(request(totals.easy.program, totals.easy.outputs[0]!)),
    assistant(`\`\`\`input\n${totals.easy.inputs[0]}\n\`\`\``),
    user(request(program, output)),
    begin('abduction'),
  ];
}

/** Programs that the prompts show: a proposal that repeats one is none of the teacher's own. */
export const SHOWN_PROGRAMS: readonly string[] = [words.io, words.f, totals.easy, totals.io, totals.f].map(
  ({ program }) => program,
);
