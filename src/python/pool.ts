/** The judge proper: a pool of interpreters, the programs that they are given, when they are killed, which answers count. */
import { pythonFailed } from './pythonFailed.ts';
import type { CallResult, Judge, JudgeOptions, ProgramResult, ProgramRun } from '../gasp/ports.ts';
import type { Interpreter, Request, Spawn } from './interpreter.ts';
import { sameValue } from '../pytext/sameValue.ts';

export interface Limits {
  /** For one program with all its inputs. */
  seconds: number;
  /** Longest `repr` of a value. */
  valueChars: number;
  /** Characters that one program may print in all. */
  printChars: number;
}

export const DEFAULT_LIMITS: Limits = { seconds: 2, valueChars: 100_000, printChars: 1_000_000 };

export interface PoolOptions {
  /** Interpreters that run side by side. */
  size: number;
  limits?: Partial<Limits>;
}

/** Programs handed to an interpreter at once: enough to hide the way there, few enough to share out. */
const BATCH = 32;
/** Beyond the soft limit, which the interpreter enforces itself, until it is killed, in ms; of processor time where that is known. */
const [GRACE, GRACE_ON_THE_CLOCK] = [100, 500];
/** A pool that was itself held up looks at waiting messages for so long before it kills, in ms. */
const LAST_LOOK = 30;
/** Where processor time counts, the clock on the wall may show so many times as much. */
const PATIENCE = 20;
const START_LIMIT = 300_000;
const FAILED_STARTS = 3;

interface Task {
  job: Job;
  index: number;
  alone: boolean;
}

class Job {
  readonly results: ProgramResult[];
  done = 0;
  over = false;
  readonly finished: Promise<ProgramResult[]>;
  #resolve!: (results: ProgramResult[]) => void;
  #reject!: (reason: unknown) => void;

  constructor(
    readonly runs: ProgramRun[],
    readonly onProgress: JudgeOptions['onProgress'],
  ) {
    this.results = new Array(runs.length);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  settle(index: number, result: ProgramResult): void {
    if (this.over) return;
    this.results[index] = result;
    this.done++;
    this.onProgress?.(this.done, this.runs.length);
    if (this.done < this.runs.length) return;
    this.over = true;
    this.#resolve(this.results);
  }

  fail(reason: unknown): void {
    this.over = true;
    this.#reject(reason);
  }
}

/** A place in the pool. Its interpreter changes; an answer of an earlier one is not heard any more. */
class Slot {
  interpreter: Interpreter | undefined;
  state: 'starting' | 'idle' | 'busy' = 'starting';
  /** No program has run in this interpreter yet. */
  fresh = true;
  batch: Task[] = [];
  /** How many of `batch` are answered. */
  answered = 0;
  /** When the program that runs must be done, whatever signs of life it gives; ms since the epoch. */
  end = Infinity;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * `Judge` over interpreters that `spawn` starts.
 *
 * Whoever gets hold of an interpreter speaks for it. It is heard for the programs that it was given and
 * for as long as it lives: a program that is alone in it can falsify nothing but its own result, for
 * there is no second one. Those that share one rely on the harness, which lets only tame programs do so.
 */
export class PooledJudge implements Judge {
  readonly #limits: Limits;
  readonly #spawn: Spawn;
  readonly #slots: Slot[] = [];
  /** For interpreters that are shared; taken from the front. */
  #shared: Task[] = [];
  /** Programs for an interpreter of their own, used for nothing before and after. */
  #alone: Task[] = [];
  readonly #jobs = new Set<Job>();
  /** Signals that call jobs off. Each has one listener: Node takes more than ten of them for a leak. */
  readonly #heard = new Map<AbortSignal, { jobs: Set<Job>; listener: () => void }>();
  /** The first interpreter starts by itself: the others start from its snapshot, in a fraction of the time. */
  #started = false;
  #failedStarts = 0;
  #disposed = false;

  constructor(spawn: Spawn, { size, limits }: PoolOptions) {
    this.#spawn = spawn;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    for (let i = 0; i < size; i++) this.#slots.push(new Slot());
  }

  async run(runs: ProgramRun[], { signal, onProgress }: JudgeOptions = {}): Promise<ProgramResult[]> {
    signal?.throwIfAborted();
    if (this.#disposed) throw new Error('the judge has been disposed of');
    if (runs.length === 0) return [];
    const job = new Job(runs, onProgress);
    const release = signal && this.#cancelOn(signal, job);
    this.#jobs.add(job);
    for (let index = 0; index < runs.length; index++) this.#shared.push({ job, index, alone: false });
    this.#schedule();
    try {
      return await job.finished;
    } finally {
      this.#jobs.delete(job);
      release?.();
    }
  }

  sameValue(a: string, b: string): boolean {
    return sameValue(a, b);
  }

  /** Milliseconds of processor time of the interpreters that run now, where that can be told. */
  processorTime(): number {
    return this.#slots.reduce((sum, { interpreter }) => sum + (interpreter?.spent?.() ?? 0), 0);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const slot of this.#slots) this.#stop(slot);
    this.#failAll(new Error('the judge has been disposed of'));
  }

  #failAll(reason: Error): void {
    this.#shared = [];
    this.#alone = [];
    for (const job of this.#jobs) job.fail(reason);
  }

  /** Cancels the job when the signal says so, until the function that it returns is called. */
  #cancelOn(signal: AbortSignal, job: Job): () => void {
    let heard = this.#heard.get(signal);
    if (!heard) {
      const jobs = new Set<Job>();
      const listener = () => this.#cancel(jobs, signal.reason);
      heard = { jobs, listener };
      this.#heard.set(signal, heard);
      signal.addEventListener('abort', listener);
    }
    const { jobs, listener } = heard;
    jobs.add(job);
    return () => {
      jobs.delete(job);
      if (jobs.size > 0) return;
      this.#heard.delete(signal);
      signal.removeEventListener('abort', listener);
    };
  }

  #cancel(jobs: Iterable<Job>, reason: unknown): void {
    for (const job of jobs) job.fail(reason);
    this.#shared = this.#shared.filter((task) => !task.job.over);
    this.#alone = this.#alone.filter((task) => !task.job.over);
    for (const slot of this.#slots) {
      // The running program is no longer awaited and may run for long; those behind it start again.
      if (slot.state === 'busy' && slot.batch[slot.answered]?.job.over) this.#replace(slot);
    }
  }

  #schedule(): void {
    if (this.#disposed) return;
    for (const slot of this.#slots) {
      if (this.#shared.length + this.#alone.length === 0) return;
      if (slot.interpreter) {
        if (slot.state === 'idle') this.#feed(slot);
      } else if (this.#started || this.#slots.every((other) => !other.interpreter)) {
        this.#start(slot);
      }
    }
  }

  #feed(slot: Slot): void {
    if (slot.fresh && this.#alone.length > 0) {
      this.#post(slot, [this.#alone.shift()!]);
    } else if (this.#shared.length > 0) {
      const share = Math.ceil(this.#shared.length / this.#slots.length);
      this.#post(slot, this.#shared.splice(0, Math.min(BATCH, share)));
    } else if (this.#alone.length > 0) {
      this.#replace(slot);
    }
  }

  #post(slot: Slot, batch: Task[]): void {
    const request: Request = {
      programs: batch.map(({ job, index, alone }) => {
        const run = job.runs[index]!;
        const { program, inputs, how, python, limits, seed = index } = run;
        const { valueChars, printChars } = { ...this.#limits, ...limits };
        const ms = stepMilliseconds(run, this.#limits);
        return {
          request: JSON.stringify({
            program,
            inputs,
            seed,
            alone,
            valueChars,
            printChars,
            ...(how && { how: { ...how, ms } }),
            ...(python && { python }),
          }),
          milliseconds: ms[0] ?? this.#limits.seconds * 1000,
        };
      }),
    };
    slot.state = 'busy';
    slot.fresh = false;
    slot.batch = batch;
    slot.answered = 0;
    slot.interpreter!.post(request);
    this.#watch(slot);
  }

  /** Kills what the slot is at when it has been silent for longer than any step of it may take. */
  #watch(slot: Slot, alive = false): void {
    clearTimeout(slot.timer);
    const task = slot.batch[slot.answered];
    const run = task?.job.runs[task.index];
    const now = Date.now();
    if (!alive) slot.end = now + (run?.limits?.total ?? Infinity) * 1000;
    const step = run ? Math.max(0, ...stepMilliseconds(run, this.#limits)) : this.#limits.seconds * 1000;
    const spent = slot.interpreter?.spent?.();
    const grace = spent === undefined ? GRACE_ON_THE_CLOCK : GRACE;
    const limit = Math.max(0, Math.min(step, slot.end - now)) + grace;
    const look = (wait: number) => {
      slot.timer = setTimeout(() => {
        slot.timer = setTimeout(() => {
          // On a busy machine it may not have had its time yet.
          const left = spent === undefined ? 0 : limit - ((slot.interpreter?.spent?.() ?? Infinity) - spent);
          if (left > 0 && Date.now() - now < limit * PATIENCE) look(left);
          else this.#give(slot, { status: 'timeout', error: 'timed out' });
        }, LAST_LOOK);
      }, wait);
    };
    look(limit);
  }

  /** The program that runs in this slot has no answer and never will; the others are run elsewhere. */
  #give(slot: Slot, result: ProgramResult): void {
    const task = slot.batch[slot.answered];
    if (task) {
      slot.answered++;
      task.job.settle(task.index, result);
    }
    this.#replace(slot);
  }

  #start(slot: Slot): void {
    slot.state = 'starting';
    slot.fresh = true;
    let ended = false;
    const exit: Exit = (reason, status) => {
      if (ended) return;
      ended = true;
      if (slot.state !== 'starting') {
        const error = `the interpreter broke down: ${reason}`;
        this.#give(slot, { status: 'crashed', error, ...(status !== undefined && { exit: status }) });
        return;
      }
      this.#stop(slot);
      if (++this.#failedStarts < FAILED_STARTS) this.#schedule();
      else this.#failAll(pythonFailed(reason));
    };
    const interpreter = this.#spawn({
      onAnswer: (answer) => {
        if (slot.interpreter === interpreter) this.#hear(slot, answer, exit);
      },
      onExit: (reason) => {
        if (slot.interpreter === interpreter) exit(reason);
      },
    });
    slot.interpreter = interpreter;
    slot.timer = setTimeout(() => exit('it took too long'), START_LIMIT);
  }

  #stop(slot: Slot): void {
    clearTimeout(slot.timer);
    slot.interpreter?.kill();
    slot.interpreter = undefined;
    const unanswered = slot.batch.slice(slot.answered).filter((task) => !task.job.over);
    slot.batch = [];
    slot.answered = 0;
    for (const task of unanswered.reverse()) (task.alone ? this.#alone : this.#shared).unshift(task);
  }

  /** A new interpreter in this slot, at once: it is soon needed. */
  #replace(slot: Slot): void {
    this.#stop(slot);
    if (this.#disposed) return;
    this.#start(slot);
    this.#schedule();
  }

  #hear(slot: Slot, answer: unknown, exit: Exit): void {
    if (typeof answer !== 'object' || answer === null || !('type' in answer)) return;
    if (answer.type === 'ready') {
      if (slot.state !== 'starting') return;
      clearTimeout(slot.timer);
      this.#failedStarts = 0;
      slot.state = 'idle';
      this.#feedIfNeeded(slot);
      if (!this.#started) {
        this.#started = true;
        this.#schedule();
      }
    } else if (answer.type === 'result' && 'result' in answer) {
      const task = slot.batch[slot.answered];
      if (slot.state !== 'busy' || !task) return;
      this.#take(slot, task, answer.result);
    } else if (answer.type === 'alive') {
      if (slot.state === 'busy' && slot.answered < slot.batch.length) this.#watch(slot, true);
    } else if (answer.type === 'done' && 'worn' in answer) {
      // Before its last result it would be a lie.
      if (slot.state !== 'busy' || slot.answered < slot.batch.length) return;
      clearTimeout(slot.timer);
      if (answer.worn === true || slot.batch.some((task) => task.alone)) {
        this.#replace(slot);
        return;
      }
      slot.state = 'idle';
      slot.batch = [];
      slot.answered = 0;
      this.#feedIfNeeded(slot);
    } else if (answer.type === 'crashed' && 'error' in answer) {
      const status = 'exit' in answer && typeof answer.exit === 'number' ? answer.exit : undefined;
      exit(String(answer.error).slice(0, 200), status);
    }
  }

  #feedIfNeeded(slot: Slot): void {
    if (this.#shared.length + this.#alone.length > 0) this.#feed(slot);
  }

  #take(slot: Slot, task: Task, text: unknown): void {
    const run = task.job.runs[task.index]!;
    const reading = readResult(text, run, run.limits?.valueChars ?? this.#limits.valueChars);
    slot.answered++;
    this.#watch(slot);
    let lasts = !task.alone;
    // The program changed state that others share.
    if (reading?.dirty) lasts = false;
    if (reading?.result === 'alone' && !task.alone) {
      if (!task.job.over) this.#alone.push({ ...task, alone: true });
    } else if (reading && reading.result !== 'alone') {
      task.job.settle(task.index, reading.result);
    } else {
      task.job.settle(task.index, { status: 'crashed', error: 'the interpreter gave no readable answer' });
      lasts = false;
    }
    if (!lasts) this.#replace(slot);
  }
}

/** An interpreter is gone: why, and the status that it ended itself with. */
type Exit = (reason: string, status?: number) => void;

/** Time limits of a program's steps: of the program itself, then of each input. */
function stepMilliseconds({ inputs, how, limits }: ProgramRun, { seconds }: Limits): number[] {
  if (!how) return [(typeof limits?.seconds === 'number' ? limits.seconds : seconds) * 1000];
  const each = limits?.seconds ?? seconds;
  return inputs.map((_, i) => (typeof each === 'number' ? each : (each[i] ?? seconds)) * 1000);
}

/** An interpreter's answer for a program, where it has the form of a result; it may be a forgery. */
function readResult(
  text: unknown,
  { inputs, how }: ProgramRun,
  valueChars: number,
): { result: ProgramResult | 'alone'; dirty: boolean } | undefined {
  // JSON spends at most six characters on one.
  if (typeof text !== 'string' || text.length > 10_000 + inputs.length * (6 * valueChars + 10_000)) return;
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return;
  }
  if (!isRecord(said)) return;
  const dirty = said.dirty === true;
  if (said.status === 'alone') return { result: 'alone', dirty };
  switch (said.status) {
    case 'ran': {
      if (!Array.isArray(said.calls)) return;
      const calls = said.calls.map(readCall);
      if (calls.some((call) => call === undefined)) return;
      const failed = how !== undefined && calls.length > 0 && calls.at(-1)!.status !== 'returned';
      if (failed ? calls.length > inputs.length : calls.length !== inputs.length) return;
      return { result: { status: 'ran', calls: calls as CallResult[] }, dirty };
    }
    case 'syntax':
    case 'unsafe':
    case 'raised':
    case 'timeout': {
      if (typeof said.error !== 'string') return;
      return { result: { status: said.status, error: said.error, ...readLine(said.line) }, dirty };
    }
    default:
      return;
  }
}

function readCall(said: unknown): CallResult | undefined {
  if (!isRecord(said)) return;
  const { status, value, error, line, ms, ofInput } = said;
  if (status === 'returned' && typeof value === 'string') {
    return { status, value, ...(typeof ms === 'number' && { ms }) };
  }
  if (status === 'raised' && typeof error === 'string') {
    return { status, error, ...readLine(line), ...(ofInput === true && { ofInput }) };
  }
  if (status === 'timeout') return { status };
  if (status === 'too-big' && typeof error === 'string') return { status, error };
  return;
}

function readLine(line: unknown): { line?: number } {
  return typeof line === 'number' && Number.isInteger(line) ? { line } : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
