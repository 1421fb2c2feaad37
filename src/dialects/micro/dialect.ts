/** How questions are put to the embedded model, and how its answers are read. */
import type { Dialect, Parsed, ProposalDraft } from '../../gasp/ports.ts';
import type { Question, Task } from '../../gasp/question.ts';
import {
  answers,
  type ListExample,
  listSource,
  pieces,
  programSource,
  prompts,
  readList,
  readListSource,
  readProgram,
  readTitle,
  titleOf,
  UnencodableError,
  unwritableList,
} from './microText.ts';
import { type Operation, operationOfLine } from './operations.ts';

const inputsPerProposal = 5;
const shownPairs = 3;
/** Pairs that a teacher reads. */
const teacherPairs = 2;

/**
 * The dialect of the embedded model. Prompts about values or programs that its format has no tokens for
 * throw `UnencodableError`; `unreadable` tells beforehand.
 */
export function microDialect(): Dialect {
  // The lemma's author reads the goalpost's title besides its examples; the student never does.
  const title = (question: Question) => readTitle(question.title) ?? '';
  return {
    name: 'micro',
    fewRightAnswers: true,
    inputs: inputsPerProposal,
    shown: shownPairs,
    // A line costs at most 15 tokens with its trace, an input 13; answers of six lines fit.
    maxTokens: { proposal: 72, answer: 96 },
    lemmaPrompt: (goalpost, axis) => prompts.lemma(axis, title(goalpost), examples(goalpost, teacherPairs)),
    liftPrompt: (lemma, axis, goalpost) =>
      prompts.lift(axis, goalpost ? title(goalpost) : '', knownProgram(lemma), examples(lemma, teacherPairs)),
    // The model was trained without references: repetitions are left to the novelty filter.
    unguidedPrompt: () => prompts.unguided(),
    solvePrompt,
    referenceAnswer,
    parseProposal,
    creditedTokens,
    parseAnswer,
    unreadable,
  };
}

function solvePrompt(task: Task): string {
  const { question } = task;
  switch (task.type) {
    case 'induction':
      return prompts.induction(examples(question, question.shown));
    case 'deduction':
      return prompts.deduction(knownProgram(question), listOf(question.inputs[task.index]));
    case 'abduction':
      return prompts.abduction(knownProgram(question), listOf(question.outputs[task.index]));
  }
}

/** The traced program, as the model was trained to answer: with the states of the first shown example. */
function referenceAnswer(question: Question): string | undefined {
  const program = readProgram(question.program);
  const input = readListSource(question.inputs[0] ?? '');
  if (!program || !input) return undefined;
  try {
    return answers.traced(program, input);
  } catch (error) {
    // A state on the way may be longer or larger than the format has tokens for.
    if (error instanceof UnencodableError) return undefined;
    throw error;
  }
}

function unreadable(question: Question): string | null {
  if (question.benchmark)
    return `it is a problem of a benchmark (${question.benchmark.bank}), in words; this model reads pairs of lists of integers, and nothing else`;
  for (const source of [...question.inputs, ...question.outputs]) {
    const list = readListSource(source);
    if (!list) return `${abbreviate(source)} is not a list of integers`;
    const reason = unwritableList(list);
    if (reason) return reason;
  }
  return null;
}

const abbreviate = (source: string) => (source.length > 40 ? `${source.slice(0, 40)}…` : source);

function listOf(source: string | undefined): number[] {
  const list = source === undefined ? null : readListSource(source);
  if (list) return list;
  throw new UnencodableError(
    source === undefined
      ? 'The question has no pair with this index.'
      : `The embedded model reads lists of integers only, not ${abbreviate(source)}.`,
  );
}

function examples(question: Question, count: number): ListExample[] {
  return question.inputs.slice(0, count).map((input, i) => ({
    input: listOf(input),
    output: listOf(question.outputs[i]),
  }));
}

function knownProgram(question: Question): Operation[] {
  const program = readProgram(question.program);
  if (program) return program;
  throw new UnencodableError(
    `The embedded model reads programs of its own operations only, and "${question.title}" is another.`,
  );
}

const fail = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

/** The lines before the final `return x`, or a reason. */
function linesOf(text: string): Parsed<string[]> {
  if (!text.endsWith(pieces.end)) return fail('It was cut off before "return x".');
  const body = text.slice(0, -pieces.end.length);
  if (body.includes(pieces.end)) return fail('It goes on after "return x".');
  if (body !== '' && !body.endsWith('\n')) return fail('"return x" does not stand on a line of its own.');
  return { ok: true, value: body.split('\n').slice(0, -1) };
}

function parseProposal(text: string): Parsed<ProposalDraft> {
  const lines = linesOf(text);
  if (!lines.ok) return lines;
  const program: Operation[] = [];
  const inputs: string[] = [];
  for (const line of lines.value) {
    const operation = line.includes('#') ? undefined : operationOfLine(line);
    if (operation) {
      if (inputs.length > 0) return fail('A program line follows the inputs.');
      program.push(operation);
      continue;
    }
    const list = readList(line);
    if (!list) return fail(`"${line.trim()}" is neither an operation nor a list.`);
    inputs.push(listSource(list));
  }
  if (program.length === 0) return fail('The program has no line.');
  if (inputs.length !== inputsPerProposal) {
    return fail(`It has ${inputs.length} inputs instead of ${inputsPerProposal}.`);
  }
  return {
    ok: true,
    value: { title: titleOf(program), message: '', program: programSource(program), inputs },
  };
}

/** Two tokens for each line of the program, and the next one, which decides that the program ends there. */
function creditedTokens(proposal: string): number {
  const lines = proposal.split('\n');
  const end = lines.findIndex((line) => !operationOfLine(line));
  return 2 * (end < 0 ? lines.length : end) + 1;
}

function parseAnswer(task: Task, text: string): Parsed<string> {
  const lines = linesOf(text);
  if (!lines.ok) return lines;
  const mark = task.type === 'abduction' ? pieces.from : pieces.trace;
  let last: number[] | null = null;
  for (const line of lines.value) {
    // Only marks stand outside of operations: none of the table's lines has " <-" or "#" in it.
    const at = line.indexOf(mark);
    if (!operationOfLine(at < 0 ? line : line.slice(0, at))) {
      return fail(`"${line.trim()}" is not an operation.`);
    }
    last = at < 0 ? null : readList(line.slice(at + mark.length));
    if (at >= 0 && !last) return fail(`"${line.trim()}" does not end in a list.`);
  }
  if (task.type === 'induction') return { ok: true, value: pieces.begin + text };
  if (!last) return fail('Its last line has no list.');
  return { ok: true, value: listSource(last) };
}
