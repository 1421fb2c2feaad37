/** How questions are put to instruct models from the Hub, and how their answers are read. */
import { beginningOf } from '../../gasp/begunAnswer.ts';
import type { Dialect, Parsed, Prompt, ProposalDraft } from '../../gasp/ports.ts';
import type { Question, Task } from '../../gasp/question.ts';
import { findProgram } from './answerProgram.ts';
import { findBenchmarkAnswer } from './benchmarkAnswers.ts';
import { answerBeginning, lemmaPrompt, liftPrompt, solvePrompt, unguidedPrompt } from './prompts.ts';
import { describeProposal } from './proposal.ts';
import { writeReference } from './reference.ts';
import { findInput, findInputs, findOutput, outputOf } from './answerValues.ts';

const INPUTS = 5;
/** Small models often stop early, or write an input twice. */
const LEAST_INPUTS = 4;
const SHOWN = 3;

export function chatDialect(): Dialect {
  return {
    name: 'chat',
    inputs: INPUTS,
    leastInputs: LEAST_INPUTS,
    shown: SHOWN,
    maxTokens: { proposal: 256, answer: 256, benchmark: 512 },
    lemmaPrompt: (goalpost, axis) => lemmaPrompt(goalpost, axis, INPUTS),
    liftPrompt: (lemma, axis, goalpost) => liftPrompt(lemma, axis, INPUTS, goalpost),
    unguidedPrompt: (references) => unguidedPrompt(references, INPUTS),
    solvePrompt,
    referenceAnswer,
    parseProposal,
    parseAnswer,
  };
}

/** Whether a text goes on from a fence that was opened for it: its own first fence only closes. */
const closes = (text: string) => /^\s*[^\s`][^`]*```[ \t]*(?:\n|$)/.test(text);

/** Whether a text goes on from a function's head: with a type perhaps, its colon, and a body beside or below it. */
const goesOn = (text: string) =>
  /^[ \t]*(?:->[ \t]*)?(?:[A-Za-z_][\w.]*(?:\[[^\n:]*\])?(?: \| [\w[\]]+)*)?[ \t]*:(?:[ \t]*return\b|\s*\n[ \t]+\S)/.test(
    text,
  );

/** Reads what the model went on with, or a whole answer of its own. */
function read<T>(task: Task, text: string, parse: (text: string) => Parsed<T>): Parsed<T> {
  const beginning = answerBeginning(task);
  // After a whole head anything would be a body.
  if (task.type === 'induction' && !beginning.endsWith('(') && !goesOn(text)) return parse(text);
  const begun = beginning + text;
  const [first, second] = closes(text) ? [begun, text] : [text, begun];
  const parsed = parse(first);
  // The last line of a train of thought is no answer, whatever it was begun with.
  if (parsed.ok || (first === text && task.type !== 'induction')) return parsed;
  const other = parse(second);
  return other.ok ? other : parsed;
}

function parseAnswer(task: Task, text: string): Parsed<string> {
  switch (task.type) {
    case 'deduction': {
      // The value of the begun call stands on its line; models go on with further calls.
      const line = outputOf(text.split('\n', 1)[0]!, task.question.outputs);
      return line.ok ? line : read(task, text, (whole) => findOutput(whole, task.question.outputs));
    }
    case 'abduction':
      return read(task, text, (whole) => findInput(whole, task.question.inputs));
    case 'induction':
      if (task.question.benchmark)
        return findBenchmarkAnswer(answerBeginning(task), text, task.question.benchmark);
      return read(task, text, (whole) => {
        const found = findProgram(whole);
        return found.ok ? { ok: true, value: found.value.program } : found;
      });
  }
}

/** A program that cannot be told from its own answer is not written. */
function referenceAnswer(question: Question): string | undefined {
  const text = writeReference(question);
  return text !== undefined && parseAnswer({ type: 'induction', question }, text).ok ? text : undefined;
}

/** A program's body, whatever its head looks like. */
const bodyOf = (program: string) => program.replace(/^def f\(.*:\n/, '').replace(/\s+/g, '');

/** The programs and titles that a prompt's earlier answers show. */
function shownIn(prompt: Prompt | undefined): { bodies: Set<string>; messages: Set<string> } {
  const answers = typeof prompt === 'object' ? prompt.slice(0, -1).filter((m) => m.role === 'assistant') : [];
  const shown = { bodies: new Set<string>(), messages: new Set<string>() };
  for (const { content } of answers) {
    const found = findProgram(content);
    if (!found.ok) continue;
    shown.bodies.add(bodyOf(found.value.program));
    shown.messages.add(describeProposal(content, found.value.program).message);
  }
  return shown;
}

/**
 * Inputs that the prompt gave come before any that the model adds. A model that does not go on from them
 * but begins anew is read without them where that alone is a proposal.
 */
function parseProposal(text: string, prompt?: Prompt): Parsed<ProposalDraft> {
  const beginning = beginningOf(prompt);
  const shown = shownIn(prompt);
  const parsed = readProposal(beginning + text, beginning, shown);
  if (parsed.ok || beginning === '') return parsed;
  const own = readProposal(text, '', shown);
  return own.ok ? own : parsed;
}

function readProposal(
  whole: string,
  beginning: string,
  shown: ReturnType<typeof shownIn>,
): Parsed<ProposalDraft> {
  const found = findProgram(whole);
  if (!found.ok) return found;
  const { program, name } = found.value;
  if (shown.bodies.has(bodyOf(program))) return { ok: false, reason: 'It repeats an example of its prompt.' };
  const inputs = [...new Set([...findInputs(beginning, 'f'), ...findInputs(whole, name)])];
  if (inputs.length === 0) return { ok: false, reason: 'It gives no inputs for its function.' };
  const said = describeProposal(whole, program);
  // An example's sentence about another function would only mislead whoever has to answer.
  const told = shown.messages.has(said.message) ? describeProposal('', program) : said;
  return { ok: true, value: { ...told, program, inputs } };
}
