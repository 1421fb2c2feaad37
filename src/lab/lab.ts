/**
 * The composition of a run: method, model, judge and journal. Knows neither page nor worker: commands
 * come in as method calls, everything it has to say goes out as `Message`s.
 */
import { checkSettings, completeSettings, DEFAULT_SETTINGS } from '../gasp/defaults.ts';
import { countPasses, goalpostsAimedAt, mineGoalposts } from '../gasp/goalposts.ts';
import { runIteration } from '../gasp/iteration.ts';
import { METHODS, methodSettings, slots } from '../gasp/methods.ts';
import { NoveltyBuffer } from '../gasp/novelty.ts';
import type { Dialect, Judge, Policy, PolicySnapshot } from '../gasp/ports.ts';
import type { Question } from '../gasp/question.ts';
import { deriveSeed } from '../gasp/random.ts';
import type { Settings } from '../gasp/settings.ts';
import type { Tools } from '../gasp/solving.ts';
import { judgeGoalpost, type TeachingTrial, tryDraft } from '../gasp/teaching.ts';
import { checkpointBytes, DamagedCheckpointError } from '../run/checkpointFormat.ts';
import {
  type Counters,
  EVENT_VERSION,
  type EventOf,
  type RunEvent,
  type RunEventBody,
} from '../run/events.ts';
import { acceptedQuestions, lastFinished, taughtQuestions, validEvents } from '../run/history.ts';
import type { Journal } from '../run/journal.ts';
import { startFromAdapter } from './adapters.ts';
import { carryOut, openPlans } from './measuring.ts';
import { describeProblem, LabError } from './problems.ts';
import type { BackendChoice, Command, LabStatus, MeasurementPlan, Message } from './protocol.ts';
import { Telemetry } from './telemetry.ts';

export interface LoadOptions {
  signal: AbortSignal;
  /** `total` 0 when unknown. */
  onProgress: (done: number, total: number, unit: string) => void;
}
export interface ModelOptions extends LoadOptions {
  tuning: Settings['tuning'];
  backend: BackendChoice;
  /** Seeds the trained weights where they start at random. */
  seed: number;
}

export interface LabPorts {
  journal: Journal;
  /** A policy with its weights at the start, and the dialect it speaks. */
  loadModel(model: string, options: ModelOptions): Promise<{ policy: Policy; dialect: Dialect }>;
  loadJudge(options: LoadOptions): Promise<Judge>;
  send(message: Message): void;
  /** Milliseconds; only for display and the counter of seconds. */
  now?: () => number;
  /** A name that no other run will ever have. */
  newRunId?: () => string;
}

type CommandOf<T extends Command['type']> = Omit<Extract<Command, { type: T }>, 'type'>;

/** The model that is mined with: goalposts are what the shipped model cannot solve. */
const SHIPPED_MODEL = 'embedded';

interface Engine {
  /** As it was asked for. */
  backend: BackendChoice;
  policy: Policy;
  dialect: Dialect;
}

/** The checkpoint of the weights that a run starts from; always kept. */
const START_BLOB = 'iteration-0';

/** Something small to do with a run that may be going on. */
interface Aside {
  run: string;
  backend: BackendChoice;
  job: (session: Session) => Promise<void>;
  /** Instead of it, where it will never be done. */
  skip: () => void;
}

/** The run that the lab works on, held under its lock. */
interface Session {
  run: string;
  settings: Settings;
  goalposts: Question[];
  /** The bank's own training questions, for methods that train on them. */
  questions: Question[];
  /** Ids of goalposts that a trial after training has solved. */
  solved: Set<string>;
  engine: Engine;
  release: () => void;
  /** The last iteration that finished. */
  iteration: number;
  accepted: NoveltyBuffer;
  /** What people kept since that iteration, for the next one, and the number of their next trial. */
  taught: Question[];
  round: number;
  counters: Counters;
  /** All checkpoints that the log ever named, and those of them that the next one replaces. */
  blobs: Set<string>;
  replaced: string[];
  /** Goalposts were tried with the weights that the run started from. */
  startEvaluated: boolean;
  /** Nothing was done since the last finished iteration: the policy is what its checkpoint says. */
  clean: boolean;
}

export class Lab {
  private session: Session | undefined;
  private judge: Promise<Judge> | undefined;
  private aborting = new AbortController();
  /** Python starts once for all commands: calling one of them off does not stop it. */
  private readonly closing = new AbortController();
  private pauseWanted = false;
  private current: LabStatus = 'idle';
  /** Commands wait for the one before them; those of an older epoch were called off. */
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;
  private epoch = 0;
  /** What people asked for while a run goes on: done between two of its iterations. */
  private between: Aside[] = [];
  private tryCalledOff = new AbortController();
  private readonly trials = new Map<string, TeachingTrial>();
  private readonly now: () => number;
  private readonly telemetry: Telemetry;

  constructor(private readonly ports: LabPorts) {
    this.now = ports.now ?? (() => performance.now());
    this.telemetry = new Telemetry(ports.send, this.now);
  }

  get status(): LabStatus {
    return this.current;
  }
  /** The run that was worked on last. */
  get run(): string | undefined {
    return this.session?.run;
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
    const { name, model, bank, goalposts, questions, adapter, backend, iterations } = command;
    const settings = methodSettings(command.settings);
    return this.enqueue(async () => {
      checkTrains(settings, iterations);
      checkStart(settings, goalposts, questions);
      const start = {
        name,
        settings,
        model,
        bank,
        goalposts,
        ...(questions && { questions }),
        ...(adapter && { adapter: adapter.name }),
      };
      this.session = await this.open(start, backend, async (policy) => {
        if (adapter) await startFromAdapter(policy, adapter);
      });
      await this.iterate(this.session, iterations);
    });
  }

  /**
   * A new run that starts from a checkpoint of another one, with that run's model and, unless others are
   * given, its goalposts. Its log
   * stands on its own: iterations count from 1, and the novelty buffer starts empty.
   */
  branch(command: CommandOf<'branch'>): Promise<void> {
    const { run, blob, name, backend } = command;
    const settings = methodSettings(command.settings);
    return this.enqueue(async () => {
      const events = await this.ports.journal.read(run);
      const origin = startOf(run, events);
      const checkpoint = events.find((e) => e.type === 'checkpoint' && e.blob === blob);
      const snapshot = checkpoint && (await this.ports.journal.getCheckpoint(run, blob));
      if (checkpoint?.type !== 'checkpoint' || !snapshot) {
        throw new LabError(
          'This checkpoint is no longer stored.',
          'Choose another one: the newest and those marked as kept are always there.',
        );
      }
      const { model, bank, questions } = origin;
      const goalposts = command.goalposts ?? origin.goalposts;
      checkTrains(settings);
      checkStart(settings, goalposts, questions);
      const branchedFrom = { run, iteration: checkpoint.iteration };
      this.session = await this.open(
        { name, settings, model, bank, goalposts, ...(questions && { questions }), branchedFrom },
        backend,
        (policy) => policy.restore(snapshot),
      );
      await this.iterate(this.session);
    });
  }

  /** Takes up a stored run after its last finished iteration and goes on exactly as it would have. */
  resume(command: CommandOf<'resume'>): Promise<void> {
    const { run, backend, iterations } = command;
    return this.enqueue(async () => this.iterate(await this.take(run, backend), iterations));
  }

  /**
   * The student tries what a person wrote in the teacher's place, with the weights of the last finished
   * iteration; nothing is stored. A trial that is called off comes back without a result.
   */
  tryDraft({ run, trial, draft, backend }: CommandOf<'try'>): Promise<void> {
    const calledOff = new AbortController();
    this.tryCalledOff = calledOff;
    const skip = () => this.ports.send({ type: 'tried', trial });
    const job = async (session: Session) => {
      const signal = AbortSignal.any([this.aborting.signal, calledOff.signal]);
      let result: TeachingTrial | undefined;
      try {
        const judge = await this.judgeReady();
        signal.throwIfAborted();
        const { settings, iteration, accepted } = session;
        const round = session.round++;
        const id = `${iteration}.taught.${round}`;
        result = await tryDraft(
          draft,
          { id, settings, iteration, round, accepted },
          { ...this.tools(session.engine, judge), signal },
        );
        this.trials.set(trial, result);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        this.ports.send({ type: 'tried', trial, ...(result && { result }) });
      }
    };
    return this.aside({ run, backend, job, skip });
  }

  /** Puts a trial into the run: the next iteration trains on its question. */
  keep({ run, trial, backend }: CommandOf<'keep'>): Promise<void> {
    const job = async (session: Session) => {
      const { proposal, attempts, passRate, reward, accepted } = this.trials.get(trial) ?? {};
      if (!proposal?.question || passRate === undefined) {
        const [message, advice] = ['This trial is no longer here.', 'Press Try again, then keep it.'];
        this.ports.send({ type: 'error', message, advice, fatal: false });
        return;
      }
      const { iteration } = session;
      await this.append(run, [
        {
          type: 'taught',
          iteration,
          proposal,
          attempts: attempts!,
          passRate,
          reward: reward!,
          accepted: accepted!,
        },
      ]);
      session.taught.push(proposal.question);
      if (accepted) session.accepted.add(proposal.question);
      this.trials.delete(trial);
      this.ports.send({ type: 'kept', trial });
    };
    return this.aside({ run, backend, job, skip: () => {} });
  }

  /** Runs a goalpost that a person writes, beside whatever else goes on. Errors go out as messages. */
  async examine({ id, draft }: CommandOf<'examine'>): Promise<void> {
    try {
      const result = await judgeGoalpost(draft, id, await this.loadJudge(), { signal: this.closing.signal });
      this.ports.send({ type: 'examined', id, result });
    } catch (error) {
      if (!this.closing.signal.aborted)
        this.ports.send({ type: 'error', ...describeProblem(error), fatal: false });
    }
  }

  /** Does something with a run at hand: between two of its iterations if it is running, else by itself. */
  private aside(aside: Aside): Promise<void> {
    const { run, backend, job, skip } = aside;
    if (this.current === 'running' && this.session?.run === run) {
      this.between.push(aside);
      return Promise.resolve();
    }
    return this.enqueue(async () => job(await this.take(run, backend)), skip);
  }

  /** The run as it was after its last finished iteration: the one at hand, where it still is so. */
  private async take(run: string, backend: BackendChoice): Promise<Session> {
    const { session } = this;
    if (session?.run === run && session.clean && session.engine.backend === backend) return session;
    this.session = await this.reopen(run, backend);
    return this.session;
  }

  /**
   * Tries questions with the shipped model, or a run's newest weights, and reports, round by round, how many
   * answers passed. A question that was solved is not tried on: pass@samples is 0 exactly for those with no passed answer.
   */
  mine(command: CommandOf<'mine'>): Promise<void> {
    const { questions, samples, backend, seed, run } = command;
    return this.enqueue(async () => {
      const events = run === undefined ? [] : await this.ports.journal.read(run);
      const { model, settings } =
        run === undefined
          ? { model: SHIPPED_MODEL, settings: { ...DEFAULT_SETTINGS, seed } }
          : startOf(run, events);
      const { policy, dialect } = await this.load(model, settings, backend);
      try {
        if (run !== undefined) {
          const { snapshot } = await this.newestCheckpoint(run, validEvents(events));
          await policy.restore(snapshot);
        }
        const judge = await this.judgeReady();
        this.setStatus('mining');
        this.telemetry.iteration = 0;
        const readable = questions.filter((question) => !dialect.unreadable?.(question));
        const options = { samples, temperature: 1, topP: 1, seed: deriveSeed(seed, 'mine') };
        for await (const mined of mineGoalposts(readable, options, this.tools({ policy, dialect }, judge))) {
          const results = mined.map(({ question, passed }) => ({ question, passed }));
          this.ports.send({ type: 'mined', results, samples, finished: false });
        }
      } finally {
        this.ports.send({ type: 'mined', results: [], samples, finished: true });
        await policy.dispose();
      }
    });
  }

  /**
   * Tries questions with checkpoints of stored runs. How they went is appended to a run's log part by
   * part, so that called off or killed, the same command goes on where it was.
   */
  measure({ runs, backend }: CommandOf<'measure'>): Promise<void> {
    return this.enqueue(async () => {
      for (const { run, plans } of runs) await this.measureRun(run, plans, backend);
    });
  }

  private async measureRun(run: string, plans: MeasurementPlan[], backend: BackendChoice): Promise<void> {
    const { journal } = this.ports;
    const release = this.session?.run === run ? undefined : await journal.lock(run);
    let engine: Engine | undefined;
    try {
      const events = await journal.read(run);
      const { model, settings } = startOf(run, events);
      const open = openPlans(events, plans);
      if (open.length === 0) return;
      engine = await this.load(model, settings, backend);
      const tools = this.tools(engine, await this.judgeReady());
      this.setStatus('measuring');
      for (const plan of open) {
        checkReadable(engine.dialect, plan.questions);
        this.telemetry.iteration = plan.iteration;
        for await (const event of carryOut(plan, run, settings, journal, tools)) {
          await this.append(run, [event]);
        }
      }
    } finally {
      release?.();
      await engine?.policy.dispose();
    }
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
    this.closing.abort(new DOMException('Closed.', 'AbortError'));
    await this.queue;
    await this.closeSession();
    const judge = await this.judge?.catch(() => undefined);
    this.judge = undefined;
    await judge?.dispose();
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
        this.rest(this.session ? 'paused' : 'idle');
      } catch (error) {
        if (this.aborting.signal.aborted) {
          this.rest(this.session ? 'paused' : 'idle');
          return;
        }
        // A model that failed once is not to be trusted: the next command loads it anew.
        await this.closeSession().catch(() => {}); // Whatever it says now, the first error is the one to report.
        this.ports.send({ type: 'error', ...describeProblem(error), fatal: !(error instanceof LabError) });
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
    const run = status === 'loading' ? undefined : this.session?.run;
    this.ports.send({ type: 'status', status, ...(run !== undefined && { run }) });
  }

  /** Creates a run: its first events and the checkpoint of the weights it starts from. */
  private async open(
    start: Omit<EventOf<'run-started'>, 'type' | 'version' | 'run' | 'seq' | 'at'>,
    backend: BackendChoice,
    prepare: (policy: Policy) => Promise<void>,
  ): Promise<Session> {
    await this.closeSession();
    const { settings, model, goalposts, questions = [] } = start;
    const engine = await this.load(model, settings, backend);
    const run = (this.ports.newRunId ?? randomRunId)();
    let release: (() => void) | undefined;
    try {
      checkReadable(engine.dialect, [...goalposts, ...questions]);
      await this.judgeReady();
      await prepare(engine.policy);
      release = await this.ports.journal.lock(run);
      await this.append(
        run,
        [
          { type: 'run-started', version: EVENT_VERSION, run, ...start },
          { type: 'resumed', after: 0, policy: engine.policy.info },
        ],
        { iteration: 0, blob: START_BLOB, kept: true, snapshot: await engine.policy.snapshot(), drop: [] },
      );
      return {
        run,
        settings,
        goalposts,
        questions,
        solved: new Set(),
        engine,
        release,
        iteration: 0,
        accepted: new NoveltyBuffer(),
        taught: [],
        round: 0,
        counters: { tokensSampled: 0, tokensTrained: 0, seconds: 0 },
        blobs: new Set([START_BLOB]),
        replaced: [],
        startEvaluated: false,
        clean: true,
      };
    } catch (error) {
      release?.();
      await engine.policy.dispose();
      throw error;
    }
  }

  /** Opens a stored run at its newest checkpoint that can be read. */
  private async reopen(run: string, backend: BackendChoice): Promise<Session> {
    const { journal } = this.ports;
    // The lock is not let go of between two openings of the same run, nor a model that still fits.
    const held = this.session?.run === run ? this.session : undefined;
    if (!held) await this.closeSession();
    this.session = undefined;
    let engine = held?.engine;
    let release = held?.release;
    try {
      release ??= await journal.lock(run);
      const events = await journal.read(run);
      const { settings, model, goalposts, questions = [] } = startOf(run, events);
      if (engine && engine.backend !== backend) {
        await engine.policy.dispose();
        engine = undefined;
      }
      const valid = validEvents(events);
      const { checkpoint, snapshot, lost } = await this.newestCheckpoint(run, valid);
      const after = checkpoint.iteration;
      engine ??= await this.load(model, settings, backend);
      await this.judgeReady();
      await engine.policy.restore(snapshot);
      await this.append(run, [{ type: 'resumed', after, policy: engine.policy.info }]);
      if (lost !== undefined) {
        this.ports.send({
          type: 'notice',
          message: lost,
          advice: `The run goes on from the newest one that is whole, ${after > 0 ? `of iteration ${after}` : 'its start'}, and does again what came after it.`,
        });
      }
      const finished = valid.findLast((e) => e.type === 'iteration-finished' && e.iteration === after);
      const checkpoints = events.filter((e) => e.type === 'checkpoint');
      const taught = taughtQuestions(events, after);
      return {
        run,
        settings,
        goalposts,
        questions,
        solved: new Set(
          valid.flatMap((e) => (e.type === 'evaluated' && e.iteration <= after ? solvedIn(e) : [])),
        ),
        engine,
        release,
        iteration: after,
        accepted: new NoveltyBuffer(acceptedQuestions(events, after)),
        taught,
        round: taught.reduce((next, { id }) => Math.max(next, Number(id.split('.').at(-1)) + 1), 0),
        counters:
          finished?.type === 'iteration-finished'
            ? finished.counters
            : { tokensSampled: 0, tokensTrained: 0, seconds: 0 },
        blobs: new Set(checkpoints.map((e) => e.blob)),
        replaced: checkpoints.filter((e) => !e.kept || e.iteration > after).map((e) => e.blob),
        startEvaluated: valid.some((e) => e.type === 'evaluated' && e.iteration === 0),
        clean: true,
      };
    } catch (error) {
      release?.();
      await engine?.policy.dispose();
      throw error;
    }
  }

  /**
   * The newest checkpoint that is stored and whole: a damaged one costs the iterations after the one
   * before. `lost` says what became of the newest where it is not that one.
   */
  private async newestCheckpoint(
    run: string,
    valid: readonly RunEvent[],
  ): Promise<{ checkpoint: EventOf<'checkpoint'>; snapshot: PolicySnapshot; lost?: string }> {
    let damaged: DamagedCheckpointError | undefined;
    const last = lastFinished(valid);
    for (const event of valid.toReversed()) {
      if (event.type !== 'checkpoint' || event.iteration > last) continue;
      try {
        const snapshot = await this.ports.journal.getCheckpoint(run, event.blob);
        if (!snapshot) continue;
        if (event.iteration === last) return { checkpoint: event, snapshot };
        const why = damaged?.message ?? 'It is no longer stored.';
        return { checkpoint: event, snapshot, lost: `The checkpoint of iteration ${last} is lost. ${why}` };
      } catch (error) {
        if (!(error instanceof DamagedCheckpointError)) throw error;
        damaged ??= error;
      }
    }
    throw damaged ?? new LabError('None of the run’s checkpoints is stored any more.', 'Start a new run.');
  }

  private async closeSession(): Promise<void> {
    const session = this.session;
    this.session = undefined;
    session?.release();
    await session?.engine.policy.dispose();
  }

  private async load(
    model: string,
    settings: Pick<Settings, 'tuning' | 'seed'>,
    backend: BackendChoice,
  ): Promise<Engine> {
    this.loadJudge().catch(() => {}); // Python starts meanwhile; who needs it awaits it and hears of errors.
    this.telemetry.stage('loading-model', 0, 0, 'bytes');
    const { signal } = this.aborting;
    const { policy, dialect } = await this.ports.loadModel(model, {
      tuning: settings.tuning,
      seed: deriveSeed(settings.seed, 'weights'),
      backend,
      signal,
      onProgress: (done, total, unit) => this.telemetry.stage('loading-model', done, total, unit),
    });
    if (signal.aborted) {
      await policy.dispose();
      throw signal.reason;
    }
    const { backend: chosen, parameters, trainable } = policy.info;
    this.ports.send({ type: 'backend', backend: chosen, parameters, trainable });
    return { backend, policy, dialect };
  }

  /** The judge, or a rejection at once when the command is called off: Python may take long to start. */
  private judgeReady(): Promise<Judge> {
    const { signal } = this.aborting;
    // The model is there; what is waited for now should be said.
    if (this.current === 'loading') this.telemetry.stage('loading-judge', 0, 0, 'bytes');
    const calledOff = new Promise<never>((_, reject) => {
      const stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    return Promise.race([this.loadJudge(), calledOff]);
  }

  private loadJudge(): Promise<Judge> {
    this.judge ??= this.ports
      .loadJudge({
        signal: this.closing.signal,
        onProgress: (done, total, unit) => this.telemetry.stage('loading-judge', done, total, unit),
      })
      .catch((error: unknown) => {
        this.judge = undefined;
        throw error;
      });
    return this.judge;
  }

  private tools({ policy, dialect }: Pick<Engine, 'policy' | 'dialect'>, judge: Judge): Tools {
    return { policy, judge, dialect, signal: this.aborting.signal, progress: this.telemetry };
  }

  /** Iterations until paused, or as many as asked for. */
  private async iterate(session: Session, iterations = Number.POSITIVE_INFINITY): Promise<void> {
    const tools = this.tools(session.engine, await this.judgeReady());
    if (!this.pauseWanted) this.setStatus('running');
    for (let done = 0; done < iterations && !this.pauseWanted; done++) {
      await this.iterateOnce(session, tools);
      for (let aside = this.between.shift(); aside; aside = this.between.shift()) await aside.job(session);
    }
  }

  private async iterateOnce(session: Session, tools: Tools): Promise<void> {
    const { settings, accepted, taught, run, questions } = session;
    const goalposts = goalpostsAimedAt(session.goalposts, session.solved, settings.goalpostsAtOnce);
    const iteration = session.iteration + 1;
    const startedAt = this.now();
    this.telemetry.iteration = iteration;
    session.clean = false;
    const emit = (events: RunEventBody[]) => this.append(run, events);
    const input = { settings, goalposts, questions, iteration, accepted, taught };
    const result = await runIteration(input, tools, emit);
    const evaluations: Evaluated[] = [];
    // Where trials decide what is aimed at they are a part of the method, and so of its budget.
    let trialTokens = 0;
    if (settings.evaluateEvery > 0 && iteration % settings.evaluateEvery === 0) {
      if (!session.startEvaluated) evaluations.push(...(await this.evaluateStart(session, goalposts, tools)));
      const { evaluated, tokens } = await this.evaluate(session, goalposts, iteration, tools);
      evaluations.push(evaluated);
      if (settings.goalpostsAtOnce > 0) trialTokens = tokens;
    }

    this.telemetry.stage('saving', 0, 0, 'bytes');
    const kept = iteration % settings.checkpointEvery === 0;
    const blob = freshBlob(iteration, session.blobs);
    const counters: Counters = {
      tokensSampled: session.counters.tokensSampled + result.tokensSampled + trialTokens,
      tokensTrained: session.counters.tokensTrained + result.tokensTrained,
      seconds: session.counters.seconds + (this.now() - startedAt) / 1000,
    };
    const snapshot = await tools.policy.snapshot();
    tools.signal?.throwIfAborted();
    await this.append(run, [...evaluations, { type: 'iteration-finished', iteration, counters }], {
      iteration,
      blob,
      kept,
      snapshot,
      drop: session.replaced,
    });
    for (const question of result.accepted) accepted.add(question);
    session.iteration = iteration;
    session.taught = [];
    session.round = 0;
    session.counters = counters;
    session.startEvaluated ||= evaluations.length > 0;
    for (const id of evaluations.flatMap(solvedIn)) session.solved.add(id);
    session.blobs.add(blob);
    session.replaced = kept ? [] : [blob];
    session.clean = true;
  }

  /**
   * Tries all goalposts with the weights that the run started from, just before the first evaluation
   * that has to be compared with it: a new run shows its first lemma at once, not minutes later.
   */
  private async evaluateStart(
    session: Session,
    goalposts: readonly Question[],
    tools: Tools,
  ): Promise<Evaluated[]> {
    const start = await this.ports.journal.getCheckpoint(session.run, START_BLOB);
    if (!start) return [];
    const { policy } = tools;
    const now = await policy.snapshot();
    await policy.restore(start);
    const { evaluated } = await this.evaluate(session, goalposts, 0, tools);
    await policy.restore(now);
    return [evaluated];
  }

  private async evaluate(
    { settings }: Session,
    goalposts: readonly Question[],
    iteration: number,
    tools: Tools,
  ): Promise<{ evaluated: Evaluated; tokens: number }> {
    const { evaluateSamples: samples, temperature, topP } = settings;
    const seed = deriveSeed(settings.seed, 'evaluation', iteration);
    const options = { samples, temperature, topP, seed, stage: 'evaluating' } as const;
    const { passed, tokens } = await countPasses(goalposts, options, tools);
    return { evaluated: { type: 'evaluated', iteration, samples, passed }, tokens };
  }

  /** Stores events, with the checkpoint that they belong to, and tells about them once they are stored. */
  private async append(
    run: string,
    events: RunEventBody[],
    checkpoint?: { iteration: number; blob: string; kept: boolean; snapshot: PolicySnapshot; drop: string[] },
  ): Promise<void> {
    if (!checkpoint) {
      const stored = await this.ports.journal.append(run, events);
      this.ports.send({ type: 'events', run, events: stored });
      return;
    }
    const { iteration, blob, kept, snapshot, drop } = checkpoint;
    const saved: RunEventBody = {
      type: 'checkpoint',
      iteration,
      blob,
      bytes: checkpointBytes(snapshot),
      kept,
    };
    // An iteration is finished by the last of its events.
    const last = events.at(-1)!;
    const ordered =
      last.type === 'iteration-finished' ? [...events.slice(0, -1), saved, last] : [...events, saved];
    const stored = await this.ports.journal.append(run, ordered, { blob, snapshot, drop });
    this.ports.send({ type: 'events', run, events: stored });
  }
}

type Evaluated = Extract<RunEventBody, { type: 'evaluated' }>;

/** Goalposts with a right answer in a trial; what the starting model solves stays a goalpost. */
function solvedIn({ iteration, passed }: Evaluated): string[] {
  return iteration === 0 ? [] : Object.keys(passed).filter((id) => passed[id]! > 0);
}

/** Blob names are used once, also where a damaged checkpoint makes an iteration run a second time. */
function freshBlob(iteration: number, used: ReadonlySet<string>): string {
  const name = `iteration-${iteration}`;
  if (!used.has(name)) return name;
  let again = 2;
  while (used.has(`${name}-${again}`)) again++;
  return `${name}-${again}`;
}

function startOf(run: string, events: readonly RunEvent[]): EventOf<'run-started'> {
  const [first] = events;
  if (first?.type !== 'run-started') {
    throw new LabError(
      `There is no run ${run} here.`,
      'It may have been deleted. Choose another one from the list.',
    );
  }
  if (first.version !== EVENT_VERSION) {
    throw new LabError(
      `This run was recorded by another version of the lab (format ${first.version}).`,
      'Reload the page to get the newest version, or start a new run.',
    );
  }
  return { ...first, settings: completeSettings(first.settings) };
}

function checkTrains({ method }: Settings, iterations?: number): void {
  if (!METHODS[method]?.untrained || iterations === 0) return;
  throw new LabError(
    'The base model is what the others are compared with: it is not trained.',
    'Choose another method.',
  );
}

function checkStart(
  settings: Settings,
  goalposts: readonly Question[],
  questions: readonly Question[] = [],
): void {
  const errors = Object.entries(checkSettings(settings));
  if (errors.length > 0) {
    const list = errors.map(([field, error]) => `${field}: ${error}`).join(' ');
    throw new LabError(`These settings cannot be used. ${list}`, 'Correct them and press Run again.');
  }
  const { guided, real } = slots(settings);
  if (questions.length === 0 && real > 0) {
    throw new LabError(
      `${METHODS[settings.method].title} trains on the bank's own questions, and there are none.`,
      'Choose a bank that has questions, or another method.',
    );
  }
  if (goalposts.length === 0 && guided > 0) {
    throw new LabError(
      'There are no goalposts to guide this run.',
      'Choose at least one, or the unguided method.',
    );
  }
}

function checkReadable(dialect: Dialect, goalposts: readonly Question[]): void {
  const problems = goalposts.flatMap((q) => {
    const reason = dialect.unreadable?.(q);
    return reason ? [`“${q.title}”: ${reason}.`] : [];
  });
  if (problems.length > 0) {
    throw new LabError(
      `The model cannot read ${problems.length} of the goalposts. ${problems[0]}`,
      'Leave them out, or choose another model.',
    );
  }
}

function randomRunId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
