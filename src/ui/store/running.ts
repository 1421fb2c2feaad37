/** What a person has the lab do with runs: start, go on, branch. */
import { chosenQuestions } from '../../gasp/bank.ts';
import { slots } from '../../gasp/methods.ts';
import type { Question } from '../../gasp/question.ts';
import type { Settings } from '../../gasp/settings.ts';
import { unseenQuestions } from '../../lab/unseen.ts';
import type { RecordedRun } from '../../run/journal.ts';
import { resumable } from '../../run/recorded.ts';
import { canStart, type ChoicesState } from './choices.ts';
import type { LabClient } from './labClient.ts';
import type { Notices } from './notices.ts';
import { isWeightless, type OpenRun, type OpenRunState } from './openRun.ts';
import type { Shelf, ShelfState } from './shelf.ts';
import type { Store } from './store.ts';

export interface Running {
  /** Goes on with the open run, or starts one with what is chosen. */
  run(iterations?: number): void;
  /** Opens a stored run and goes on with it. */
  resume(run: string): Promise<void>;
  /**
   * A new run from a checkpoint of the open one, or from the start of training where `blob` is null; with
   * its settings and goalposts, or with others.
   */
  branch(
    blob: string | null,
    change?: { settings?: Settings; goalposts?: Question[]; name?: string; iterations?: number },
  ): Promise<void>;
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
    run(iterations) {
      const page = store.get();
      const { open, replay, backendChoice: backend, settings, model, bank, chosen, adapter } = page;
      const limit = iterations === undefined ? {} : { iterations };
      if (replay) return;
      if (isWeightless(page)) {
        void running.branch(null, { name: shelf.freshName(), ...limit });
        return;
      }
      if (open) {
        openRun.take(open.run);
        client.send({ type: 'resume', run: open.run, backend, ...limit });
        return;
      }
      const goalposts = chosenQuestions(bank, chosen);
      if (!bank || !canStart(page)) return;
      openRun.expect();
      client.send({
        type: 'start',
        name: shelf.freshName(),
        settings,
        model,
        ...(adapter && { adapter }),
        bank: bank.name,
        goalposts,
        ...(slots(settings).real > 0 && { questions: bank.questions }),
        ...unseenQuestions(bank, model, settings),
        backend,
        ...limit,
      });
    },
    async resume(run) {
      await openRun.show(run);
      if (store.get().open?.run === run) running.run();
    },
    async branch(blob, change = {}) {
      const { open, replay, backendChoice: backend, bank: known } = store.get();
      if (!open) return;
      const name = change.name || shelf.freshName();
      const settings = change.settings ?? open.settings;
      const goalposts = change.goalposts ?? open.goalposts;
      if (blob === null) {
        openRun.expect();
        const { model, bank, questions } = open;
        const { iterations } = change;
        const limit = iterations === undefined ? {} : { iterations };
        const start = { name, settings, model, bank, goalposts, backend, ...limit };
        client.send({
          ...{ type: 'start', ...start },
          ...(questions && { questions }),
          ...(known?.name === bank && unseenQuestions(known, model, settings)),
        });
        return;
      }
      // The lab branches from what is stored.
      const run = replay ? await adopt(replay) : open.run;
      if (run === undefined) return;
      openRun.expect();
      client.send({ type: 'branch', run, blob, name, settings, goalposts, backend });
    },
    async goOn(iteration) {
      const { replay, open, runs } = store.get();
      if (!replay || !open) return;
      const from = resumable(replay, iteration);
      if (!from) {
        // Its own name, unless a run here has it.
        const isTaken = runs.some(({ name }) => name === open.name);
        return running.branch(null, { name: isTaken ? shelf.freshName() : open.name });
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
