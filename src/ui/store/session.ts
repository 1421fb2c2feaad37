/**
 * What the page knows, in one store: the open run as events and state, what the lab says, and what is
 * chosen for the next run. Components read snapshots and call methods; no algorithm lives here.
 */
import { tellError } from '../../util/codedError.ts';
import { digestRun, pickCheckpoint } from '../../compare/digest.ts';
import { pickingPlans, reportPlans, type TrialSize } from '../../compare/plans.ts';
import { slots } from '../../gasp/methods.ts';
import type { Question } from '../../gasp/question.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { Message } from '../../lab/protocol.ts';
import type { RunEvent } from '../../run/events.ts';
import type { RecordedRun } from '../../run/journal.ts';
import { runName } from '../../run/names.ts';
import { resumable } from '../../run/recorded.ts';
import { Timeline } from '../../run/timeline.ts';
import { finishedIterations, foldEvents, type RunState } from '../../run/state.ts';
import type { Recipe } from '../../share/schema.ts';
import { type Bank, chosenQuestions } from '../../gasp/bank.ts';
import type { PersonDraft } from '../../gasp/teaching.ts';
import type { FolderContent } from 'onnx-lora';
import type { LabClient } from './labClient.ts';
import { type RunStore, Shelf } from './shelf.ts';
import { Choices } from './choices.ts';
import { MiningStore } from './miningStore.ts';
import { saveAdapter } from './saveAdapter.ts';
import { canStart, FIRST_SNAPSHOT, isWeightless, type Snapshot } from './snapshot.ts';
import { TeachingStore } from './teachingStore.ts';
import { problemOf } from '../parts/wording.ts';

export interface Services {
  lab: LabClient;
  openJournal: () => Promise<RunStore>;
  loadBank: () => Promise<Bank>;
}

/** Checkpoints before the last one that validation questions choose from. */
const PICKED_FROM = 3;

/** The iteration whose weights did best on validation questions, of those still stored; else the last. */
function iterationToTest(state: RunState): number {
  const stored = new Set(state.checkpoints.map(({ iteration }) => iteration));
  const validation = digestRun(state).validation.filter(({ iteration }) => stored.has(iteration));
  return pickCheckpoint(validation) ?? finishedIterations(state);
}

export class Session {
  private snapshot: Snapshot = FIRST_SNAPSHOT;
  readonly teaching: TeachingStore;
  private events: RunEvent[] = [];
  /** Run whose events are shown; also set while its log is being read. */
  private open: string | null = null;
  /** The run that the lab works on, whether shown or not, and its name. */
  private labRun: string | null = null;
  private labRunName = '';
  /** A run was asked for whose first event has not come yet: it takes the stage when it does. */
  private expecting = false;
  /** The stored runs. */
  readonly shelf: Shelf;
  /** For the next run. */
  readonly choices: Choices;
  readonly mining: MiningStore;
  private readonly listeners = new Set<() => void>();
  private frame: number | undefined;

  constructor(private readonly services: Services) {
    this.teaching = new TeachingStore(services.lab);
    services.lab.listen((message) => this.receive(message));
    this.shelf = new Shelf(
      services.openJournal,
      (part) => this.change(part),
      (error, advice) => this.report(error, advice),
    );
    void this.shelf.refresh().finally(() => this.change({ ready: true }));
    this.choices = new Choices(
      services.loadBank,
      () => this.snapshot,
      (part) => this.change(part),
      (error, advice) => this.report(error, advice),
    );
    this.mining = new MiningStore(
      services.lab,
      () => this.snapshot,
      (part) => this.changeSoon(part),
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
    const { state, replay, backendChoice: backend, settings, bank, chosen, adapter } = this.snapshot;
    const limit = iterations === undefined ? {} : { iterations };
    if (replay) return;
    if (isWeightless(this.snapshot)) {
      void this.branch(null, { name: this.freshName(), ...limit });
      return;
    }
    if (state) {
      this.take(state.run);
      this.services.lab.send({ type: 'resume', run: state.run, backend, ...limit });
      return;
    }
    const goalposts = chosenQuestions(bank, chosen);
    if (!bank || !canStart(this.snapshot)) return;
    this.expect();
    this.services.lab.send({
      type: 'start',
      name: this.freshName(),
      settings,
      model: this.snapshot.model,
      ...(adapter && { adapter }),
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

  /**
   * A new run from a checkpoint of the open one, or from the start of training where `blob` is null; with
   * its settings and goalposts, or with others.
   */
  async branch(
    blob: string | null,
    change: { settings?: Settings; goalposts?: Question[]; name?: string; iterations?: number } = {},
  ): Promise<void> {
    const { state, replay, backendChoice: backend } = this.snapshot;
    if (!state) return;
    const name = change.name || this.freshName();
    const settings = change.settings ?? state.settings;
    const goalposts = change.goalposts ?? state.goalposts;
    if (blob === null) {
      this.expect();
      const { model, bank, questions } = state;
      const { iterations } = change;
      const limit = iterations === undefined ? {} : { iterations };
      const start = { name, settings, model, bank, goalposts, backend, ...limit };
      this.services.lab.send({ type: 'start', ...start, ...(questions && { questions }) });
      return;
    }
    // The lab branches from what is stored.
    const run = replay ? await this.adopt(replay) : state.run;
    if (run === undefined) return;
    this.expect();
    this.services.lab.send({ type: 'branch', run, blob, name, settings, goalposts, backend });
  }

  /** Saves a checkpoint's adapter as a zip of the two files that PEFT reads. */
  async exportAdapter(blob: string): Promise<void> {
    const { state, replay } = this.snapshot;
    const checkpoint = state?.checkpoints.find((c) => c.blob === blob);
    if (!state || !checkpoint || replay) return;
    try {
      await saveAdapter(await this.shelf.reader(), state, checkpoint);
    } catch (error) {
      this.reportByCode(error, 'Nothing was changed. Try another checkpoint.');
    }
  }

  /** The log of a stored run. */
  async readRun(run: string): Promise<RunEvent[]> {
    return (await this.shelf.reader()).read(run);
  }

  /**
   * Tries questions with stored runs, at their start and later: validation questions at checkpoints on the way and
   * at the end; held-out ones and goalposts at the checkpoint that did best on validation, else at the end.
   */
  async measure(runs: readonly string[], split: 'heldout' | 'validation', wanted: TrialSize): Promise<void> {
    const { bank, backendChoice: backend } = this.snapshot;
    if (!bank) return;
    try {
      const work = [];
      for (const run of runs) {
        const state = foldEvents(await this.readRun(run))!;
        const plans =
          split === 'validation'
            ? pickingPlans(state, bank.validation ?? [], { ...wanted, checkpoints: PICKED_FROM, start: true })
            : reportPlans(state, iterationToTest(state), bank.heldout, {
                ...wanted,
                checkpoints: 0,
                start: true,
              });
        work.push({ run, plans });
      }
      this.change({ status: 'loading', problem: null });
      this.services.lab.send({ type: 'measure', runs: work, backend });
    } catch (error) {
      this.report(error, 'The runs are still stored. Reload the page and try again.');
    }
  }

  /** Shows a stored run without running it. */
  async show(run: string): Promise<void> {
    if (this.open === run && this.snapshot.state) return;
    this.open = run;
    try {
      const store = await this.shelf.reader();
      const [events, checkpoints] = await Promise.all([store.read(run), store.checkpoints(run)]);
      if (this.open !== run) return;
      this.stage(events, null, checkpoints);
    } catch (error) {
      this.report(error, 'The run is still stored. Reload the page and try again.');
    }
  }

  /** Shows a run from elsewhere. Nothing is stored, and nothing of it can be run. */
  showReplay(run: RecordedRun): void {
    this.expecting = false;
    this.open = null;
    this.stage(
      run.events,
      run,
      run.checkpoints.map(({ blob }) => blob),
    );
  }

  /** What the next run starts with, from elsewhere. It is not started. Throws for a model that nobody has. */
  async takeRecipe(recipe: Recipe): Promise<void> {
    const take = await this.choices.taking(recipe);
    if (!take) return;
    this.close();
    take();
  }

  /**
   * Makes the replay a run of one's own and runs it: from the last checkpoint that came along and is not
   * past `iteration`, exactly as it would have gone on, or from its seed where there is none.
   */
  async goOn(iteration: number): Promise<void> {
    const { replay } = this.snapshot;
    if (!replay) return;
    const from = resumable(replay, iteration);
    if (!from) return this.branch(null, { name: this.freeNameLike(this.snapshot.state!.name) });
    const run = await this.adopt(from);
    if (run !== undefined) await this.resume(run);
  }

  /** Stores the replay as it is. */
  async keepReplay(): Promise<void> {
    const { replay } = this.snapshot;
    const run = replay && (await this.adopt(replay));
    if (run) await this.show(run);
  }

  setOpening(opening: boolean): void {
    this.change({ opening });
  }

  /** Stores the runs that were offered, or lets go of them. */
  async answerOffer(store: boolean): Promise<void> {
    const { offered } = this.snapshot;
    this.change({ offered: null });
    if (store && offered) await this.importRuns(offered);
  }
  offer(offered: RecordedRun[]): void {
    this.change({ offered });
  }
  async importRuns(runs: RecordedRun[]): Promise<void> {
    try {
      await this.shelf.adopt(runs);
    } catch (error) {
      this.report(error, 'The runs before it in the file are stored, this one and those after it are not.');
    }
  }

  /** The open run with those of its checkpoints that are there and wanted. */
  async recorded(wanted: (blob: string) => boolean = () => true): Promise<RecordedRun> {
    const { replay, state } = this.snapshot;
    if (!replay) return (await this.shelf.reader()).exportRun(state!.run, wanted);
    return { ...replay, checkpoints: replay.checkpoints.filter(({ blob }) => wanted(blob)) };
  }

  private async adopt(run: RecordedRun): Promise<string | undefined> {
    try {
      const [id] = await this.shelf.adopt([run]);
      return id;
    } catch (error) {
      this.report(error, 'It was not stored, and is still shown. Free some space, then try again.');
      return undefined;
    }
  }

  /** Back to the first page, to start another run. The open run is paused; one that runs elsewhere goes on. */
  close(): void {
    const { status, live } = this.snapshot;
    if (live && (status === 'running' || status === 'loading')) this.pause();
    this.expecting = false;
    this.open = null;
    this.events = [];
    this.change({
      state: null,
      timeline: null,
      replay: null,
      streaming: null,
      activity: null,
      ...this.standing(),
    });
    void this.shelf.refresh();
  }

  async remove(run: string): Promise<void> {
    if ((await this.shelf.remove(run)) && this.open === run) this.close();
  }

  async rename(run: string, name: string): Promise<void> {
    this.told(run, await this.shelf.tell(run, { type: 'renamed', name }));
  }
  async note(run: string, text: string): Promise<void> {
    this.told(run, await this.shelf.tell(run, { type: 'noted', text }));
  }
  private told(run: string, event: RunEvent | undefined): void {
    if (event && this.open === run) this.extend(run, [event]);
    if (event?.type === 'renamed' && this.labRun === run) {
      this.labRunName = event.name;
      this.change(this.standing());
    }
  }

  /** Hands a folder on disk to the lab, under the name by which a model is chosen from it. */
  offerFolder(name: string, content: FolderContent): void {
    this.services.lab.send({ type: 'folder', name, content });
  }
  /** Plays the teacher in the open run. `about` names what is being written. */
  tryDraft(about: string, draft: PersonDraft): void {
    const { state, replay, backendChoice, live, status } = this.snapshot;
    // A replay's run may bear the id of a stored one, which is not its to change.
    if (!state || replay) return;
    if (!live || status !== 'running') this.take(state.run);
    this.teaching.try(state.run, about, draft, backendChoice);
  }

  cancelTry(): void {
    // A trial that has not begun is a model that loads.
    this.services.lab.send(
      this.snapshot.status === 'loading' ? { type: 'pause', now: true } : { type: 'cancel-try' },
    );
  }

  dismissProblem(): void {
    this.change({ problem: null });
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
        if (resting) void this.shelf.refresh();
        break;
      }
      case 'activity':
        this.changeSoon({ activity: message.activity, tokensPerSecond: message.tokensPerSecond });
        break;
      case 'stream':
        this.changeSoon({ streaming: { role: message.role, rows: message.rows } });
        break;
      case 'backend':
        this.changeSoon({ backend: { backend: message.backend, cores: message.cores } });
        break;
      case 'events':
        this.extend(message.run, message.events);
        break;
      case 'mined':
        this.mining.hear(message);
        break;
      case 'notice':
      case 'error':
        this.changeSoon({ problem: problemOf(message) });
        break;
    }
  }

  private extend(run: string, events: RunEvent[]): void {
    const begin = events[0]?.type === 'run-started' ? events[0] : undefined;
    if (events.some((event) => event.type === 'iteration-finished')) void this.shelf.refresh();
    if (run !== this.open && !(begin && this.expecting)) return;
    if (begin) {
      this.expecting = false;
      this.open = run;
      this.labRun = run;
      this.labRunName = begin.name;
      this.change({ absent: new Set() });
      void this.shelf.refresh();
      this.events = [];
    }
    if (events[0] && events[0].seq > this.events.length) {
      // Some events were missed: the journal has them all.
      this.open = null;
      void this.show(run);
      return;
    }
    const fresh = events.filter((event) => event.seq >= this.events.length);
    if (fresh.length === 0) return;
    this.events.push(...fresh);
    const { timeline } = this.snapshot;
    if (begin || !timeline || fresh.some((event) => event.type === 'resumed')) {
      this.stageSoon(new Timeline(this.events));
    } else {
      timeline.push(fresh);
      this.stageSoon(timeline);
    }
  }

  /** Puts a run on the stage; `here` names its checkpoints that are at hand. */
  private stage(events: RunEvent[], replay: RecordedRun | null, here: readonly string[]): void {
    this.events = events.slice();
    const timeline = events.length > 0 ? new Timeline(events) : null;
    const state = timeline?.state ?? null;
    const named = state?.checkpoints.map(({ blob }) => blob) ?? [];
    const absent = new Set(named.filter((blob) => !here.includes(blob)));
    this.change({ state, timeline, replay, absent, ...this.standing() });
  }

  private stageSoon(timeline: Timeline): void {
    this.changeSoon({ state: timeline.state, timeline, replay: null, ...this.standing() });
  }

  /** Whether the lab works on what is on the stage. */
  private standing(): Pick<Snapshot, 'live' | 'elsewhere'> {
    const live = this.expecting || (this.labRun !== null && this.labRun === this.open);
    return { live, elsewhere: live || this.labRun === null ? null : this.labRunName };
  }

  /** A new run will take the stage with its first event. */
  private expect(): void {
    this.expecting = true;
    this.change({ status: 'loading', problem: null, ...this.standing() });
  }

  private take(run: string): void {
    this.labRun = run;
    this.labRunName = this.snapshot.state?.name ?? '';
    this.change({ status: 'loading', problem: null, ...this.standing() });
  }

  freshName(): string {
    return runName(
      Math.random,
      this.snapshot.runs.map((run) => run.name),
    );
  }

  /** The name of a run from elsewhere, unless a run here has it. */
  private freeNameLike(name: string): string {
    return this.snapshot.runs.some((run) => run.name === name) ? this.freshName() : name;
  }

  /** Says that something did not work, with the advice of who knows what it was part of. */
  report(error: unknown, advice: string): void {
    this.change({ problem: { ...problemOf(tellError(error)), advice } });
  }
  /** The same with the advice that goes with the error; `otherwise` where there is none. */
  reportByCode(error: unknown, otherwise: string): void {
    this.change({ problem: problemOf(tellError(error), otherwise) });
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
