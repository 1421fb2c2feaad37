/** Predicted outputs (deduction) and inputs (abduction) of a program, as CRUXEval asks for them. */
import { nextToken } from '../pytext/tokens.ts';
import type { Judge, JudgeOptions, ProgramRun } from '../gasp/ports.ts';
import { brief } from '../util/text.ts';
import { type Outcome, readCall, readFailure } from './outcomes.ts';
import type { Problem } from './problem.ts';

/** Which pair of the problem's, and which half of it the answer is. */
export interface PredictionTask {
  type: 'deduction' | 'abduction';
  index: number;
}

/**
 * Judges predictions, in order. An output may be any expression: it is evaluated without the program,
 * so that it cannot ask it, and compared outside. An input is any call of `f` that gives the output.
 */
export async function gradePredictions(
  answers: readonly { problem: Problem; answer: string; task: PredictionTask }[],
  judge: Judge,
  options: JudgeOptions,
  seconds: number,
): Promise<{ outcome: Outcome; reason: string }[]> {
  const runs: ProgramRun[] = [];
  const plans = answers.map(({ problem, answer, task }) => {
    const { program, outputs } = problem.prediction!;
    const limits = { seconds, total: seconds };
    const output = outputs[task.index]!;
    if (task.type === 'deduction') {
      if (judge.sameValue(answer, output)) return { done: passed(`The output is ${brief(output)}.`) };
      if (judge.sameValue(answer, answer)) {
        return { done: wrong(`It says ${brief(answer.trim())}; the output is ${brief(output)}.`) };
      }
      return {
        place:
          runs.push({
            program: `${importsOf(program)}\ndef f(value): return value`,
            inputs: [answer],
            limits,
          }) - 1,
      };
    }
    const call = readCallOfF(answer);
    if (!call)
      return { done: { outcome: 'unparsable', reason: `${brief(answer.trim())} is no call of f.` } as const };
    if (call.claimed !== undefined && !judge.sameValue(call.claimed, output)) {
      return { done: wrong(`It claims the output ${brief(call.claimed)}; asked for was ${brief(output)}.`) };
    }
    return { place: runs.push({ program, inputs: [call.input], limits }) - 1 };
  });
  const results = runs.length > 0 ? await judge.run(runs, options) : [];
  return plans.map((plan, i) => {
    if ('done' in plan && plan.done) return plan.done;
    const { problem, answer, task } = answers[i]!;
    const output = problem.prediction!.outputs[task.index]!;
    const result = results[plan.place!]!;
    if (result.status !== 'ran') return readFailure(result);
    const deduction = task.type === 'deduction';
    const where = brief(answer.trim());
    const call = result.calls[0]!;
    if (deduction && call.status === 'raised') {
      return { outcome: 'unparsable', reason: `${where} is no value: ${call.error}.` };
    }
    if (call.status === 'raised' && call.ofInput) {
      return { outcome: 'unparsable', reason: `${where} is not Python: ${call.error}.` };
    }
    const failure = readCall(call, where, '');
    if (failure) return failure;
    const { value } = call as { value: string };
    if (judge.sameValue(value, output))
      return passed(deduction ? `The output is ${brief(output)}.` : `${where} gives ${brief(output)}.`);
    return wrong(
      deduction
        ? `It says ${brief(value)}; the output is ${brief(output)}.`
        : `${where} gives ${brief(value)}, not ${brief(output)}.`,
    );
  });
}

function passed(reason: string): { outcome: Outcome; reason: string } {
  return { outcome: 'passed', reason };
}

function wrong(reason: string): { outcome: Outcome; reason: string } {
  return { outcome: 'wrong', reason };
}

/** An output may name what the program imports, such as `OrderedDict`. */
function importsOf(program: string): string {
  return (program.match(/^(?:import|from)[ \t][^\n\\(]*$/gm) ?? []).join('\n');
}

/** `f(...)`, perhaps with the output that it is said to give after `==`. */
function readCallOfF(answer: string): { input: string; claimed?: string } | undefined {
  const text = answer.trim();
  const head = /^f\s*\(/.exec(text);
  if (!head) return undefined;
  let depth = 1;
  let at = head[0].length;
  while (at < text.length && depth > 0) {
    const [kind, token] = nextToken(text, at);
    if (kind === 'operator' && '([{'.includes(token)) depth++;
    if (kind === 'operator' && ')]}'.includes(token)) depth--;
    at += token.length;
  }
  if (depth > 0) return undefined;
  const input = text.slice(head[0].length, at - 1);
  const rest = text
    .slice(at)
    .replace(/^\s*#[^\n]*$/, '')
    .trim();
  if (rest === '') return { input };
  const claimed = /^==\s*([\s\S]+)$/.exec(rest)?.[1];
  return claimed === undefined ? undefined : { input, claimed };
}
