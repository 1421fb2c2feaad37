/** What a person has the lab do with runs: start, go on, branch. */
import { type Bank, bankFor, chosenQuestions } from '../../gasp/bank.ts';
import { withMethod } from '../../gasp/defaults.ts';
import { type MethodName, methodSettings, slots } from '../../gasp/methods.ts';
import type { Question } from '../../gasp/question.ts';
import type { Settings } from '../../gasp/settings.ts';
import type { AdapterFiles } from '../../lab/adapters.ts';
import type { Limit } from '../../lab/protocol.ts';
import { unseenQuestions } from '../../lab/unseen.ts';
import type { RecordedRun } from '../../run/journal.ts';
import { resumable } from '../../run/recorded.ts';
import { currentCounters } from '../../run/state.ts';
import { canStart, type ChoicesState } from './choices.ts';
import type { LabClient } from './labClient.ts';
import type { Notices } from './notices.ts';
import { isWeightless, type OpenRun, type OpenRunState } from './openRun.ts';
import type { Shelf, ShelfState } from './shelf.ts';
import type { Store } from './store.ts';

export interface Running {
  /** Goes on with the open run, or starts one with what is chosen. */
  run(limit?: Limit): void;
  /** A new run. */
  start(
    what: { settings: Settings; model: string; goalposts: Question[]; adapter?: AdapterFiles },
    limit: Limit,
  ): void;
  /** Opens a stored run and goes on with it. */
  resume(run: string, limit?: Limit): Promise<void>;
  /**
   * A new run from a checkpoint of the open one, or from the start of training where `blob` is null; with
   * its settings and goalposts, or with others.
   */
  branch(
    blob: string | null,
    change?: {
      settings?: Settings;
      goalposts?: Question[];
      name?: string;
      /** From the start of training only. */
      limit?: Limit;
    },
  ): Promise<void>;
  /** The open run once more with another method: the same model, seed, goalposts and other settings, and as many tokens. */
  again(method: MethodName): Promise<void>;
  /**
   * Makes the replay a run of one's own and runs it: from the last checkpoint that came along and is not
   * past `iteration`, exactly as it would have gone on, or from its seed where there is none.
   */
  goOn(iteration: number): Promise<void>;
  /** Stores the replay as it is. */
  keepReplay(): Promise<void>;
}

export function createRunning(
  store: Store<OpenRunState & ChoicesState & ShelfState>,
  client: LabClient,
  openRun: Pick<OpenRun, 'expect' | 'take' | 'show'>,
  shelf: Shelf,
  notices: Notices,
): Running {
  const adopt = async (run: RecordedRun): Promise<string | undefined> => {
    try {
      const [id] = await shelf.adopt([run]);
      return id;
    } catch (error) {
      notices.report(error, 'It was not stored, and is still shown. Free some space, then try again.');
      return undefined;
    }
  };

  const running: Running = {
    run(limit = {}) {
      const page = store.get();
      const { open, replay, backendChoice: backend, settings, model, bank, chosen, adapter } = page;
      if (replay) return;
      if (isWeightless(page)) {
        void running.branch(null, { limit });
        return;
      }
      if (open) {
        openRun.take(open.run);
        client.send({ type: 'resume', run: open.run, backend, ...limit });
        return;
      }
      if (!bank || !canStart(page)) return;
      const goalposts = chosenQuestions(bank, chosen);
      running.start({ settings, model, goalposts, ...(adapter && { adapter }) }, limit);
    },
    start({ settings, model, goalposts, adapter }, limit) {
      const { bank, backendChoice: backend } = store.get();
      if (!bank) return;
      const theirs = bankFor(bank, goalposts);
      openRun.expect();
      client.send({
        type: 'start',
        name: shelf.freshName(settings.method),
        settings,
        model,
        ...(adapter && { adapter }),
        bank: bank.name,
        goalposts,
        ...questionsFor(settings, undefined, theirs),
        ...unseenQuestions(theirs, model, settings),
        backend,
        ...limit,
      });
    },
    async resume(run, limit) {
      await openRun.show(run);
      if (store.get().open?.run === run) running.run(limit);
    },
    async branch(blob, change = {}) {
      const { open, replay, backendChoice: backend, bank: known } = store.get();
      if (!open) return;
      const settings = change.settings ?? open.settings;
      const name = change.name || shelf.freshName(settings.method);
      const goalposts = change.goalposts ?? open.goalposts;
      if (blob === null) {
        openRun.expect();
        const { model, bank, questions } = open;
        const start = { name, settings, model, bank, goalposts, backend, ...change.limit };
        const theirs = known?.name === bank ? bankFor(known, goalposts) : null;
        client.send({
          ...{ type: 'start', ...start },
          ...questionsFor(settings, questions, theirs),
          ...(theirs && unseenQuestions(theirs, model, settings)),
        });
        return;
      }
      // The lab branches from what is stored.
      const run = replay ? await adopt(replay) : open.run;
      if (run === undefined) return;
      openRun.expect();
      client.send({ type: 'branch', run, blob, name, settings, goalposts, backend });
    },
    async again(method) {
      const { open } = store.get();
      if (!open) return;
      const { tokensSampled, tokensTrained } = currentCounters(open);
      await running.branch(null, {
        settings: withMethod(open.settings, method),
        limit: { tokens: tokensSampled + tokensTrained },
      });
    },
    async goOn(iteration) {
      const { replay, open, runs } = store.get();
      if (!replay || !open) return;
      const from = resumable(replay, iteration);
      if (!from) {
        // Its own name, unless a run here has it.
        const isTaken = runs.some(({ name }) => name === open.name);
        return running.branch(null, isTaken ? {} : { name: open.name });
      }
      const run = await adopt(from);
      if (run !== undefined) await running.resume(run);
    },
    async keepReplay() {
      const { replay } = store.get();
      const run = replay && (await adopt(replay));
      if (run) await openRun.show(run);
    },
  };
  return running;
}

/** The bank's own questions, for a method that trains on them: those that the run had, else those of its bank. */
function questionsFor(
  settings: Settings,
  questions: Question[] | undefined,
  bank: Bank | null,
): { questions?: Question[] } {
  if (questions) return { questions };
  return slots(methodSettings(settings)).real > 0 && bank ? { questions: bank.questions } : {};
}
