/** Files of rows: JSON Lines, or one JSON array or object. Every row knows the line that it began on. */
import { parseJson } from '../pytext/toLiteral.ts';
import type { RowFault } from './problem.ts';

export interface Row {
  line: number;
  /** Fields as read; nothing is known about them yet. */
  fields: Record<string, unknown>;
  /** The row's own JSON, for who needs more of it than `JSON.parse` keeps. */
  json: string;
}

export interface Rows {
  rows: Row[];
  faults: RowFault[];
}

/** Splits a file's text into rows. A line that is no JSON is a fault; the others still count. */
export function readRows(text: string): Rows {
  const clean = text.replace(/^\uFEFF/, '');
  const whole = readWhole(clean);
  if (whole) return whole;
  const rows: Row[] = [];
  const faults: RowFault[] = [];
  for (const [i, line] of clean.split('\n').entries()) {
    if (line.trim() === '') continue;
    take(i + 1, line, () => parse(line), rows, faults);
  }
  return { rows, faults };
}

/** One JSON document: an array of rows, an object that lists them, a map from ids to rows, or one row. */
function readWhole(text: string): Rows | undefined {
  const start = text.trimStart()[0];
  if (start !== '[' && start !== '{') return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const rows: Row[] = [];
  const faults: RowFault[] = [];
  const list = listed(document);
  const places = Array.isArray(document) ? placesOfElements(text) : [];
  const seen = new Set<unknown>();
  for (const [i, row] of list.entries()) {
    // A bank lists its goalposts among its questions too.
    if (isFields(document) && document.goalposts && isFields(row) && typeof row.id === 'string') {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
    }
    const { line, json } = places[i] ?? { line: i + 1, json: JSON.stringify(row) };
    take(line, json, () => row, rows, faults);
  }
  return { rows, faults };
}

function listed(document: unknown): unknown[] {
  if (Array.isArray(document)) return document;
  if (!isFields(document)) return [document];
  const { problems, questions, goalposts, answers, rows } = document;
  // The Hub's own interface hands out rows with their numbers around them.
  if (Array.isArray(rows) && rows.length > 0 && rows.every((one) => isFields(one) && isFields(one.row)))
    return rows.map(({ row }) => row);
  if (Array.isArray(problems)) return problems;
  if (Array.isArray(questions) || Array.isArray(goalposts))
    return [...asList(goalposts), ...asList(questions)];
  if (Array.isArray(answers) && answers.every(isFields)) return answers;
  return rowsById(document) ?? [document];
}

/** A map from ids to rows, which may leave their own ids out. */
function rowsById(document: Record<string, unknown>): Record<string, unknown>[] | undefined {
  const entries = Object.entries(document);
  if (entries.length === 0 || !entries.every(([, row]) => isFields(row))) return undefined;
  return entries.map(([id, row]) => ({ id, ...(row as Record<string, unknown>) }));
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    // Python also writes NaN and Infinity.
    if (!/NaN|Infinity/.test(json)) throw error;
    const exact = parseJson(json);
    return exact instanceof Map ? Object.fromEntries(exact) : exact;
  }
}

function take(line: number, json: string, read: () => unknown, rows: Row[], faults: RowFault[]): void {
  let fields: unknown;
  try {
    fields = read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    faults.push({ line, field: '', message: `This is not JSON (${why}).` });
    return;
  }
  if (isFields(fields)) rows.push({ line, fields, json });
  else faults.push({ line, field: '', message: 'A row is a JSON object, {"...": ...}.' });
}

/** Where the elements of an array are in its text, which is known to be JSON. */
function placesOfElements(text: string): { line: number; json: string }[] {
  const places: { line: number; json: string }[] = [];
  const mark = /"(?:[^"\\]+|\\.)*"|[[\]{},\n]/gs;
  let line = 1;
  let depth = 0;
  let start = 0;
  let startLine = 1;
  const close = (end: number) => {
    const json = text.slice(start, end);
    const blank = /^\s*/.exec(json)![0];
    if (json.trim() !== '')
      places.push({ line: startLine + blank.split('\n').length - 1, json: json.trim() });
  };
  for (const { 0: found, index } of text.matchAll(mark)) {
    if (found === '\n') line++;
    else if (found === '[' || found === '{') {
      if (depth++ === 0) [start, startLine] = [index + 1, line];
    } else if (found === ']' || found === '}') {
      if (--depth === 0) close(index);
    } else if (found === ',' && depth === 1) {
      close(index);
      [start, startLine] = [index + 1, line];
    }
  }
  return places;
}

export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A row cannot be used; the field that is to blame. */
export class FieldError extends Error {
  override name = 'FieldError';
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** Text of a field. Throws `FieldError` where it is missing or something else. */
export function textField({ fields }: Row, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) throw new FieldError(name, 'It is missing.');
  if (typeof value !== 'string') throw new FieldError(name, `It must be a text, not ${kindOf(value)}.`);
  return value;
}

export function optionalText(row: Row, name: string): string | undefined {
  const value = row.fields[name];
  return value === undefined || value === null ? undefined : textField(row, name);
}

/** Text or a whole number, as ids are. */
export function idField(row: Row, name: string): string {
  const value = row.fields[name];
  return typeof value === 'number' && Number.isInteger(value) ? String(value) : textField(row, name);
}

export function listField({ fields }: Row, name: string): unknown[] {
  const value = fields[name];
  if (value === undefined || value === null) throw new FieldError(name, 'It is missing.');
  if (!Array.isArray(value)) throw new FieldError(name, `It must be a list, not ${kindOf(value)}.`);
  return value;
}

export function textListField(row: Row, name: string): string[] {
  const list = listField(row, name);
  const odd = list.findIndex((value) => typeof value !== 'string');
  if (odd >= 0) throw new FieldError(name, `Its element ${odd} must be a text, not ${kindOf(list[odd])}.`);
  return list as string[];
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'a text' : `the ${typeof value} ${String(value)}`;
}
