/** The student at work: sampled answers, judged, with a reason that a person can read. */
import type { Completion, Dialect, Judge, Policy, ProgramResult, ProgramRun } from './ports.ts';
import type { Progress, Stage } from './progress.ts';
import type { Attempt, Task, Verdict } from './question.ts';
import { deriveSeed } from 'onnx-lora/random';
import { studentReward } from './rewards.ts';
import { brief } from '../util/text.ts';

/** The ports and options that the method is given. */
export interface Tools {
  policy: Policy;
  judge: Judge;
  dialect: Dialect;
  signal?: AbortSignal;
  progress?: Progress;
}

export interface SolveOptions {
  /** Answers to each task. */
  samples: number;
  temperature: number;
  topP: number;
  seed: number;
  stage: Stage;
}

/** One task with the student's answers; arrays run over the answers. */
export interface Solved {
  task: Task;
  attempts: Attempt[];
  completions: Completion[];
  passRate: number;
}

/** Answers sampled at a time: enough to fill a batch, few enough to fit in memory and report soon. */
const MAX_ROWS = 512;

/** Samples and judges answers to all tasks, in batches; yields each batch's tasks in order. */
export async function* solveInBatches(
  tasks: readonly Task[],
  options: SolveOptions,
  tools: Tools,
): AsyncGenerator<Solved[]> {
  const size = Math.max(1, Math.floor(MAX_ROWS / options.samples));
  const total = tasks.length * options.samples;
  for (let from = 0; from < tasks.length; from += size) {
    const batch = tasks.slice(from, from + size);
    const done = from * options.samples;
    const sampled = await tools.policy.sample(
      batch.map((task) => ({
        prompt: tools.dialect.solvePrompt(task),
        samples: options.samples,
        maxTokens: tools.dialect.maxTokens.answer,
      })),
      {
        temperature: options.temperature,
        topP: options.topP,
        seed: deriveSeed(options.seed, 'batch', from),
        ...(tools.signal && { signal: tools.signal }),
        onProgress: (p) => {
          tools.progress?.stage(options.stage, done + p.finished, total, 'answers');
          tools.progress?.sampling('solver', p, (request) => batch[request]!.question.id);
        },
      },
    );
    tools.signal?.throwIfAborted();
    const answers = batch.flatMap((task, i) => sampled[i]!.map(({ text }) => ({ task, text })));
    const attempts = await judgeAnswers(answers, tools);
    yield batch.map((task, i) => {
      const own = attempts.slice(i * options.samples, (i + 1) * options.samples);
      const passed = own.filter((a) => a.verdict === 'passed').length;
      return { task, attempts: own, completions: sampled[i]!, passRate: passed / own.length };
    });
  }
}

/** All tasks at once; see `solveInBatches`. */
export async function solve(tasks: readonly Task[], options: SolveOptions, tools: Tools): Promise<Solved[]> {
  const solved: Solved[] = [];
  for await (const batch of solveInBatches(tasks, options, tools)) solved.push(...batch);
  return solved;
}

/**
 * Judges answers, in order. Induction: the program must agree with the question's on every input.
 * Deduction: the value must be the output. Abduction: any input will do that the question's program
 * maps to the output. Equal answers to one question run once.
 */
export async function judgeAnswers(
  answers: readonly { task: Task; text: string }[],
  tools: Pick<Tools, 'judge' | 'dialect' | 'signal'>,
): Promise<Attempt[]> {
  const { judge, dialect, signal } = tools;
  const runs: ProgramRun[] = [];
  const places = new Map<string, number>();
  const parsed = answers.map(({ task, text }) => {
    const answer = dialect.parseAnswer(task, text);
    if (!answer.ok) return { answer };
    const run = runFor(task, answer.value);
    if (!run) return { answer };
    const key = JSON.stringify([run.program, run.inputs]);
    let place = places.get(key);
    if (place === undefined) {
      place = runs.push(run) - 1;
      places.set(key, place);
    }
    return { answer, place };
  });
  const results = runs.length > 0 ? await judge.run(runs, signal && { signal }) : [];
  return parsed.map(({ answer, place }, i) => {
    const { task, text } = answers[i]!;
    const [verdict, reason] = !answer.ok
      ? (['unparsable', answer.reason] as const)
      : place === undefined
        ? compareOutput(task, answer.value, judge)
        : readRun(task, runs[place]!, results[place]!, judge);
    return { text, verdict, reason, reward: studentReward(verdict) };
  });
}

/** The program run that judges an answer; undefined for deduction, which needs none. */
function runFor(task: Task, answer: string): ProgramRun | undefined {
  if (task.type === 'induction') return { program: answer, inputs: task.question.inputs };
  if (task.type === 'abduction') return { program: task.question.program, inputs: [answer] };
  return undefined;
}

function compareOutput(task: Task, answer: string, judge: Judge): readonly [Verdict, string] {
  const index = task.type === 'induction' ? 0 : task.index;
  const expected = task.question.outputs[index]!;
  if (judge.sameValue(answer, expected)) return ['passed', `The output is ${brief(expected)}.`];
  if (!judge.sameValue(answer, answer)) return ['unparsable', `${brief(answer)} is not a Python value.`];
  return ['wrong', `It says ${brief(answer)}; the output is ${brief(expected)}.`];
}

function readRun(
  task: Task,
  run: ProgramRun,
  result: ProgramResult,
  judge: Judge,
): readonly [Verdict, string] {
  if (result.status !== 'ran') {
    const line = result.line === undefined ? '' : `Line ${result.line}: `;
    const verdicts = { syntax: 'unparsable', crashed: 'raised' } as const;
    const status = result.status;
    return [status === 'syntax' || status === 'crashed' ? verdicts[status] : status, line + result.error];
  }
  const { outputs } = task.question;
  const expected = task.type === 'induction' ? outputs : [outputs[task.index]!];
  for (const [i, call] of result.calls.entries()) {
    const where = `f(${brief(run.inputs[i]!)})`;
    const cases = expected.length > 1 ? ` (case ${i + 1} of ${expected.length})` : '';
    if (call.status === 'timeout') return ['timeout', `${where} did not end in time${cases}.`];
    if (call.status === 'too-big') return ['wrong', `${where}: ${call.error}${cases}`];
    if (call.status === 'raised') {
      const line = call.line === undefined ? '' : ` in line ${call.line}`;
      return ['raised', `${where} raised${line}: ${call.error}${cases}`];
    }
    if (!judge.sameValue(call.value, expected[i]!)) {
      return ['wrong', `${where} gave ${brief(call.value)}, expected ${brief(expected[i]!)}${cases}.`];
    }
  }
  if (task.type === 'abduction')
    return ['passed', `f(${brief(run.inputs[0]!)}) gives ${brief(expected[0]!)}.`];
  return ['passed', `All ${expected.length} cases agree.`];
}

/** Tokens sampled for these answers. */
export function sampledTokens(solved: readonly Solved[]): number {
  return solved.reduce((sum, s) => sum + s.completions.reduce((n, c) => n + c.tokens.length, 0), 0);
}
