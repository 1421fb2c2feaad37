/** Files of answers: the problem, the answer, and perhaps the verdict of a reference. */
import type { Problem, RowFault, Suite } from './problem.ts';
import type { PredictionTask } from './predictions.ts';
import type { Submission } from './grading.ts';
import { ID_FIELDS, readAnswerRows } from './answerForms.ts';
import { FieldError, optionalText, type Row } from './rows.ts';

export interface Answer {
  line: number;
  /** The problem's id. */
  id: string;
  /** Number among the file's answers to this problem, from 1; absent where there is one only. */
  number?: number;
  submission: Submission;
  /** The reference's verdicts of suites, by their names, where the row carries any. */
  verdicts: Map<string, boolean>;
  /** The reference's verdict of the whole, where the row carries it. */
  verdict?: boolean;
}

export interface ReadAnswers {
  answers: Answer[];
  faults: RowFault[];
}

/** Where answers to one problem may stand together, each judged for itself. */
const LIST_FIELDS = ['solutions', 'code_list', 'answers', 'pred_list', 'completions'];
/** Where a whole answer may stand; `completion` continues the prompt instead. */
const ANSWER_FIELDS = ['solution', 'answer', 'program', 'code', 'response', 'output'];
/** Verdicts about everything that a problem is judged by. */
const VERDICT_FIELDS = ['correct', 'passed', 'verdict', 'status', 'pass', 'graded'];

/**
 * Reads answers to `problems`, in any of the forms of answerForms.ts. A row may hold several (`solutions`,
 * `code_list`), each judged for itself.
 * @param options.task how predictions are meant; absent: told by the answers, see `predictionOf`
 * @param options.order of the problems' rows, see `readAnswerRows`; absent: that of `problems`
 */
export function readAnswers(
  text: string,
  problems: readonly Problem[],
  { task, order }: { task?: PredictionTask['type']; order?: readonly (string | undefined)[] } = {},
): ReadAnswers {
  const { rows, faults } = readAnswerRows(text, positions(problems, order));
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
  return { answers: numbered(answers), faults };
}

/** LiveCodeBench's own tools sort its questions before they go by position. */
function positions(
  problems: readonly Problem[],
  order: readonly (string | undefined)[] = problems.map(({ id }) => id),
): readonly (string | undefined)[] {
  const sorted = problems.length > 0 && problems.every(({ format }) => format === 'livecodebench');
  return sorted && !order.includes(undefined) ? [...order].sort() : order;
}

function numbered(answers: readonly Answer[]): Answer[] {
  const totals = new Map<string, number>();
  for (const { id } of answers) totals.set(id, (totals.get(id) ?? 0) + 1);
  const seen = new Map<string, number>();
  return answers.map((answer) => {
    if (totals.get(answer.id) === 1) return answer;
    const number = (seen.get(answer.id) ?? 0) + 1;
    seen.set(answer.id, number);
    return { ...answer, number };
  });
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
  const { texts, listed } = answersOf(row, problem);
  return texts.map((answer, i): Answer => {
    const prediction = predictionOf(row, problem, common);
    return {
      line: row.line,
      id: problem.id,
      submission: { problem, answer, ...(prediction && { prediction }) },
      ...verdictsOf(row, prediction ? [] : problem.suites, listed ? i : undefined),
    };
  });
}

/** The row's answers, and whether they stand in a list, beside which verdicts are a list too. */
function answersOf(row: Row, problem: Problem): { texts: string[]; listed: boolean } {
  const continued = (text: string) => (problem.prompt ?? '') + text;
  for (const name of [...LIST_FIELDS, ...ANSWER_FIELDS, 'completion']) {
    const list = row.fields[name];
    if (!Array.isArray(list)) continue;
    const odd = list.findIndex((one) => typeof one !== 'string');
    if (odd >= 0) throw new FieldError(name, `Its element ${odd} must be a text.`);
    if (list.length === 0) throw new FieldError(name, 'It is an empty list: there is nothing to judge.');
    const texts = list as string[];
    return { texts: name.startsWith('completion') ? texts.map(continued) : texts, listed: true };
  }
  for (const name of ANSWER_FIELDS) {
    const answer = optionalText(row, name);
    if (answer !== undefined) return { texts: [answer], listed: false };
  }
  const completion = optionalText(row, 'completion');
  if (completion !== undefined) return { texts: [continued(completion)], listed: false };
  throw new FieldError(
    'solution',
    `It holds no answer: one of ${[...ANSWER_FIELDS, 'completion', ...LIST_FIELDS].join(', ')} is needed.`,
  );
}

/** Verdicts that a row carries: of suites by their names, or else one of everything. */
function verdictsOf(
  { fields }: Row,
  suites: readonly Suite[],
  index: number | undefined,
): Pick<Answer, 'verdicts' | 'verdict'> {
  const read = (value: unknown) =>
    readVerdict(Array.isArray(value) && index !== undefined ? value[index] : value);
  const named = (name: string) => read(fields[name] ?? fields[`${name}_status`]);
  const verdicts = new Map<string, boolean>();
  for (const { name, repeats = [] } of suites) {
    const parts = [name, ...repeats].map(named);
    // One that failed decides; else all must have passed.
    const verdict = parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
    if (verdict !== undefined) verdicts.set(name, verdict);
  }
  if (verdicts.size > 0) return { verdicts };
  for (const field of [...VERDICT_FIELDS, 'graded_list']) {
    const verdict = read(fields[field]);
    if (verdict !== undefined) return { verdicts, verdict };
  }
  return { verdicts };
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

const CALL_OF_F = /^\s*f\s*\(/;

/**
 * Where rows do not say which half of a pair was asked for, most answers being calls of `f` tell:
 * then inputs were asked for, and what is no call is a bad input.
 */
function commonTask(rows: readonly Row[]): PredictionTask['type'] {
  const answers = rows.flatMap(({ fields }) =>
    [...LIST_FIELDS, ...ANSWER_FIELDS].flatMap((name) => fields[name] ?? []),
  );
  const texts = answers.filter((answer) => typeof answer === 'string');
  const calls = texts.filter((answer) => CALL_OF_F.test(answer)).length;
  return calls * 2 > texts.length ? 'abduction' : 'deduction';
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
  // CRUXEval names its tasks for the half that is predicted.
  output: 'deduction',
  input: 'abduction',
};
