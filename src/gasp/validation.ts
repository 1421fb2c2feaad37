/** From a teacher's draft to a question, by running it (AZR, section 3.3); outputs that the teacher writes are not used. */
import type { Dialect, Judge, JudgeOptions, Parsed, ProgramResult, ProposalDraft } from './ports.ts';
import type { Fault, FaultKind, Question } from './question.ts';
import { brief } from '../util/text.ts';

export type Validated = { question: Question } | { fault: Fault };

/**
 * Validates a draft; `id` becomes its question's. In order: the text
 * parses, carries enough different inputs, the program is Python, safe, returns in time on all of
 * them, gives the same values when run again, does not give the same value over and over, and computes
 * nothing that the model has no tokens for.
 */
export async function validateDraft(
  draft: Parsed<ProposalDraft>,
  id: string,
  judge: Judge,
  dialect: Pick<Dialect, 'inputs' | 'leastInputs' | 'shown' | 'unreadable'>,
  options?: JudgeOptions,
): Promise<Validated> {
  const read = readDraft(draft, dialect);
  if ('fault' in read) return read;
  const [first, second] = await judge.run([read, read], options);
  const outputs = readResults(read, first!, second!, judge);
  if (!Array.isArray(outputs)) return { fault: outputs };
  const { title, message, program, inputs } = read;
  const question = { id, title, message, program, inputs, outputs, shown: dialect.shown };
  const reason = dialect.unreadable?.(question);
  return reason ? { fault: fault('degenerate', `The model cannot read it: ${reason}.`) } : { question };
}

function fault(kind: FaultKind, message: string, line?: number): Fault {
  return { kind, message, ...(line !== undefined && { line }) };
}

function readDraft(
  draft: Parsed<ProposalDraft>,
  dialect: Pick<Dialect, 'inputs' | 'leastInputs' | 'shown'>,
): ProposalDraft | { fault: Fault } {
  if (!draft.ok) return { fault: fault('unparsable', draft.reason) };
  const { inputs } = draft.value;
  const least = dialect.leastInputs ?? dialect.inputs;
  if (inputs.length < least) {
    return { fault: fault('unparsable', `It gives ${inputs.length} inputs; ${least} are needed.`) };
  }
  // Pairs that the student sees must not be among those that it is judged on.
  const different = [...new Set(inputs.slice(0, dialect.inputs))];
  if (different.length <= dialect.shown) {
    const message = `Only ${different.length} of its inputs differ: none is left to judge an answer on.`;
    return { fault: fault('degenerate', message) };
  }
  return { ...draft.value, inputs: different };
}

/** The outputs on which two runs agree, or the fault. */
function readResults(
  draft: ProposalDraft,
  first: ProgramResult,
  second: ProgramResult,
  judge: Judge,
): string[] | Fault {
  const results = [first, second].map((result) => readOutputs(draft, result));
  const [outputs, again] = results;
  if (!Array.isArray(outputs)) return outputs!;
  if (!Array.isArray(again)) {
    return fault('nondeterministic', `A second run went otherwise than the first. ${again!.message}`);
  }
  const changed = outputs.findIndex((value, i) => value !== again[i] && !judge.sameValue(value, again[i]!));
  if (changed >= 0) {
    const values = `${brief(outputs[changed]!)}, then ${brief(again[changed]!)}`;
    return fault('nondeterministic', `f(${brief(draft.inputs[changed]!)}) gave ${values}.`);
  }
  const distinct = new Set(outputs).size;
  // A yes-or-no question cannot have more than two answers; any other should tell its inputs apart.
  const yesOrNo = outputs.every((value) => value === 'True' || value === 'False');
  const needed = yesOrNo ? 2 : Math.ceil(outputs.length / 2);
  if (distinct < needed) {
    const message = `${outputs.length} inputs give only ${distinct} different ${distinct === 1 ? 'output' : 'outputs'}; ${needed} are needed.`;
    return fault('degenerate', message);
  }
  return outputs;
}

function readOutputs(draft: ProposalDraft, result: ProgramResult): string[] | Fault {
  if (result.status !== 'ran') return readFailure(result);
  const outputs: string[] = [];
  for (const [i, call] of result.calls.entries()) {
    const where = `f(${brief(draft.inputs[i]!)})`;
    if (call.status === 'timeout') return fault('timeout', `${where} did not end in time.`);
    if (call.status !== 'returned') {
      return fault('raises', `${where}: ${call.error}`, call.status === 'raised' ? call.line : undefined);
    }
    outputs.push(call.value);
  }
  return outputs;
}

function readFailure(result: Exclude<ProgramResult, { status: 'ran' }>): Fault {
  const kinds = {
    syntax: 'syntax',
    unsafe: 'unsafe',
    raised: 'raises',
    timeout: 'timeout',
    crashed: 'raises',
  } as const;
  const line = result.line === undefined ? '' : `Line ${result.line}: `;
  return fault(kinds[result.status], line + result.error, result.line);
}
