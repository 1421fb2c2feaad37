/** Files of answers as the benchmarks' own tools write them: each form becomes rows, an answer or several a row. */
import { parseJson } from '../pytext/toLiteral.ts';
import type { RowFault } from './problem.ts';
import { isFields, type Row, type Rows, readRows } from './rows.ts';

/** Fields that name the problem. */
export const ID_FIELDS = ['task_id', 'question_id', 'problem_id', 'id'];

/** For a person: what a file of answers may be. */
export const ANSWER_FORMS = `rows that name their problem (${ID_FIELDS.join(', ')}) as JSON Lines or a JSON array:
    HumanEval's samples.jsonl and samples.jsonl_results.jsonl, EvalPlus's samples.jsonl, LiveCodeBench's output
    and its _eval_all.json (code_list, graded_list);
    EvalPlus's eval_results.json, and its folder of samples (HumanEval_0/0.py);
    {"id": ["answer", ...], ...}: CRUXEval's generations.json, and its scored results (raw_generations);
    [["answer", ...], ...]: BigCode's generations.json, the lists in the order of the problems (for LiveCodeBench
    in the order of their question_id)`;

/**
 * Reads a file of answers into rows.
 * @param order ids of the problems' rows in their file's order, undefined for a row that could not be read:
 *   for answers that stand for their problem by position
 */
export function readAnswerRows(text: string, order: readonly (string | undefined)[]): Rows {
  const clean = text.replace(/^\uFEFF/, '');
  const document = readDocument(clean);
  if (Array.isArray(document) && document.length > 0 && document.every(isListOrNothing)) {
    return byPosition(document, order);
  }
  if (isFields(document)) {
    const lineOf = lineFinder(clean);
    if (isFields(document.raw_generations)) {
      return byId(document.raw_generations, lineOf, document.raw_scored_generations);
    }
    if (isFields(document.eval)) return evalPlusResults(document.eval, lineOf);
    if (isMapOfTexts(document)) return byId(document, lineOf);
  }
  return readRows(text);
}

/** The whole text as one JSON value, where it is one. */
function readDocument(text: string): unknown {
  const start = text.trimStart()[0];
  if (start !== '[' && start !== '{') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Python also writes NaN and Infinity: EvalPlus among the tests that failed.
    if (!/NaN|Infinity/.test(text)) return undefined;
  }
  try {
    return toPlain(parseJson(text));
  } catch {
    return undefined;
  }
}

function toPlain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, toPlain(one)]));
  return Array.isArray(value) ? value.map(toPlain) : value;
}

const isListOrNothing = (value: unknown): boolean => value === null || isListOfTexts(value);

const isListOfTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => one === null || typeof one === 'string');

/** Ids with an answer or a list of them; a single row names its problem in a field of its own. */
function isMapOfTexts(document: Record<string, unknown>): boolean {
  const entries = Object.entries(document);
  if (entries.length === 0 || ID_FIELDS.some((field) => field in document)) return false;
  return entries.every(([, value]) => typeof value === 'string' || isListOfTexts(value));
}

/** A list of answers a problem, in the problems' order; null, which BigCode writes for an answer that is not made yet, is none. */
function byPosition(document: unknown[], order: readonly (string | undefined)[]): Rows {
  const rows: Row[] = [];
  const faults: RowFault[] = [];
  for (const [i, list] of document.entries()) {
    const answers = textsOf(list);
    if (answers.length === 0) continue;
    if (i >= order.length) {
      const message = `Answers here stand for their problem by its position: there are ${document.length} lists of them, and ${order.length} problems.`;
      faults.push({ line: i + 1, field: '', message });
      break;
    }
    const id = order[i];
    const fault = `The problem at position ${i + 1} could not be read: these answers to it are left out.`;
    if (id === undefined) faults.push({ line: i + 1, field: '', message: fault });
    else rows.push(rowOf(i + 1, { task_id: id, solutions: answers }));
  }
  return { rows, faults };
}

function byId(answers: Record<string, unknown>, lineOf: (id: string) => number, scores?: unknown): Rows {
  const rows = Object.entries(answers).map(([id, list]) => {
    const graded = isFields(scores) && Array.isArray(scores[id]) ? { graded_list: scores[id] } : {};
    return rowOf(lineOf(id), { task_id: id, solutions: typeof list === 'string' ? [list] : list, ...graded });
  });
  return { rows, faults: [] };
}

/** `eval`: for each task its samples with `solution`, `base_status` and `plus_status` (EvalPlus 0.2 and later). */
function evalPlusResults(results: Record<string, unknown>, lineOf: (id: string) => number): Rows {
  const rows: Row[] = [];
  const faults: RowFault[] = [];
  for (const [id, samples] of Object.entries(results)) {
    const line = lineOf(id);
    if (!Array.isArray(samples)) {
      // EvalPlus 0.1 wrote how each file fared, and not what stood in it.
      const message =
        'It holds verdicts without the answers: judge the samples.jsonl or the folder that they are of.';
      faults.push({ line, field: id, message });
      continue;
    }
    for (const sample of samples) {
      if (isFields(sample)) rows.push(rowOf(line, { task_id: id, ...sample }));
      else faults.push({ line, field: id, message: 'A sample must be an object with a "solution".' });
    }
  }
  return { rows, faults };
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}

function rowOf(line: number, fields: Record<string, unknown>): Row {
  return { line, fields, json: JSON.stringify(fields) };
}

/** Finds the line on which a key stands; keys are asked for in the order of the text. */
function lineFinder(text: string): (key: string) => number {
  let [at, line] = [0, 1];
  return (key) => {
    const found = text.indexOf(JSON.stringify(key), at);
    if (found < 0) return line;
    for (let i = text.indexOf('\n', at); i >= 0 && i < found; i = text.indexOf('\n', i + 1)) line++;
    at = found;
    return line;
  };
}
