/**
 * MBPP's rows: Google's `mbpp.jsonl` (`text`, `test_setup_code`) and `sanitized-mbpp.json` (`prompt`,
 * `test_imports`), and MBPP+ as the Hub hands it out, which adds a script with EvalPlus's cases (`test`).
 */
import { calledFunction, readAssertions } from './assertions.ts';
import { isEvalPlusScript, withSpecialRule } from './evalplusScripts.ts';
import type { Problem, Suite, Tests } from './problem.ts';
import { FieldError, idField, optionalText, type Row, textField, textListField } from './rows.ts';

/** Throws `FieldError`. */
export function readMbppRow(row: Row): Problem {
  const number = idField(row, 'task_id');
  const statement = optionalText(row, 'text') ?? textField(row, 'prompt');
  const solution = textField(row, 'code');
  const tests = textListField(row, 'test_list').filter((test) => test.trim() !== '');
  const plus = optionalText(row, 'test') ?? '';
  if (tests.length === 0 && plus.trim() === '')
    throw new FieldError('test_list', 'It must hold at least one assertion.');
  const imports = row.fields.test_imports === undefined ? [] : textListField(row, 'test_imports');
  const setup = [optionalText(row, 'test_setup_code') ?? '', ...imports].filter((line) => line.trim() !== '');
  const script = tests.join('\n');
  const entry = calledFunction(`${script}\n${plus}`, solution);
  if (!entry) throw new FieldError('test_list', 'It calls no function that the solution defines.');
  const suites: Suite[] = [{ name: 'base', tests: baseTests(script, setup, entry, plus) }];
  if (plus.trim() !== '') {
    const source = [...setup, withSpecialRule(plus, 'mbpp', entry)].join('\n');
    const why = 'It has a script of its own.';
    const tests: Tests = { kind: 'script', entry, script: source, setup: setup.join('\n'), why };
    suites.push({ name: 'plus', tests, repeats: ['base'] });
  }
  const challenge = row.fields.challenge_test_list;
  const left = Array.isArray(challenge) && challenge.length > 0;
  return {
    id: /^\d+$/.test(number) ? `Mbpp/${number}` : number,
    format: 'mbpp',
    title: entry.replaceAll('_', ' '),
    statement,
    solution: [...setup, solution].join('\n'),
    suites: suites.filter(({ tests }) => tests.kind !== 'script' || tests.script.trim() !== ''),
    ...(left && { leftOut: "challenge_test_list, which MBPP's own evaluation does not run" }),
  };
}

function baseTests(script: string, setup: readonly string[], entry: string, plus: string): Tests {
  if (script === '') return { kind: 'script', entry, script, why: '' };
  // Tests that name something of the setup stay a script.
  const read = readAssertions(script, entry, entry);
  if (!read.ok || !setup.every((line) => /^import math$/.test(line.trim()))) {
    const why = read.ok ? 'Its tests need what they set up.' : read.why;
    return {
      kind: 'script',
      entry,
      script: [...setup, script].join('\n'),
      setup: setup.join('\n'),
      why,
    };
  }
  return {
    kind: 'calls',
    entry,
    cases: read.cases,
    rules: isEvalPlusScript(plus)
      ? { kind: 'evalplus', benchmark: 'mbpp', entry, atol: 0 }
      : { kind: 'python' },
    ...(read.scope && { scope: read.scope }),
  };
}
