/**
 * Prompts for instruct models, as teacher and as student. Each prompt shows one short exchange before the
 * real one, and ends with the first words of the answer: the smallest models go on with a form far
 * better than they follow a description of it. Only the roles `user` and `assistant` are used, which
 * every chat template knows.
 */
import type { ChatMessage } from '../../gasp/ports.ts';
import type { Axis, Benchmark, Question, Task } from '../../gasp/question.ts';
import { benchmarkBeginning, benchmarkRequest, shownTests } from './benchmarkPrompts.ts';
import {
  EXAMPLES,
  type Example,
  SOLVED,
  SOLVED_FUNCTION,
  SOLVED_METHOD,
  SOLVED_PRINTING,
} from './examples.ts';
import { headBegun, headFor } from './functionHeads.ts';

type Chat = ChatMessage[];

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });

/** Opens the block of an answer that is a program. */
export const FENCE = '```python\n';

/**
 * How the student's answer to a task begins. A beginning ends where a token does: a space, or a bracket that
 * makes one token with what follows, is left to the model.
 */
export function answerBeginning(task: Task): string {
  const { question } = task;
  switch (task.type) {
    case 'induction':
      if (question.benchmark) return `${FENCE}${benchmarkBeginning(question.benchmark)}`;
      return `${FENCE}${headFor(question.program, question.inputs.slice(0, question.shown))}`;
    case 'deduction':
      return `\`\`\`output\nf(${question.inputs[task.index]}) ==`;
    case 'abduction':
      return '```input\nf';
  }
}

const python = (program: string) => `${FENCE}${program.trim()}\n\`\`\``;

const pairs = (inputs: readonly string[], outputs: readonly string[], count: number) =>
  inputs
    .slice(0, count)
    .map((input, i) => `f(${input}) == ${outputs[i]}`)
    .join('\n');

/** Numbers make small models stop where the list should end. */
const list = (inputs: readonly string[]) =>
  `Inputs:\n${inputs.map((input, i) => `${i + 1}. f(${input})`).join('\n')}`;

/** A proposal in the requested form: its last part is written in view of the others. */
export function proposalText({ message, program, inputs }: Omit<Example, 'outputs'>): string {
  return [list(inputs), python(program), `Message: ${message}`].join('\n\n');
}

/** Characters of inputs that are given to a proposal at most: longer ones it has to replace by shorter ones. */
const MOST_GIVEN = 800;

/** Inputs that are given where more are asked for: enough to show their form. */
const GIVEN = 2;

/**
 * How a proposal begins that is made from `question`. Along the f axis inputs keep their form: those of
 * the question are given, and the head of its function with them, so that what it does is left to write.
 * Along the I/O axis inputs are what changes: those that are furthest in its direction already are given, the
 * shortest for an easier problem and the longest for a harder one, and the list goes on. Texts on standard input are
 * no arguments of a function: none are given.
 */
function proposalBeginning(
  { inputs, program, benchmark }: Pick<Told & Example, 'inputs' | 'program' | 'benchmark'>,
  axis: Axis,
  count: number,
  direction: 'easier' | 'harder',
): ChatMessage {
  const sign = direction === 'easier' ? 1 : -1;
  const given =
    axis === 'f'
      ? inputs.slice(0, count)
      : inputs.toSorted((a, b) => sign * (a.length - b.length)).slice(0, GIVEN);
  const isText = benchmark && !benchmark.entry;
  if (isText || given.length === 0 || given.join('').length > MOST_GIVEN) return assistant('Inputs:\n1. f');
  if (given.length < count) return assistant(`${list(given)}\n${given.length + 1}. f`);
  return assistant(`${list(given)}\n\n\`\`\`python\n${headBegun(program, inputs)}`);
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
/** What a teacher reads of a question, besides its program. */
type Told = Omit<Example, 'program'> & Pick<Question, 'benchmark'>;

const examplesOf = (told: Told) =>
  told.benchmark ? shownTests(told, TEACHER_PAIRS) : pairs(told.inputs, told.outputs, TEACHER_PAIRS);

function lemmaRequest(goal: Told, axis: Axis, count: number): string {
  const said = goal.message ? `${goal.message}\n` : '';
  return `This problem is too hard:\n${said}${examplesOf(goal)}\n\nWrite an easier problem of the same kind. ${EASIER[axis]} ${FORM(count)}`;
}

function liftRequest(lemma: Example, axis: Axis, count: number, goal?: Told): string {
  const towards = goal
    ? `\n\nIt should be a step towards this problem:\n${goal.message}\n${examplesOf(goal)}`
    : '';
  const said = lemma.message ? `${lemma.message}\n` : '';
  return `This problem is easy:\n${said}${python(lemma.program)}\n${pairs(lemma.inputs, lemma.outputs, TEACHER_PAIRS)}${towards}\n\nWrite a harder problem of the same kind. ${HARDER[axis]} ${FORM(count)}`;
}

/** A question as a teacher reads it: a bank's title stands in the place of a proposal's message. */
function read(question: Question): Example & Told {
  return { ...question, message: question.message || question.title };
}

const isText = (inputs: readonly string[]) => /^['"]/.test(inputs[0] ?? '');

/** Exchanges before the real one: enough to show the form, and each costs its tokens with every proposal. */
const EXCHANGES = 2;

/** Examples with inputs like the question's come last: small models follow the last text most. */
function examplesFor({ inputs }: Question, axis: Axis) {
  const like = (example: { easy: Example }) => isText(example.easy.inputs) === isText(inputs);
  const all = EXAMPLES[axis];
  return [...all.filter((e) => !like(e)), ...all.filter(like)].slice(-EXCHANGES);
}

export function lemmaPrompt(goalpost: Question, axis: Axis, count: number): Chat {
  return [
    ...examplesFor(goalpost, axis).flatMap(({ hard, easy }) => [
      user(lemmaRequest(hard, axis, count)),
      assistant(proposalText(easy)),
    ]),
    user(lemmaRequest(read(goalpost), axis, count)),
    proposalBeginning(goalpost, axis, count, 'easier'),
  ];
}

export function liftPrompt(lemma: Question, axis: Axis, count: number, goalpost?: Question): Chat {
  return [
    ...examplesFor(lemma, axis).flatMap(({ hard, easy }) => [
      user(liftRequest(easy, axis, count)),
      assistant(proposalText(hard)),
    ]),
    user(liftRequest(read(lemma), axis, count, goalpost && read(goalpost))),
    proposalBeginning(lemma, axis, count, 'harder'),
  ];
}

/**
 * AZR's proposer (Zhao et al. 2025, appendix): something new and demanding, unlike what there is already. It is
 * begun with the inputs of a problem that exists, or of an example: left to write its own, a small model ends
 * its answer after them, or never ends the list.
 */
export function unguidedPrompt(references: readonly Question[], count: number): Chat {
  const request = (known: readonly string[]) => {
    const unlike = known.length
      ? `These problems exist already:\n${known.join('\n')}\n\nWrite a problem that is different from all of them.`
      : 'Write a problem of your own.';
    return `${unlike} It should be interesting: its solution takes some thought, but can be checked by running it. Use no imports, no randomness, no files. ${FORM(count)}`;
  };
  const [texts, more, numbers] = EXAMPLES.f;
  const like = references.at(-1) ?? more!.hard;
  return [
    user(request([])),
    assistant(proposalText(numbers!.easy)),
    user(request([`- ${numbers!.easy.message}`])),
    assistant(proposalText(texts!.hard)),
    user(request(references.map((q) => `- ${(q.message || q.title).trim() || firstLine(q.program)}`))),
    proposalBeginning(like, 'f', count, 'harder'),
  ];
}

const firstLine = (program: string) => program.trim().split('\n')[0]!;

function inductionPrompt({ message, inputs, outputs, shown }: Question): Chat {
  const request = (q: Omit<Example, 'program'>, count: number) =>
    `Write a Python function f.\n${q.message ? `${q.message}\n` : ''}Examples:\n${pairs(q.inputs, q.outputs, count)}\n\nAnswer with the function in one python block.`;
  return [
    user(request(SOLVED, 3)),
    assistant(python(SOLVED.program)),
    user(request({ message, inputs, outputs }, shown)),
  ];
}

function deductionPrompt(program: string, input: string): Chat {
  const request = (code: string, given: string) =>
    `${python(code)}\n\nWhat does f(${given}) return? Say it in an output block.`;
  return [
    user(request(SOLVED.program, SOLVED.inputs[0]!)),
    assistant(`\`\`\`output\nf(${SOLVED.inputs[0]}) == ${SOLVED.outputs[0]}\n\`\`\``),
    user(request(program, input)),
  ];
}

function abductionPrompt(program: string, output: string): Chat {
  const request = (code: string, wanted: string) =>
    `${python(code)}\n\nFor which input does f return ${wanted}? Answer with the call in an input block.`;
  return [
    user(request(SOLVED.program, SOLVED.outputs[0]!)),
    assistant(`\`\`\`input\nf(${SOLVED.inputs[0]})\n\`\`\``),
    user(request(program, output)),
  ];
}

/** Before the request an exchange in the question's own form. */
function benchmarkPrompt(question: Question, { entry, starter }: Benchmark): Chat {
  const solved = !entry ? SOLVED_PRINTING : /^class /m.test(starter ?? '') ? SOLVED_METHOD : SOLVED_FUNCTION;
  return [
    user(benchmarkRequest(solved)),
    assistant(python(solved.program)),
    user(benchmarkRequest(question)),
  ];
}

export function solvePrompt(task: Task): Chat {
  return [...askFor(task), assistant(answerBeginning(task))];
}

function askFor(task: Task): Chat {
  const { question } = task;
  switch (task.type) {
    case 'induction':
      return question.benchmark ? benchmarkPrompt(question, question.benchmark) : inductionPrompt(question);
    case 'deduction':
      return deductionPrompt(question.program, question.inputs[task.index]!);
    case 'abduction':
      return abductionPrompt(question.program, question.outputs[task.index]!);
  }
}
