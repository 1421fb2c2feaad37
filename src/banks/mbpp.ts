/** Google's MBPP rows: `mbpp.jsonl` (`text`, `test_setup_code`) and `sanitized-mbpp.json` (`prompt`, `test_imports`). */
import { calledFunction, readAssertions } from './assertions.ts';
import type { Problem } from './problem.ts';
import { FieldError, idField, optionalText, type Row, textField, textListField } from './rows.ts';

/** Throws `FieldError`. */
export function readMbppRow(row: Row): Problem {
  const number = idField(row, 'task_id');
  const statement = optionalText(row, 'text') ?? textField(row, 'prompt');
  const solution = textField(row, 'code');
  const tests = textListField(row, 'test_list');
  if (tests.length === 0) throw new FieldError('test_list', 'It must hold at least one assertion.');
  const imports = row.fields.test_imports === undefined ? [] : textListField(row, 'test_imports');
  const setup = [optionalText(row, 'test_setup_code') ?? '', ...imports].filter((line) => line.trim() !== '');
  const script = tests.join('\n');
  const entry = calledFunction(script, solution);
  if (!entry) throw new FieldError('test_list', 'It calls no function that the solution defines.');
  // What a setup defines can be named by the tests: then they stay a script.
  const read = readAssertions(script, entry, entry);
  const plain = setup.every((line) => /^import math$/.test(line.trim()));
  return {
    id: /^\d+$/.test(number) ? `Mbpp/${number}` : number,
    format: 'mbpp',
    title: entry.replaceAll('_', ' '),
    statement,
    solution: [...setup, solution].join('\n'),
    suites: [
      {
        name: 'base',
        tests:
          read.ok && plain
            ? {
                kind: 'calls',
                entry,
                cases: read.cases,
                rules: { kind: 'python' },
                ...(read.scope && { scope: read.scope }),
              }
            : {
                kind: 'script',
                entry,
                script: [...setup, script].join('\n'),
                why: read.ok ? 'Its tests need what they set up.' : read.why,
              },
      },
    ],
  };
}
