/**
 * EvalPlus's cases as scripts: the form in which the Hub hands out HumanEval+ and MBPP+ (`evalplus/humanevalplus`,
 * `evalplus/mbppplus`; made by EvalPlus's `to_original_fmt.py`). Not all of them have the rules for single tasks
 * with which EvalPlus itself judges: those are put in.
 */
import { type EvalPlusBenchmark, specialRule } from './specialRules.ts';

/** Whether a script is one of these: lists of inputs and results, compared one by one. */
export function isEvalPlusScript(script: string): boolean {
  return /^[ \t]*inputs\s*=/m.test(script) && /^[ \t]*for\b[^\n]*\binputs\b/m.test(script);
}

/** Whether it is one of these without a case: it would take anything for right. */
export function hasNoCases(script: string): boolean {
  return isEvalPlusScript(script) && /^[ \t]*inputs\s*=\s*\[\s*\][ \t]*$/m.test(script);
}

/** The script, with EvalPlus's rule for this task where it has one and the script knows no better. */
export function withSpecialRule(script: string, benchmark: EvalPlusBenchmark, entry: string): string {
  const rule = specialRule(benchmark, entry);
  if (!rule || !isEvalPlusScript(script)) return script;
  if (benchmark === 'humaneval') {
    // As it is handed out it takes the root for a list, so that every answer fails.
    return script.replace(
      /assert _poly\(\*candidate\(\*inp\), inp\) <= ([\d.e-]+)/g,
      'assert abs(_poly(*inp, candidate(*inp))) <= $1',
    );
  }
  const comparison = /^def assertion\(out, exp, atol\):/m;
  const loop = /^inputs\s*=/m.exec(script);
  if (!comparison.test(script) || !loop) return script;
  return `${script.slice(0, loop.index)}${wrapped(rule)}\n${script.slice(loop.index)}`;
}

function wrapped({ settled, python }: { settled: boolean; python: string }): string {
  const body = python.trim().replaceAll(/\n\s*/g, '\n    ');
  const usual = settled
    ? ''
    : `
    try:
        return _usual_assertion(out, exp, atol)
    except AssertionError:
        pass`;
  return `
import math

_usual_assertion = assertion

def _special_rule(out, exp, inp, atol):
    ${body}

def assertion(out, exp, atol):${usual}
    assert _special_rule(out, exp, inp, atol)
`;
}
