/**
 * What instruct models are asked, teacher and student. Each prompt shows one short exchange before the
 * real one, and ends with the first words of the answer: the smallest models go on with a form far
 * better than they follow a description of it. Only the roles `user` and `assistant` are used, which
 * every chat template knows.
 */
import type { ChatMessage } from '../../gasp/ports.ts';
import type { Axis, Question } from '../../gasp/question.ts';
import { EXAMPLES, type Shown, SOLVED } from './examples.ts';

type Chat = ChatMessage[];

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });

/** How the student's answers begin. */
export const BEGINNINGS = {
  induction: '```python\ndef f(',
  deduction: '```output\n',
  abduction: '```input\n',
} as const;
const begin = (kind: keyof typeof BEGINNINGS): ChatMessage => assistant(BEGINNINGS[kind]);

const python = (program: string) => `\`\`\`python\n${program.trim()}\n\`\`\``;

const pairs = (inputs: readonly string[], outputs: readonly string[], count: number) =>
  inputs
    .slice(0, count)
    .map((input, i) => `f(${input}) == ${outputs[i]}`)
    .join('\n');

/** Numbers make small models stop where the list should end. */
const list = (inputs: readonly string[]) =>
  `Inputs:\n${inputs.map((input, i) => `${i + 1}. f(${input})`).join('\n')}`;

/**
 * A proposal in the form that is asked for: what changes least along its axis comes first, and what is
 * last is begun in view of all the rest.
 */
export function proposalText({ message, program, inputs }: Omit<Shown, 'outputs'>, axis: Axis): string {
  const parts = axis === 'f' ? [list(inputs), python(program)] : [python(program), list(inputs)];
  return [...parts, `Message: ${message}`].join('\n\n');
}

/** Characters of inputs that are given to a proposal at most: longer ones it has to replace by shorter ones. */
const MOST_GIVEN = 800;

/**
 * How a proposal begins that is made from `question`. Along the f axis inputs keep their form: those of
 * the question are given, and the head of its function with them, so that what it does is left to write.
 * Along the I/O axis the function keeps its head, and the inputs are what changes.
 */
function proposalBeginning({ inputs, program }: Question, axis: Axis, count: number): ChatMessage {
  const head = /^def f\(.*\)[^:\n]*:/m.exec(program)?.[0] ?? 'def f(';
  const begun = `\`\`\`python\n${head}`;
  if (axis === 'io') return assistant(begun);
  const given = inputs.slice(0, count);
  // No further than the name: with what follows it, a bracket makes one token.
  if (given.join('').length > MOST_GIVEN) return assistant('Inputs:\n1. f');
  if (given.length < count) return assistant(`${list(given)}\n${given.length + 1}. f`);
  return assistant(`${list(given)}\n\n${begun}`);
}

/** How many pairs of a question a teacher reads. */
const TEACHER_PAIRS = 2;

const FORM = (inputs: number) =>
  `Give the Python function f, ${inputs} different inputs for it, and one sentence that says what it does.`;

const EASIER: Record<Axis, string> = {
  io: 'Its inputs and outputs are simpler: shorter, flatter, of plainer types.',
  f: 'For the same inputs it does less: only one or two of the steps.',
};
const HARDER: Record<Axis, string> = {
  io: 'Its inputs and outputs are richer: longer, nested, of more types.',
  f: 'For the same inputs it does more: one more step or condition.',
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
    ...EXAMPLES[axis].flatMap(({ hard, easy }) => [
      user(lemmaRequest(hard, axis, count)),
      assistant(proposalText(easy, axis)),
    ]),
    user(lemmaRequest(read(goalpost), axis, count)),
    proposalBeginning(goalpost, axis, count),
  ];
}

export function liftPrompt(lemma: Question, axis: Axis, count: number, goalpost?: Question): Chat {
  return [
    ...EXAMPLES[axis].flatMap(({ hard, easy }) => [
      user(liftRequest(easy, axis, count)),
      assistant(proposalText(hard, axis)),
    ]),
    user(liftRequest(read(lemma), axis, count, goalpost && read(goalpost))),
    proposalBeginning(lemma, axis, count),
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
  const [texts, numbers] = EXAMPLES.f;
  return [
    user(request([])),
    assistant(proposalText(numbers!.easy, 'io')),
    user(request([`- ${numbers!.easy.message}`])),
    assistant(proposalText(texts!.hard, 'io')),
    user(request(references.map((q) => `- ${(q.message || q.title).trim() || firstLine(q.program)}`))),
    assistant(BEGINNINGS.induction),
  ];
}

const firstLine = (program: string) => program.trim().split('\n')[0]!;

export function inductionPrompt({ message, inputs, outputs, shown }: Question): Chat {
  const request = (q: Omit<Shown, 'program'>, count: number) =>
    `Write a Python function f.\n${q.message ? `${q.message}\n` : ''}Examples:\n${pairs(q.inputs, q.outputs, count)}\n\nAnswer with the function in one python block.`;
  return [
    user(request(SOLVED, 3)),
    assistant(python(SOLVED.program)),
    user(request({ message, inputs, outputs }, shown)),
    begin('induction'),
  ];
}

export function deductionPrompt(program: string, input: string): Chat {
  const request = (code: string, given: string) =>
    `${python(code)}\n\nWhat does f(${given}) return? Answer with the value in an output block.`;
  return [
    user(request(SOLVED.program, SOLVED.inputs[0]!)),
    assistant(`\`\`\`output\n${SOLVED.outputs[0]}\n\`\`\``),
    user(request(program, input)),
    begin('deduction'),
  ];
}

export function abductionPrompt(program: string, output: string): Chat {
  const request = (code: string, wanted: string) =>
    `${python(code)}\n\nFor which input does f return ${wanted}? Answer with an input in an input block.`;
  return [
    user(request(SOLVED.program, SOLVED.outputs[0]!)),
    assistant(`\`\`\`input\n${SOLVED.inputs[0]}\n\`\`\``),
    user(request(program, output)),
    begin('abduction'),
  ];
}
