/** CRUXEval's rows: a program, an argument list, its output. */
import { sameValue } from '../pytext/sameValue.ts';
import type { Problem } from './problem.ts';
import { FieldError, idField, type Row, textField } from './rows.ts';

/** Throws `FieldError`. */
export function readCruxEvalRow(row: Row): Problem {
  const [program, input, output] = [
    textField(row, 'code'),
    textField(row, 'input'),
    textField(row, 'output'),
  ];
  if (!/^def f\b/m.test(program)) throw new FieldError('code', 'It must define the function f.');
  if (!sameValue(output, output) && !/\bnan\b/.test(output)) {
    throw new FieldError('output', 'It must be a Python literal.');
  }
  return {
    id: idField(row, 'id'),
    format: 'cruxeval',
    title: `f(${input})`,
    statement: program,
    suites: [],
    prediction: { program, inputs: [input], outputs: [output] },
  };
}
