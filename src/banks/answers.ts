/** Files of answers: which problem, what was answered, and perhaps the verdict of a reference. */
import type { Problem, RowFault } from './problem.ts';
import type { PredictionTask } from './predictions.ts';
import type { Submission } from './grading.ts';
import { FieldError, optionalText, type Row, readRows } from './rows.ts';

export interface Answer {
  line: number;
  /** Of the problem. */
  id: string;
  submission: Submission;
  /** The reference's verdicts by suite, where the row carries any; a prediction has one, `tests`. */
  verdicts: Map<string, boolean>;
}

export interface ReadAnswers {
  answers: Answer[];
  faults: RowFault[];
}

const ID_FIELDS = ['task_id', 'question_id', 'problem_id', 'id'];
/** Where a whole answer may stand; `completion` continues the prompt instead. */
const ANSWER_FIELDS = ['solution', 'answer', 'program', 'code', 'response', 'output'];
/** Verdicts about everything that a problem is judged by. */
const VERDICT_FIELDS = ['correct', 'passed', 'verdict', 'status', 'pass', 'graded'];

/**
 * Reads answers to `problems`. A row may hold several (`solutions`, `code_list`), each judged for itself.
 * @param task how predictions are meant; absent: told by the answers, see `predictionOf`
 */
export function readAnswers(
  text: string,
  problems: readonly Problem[],
  task?: PredictionTask['type'],
): ReadAnswers {
  const { rows, faults } = readRows(text);
  const byId = new Map(problems.map((problem) => [problem.id, problem]));
  const answers: Answer[] = [];
  const common = task ?? commonTask(rows);
  for (const row of rows) {
    try {
      answers.push(...readAnswerRow(row, byId, common));
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      faults.push({ line: row.line, field: error.field, message: error.message });
    }
  }
  faults.sort((a, b) => a.line - b.line);
  return { answers, faults };
}

function readAnswerRow(
  row: Row,
  byId: ReadonlyMap<string, Problem>,
  common: PredictionTask['type'],
): Answer[] {
  const field = ID_FIELDS.find((name) => row.fields[name] !== undefined);
  if (!field) throw new FieldError('id', `It names no problem: one of ${ID_FIELDS.join(', ')} is needed.`);
  const raw = row.fields[field];
  if (typeof raw !== 'string' && typeof raw !== 'number') throw new FieldError(field, 'It must be a text.');
  const id = String(raw);
  const problem = byId.get(id) ?? byId.get(`Mbpp/${id}`) ?? byId.get(`HumanEval/${id}`);
  if (!problem) throw new FieldError(field, `There is no problem "${id}" among the problems.`);
  const texts = answersOf(row, problem);
  return texts.map(({ answer }, i): Answer => {
    const prediction = predictionOf(row, problem, common);
    const names = prediction ? ['tests'] : problem.suites.map(({ name }) => name);
    const verdicts = verdictsOf(row, names, texts.length > 1 ? i : undefined);
    const suites = prediction ? undefined : judged(names, verdicts);
    return {
      line: row.line,
      id: problem.id,
      submission: { problem, answer, ...(prediction && { prediction }), ...(suites && { suites }) },
      verdicts,
    };
  });
}

function answersOf(row: Row, problem: Problem): { answer: string }[] {
  for (const name of ['solutions', 'code_list', 'answers']) {
    const list = row.fields[name];
    if (!Array.isArray(list)) continue;
    const odd = list.findIndex((one) => typeof one !== 'string');
    if (odd >= 0) throw new FieldError(name, `Its element ${odd} must be a text.`);
    if (list.length === 0) throw new FieldError(name, 'It is an empty list: there is nothing to judge.');
    return list.map((answer) => ({ answer: answer as string }));
  }
  for (const name of ANSWER_FIELDS) {
    const answer = optionalText(row, name);
    if (answer !== undefined) return [{ answer }];
  }
  const completion = optionalText(row, 'completion');
  if (completion !== undefined) return [{ answer: (problem.prompt ?? '') + completion }];
  throw new FieldError(
    'solution',
    `It holds no answer: one of ${ANSWER_FIELDS.join(', ')}, completion is needed.`,
  );
}

/** Verdicts that a row carries: of suites by their names, or one of everything. */
function verdictsOf(
  { fields }: Row,
  names: readonly string[],
  index: number | undefined,
): Map<string, boolean> {
  const verdicts = new Map<string, boolean>();
  const read = (value: unknown) =>
    readVerdict(Array.isArray(value) && index !== undefined ? value[index] : value);
  for (const name of names) {
    const verdict = read(fields[name] ?? fields[`${name}_status`]);
    if (verdict !== undefined) verdicts.set(name, verdict);
  }
  if (verdicts.size > 0) return verdicts;
  for (const field of [...VERDICT_FIELDS, 'graded_list']) {
    const verdict = read(fields[field]);
    if (verdict === undefined) continue;
    verdicts.set(names.at(-1) ?? 'tests', verdict);
    break;
  }
  return verdicts;
}

function readVerdict(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  if (Array.isArray(value) && value.length === 1) return readVerdict(value[0]);
  if (typeof value !== 'string') return undefined;
  if (/^(?:pass|passed|success|correct|true|ok|accepted)$/i.test(value)) return true;
  if (
    /^(?:fail|failed|timeout|timed out|wrong|raised|error|incorrect|false|unsafe|unparsable|crashed|too-big|nondeterministic)$/i.test(
      value,
    )
  )
    return false;
  return undefined;
}

/** Suites without a verdict after the last one with: `base` alone is judged where only it is given. */
function judged(names: readonly string[], verdicts: ReadonlyMap<string, boolean>): string[] | undefined {
  if (verdicts.size === 0 || names.every((name) => verdicts.has(name))) return undefined;
  return names.filter((name) => verdicts.has(name));
}

const CALL_OF_F = /^\s*f\s*\(/;

/**
 * Where rows do not say which half of a pair was asked for, most answers being calls of `f` tell:
 * then inputs were asked for, and what is no call is a bad input.
 */
function commonTask(rows: readonly Row[]): PredictionTask['type'] {
  const answers = rows.map(({ fields }) => fields.answer).filter((answer) => typeof answer === 'string');
  const calls = answers.filter((answer) => CALL_OF_F.test(answer)).length;
  return calls * 2 > answers.length ? 'abduction' : 'deduction';
}

function predictionOf(
  { fields }: Row,
  problem: Problem,
  common: PredictionTask['type'],
): PredictionTask | undefined {
  if (!problem.prediction) return undefined;
  const said = fields.task ?? fields.type ?? fields.mode;
  if (said === 'induction') return undefined;
  const named = typeof said === 'string' ? TASK_NAMES[said.toLowerCase()] : undefined;
  if (said !== undefined && !named) {
    throw new FieldError(
      'task',
      `It must be induction, deduction or abduction, not ${JSON.stringify(said)}.`,
    );
  }
  // A problem that can be answered by a program is, unless the row says otherwise.
  if (!named && problem.suites.length > 0) return undefined;
  const index = fields.index ?? 0;
  if (typeof index !== 'number' || problem.prediction.outputs[index] === undefined) {
    throw new FieldError(
      'index',
      `It must be a pair's number, from 0 to ${problem.prediction.outputs.length - 1}.`,
    );
  }
  return { type: named ?? common, index };
}

const TASK_NAMES: Record<string, PredictionTask['type']> = {
  deduction: 'deduction',
  abduction: 'abduction',
  // CRUXEval's own names say what is predicted.
  output: 'deduction',
  input: 'abduction',
};
