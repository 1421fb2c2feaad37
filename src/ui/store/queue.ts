/**
 * Methods and seeds that run one after another with the same budget, as `lab compare` has them. What is left is kept
 * over a reload: a run that was interrupted goes on, and one that has spent its budget makes room for the next.
 */
import { bankQuestions } from '../../gasp/bank.ts';
import { withMethod } from '../../gasp/defaults.ts';
import type { MethodName } from '../../gasp/methods.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { Limit, LabStatus } from '../../lab/protocol.ts';
import type { RunEvent } from '../../run/events.ts';
import { currentCounters, foldEvents } from '../../run/state.ts';
import type { ChoicesState } from './choices.ts';
import { isBusy, type LabState } from './lab.ts';
import type { Notices } from './notices.ts';
import type { Running } from './running.ts';
import type { Shelf, ShelfState } from './shelf.ts';
import type { Store } from './store.ts';

const KEY = 'foothold-queue';

export interface QueuedRun {
  method: MethodName;
  seed: number;
  /** Its id, once it was begun. */
  run?: string;
  /** It has spent its budget. */
  done?: true;
}

export interface Queue {
  runs: QueuedRun[];
  /** Of each run: tokens, sampled plus trained, or seconds of self-play. */
  budget: Pick<Limit, 'tokens' | 'seconds'>;
  settings: Settings;
  model: string;
  /** Ids of questions of the bank. */
  goalposts: string[];
}

export interface QueueState {
  queue: Queue | null;
  /** The lab works on it; else it waits for somebody to go on with it. */
  queueGoes: boolean;
}

export const FIRST_QUEUE: QueueState = { queue: null, queueGoes: false };

export interface Queues {
  /** With the settings, model and goalposts that are chosen for the next run; in place of one that is there. */
  begin(methods: readonly MethodName[], seeds: readonly number[], budget: Queue['budget']): void;
  goOn(): Promise<void>;
  /** Lets go of what is left; runs that were begun stay. */
  drop(): void;
  /** What the lab says of its runs. */
  hear(status: LabStatus, run: string | undefined): void;
  heardEvents(run: string, events: readonly RunEvent[]): void;
}

export function createQueues(
  store: Store<QueueState & ChoicesState & LabState & ShelfState>,
  running: Pick<Running, 'start' | 'resume'>,
  shelf: Pick<Shelf, 'readRun'>,
  notices: Notices,
): Queues {
  store.set({ queue: stored() });
  const put = (queue: Queue | null, queueGoes: boolean) => {
    store.set({ queue, queueGoes });
    try {
      if (queue) localStorage.setItem(KEY, JSON.stringify(queue));
      else localStorage.removeItem(KEY);
    } catch {
      // It lasts as long as the page.
    }
  };
  const next = ({ runs }: Queue) => runs.findIndex(({ done }) => !done);
  const change = (at: number, part: Partial<QueuedRun>) => {
    const { queue, queueGoes } = store.get();
    if (queue) put({ ...queue, runs: queue.runs.with(at, { ...queue.runs[at]!, ...part }) }, queueGoes);
  };
  /** Whether the run has spent its budget. */
  const isSpent = async (run: string, { tokens = Infinity, seconds = Infinity }: Queue['budget']) => {
    const state = foldEvents(await shelf.readRun(run));
    if (!state) return false;
    const counters = currentCounters(state);
    return counters.tokensSampled + counters.tokensTrained >= tokens || counters.seconds >= seconds;
  };
  const paused = async (run: string) => {
    const { queue, queueGoes } = store.get();
    const at = queue ? next(queue) : -1;
    if (!queue || !queueGoes || queue.runs[at]?.run !== run) return;
    // A person paused it: it goes on when they say so.
    if (!(await isSpent(run, queue.budget))) return put(queue, false);
    change(at, { done: true });
    await queues.goOn();
  };

  const queues: Queues = {
    begin(methods, seeds, budget) {
      const { settings, model, chosen, status } = store.get();
      if (isBusy(status)) return;
      const runs = seeds.flatMap((seed) => methods.map((method): QueuedRun => ({ method, seed })));
      put({ runs, budget, settings, model, goalposts: [...chosen] }, false);
      void queues.goOn();
    },
    async goOn() {
      const { queue, bank, runs } = store.get();
      if (!queue || !bank) return;
      const at = next(queue);
      const job = queue.runs[at];
      if (!job) return put(queue, false);
      put(queue, true);
      if (job.run !== undefined && runs.some(({ run }) => run === job.run))
        return running.resume(job.run, queue.budget);
      const wanted = new Set(queue.goalposts);
      running.start(
        {
          settings: { ...withMethod(queue.settings, job.method), seed: job.seed },
          model: queue.model,
          goalposts: bankQuestions(bank).filter(({ id }) => wanted.has(id)),
        },
        queue.budget,
      );
    },
    drop: () => put(null, false),
    hear(status, run) {
      const { queue, queueGoes } = store.get();
      if (!queueGoes) return;
      if (status === 'failed') put(queue, false);
      if (status === 'paused' && run !== undefined)
        paused(run).catch((error: unknown) => {
          put(store.get().queue, false);
          notices.report(error, 'The comparison waits: open Compare and go on with it.');
        });
    },
    heardEvents(run, events) {
      const { queue, queueGoes } = store.get();
      const [first] = events;
      if (!queue || !queueGoes || first?.type !== 'run-started') return;
      const at = next(queue);
      const job = queue.runs[at];
      if (job && first.settings.method === job.method && first.settings.seed === job.seed)
        change(at, { run });
    },
  };
  return queues;
}

function stored(): Queue | null {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Queue | null;
    return value && Array.isArray(value.runs) && Array.isArray(value.goalposts) ? value : null;
  } catch {
    return null;
  }
}
