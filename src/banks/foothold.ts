/** This project's own problems; public/schema/problem.schema.json says what a row holds. */
import { sameValue } from '../pytext/sameValue.ts';
import type { Problem, Suite, Tests } from './problem.ts';
import {
  FieldError,
  idField,
  isFields,
  listField,
  optionalText,
  type Row,
  textField,
  textListField,
} from './rows.ts';

/** Throws `FieldError`. */
export function readFootholdRow(row: Row): Problem {
  const id = idField(row, 'id');
  const common = {
    id,
    format: 'foothold',
    title: optionalText(row, 'title') ?? id,
    statement:
      optionalText(row, 'statement') ?? optionalText(row, 'message') ?? optionalText(row, 'title') ?? '',
  } as const;
  if (row.fields.tests === undefined && row.fields.script === undefined) {
    return { ...common, ...readQuestion(row) };
  }
  const solution = optionalText(row, 'solution');
  const suites: Suite[] = [];
  if (row.fields.tests !== undefined)
    suites.push({ name: 'tests', tests: readTests(row, solution !== undefined) });
  if (row.fields.script !== undefined)
    suites.push({ name: suites.length > 0 ? 'script' : 'tests', tests: readScript(row) });
  return { ...common, ...(solution !== undefined && { solution }), suites };
}

/** A question of the method: a program that defines `f`, inputs, and perhaps outputs. */
function readQuestion(row: Row): Pick<Problem, 'solution' | 'suites' | 'prediction'> {
  const program = textField(row, 'program');
  if (!/^(?:async\s+)?(?:def|class)\s+f\b|^f\s*=/m.test(program)) {
    throw new FieldError('program', 'It must define the function f.');
  }
  const inputs = textListField(row, 'inputs');
  if (inputs.length === 0) throw new FieldError('inputs', 'It must hold at least one argument list.');
  const outputs = row.fields.outputs === undefined ? undefined : textListField(row, 'outputs');
  if (outputs && outputs.length !== inputs.length) {
    throw new FieldError('outputs', `There are ${inputs.length} inputs and ${outputs.length} outputs.`);
  }
  const odd = outputs?.findIndex((output) => !isLiteral(output)) ?? -1;
  if (odd >= 0) throw new FieldError('outputs', `Its element ${odd} must be a Python literal.`);
  return {
    solution: program,
    suites: [
      {
        name: 'tests',
        tests: {
          kind: 'calls',
          entry: 'f',
          afresh: true,
          rules: { kind: 'python' },
          cases: inputs.map((input, i) => ({
            input,
            expected: outputs ? { literal: outputs[i]! } : 'solution',
            check: { kind: 'equal' },
          })),
        },
      },
    ],
    ...(outputs && { prediction: { program, inputs, outputs } }),
  };
}

function isLiteral(text: string): boolean {
  return sameValue(text, text) || /\bnan\b/.test(text);
}

function readTests(row: Row, solved: boolean): Tests {
  const list = listField(row, 'tests');
  if (list.length === 0) throw new FieldError('tests', 'It must hold at least one test.');
  const texts = (names: readonly string[]) =>
    list.map((test, i) => {
      if (!isFields(test)) throw new FieldError('tests', `Test ${i} must be an object.`);
      return names.map((name) => {
        const value = test[name];
        if (value !== undefined && typeof value !== 'string') {
          throw new FieldError(`tests[${i}].${name}`, 'It must be a text.');
        }
        return value;
      });
    });
  if (isFields(list[0]) && list[0].stdin !== undefined) {
    const cases = texts(['stdin', 'stdout']).map(([input, output], i) => {
      if (input === undefined || output === undefined) {
        throw new FieldError('tests', `Test ${i} must have the texts "stdin" and "stdout".`);
      }
      return { input, output };
    });
    return { kind: 'stdin', cases };
  }
  const entry = optionalText(row, 'entry') ?? 'f';
  const cases = texts(['input', 'expected']).map(([input, expected], i) => {
    if (input === undefined) throw new FieldError(`tests[${i}].input`, 'It is missing.');
    if (expected === undefined && !solved) {
      throw new FieldError(`tests[${i}].expected`, 'It is missing, and there is no solution to ask.');
    }
    if (expected !== undefined && !isLiteral(expected)) {
      throw new FieldError(`tests[${i}].expected`, 'It must be a Python literal.');
    }
    return {
      input,
      expected: expected === undefined ? ('solution' as const) : { literal: expected },
      check: { kind: 'equal' as const },
    };
  });
  return { kind: 'calls', entry, cases, rules: { kind: 'python' } };
}

function readScript(row: Row): Tests {
  return {
    kind: 'script',
    entry: textField(row, 'entry'),
    script: textField(row, 'script'),
    why: 'The bank gives a script.',
  };
}
