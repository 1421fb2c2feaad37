/** How questions are put to instruct models from the Hub, and how their answers are read. */
import type { Dialect, Parsed, ProposalDraft } from '../../gasp/ports.ts';
import type { Task } from '../../gasp/question.ts';
import { findProgram } from './program.ts';
import {
  abductionPrompt,
  deductionPrompt,
  inductionPrompt,
  lemmaPrompt,
  liftPrompt,
  unguidedPrompt,
} from './prompts.ts';
import { describeProposal } from './proposal.ts';
import { findInput, findInputs, findOutput } from './values.ts';

const INPUTS = 5;
const SHOWN = 3;

export function chatDialect(): Dialect {
  return {
    name: 'chat',
    inputs: INPUTS,
    shown: SHOWN,
    maxTokens: { proposal: 320, answer: 256 },
    lemmaPrompt: (goalpost, axis) => lemmaPrompt(goalpost, axis, INPUTS),
    liftPrompt: (lemma, axis, goalpost) => liftPrompt(lemma, axis, INPUTS, goalpost),
    unguidedPrompt: (references) => unguidedPrompt(references, INPUTS),
    solvePrompt,
    parseProposal,
    parseAnswer,
  };
}

function solvePrompt(task: Task) {
  const { question } = task;
  switch (task.type) {
    case 'induction':
      return inductionPrompt(question);
    case 'deduction':
      return deductionPrompt(question.program, question.inputs[task.index]!);
    case 'abduction':
      return abductionPrompt(question.program, question.outputs[task.index]!);
  }
}

function parseAnswer(task: Task, text: string): Parsed<string> {
  if (task.type === 'deduction') return findOutput(text);
  if (task.type === 'abduction') return findInput(text);
  const found = findProgram(text);
  return found.ok ? { ok: true, value: found.value.program } : found;
}

function parseProposal(text: string): Parsed<ProposalDraft> {
  const found = findProgram(text);
  if (!found.ok) return found;
  const { program, name } = found.value;
  const inputs = findInputs(text, name);
  if (inputs.length === 0) return { ok: false, reason: 'It gives no inputs for its function.' };
  return { ok: true, value: { ...describeProposal(text, program), program, inputs } };
}
