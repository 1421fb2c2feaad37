/** A file of problems, whichever format it has: told apart by its fields. */
import { readFootholdRow } from './foothold.ts';
import { readLiveCodeBenchRow } from './livecodebench.ts';
import { readCruxEvalRow } from './cruxeval.ts';
import { readEvalPlusRow } from './evalplus.ts';
import { readHumanEvalRow } from './humaneval.ts';
import { readMbppRow } from './mbpp.ts';
import type { BankFormat, Problem, RowFault } from './problem.ts';
import { FieldError, type Row, readRows } from './rows.ts';

export interface ReadBank {
  problems: Problem[];
  faults: RowFault[];
  /** Ids of the rows in the file's order; undefined for one that could not be read. */
  order: (string | undefined)[];
}

interface Format {
  /** A row is of this format where it has all fields of one of these lists. */
  marks: string[][];
  read: (row: Row) => Problem | Promise<Problem>;
}

/** The first format that a row fits is its own: those with more to tell them by come before the others. */
const FORMATS: Record<BankFormat, Format> = {
  evalplus: { marks: [['base_input', 'entry_point']], read: readEvalPlusRow },
  humaneval: { marks: [['test', 'entry_point']], read: readHumanEvalRow },
  mbpp: { marks: [['test_list', 'code']], read: readMbppRow },
  livecodebench: { marks: [['question_id', 'question_content']], read: readLiveCodeBenchRow },
  cruxeval: { marks: [['code', 'input', 'output']], read: readCruxEvalRow },
  foothold: {
    marks: [
      ['id', 'program', 'inputs'],
      ['id', 'tests'],
      ['id', 'script'],
    ],
    read: readFootholdRow,
  },
};
const FORMAT_NAMES = Object.keys(FORMATS) as BankFormat[];

/** Reads every row that can be read; the others are faults, with their line and field. */
export async function readBank(text: string): Promise<ReadBank> {
  const { rows, faults } = readRows(text);
  const problems: Problem[] = [];
  const ids: { line: number; id: string | undefined }[] = faults.map(({ line }) => ({ line, id: undefined }));
  const lines = new Map<string, number>();
  const format = commonFormat(rows);
  for (const row of rows) {
    try {
      const problem = await readRow(row, format);
      const earlier = lines.get(problem.id);
      if (earlier !== undefined)
        throw new FieldError(idFieldOf(row), `"${problem.id}" is the id of line ${earlier} too.`);
      lines.set(problem.id, row.line);
      problems.push(problem);
      ids.push({ line: row.line, id: problem.id });
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      faults.push({ line: row.line, field: error.field, message: error.message });
      ids.push({ line: row.line, id: undefined });
    }
  }
  faults.sort((a, b) => a.line - b.line);
  const order = ids.sort((a, b) => a.line - b.line).map(({ id }) => id);
  return { problems, faults, order };
}

function idFieldOf({ fields }: Row): string {
  return ['task_id', 'question_id'].find((name) => fields[name] !== undefined) ?? 'id';
}

function formatOf({ fields }: Row): BankFormat | undefined {
  const has = (marks: string[]) => marks.every((mark) => fields[mark] !== undefined);
  return FORMAT_NAMES.find((name) => FORMATS[name].marks.some(has));
}

/** The format of most rows: a row that lacks a field is a bad one of these. */
function commonFormat(rows: readonly Row[]): BankFormat | undefined {
  const counts = new Map<BankFormat, number>();
  for (const row of rows) {
    const format = formatOf(row);
    if (format) counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function readRow(row: Row, common: BankFormat | undefined): Problem | Promise<Problem> {
  const format = formatOf(row) ?? common;
  if (!format) {
    const known = FORMAT_NAMES.flatMap((name) =>
      FORMATS[name].marks.map((marks) => `${name} (${marks.join(', ')})`),
    ).join('; ');
    throw new FieldError('', `Its fields are those of no known format. Known are ${known}.`);
  }
  return FORMATS[format].read(row);
}
