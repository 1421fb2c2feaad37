/** LiveCodeBench's rows (`code_generation_lite`): tests by function or by standard input, some of them packed. */
import { parseJson, toLiteral } from '../pytext/toLiteral.ts';
import { PackError, unpackText } from './packedText.ts';
import type { Problem, Tests } from './problem.ts';
import { FieldError, idField, isFields, kindOf, optionalText, type Row, textField } from './rows.ts';

interface Test {
  input: string;
  output: string;
}

/** Throws `FieldError`. */
export async function readLiveCodeBenchRow(row: Row): Promise<Problem> {
  const open = readTests('public_test_cases', row.fields.public_test_cases);
  const hidden = readTests('private_test_cases', await unpack(row.fields.private_test_cases));
  const cases = [...open, ...hidden];
  const entry = functionName(row);
  const starter = optionalText(row, 'starter_code')?.trim();
  return {
    id: idField(row, 'question_id'),
    format: 'livecodebench',
    title: optionalText(row, 'question_title') ?? idField(row, 'question_id'),
    statement: textField(row, 'question_content').trim(),
    ...(starter && { starter }),
    shown: open.length,
    suites: [{ name: 'tests', tests: entry === undefined ? { kind: 'stdin', cases } : calls(entry, cases) }],
  };
}

function calls(entry: string, tests: readonly Test[]): Tests {
  const read = (field: 'input' | 'output', index: number, json: string) => {
    try {
      return toLiteral(parseJson(json));
    } catch {
      throw new FieldError('private_test_cases', `The ${field} of test ${index} is not JSON.`);
    }
  };
  return {
    kind: 'calls',
    entry,
    prelude: true,
    rules: { kind: 'livecodebench' },
    cases: tests.map(({ input, output }, i) => ({
      // An argument a line.
      input: input
        .split('\n')
        .filter((line, _, all) => line.trim() !== '' || all.length === 1)
        .map((line) => read('input', i, line))
        .join(', '),
      expected: { literal: read('output', i, output) },
      check: { kind: 'equal' },
    })),
  };
}

function functionName({ fields }: Row): string | undefined {
  const { metadata } = fields;
  let read: unknown = metadata ?? {};
  if (typeof metadata === 'string') {
    try {
      read = JSON.parse(metadata || '{}');
    } catch {
      throw new FieldError('metadata', 'It is not JSON.');
    }
  }
  if (!isFields(read)) throw new FieldError('metadata', `It must be an object, not ${kindOf(read)}.`);
  const name = read.func_name;
  if (name === undefined || name === null) return undefined;
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name)) {
    throw new FieldError('metadata', 'Its func_name must be the name of a function.');
  }
  return name;
}

/** A list of tests, as it is or as JSON. */
function readTests(field: string, value: unknown): Test[] {
  if (value === undefined || value === null || value === '') return [];
  let list = value;
  if (typeof value === 'string') {
    try {
      list = JSON.parse(value);
    } catch {
      throw new FieldError(field, 'It is neither JSON nor packed JSON.');
    }
  }
  if (!Array.isArray(list)) throw new FieldError(field, `It must be a list of tests, not ${kindOf(list)}.`);
  return list.map((test, i): Test => {
    if (!isFields(test) || typeof test.input !== 'string' || typeof test.output !== 'string') {
      throw new FieldError(field, `Test ${i} must have the texts "input" and "output".`);
    }
    return { input: test.input, output: test.output };
  });
}

/** Private tests come as base64 of zlib of a pickled text. */
async function unpack(value: unknown): Promise<unknown> {
  if (typeof value !== 'string' || value === '' || /^\s*\[/.test(value)) return value;
  try {
    return await unpackText(value);
  } catch (error) {
    if (!(error instanceof PackError)) throw error;
    throw new FieldError('private_test_cases', error.message);
  }
}
