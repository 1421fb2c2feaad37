/**
 * The composition of a run: method, model, judge and journal. Knows neither page nor worker: commands
 * come in as method calls, everything it has to say goes out as `Message`s.
 */
import { tellError } from '../util/codedError.ts';
import { methodSettings } from '../gasp/methods.ts';
import type { Policy } from '../gasp/ports.ts';
import { judgeGoalpost } from '../gasp/teaching.ts';
import { startFromAdapter } from './adapters.ts';
import { checkStart, checkTrains, goneCheckpoint, startOf } from './checks.ts';
import { iterateOnce } from './iterating.ts';
import { Machinery } from './machinery.ts';
import { answersOf, measureRun } from './runMeasurement.ts';
import { mine } from './goalpostMining.ts';
import type { LabPorts } from './labPorts.ts';
import type { BackendChoice, Command, LabStatus, Limit, StartRate } from './protocol.ts';
import { openRun, reopenRun, type HeldRun } from './heldRun.ts';
import { DraftTrials } from './draftTrials.ts';
import { Telemetry } from './telemetry.ts';

type CommandOf<T extends Command['type']> = Omit<Extract<Command, { type: T }>, 'type'>;

/** Something small to do with a run that may be going on. */
interface Aside {
  run: string;
  backend: BackendChoice;
  job: (held: HeldRun) => Promise<void>;
  /** Instead of it, where it will never be done. */
  skip: () => void;
}

export class Lab {
  private held: HeldRun | undefined;
  private aborting = new AbortController();
  private pauseWanted = false;
  private current: LabStatus = 'idle';
  /** Commands wait for the one before them; those of an older epoch were called off. */
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;
  private epoch = 0;
  /** Requests of a person during a run: carried out between two of its iterations. */
  private between: Aside[] = [];
  private tryCalledOff = new AbortController();
  private readonly telemetry: Telemetry;
  private readonly machinery: Machinery;
  private readonly teaching: DraftTrials;

  constructor(private readonly ports: LabPorts) {
    const now = ports.now ?? (() => performance.now());
    this.telemetry = new Telemetry(ports.send, now);
    this.machinery = new Machinery(ports, now, this.telemetry, () => ({
      signal: this.aborting.signal,
      loading: this.current === 'loading',
    }));
    this.teaching = new DraftTrials(this.machinery);
  }

  get status(): LabStatus {
    return this.current;
  }
  /** The run that was worked on last. */
  get run(): string | undefined {
    return this.held?.run;
  }

  /** Carries out any command but those to the worker itself; settles when there is nothing left to do for it. */
  handle(command: Exclude<Command, { type: 'connect' | 'folder' }>): Promise<void> {
    switch (command.type) {
      case 'start':
        return this.start(command);
      case 'resume':
        return this.resume(command);
      case 'branch':
        return this.branch(command);
      case 'mine':
        return this.mine(command);
      case 'measure':
        return this.measure(command);
      case 'pause':
        this.pause(command.now);
        return Promise.resolve();
      case 'cancel-mining':
        if (this.current === 'mining') this.pause(true);
        return Promise.resolve();
      case 'try':
        return this.tryDraft(command);
      case 'cancel-try':
        this.tryCalledOff.abort(new DOMException('Called off.', 'AbortError'));
        return Promise.resolve();
      case 'keep':
        return this.keep(command);
      case 'examine':
        return this.examine(command);
    }
  }

  /** A new run. Settles when it is paused or has failed; errors go out as messages. */
  start(command: CommandOf<'start'>): Promise<void> {
    const { name, model, bank, goalposts, questions, validation, adapter, backend } = command;
    const settings = methodSettings(command.settings);
    return this.enqueue(async () => {
      checkTrains(settings, command.iterations);
      checkStart(settings, goalposts, questions);
      const start = {
        name,
        settings,
        model,
        bank,
        goalposts,
        ...(questions && { questions }),
        ...(validation && { validation }),
        ...(adapter && { adapter: adapter.name }),
      };
      this.held = await this.begin(
        start,
        backend,
        async (policy) => {
          if (adapter) await startFromAdapter(policy, adapter);
        },
        // An adapter makes other weights of these.
        adapter ? undefined : command.startRate,
      );
      await this.iterate(this.held, command);
    });
  }

  /**
   * A new run that starts from a checkpoint of another one, with that run's model and, unless others are
   * given, its goalposts. Its log stands on its own: iterations count from 1, and the novelty buffer
   * starts empty.
   */
  branch(command: CommandOf<'branch'>): Promise<void> {
    const { run, blob, name, backend } = command;
    const settings = methodSettings(command.settings);
    return this.enqueue(async () => {
      const events = await this.ports.journal.read(run);
      const origin = startOf(run, events);
      const checkpoint = events.find((e) => e.type === 'checkpoint' && e.blob === blob);
      const snapshot = checkpoint && (await this.ports.journal.getCheckpoint(run, blob));
      if (checkpoint?.type !== 'checkpoint' || !snapshot) throw goneCheckpoint('this checkpoint');
      const { model, bank, questions, validation } = origin;
      const goalposts = command.goalposts ?? origin.goalposts;
      checkTrains(settings);
      checkStart(settings, goalposts, questions);
      const branchedFrom = { run, iteration: checkpoint.iteration };
      this.held = await this.begin(
        {
          ...{ name, settings, model, bank, goalposts, branchedFrom },
          ...(questions && { questions }),
          ...(validation && { validation }),
        },
        backend,
        (policy) => policy.restore(snapshot),
      );
      await this.iterate(this.held);
    });
  }

  /** Takes up a stored run after its last finished iteration and goes on exactly as it would have. */
  resume(command: CommandOf<'resume'>): Promise<void> {
    const { run, backend } = command;
    return this.enqueue(async () => this.iterate(await this.take(run, backend), command));
  }

  /**
   * The student tries what a person wrote in the teacher's place, with the weights of the last finished
   * iteration; nothing is stored. A trial that is called off comes back without a result.
   */
  tryDraft({ run, trial, draft, backend }: CommandOf<'try'>): Promise<void> {
    const calledOff = new AbortController();
    this.tryCalledOff = calledOff;
    const skip = () => this.ports.send({ type: 'tried', trial });
    const job = (held: HeldRun) =>
      this.teaching.try(held, trial, draft, AbortSignal.any([this.aborting.signal, calledOff.signal]));
    return this.aside({ run, backend, job, skip });
  }

  /** Puts a trial into the run: the next iteration trains on its question. */
  keep({ run, trial, backend }: CommandOf<'keep'>): Promise<void> {
    const job = (held: HeldRun) => this.teaching.keep(held, trial);
    return this.aside({ run, backend, job, skip: () => {} });
  }

  /** Runs a goalpost that a person writes, beside whatever else goes on. Errors go out as messages. */
  async examine({ id, draft }: CommandOf<'examine'>): Promise<void> {
    const { signal } = this.machinery.closing;
    try {
      const result = await judgeGoalpost(draft, id, await this.machinery.loadJudge(), { signal });
      this.ports.send({ type: 'examined', id, result });
    } catch (error) {
      if (!signal.aborted) this.ports.send({ type: 'error', ...tellError(error) });
    }
  }

  /** Does something with a run at hand: between two of its iterations if it is running, else by itself. */
  private aside(aside: Aside): Promise<void> {
    const { run, backend, job, skip } = aside;
    if (this.current === 'running' && this.held?.run === run) {
      this.between.push(aside);
      return Promise.resolve();
    }
    return this.enqueue(async () => job(await this.take(run, backend)), skip);
  }

  /** The run as it was after its last finished iteration: the one at hand, where it still is so. */
  private async take(run: string, backend: BackendChoice): Promise<HeldRun> {
    const { held } = this;
    if (held?.run === run && held.clean && held.engine.backend === backend) return held;
    // The lock is not let go of between two openings of the same run, nor a model that still fits.
    const same = held?.run === run ? held : undefined;
    if (!same) await this.closeHeld();
    this.held = undefined;
    this.held = await reopenRun(this.machinery, run, backend, same);
    return this.held;
  }

  /**
   * Tries questions with the shipped model, or a run's newest weights, and reports, round by round, how many
   * answers passed. A question that was solved is not tried on: pass@samples is 0 exactly for those with no passed answer.
   */
  mine(command: CommandOf<'mine'>): Promise<void> {
    return this.enqueue(() => mine(this.machinery, command, () => this.setStatus('mining')));
  }

  /**
   * Tries questions with checkpoints of stored runs. How they went is appended to a run's log part by
   * part, so that called off or killed, the same command goes on where it was.
   */
  measure({ runs, backend }: CommandOf<'measure'>): Promise<void> {
    return this.enqueue(async () => {
      const tally = { done: 0, total: answersOf(runs.flatMap(({ plans }) => plans)) };
      for (const { run, plans } of runs) {
        const locked = this.held?.run === run;
        const begin = () => this.setStatus('measuring');
        await measureRun(this.machinery, { run, plans, backend, locked }, tally, begin);
      }
    });
  }

  /**
   * After the iteration in progress, or `now`: then that iteration is abandoned, and done again later.
   * Mining stops at once. Commands that have not begun yet are called off.
   */
  pause(now: boolean): void {
    this.epoch++;
    this.stop(now);
  }

  private stop(now: boolean): void {
    if (!this.isBusy()) return;
    this.pauseWanted = true;
    if (now || this.current === 'mining' || this.current === 'measuring')
      this.aborting.abort(new DOMException('Paused.', 'AbortError'));
    else this.setStatus('pausing');
  }

  /** Pauses at once and gives everything back. */
  async dispose(): Promise<void> {
    this.pause(true);
    this.machinery.close();
    await this.queue;
    await this.closeHeld();
    await this.machinery.dispose();
  }

  /**
   * Runs `job` after those before it; a run in progress is paused first. `skip` instead, where it was
   * called off before it began. Never rejects.
   */
  private enqueue(job: () => Promise<void>, skip = () => {}): Promise<void> {
    if (this.isBusy()) this.stop(false);
    const { epoch } = this;
    this.waiting++;
    this.queue = this.queue.then(async () => {
      this.waiting--;
      if (epoch !== this.epoch) return skip();
      this.aborting = new AbortController();
      this.pauseWanted = false;
      this.setStatus('loading');
      try {
        await job();
        this.rest(this.held ? 'paused' : 'idle');
      } catch (error) {
        if (this.aborting.signal.aborted) {
          this.rest(this.held ? 'paused' : 'idle');
          return;
        }
        // A model that failed once is not to be trusted: the next command loads it anew.
        await this.closeHeld().catch(() => {}); // Whatever it says now, the first error is the one to report.
        this.ports.send({ type: 'error', ...tellError(error) });
        this.rest('failed');
      } finally {
        const left = this.between.splice(0);
        for (const aside of left) {
          if (this.current === 'failed') aside.skip();
          else void this.aside(aside);
        }
      }
    });
    return this.queue;
  }

  private isBusy(): boolean {
    const busy: LabStatus[] = ['loading', 'running', 'pausing', 'mining', 'measuring'];
    return this.waiting > 0 || busy.includes(this.current);
  }

  private rest(status: LabStatus): void {
    this.telemetry.rest();
    this.setStatus(status);
  }

  private setStatus(status: LabStatus): void {
    this.current = status;
    const run = status === 'loading' ? undefined : this.held?.run;
    this.ports.send({ type: 'status', status, ...(run !== undefined && { run }) });
  }

  /** A new run, at hand from now on. */
  private async begin(
    start: Parameters<typeof openRun>[1],
    backend: BackendChoice,
    prepare: (policy: Policy) => Promise<void>,
    startRate?: StartRate,
  ): Promise<HeldRun> {
    await this.closeHeld();
    return openRun(this.machinery, start, backend, prepare, startRate);
  }

  private async closeHeld(): Promise<void> {
    const held = this.held;
    this.held = undefined;
    held?.release();
    await held?.engine.policy.dispose();
  }

  /** Iterations until paused, or until the limit. */
  private async iterate(
    held: HeldRun,
    { iterations = Infinity, tokens = Infinity, seconds = Infinity }: Limit = {},
  ): Promise<void> {
    const tools = this.machinery.tools(held.engine, await this.machinery.judgeReady());
    if (!this.pauseWanted) this.setStatus('running');
    const isSpent = ({ tokensSampled, tokensTrained, seconds: passed }: HeldRun['counters']) =>
      tokensSampled + tokensTrained >= tokens || passed >= seconds;
    for (let done = 0; done < iterations && !isSpent(held.counters) && !this.pauseWanted; done++) {
      await iterateOnce(this.machinery, held, tools);
      for (let aside = this.between.shift(); aside; aside = this.between.shift()) await aside.job(held);
    }
  }
}
