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

/** What tells a format's rows from others: all of these fields. */
const MARKS: [BankFormat, string[]][] = [
  ['evalplus', ['base_input', 'entry_point']],
  ['humaneval', ['test', 'entry_point']],
  ['mbpp', ['test_list', 'code']],
  ['livecodebench', ['question_id', 'question_content']],
  ['cruxeval', ['code', 'input', 'output']],
  ['foothold', ['id', 'program', 'inputs']],
  ['foothold', ['id', 'tests']],
  ['foothold', ['id', 'script']],
];

const READERS: Record<BankFormat, (row: Row) => Problem | Promise<Problem>> = {
  evalplus: readEvalPlusRow,
  humaneval: readHumanEvalRow,
  mbpp: readMbppRow,
  cruxeval: readCruxEvalRow,
  livecodebench: readLiveCodeBenchRow,
  foothold: readFootholdRow,
};

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
  return MARKS.find(([, marks]) => marks.every((mark) => fields[mark] !== undefined))?.[0];
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
    const known = MARKS.map(([name, marks]) => `${name} (${marks.join(', ')})`).join('; ');
    throw new FieldError('', `Its fields are those of no known format. Known are ${known}.`);
  }
  return READERS[format](row);
}
