/** Predicted outputs (deduction) and inputs (abduction) of a program, as CRUXEval asks for them. */
import { nextToken } from '../pytext/tokens.ts';
import type { Judge, JudgeOptions, ProgramResult, ProgramRun } from '../gasp/ports.ts';
import { brief } from '../util/text.ts';
import { SOLUTION_LIMITS } from './expectations.ts';
import { isJudged, type Outcome, readCall, readFailure } from './outcomes.ts';
import type { Problem } from './problem.ts';
import { pythonOf } from './pythonOf.ts';

/** The pair of the problem, and the half of it that is predicted. */
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
  const badPairs = await findBadPairs(answers, judge, options.signal ? { signal: options.signal } : {});
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
            ...pythonOf(problem),
          }) - 1,
      };
    }
    const call = readCallOfF(answer);
    if (!call)
      return { done: { outcome: 'unparsable', reason: `${brief(answer.trim())} is no call of f.` } as const };
    if (call.claimed !== undefined && !judge.sameValue(call.claimed, output)) {
      return { done: wrong(`It claims the output ${brief(call.claimed)}; asked for was ${brief(output)}.`) };
    }
    return { place: runs.push({ program, inputs: [call.input], limits, ...pythonOf(problem) }) - 1 };
  });
  const results = runs.length > 0 ? await judge.run(runs, options) : [];
  return plans.map((plan, i) => {
    const { problem, answer, task } = answers[i]!;
    const output = problem.prediction!.outputs[task.index]!;
    const bad = badPairs[i];
    if (bad) return bad;
    if ('done' in plan && plan.done) return plan.done;
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

/** For each answer why the pair that it was asked about is none, or undefined. */
async function findBadPairs(
  answers: readonly { problem: Problem; task: PredictionTask }[],
  judge: Judge,
  options: JudgeOptions,
): Promise<({ outcome: Outcome; reason: string } | undefined)[]> {
  const keyOf = ({ problem, task }: (typeof answers)[number]) => JSON.stringify([problem.id, task.index]);
  const unique = new Map(answers.map((one) => [keyOf(one), one]));
  if (unique.size === 0) return [];
  const results = await judge.run(
    [...unique.values()].map(({ problem, task }) => ({
      program: problem.prediction!.program,
      inputs: [problem.prediction!.inputs[task.index]!],
      limits: SOLUTION_LIMITS,
      ...pythonOf(problem),
    })),
    options,
  );
  const bad = new Map(
    [...unique].map(([key, { problem, task }], i) => {
      const { inputs, outputs } = problem.prediction!;
      return [key, readPair(results[i]!, inputs[task.index]!, outputs[task.index]!, judge)];
    }),
  );
  return answers.map((one) => bad.get(keyOf(one)));
}

/** Why a pair of the bank's is none, or undefined. */
function readPair(
  result: ProgramResult,
  input: string,
  output: string,
  judge: Judge,
): { outcome: Outcome; reason: string } | undefined {
  const where = `f(${brief(input)})`;
  const failure = result.status === 'ran' ? readCall(result.calls[0], where, '') : readFailure(result);
  if (failure && !isJudged(failure.outcome)) return failure;
  const call = result.status === 'ran' ? result.calls[0] : undefined;
  if (call?.status === 'returned' && judge.sameValue(call.value, output)) return undefined;
  const why =
    call?.status === 'returned'
      ? `${where} gives ${brief(call.value)}, not ${brief(output)}.`
      : failure!.reason;
  return { outcome: 'bad-test', reason: `The bank's own pair is none: ${why}` };
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
