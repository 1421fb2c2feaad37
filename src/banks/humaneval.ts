/**
 * OpenAI's HumanEval rows: a prompt, its solution, and a `check(candidate)` full of assertions; or, as the Hub
 * hands out HumanEval+, one that goes through EvalPlus's cases.
 */
import { readAssertions } from './assertions.ts';
import { isEvalPlusScript, withSpecialRule } from './evalplusScripts.ts';
import type { Problem } from './problem.ts';
import { type Row, textField } from './rows.ts';

/** Throws `FieldError`. */
export function readHumanEvalRow(row: Row): Problem {
  const entry = textField(row, 'entry_point');
  const prompt = textField(row, 'prompt');
  const test = textField(row, 'test');
  const read = readAssertions(bodyOfCheck(test), 'candidate', entry);
  return {
    id: textField(row, 'task_id'),
    format: 'humaneval',
    title: entry.replaceAll('_', ' '),
    statement: prompt,
    prompt,
    solution: prompt + textField(row, 'canonical_solution'),
    suites: [
      {
        ...(isEvalPlusScript(test) ? { name: 'plus', repeats: ['base'] } : { name: 'base' }),
        tests: read.ok
          ? {
              kind: 'calls',
              entry,
              cases: read.cases,
              // The published verdicts are EvalPlus's, which allows floats to differ a little.
              rules: { kind: 'evalplus', benchmark: 'humaneval', entry, atol: 0 },
              ...(read.scope && { scope: read.scope }),
            }
          : {
              kind: 'script',
              entry,
              script: `${withSpecialRule(test, 'humaneval', entry)}\ncheck(candidate)\n`,
              why: read.why,
            },
      },
    ],
  };
}

/** The body of `def check(candidate):`; the whole text where there is no such function. */
function bodyOfCheck(test: string): string {
  const head = /^def check\(candidate\):[^\n]*\n/m.exec(test);
  return head ? test.slice(head.index + head[0].length) : test;
}
