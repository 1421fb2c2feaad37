/**
 * What the page knows, in one store: the open run as events and state, what the lab says, and what is
 * chosen for the next run. Components read snapshots and call methods; no algorithm lives here.
 */
import { DEFAULT_SETTINGS } from '../gasp/defaults.ts';
import { slots } from '../gasp/methods.ts';
import type { Question } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';
import type { Activity, BackendChoice, LabStatus, Message } from '../lab/protocol.ts';
import type { RunEvent } from '../run/events.ts';
import type { Journal, RunSummary } from '../run/journal.ts';
import { runName } from '../run/names.ts';
import { applyEvent, foldEvents, type RunState } from '../run/state.ts';
import { type Bank, chosenQuestions, firstGoalposts } from '../gasp/bank.ts';
import type { LabClient } from './labClient.ts';

/** The part of the journal that the page reads; the lab alone appends. */
export type RunReader = Pick<Journal, 'list' | 'read' | 'remove'>;

export interface Problem {
  message: string;
  advice: string;
}

export interface Streaming {
  role: 'lemma' | 'lift' | 'unguided' | 'solver';
  rows: { id: string; text: string }[];
}

export interface Snapshot {
  /** False until the stored runs have been looked up. */
  ready: boolean;
  runs: RunSummary[];
  bank: Bank | null;

  /** What the next run starts with. */
  settings: Settings;
  /** Ids of the goalposts chosen for the next run, out of the bank. */
  chosen: ReadonlySet<string>;
  backendChoice: BackendChoice;

  /** The open run; null on the first page. */
  state: RunState | null;
  /** The lab holds the open run (it runs or is paused), so that it can go on at once. */
  live: boolean;
  /** Name of the run that the lab works on while another one, or none, is on the stage. */
  elsewhere: string | null;
  status: LabStatus;
  activity: Activity | null;
  tokensPerSecond: number;
  streaming: Streaming | null;
  backend: { backend: string; parameters: number; trainable: number } | null;
  /** `stopped`: called off, so that a question without a success may have had fewer tries. */
  mined: { passed: ReadonlyMap<string, number>; samples: number; finished: boolean; stopped: boolean } | null;
  problem: Problem | null;
}

export interface Services {
  lab: LabClient;
  openJournal: () => Promise<RunReader>;
  loadBank: () => Promise<Bank>;
}

const model = 'embedded';

export class Session {
  private snapshot: Snapshot = {
    ready: false,
    runs: [],
    bank: null,
    settings: DEFAULT_SETTINGS,
    chosen: new Set(),
    backendChoice: 'auto',
    state: null,
    live: false,
    elsewhere: null,
    status: 'idle',
    activity: null,
    tokensPerSecond: 0,
    streaming: null,
    backend: null,
    mined: null,
    problem: null,
  };
  private events: RunEvent[] = [];
  /** Run whose events are shown; also set while its log is being read. */
  private open: string | null = null;
  /** The run that the lab works on, whether shown or not, and its name. */
  private labRun: string | null = null;
  private labRunName = '';
  /** A run was asked for whose first event has not come yet: it takes the stage when it does. */
  private expecting = false;
  private journal: Promise<RunReader> | undefined;
  private readonly listeners = new Set<() => void>();
  private frame: number | undefined;

  constructor(private readonly services: Services) {
    services.lab.listen((message) => this.receive(message));
    void this.refreshRuns().finally(() => this.change({ ready: true }));
    services.loadBank().then(
      (bank) => this.change({ bank, chosen: new Set(firstGoalposts(bank).map(({ id }) => id)) }),
      (error: unknown) =>
        this.report(
          error,
          'Without it there are no goalposts. Check that the whole site was copied, then reload.',
        ),
    );
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getSnapshot = (): Snapshot => this.snapshot;

  // What a person does

  /** Run: goes on with the open run, or starts one with what is chosen. */
  run(iterations?: number): void {
    const { state, backendChoice: backend, settings, bank, chosen } = this.snapshot;
    const limit = iterations === undefined ? {} : { iterations };
    if (state) {
      this.take(state.run);
      this.services.lab.send({ type: 'resume', run: state.run, backend, ...limit });
      return;
    }
    const goalposts = chosenQuestions(bank, chosen);
    if (!bank || !canStart(this.snapshot)) return;
    this.expecting = true;
    this.change({ status: 'loading', problem: null, ...this.standing() });
    this.services.lab.send({
      type: 'start',
      name: this.freshName(),
      settings,
      model,
      bank: bank.name,
      goalposts,
      ...(slots(settings).real > 0 && { questions: bank.questions }),
      backend,
      ...limit,
    });
  }

  /** Opens a stored run and goes on with it. */
  async resume(run: string): Promise<void> {
    await this.show(run);
    if (this.open === run && this.snapshot.state) this.run();
  }

  /** Finishes the iteration in progress, then pauses; a second call abandons it. Loading is called off. */
  pause(): void {
    const { status } = this.snapshot;
    this.services.lab.send({ type: 'pause', now: status === 'pausing' || status === 'loading' });
  }

  /** A new run from a checkpoint of the open one, with its settings. */
  branch(blob: string): void {
    const { state, backendChoice: backend } = this.snapshot;
    if (!state) return;
    this.expecting = true;
    this.change({ status: 'loading', problem: null, ...this.standing() });
    this.services.lab.send({
      type: 'branch',
      run: state.run,
      blob,
      name: this.freshName(),
      settings: state.settings,
      backend,
    });
  }

  /** Shows a stored run without running it. */
  async show(run: string): Promise<void> {
    if (this.open === run && this.snapshot.state) return;
    this.open = run;
    try {
      const events = await (await this.reader()).read(run);
      if (this.open !== run) return;
      this.events = events;
      this.change({ state: foldEvents(events), ...this.standing() });
    } catch (error) {
      this.report(error, 'The run is still stored. Reload the page and try again.');
    }
  }

  /** Back to the first page, to start another run. The open run is paused; one that runs elsewhere goes on. */
  close(): void {
    const { status, live } = this.snapshot;
    if (live && (status === 'running' || status === 'loading')) this.pause();
    this.expecting = false;
    this.open = null;
    this.events = [];
    this.change({ state: null, streaming: null, activity: null, ...this.standing() });
    void this.refreshRuns();
  }

  async remove(run: string): Promise<void> {
    try {
      await (await this.reader()).remove(run);
      if (this.open === run) this.close();
    } catch (error) {
      this.report(error, 'If the run is open in another tab, close that tab first.');
    }
    await this.refreshRuns();
  }

  setSettings(settings: Settings): void {
    this.change({ settings });
  }
  setBackend(backendChoice: BackendChoice): void {
    this.change({ backendChoice });
  }
  choose(ids: Iterable<string>): void {
    this.change({ chosen: new Set(ids) });
  }
  dismissProblem(): void {
    this.change({ problem: null });
  }

  /** Tries questions on the shipped model, to find those that it never solves. */
  mine(questions: Question[], samples: number): void {
    const { backendChoice: backend, settings } = this.snapshot;
    this.change({ mined: { passed: new Map(), samples, finished: false, stopped: false } });
    this.services.lab.send({ type: 'mine', questions, samples, backend, seed: settings.seed });
  }
  cancelMining(): void {
    const { mined } = this.snapshot;
    if (mined) this.change({ mined: { ...mined, stopped: true } });
    // Mining that has not begun is a model that loads.
    this.services.lab.send(
      this.snapshot.status === 'mining' ? { type: 'cancel-mining' } : { type: 'pause', now: true },
    );
  }

  // What the lab says

  private receive(message: Message): void {
    switch (message.type) {
      case 'status': {
        if (message.run) this.labRun = message.run;
        const resting =
          message.status === 'idle' || message.status === 'paused' || message.status === 'failed';
        this.changeSoon({
          status: message.status,
          ...this.standing(),
          ...(resting && { activity: null, streaming: null, tokensPerSecond: 0 }),
        });
        if (resting) void this.refreshRuns();
        break;
      }
      case 'activity':
        this.changeSoon({ activity: message.activity, tokensPerSecond: message.tokensPerSecond });
        break;
      case 'stream':
        this.changeSoon({ streaming: { role: message.role, rows: message.rows } });
        break;
      case 'backend':
        this.changeSoon({
          backend: {
            backend: message.backend,
            parameters: message.parameters,
            trainable: message.trainable,
          },
        });
        break;
      case 'events':
        this.extend(message.run, message.events);
        break;
      case 'mined': {
        const { mined } = this.snapshot;
        const passed = new Map(mined?.passed);
        for (const result of message.results) passed.set(result.question, result.passed);
        this.changeSoon({
          mined: {
            passed,
            samples: message.samples,
            finished: message.finished,
            stopped: mined?.stopped ?? false,
          },
        });
        break;
      }
      case 'notice':
      case 'error':
        this.changeSoon({
          problem: { message: message.message, advice: message.advice },
        });
        break;
    }
  }

  private extend(run: string, events: RunEvent[]): void {
    const begin = events[0]?.type === 'run-started' ? events[0] : undefined;
    if (run !== this.open && !(begin && this.expecting)) return;
    if (begin) {
      this.expecting = false;
      this.open = run;
      this.labRun = run;
      this.labRunName = begin.name;
      void this.refreshRuns();
      this.events = [];
    }
    if (events[0] && events[0].seq > this.events.length) {
      // Some events were missed: the journal has them all.
      this.open = null;
      void this.show(run);
      return;
    }
    const fresh = events.filter((event) => event.seq >= this.events.length);
    this.events.push(...fresh);
    const state = fresh.some((event) => event.type === 'resumed')
      ? foldEvents(this.events)
      : fresh.reduce<RunState | null>(applyEvent, begin ? null : this.snapshot.state);
    this.changeSoon({ state, ...this.standing() });
  }

  /** Whether the lab works on what is on the stage. */
  private standing(): Pick<Snapshot, 'live' | 'elsewhere'> {
    const live = this.expecting || (this.labRun !== null && this.labRun === this.open);
    return { live, elsewhere: live || this.labRun === null ? null : this.labRunName };
  }

  private take(run: string): void {
    this.labRun = run;
    this.labRunName = this.snapshot.state?.name ?? '';
    this.change({ status: 'loading', problem: null, ...this.standing() });
  }

  private freshName(): string {
    return runName(
      Math.random,
      this.snapshot.runs.map((run) => run.name),
    );
  }

  private async reader(): Promise<RunReader> {
    this.journal ??= this.services.openJournal();
    return this.journal;
  }

  private async refreshRuns(): Promise<void> {
    try {
      const runs = await (await this.reader()).list();
      this.change({ runs });
    } catch (error) {
      this.journal = undefined;
      this.report(
        error,
        'Runs cannot be stored here. Allow storage for this site, or leave private browsing.',
      );
    }
  }

  private report(error: unknown, advice: string): void {
    this.change({
      problem: { message: error instanceof Error ? error.message : String(error), advice },
    });
  }

  private change(part: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...part };
    for (const listener of this.listeners) listener();
  }

  /** Messages come faster than frames: one render a frame is enough. */
  private changeSoon(part: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...part };
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      for (const listener of this.listeners) listener();
    });
  }
}

/** Guided methods need something to aim at. */
export function canStart({ bank, chosen, settings }: Snapshot): boolean {
  return bank !== null && (chosen.size > 0 || slots(settings).guided === 0);
}
