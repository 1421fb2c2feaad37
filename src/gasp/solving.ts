/** The student at work: sampled answers, judged, with a reason that a person can read. */
import type {
  Completion,
  Dialect,
  Grade,
  Graded,
  Judge,
  Parsed,
  Policy,
  ProgramResult,
  ProgramRun,
  TokenDraws,
} from './ports.ts';
import type { Progress, Stage } from './progress.ts';
import type { Attempt, Question, Task, Verdict } from './question.ts';
import { deriveSeed } from 'onnx-lora/random';
import { studentReward } from './rewards.ts';
import { type Rollouts, startRollouts } from './rollouts.ts';
import { brief } from '../util/text.ts';

/** The ports and options that the method is given. */
export interface Tools {
  policy: Policy;
  judge: Judge;
  dialect: Dialect;
  /** Judges answers to questions of benchmarks; a run without any needs none. */
  grade?: Grade;
  signal?: AbortSignal;
  progress?: Progress;
}

/** What answers are judged with. */
export type Judging = Pick<Tools, 'judge' | 'dialect' | 'grade'>;

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
  tools: Tools,
): Rollouts<Judged> {
  const { policy, dialect, signal, progress } = tools;
  const batch = tasks.slice(from, from + size);
  const answers = new AnswerJudge(tools);
  return startRollouts(
    policy,
    batch.map((task) => ({
      prompt: dialect.solvePrompt(task),
      samples,
      maxTokens: answerTokens(task.question, dialect),
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

/** Tokens that an answer to a question may take. */
export function answerTokens({ benchmark }: Question, { maxTokens }: Pick<Dialect, 'maxTokens'>): number {
  return (benchmark && maxTokens.benchmark) ?? maxTokens.answer;
}

/**
 * Judges answers as they come. Induction: the program must agree with the question's on every input, or pass all
 * tests of the benchmark that the question is of. Deduction: the value must be the output. Abduction: any input will
 * do that the question's program maps to the output. Equal answers to one question run once.
 */
export class AnswerJudge {
  private readonly judgePort: Judge;
  private readonly dialect: Dialect;
  private readonly runs: Gathered<ProgramRun, ProgramResult>;
  private readonly graded: Gathered<{ question: Question; program: string }, Graded>;

  constructor({ judge, dialect, grade }: Judging) {
    this.judgePort = judge;
    this.dialect = dialect;
    this.runs = new Gathered((runs, signal) => judge.run(runs, signal && { signal }));
    this.graded = new Gathered((answers, signal) => {
      if (!grade) throw new Error('Questions of benchmarks need the judge of their tests.');
      return grade(answers, judge, signal && { signal });
    });
  }

  async judge(task: Task, text: string, signal?: AbortSignal): Promise<Attempt> {
    return (await this.judgeByCases(task, text, signal)).attempt;
  }

  async judgeByCases(task: Task, text: string, signal?: AbortSignal): Promise<Judged> {
    const { verdict, reason, share } = await this.verdictOn(
      task,
      this.dialect.parseAnswer(task, text),
      signal,
    );
    return { attempt: { text, verdict, reason, reward: studentReward(verdict) }, share };
  }

  private async verdictOn(
    task: Task,
    answer: Parsed<string>,
    signal: AbortSignal | undefined,
  ): Promise<Graded> {
    if (!answer.ok) return { verdict: 'unparsable', reason: answer.reason, share: 0 };
    const { question } = task;
    if (task.type === 'induction' && question.benchmark) {
      const program = answer.value;
      return this.graded.ask([question.id, program], { question, program }, signal);
    }
    const run = runFor(task, answer.value);
    const result = run && (await this.runs.ask([run.program, run.inputs], run, signal));
    const [verdict, reason] =
      run && result
        ? readRun(task, run, result, this.judgePort)
        : compareOutput(task, answer.value, this.judgePort);
    const share = verdict === 'passed' ? 1 : result ? casesPassed(task, result, this.judgePort) : 0;
    return { verdict, reason, share };
  }
}

/** What is asked for in one step, by answers that ended together, is done together, and what has the same key once. */
class Gathered<T, R> {
  private readonly results = new Map<string, Promise<R>>();
  private next: { items: T[]; results: Promise<R[]> } | undefined;

  constructor(private readonly send: (items: T[], signal: AbortSignal | undefined) => Promise<R[]>) {}

  ask(key: unknown, item: T, signal: AbortSignal | undefined): Promise<R> {
    const name = JSON.stringify(key);
    const known = this.results.get(name);
    if (known) return known;
    this.next ??= this.gather(signal);
    const place = this.next.items.push(item) - 1;
    const result = this.next.results.then((results) => results[place]!);
    this.results.set(name, result);
    return result;
  }

  private gather(signal: AbortSignal | undefined) {
    const items: T[] = [];
    const send = () => {
      this.next = undefined;
      return this.send(items, signal);
    };
    return { items, results: Promise.resolve().then(send) };
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
