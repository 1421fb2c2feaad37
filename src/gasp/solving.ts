/** The student at work: sampled answers, judged, with a reason that a person can read. */
import type { Completion, Dialect, Judge, Policy, ProgramResult, ProgramRun, TokenDraws } from './ports.ts';
import type { Progress, Stage } from './progress.ts';
import type { Attempt, Task, Verdict } from './question.ts';
import { deriveSeed } from 'onnx-lora/random';
import { studentReward } from './rewards.ts';
import { type Rollouts, startRollouts } from './rollouts.ts';
import { brief } from '../util/text.ts';

/** The ports and options that the method is given. */
export interface Tools {
  policy: Policy;
  judge: Judge;
  dialect: Dialect;
  signal?: AbortSignal;
  progress?: Progress;
}

export interface SolveOptions extends TokenDraws {
  /** Answers to each task. */
  samples: number;
  seed: number;
  stage: Stage;
}

/** One task with the student's answers; arrays run over the answers. */
export interface Solved {
  task: Task;
  attempts: Attempt[];
  completions: Completion[];
  passRate: number;
  /** The share of the question's cases that each answer passes. */
  cases: number[];
}

/** Answers sampled at a time: enough to fill a batch, few enough to fit in memory and report soon. */
const MAX_ROWS = 512;

/**
 * Samples and judges answers to all tasks, in batches; yields each batch's tasks in order. An answer is judged while
 * others are sampled, and while a batch's last verdicts are awaited and what it yields is used, the policy samples
 * the next one.
 */
export async function* solveInBatches(
  tasks: readonly Task[],
  options: SolveOptions,
  tools: Tools,
): AsyncGenerator<Solved[]> {
  const size = Math.max(1, Math.floor(MAX_ROWS / options.samples));
  const start = (from: number): Rollouts<Judged> | undefined =>
    from < tasks.length ? startBatch(tasks, from, size, options, tools) : undefined;
  let ahead = start(0);
  try {
    for (let from = 0; ahead; from += size) {
      const { sampled, examined } = ahead;
      const completions = await sampled;
      ahead = start(from + size);
      const judged = await examined;
      yield judged.map((own, i) => {
        const attempts = own.map(({ attempt }) => attempt);
        const passRate = attempts.filter((a) => a.verdict === 'passed').length / own.length;
        const cases = own.map(({ share }) => share);
        return { task: tasks[from + i]!, attempts, completions: completions[i]!, passRate, cases };
      });
    }
  } finally {
    await ahead?.stop();
  }
}

function startBatch(
  tasks: readonly Task[],
  from: number,
  size: number,
  { samples, seed, stage, ...draws }: SolveOptions,
  { policy, judge, dialect, signal, progress }: Tools,
): Rollouts<Judged> {
  const batch = tasks.slice(from, from + size);
  const answers = new AnswerJudge(judge, dialect);
  return startRollouts(
    policy,
    batch.map((task) => ({
      prompt: dialect.solvePrompt(task),
      samples,
      maxTokens: dialect.maxTokens.answer,
    })),
    {
      ...draws,
      seed: deriveSeed(seed, 'batch', from),
      ...(signal && { signal }),
      onProgress: (p) => {
        progress?.stage(stage, from * samples + p.finished, tasks.length * samples, 'answers');
        progress?.sampling('solver', p, (request) => batch[request]!.question.id);
      },
    },
    ({ text }, request, stop) => answers.judgeByCases(batch[request]!, text, stop),
  );
}

/** All tasks at once; see `solveInBatches`. */
export async function solve(tasks: readonly Task[], options: SolveOptions, tools: Tools): Promise<Solved[]> {
  const solved: Solved[] = [];
  for await (const batch of solveInBatches(tasks, options, tools)) solved.push(...batch);
  return solved;
}

/** An answer with its verdict, and the share of the question's cases that it passes. */
interface Judged {
  attempt: Attempt;
  share: number;
}

/**
 * Judges answers as they come. Induction: the program must agree with the question's on every input.
 * Deduction: the value must be the output. Abduction: any input will do that the question's program
 * maps to the output. Equal answers to one question run once.
 */
export class AnswerJudge {
  private readonly results = new Map<string, Promise<ProgramResult>>();
  /** Runs that go to the judge together: those of answers that ended in one step. */
  private next: { runs: ProgramRun[]; results: Promise<ProgramResult[]> } | undefined;

  constructor(
    private readonly judgePort: Judge,
    private readonly dialect: Dialect,
  ) {}

  async judge(task: Task, text: string, signal?: AbortSignal): Promise<Attempt> {
    return (await this.judgeByCases(task, text, signal)).attempt;
  }

  async judgeByCases(task: Task, text: string, signal?: AbortSignal): Promise<Judged> {
    const answer = this.dialect.parseAnswer(task, text);
    const run = answer.ok ? runFor(task, answer.value) : undefined;
    const result = run && (await this.resultOf(run, signal));
    const [verdict, reason] = !answer.ok
      ? (['unparsable', answer.reason] as const)
      : run && result
        ? readRun(task, run, result, this.judgePort)
        : compareOutput(task, answer.value, this.judgePort);
    const share = verdict === 'passed' ? 1 : result ? casesPassed(task, result, this.judgePort) : 0;
    return { attempt: { text, verdict, reason, reward: studentReward(verdict) }, share };
  }

  private resultOf(run: ProgramRun, signal: AbortSignal | undefined): Promise<ProgramResult> {
    const key = JSON.stringify([run.program, run.inputs]);
    const known = this.results.get(key);
    if (known) return known;
    this.next ??= this.gather(signal);
    const place = this.next.runs.push(run) - 1;
    const result = this.next.results.then((results) => results[place]!);
    this.results.set(key, result);
    return result;
  }

  private gather(signal: AbortSignal | undefined) {
    const runs: ProgramRun[] = [];
    const send = () => {
      this.next = undefined;
      return this.judgePort.run(runs, signal && { signal });
    };
    return { runs, results: Promise.resolve().then(send) };
  }
}

/** The program run that judges an answer; undefined for deduction, which needs none. */
function runFor(task: Task, answer: string): ProgramRun | undefined {
  if (task.type === 'deduction') return undefined;
  const [program, inputs] =
    task.type === 'induction' ? [answer, task.question.inputs] : [task.question.program, [answer]];
  // Not by its place among answers, which end in another order on another machine.
  return { program, inputs, seed: deriveSeed(0, program, ...inputs) };
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

/** The share of expected values that a program gives. */
function casesPassed(task: Task, result: ProgramResult, judge: Judge): number {
  if (task.type !== 'induction' || result.status !== 'ran') return 0;
  const { outputs } = task.question;
  const right = result.calls.filter(
    (call, i) => call.status === 'returned' && judge.sameValue(call.value, outputs[i]!),
  );
  return right.length / outputs.length;
}

/** Tokens sampled for these answers. */
export function sampledTokens(solved: readonly Solved[]): number {
  return solved.reduce((sum, s) => sum + s.completions.reduce((n, c) => n + c.tokens.length, 0), 0);
}
