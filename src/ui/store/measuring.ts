/** Stored runs tried on questions after they ran, so that they can be compared. */
import { bankFor } from '../../gasp/bank.ts';
import { digestRun, pickCheckpoint } from '../../compare/digest.ts';
import { pickingPlans, reportPlans, type TrialSize } from '../../compare/plans.ts';
import { finishedIterations, foldEvents, type RunState } from '../../run/state.ts';
import type { ChoicesState } from './choices.ts';
import type { LabState } from './lab.ts';
import type { LabClient } from './labClient.ts';
import type { Notices, NoticesState } from './notices.ts';
import type { Shelf } from './shelf.ts';
import type { Store } from './store.ts';

/** Checkpoints before the last one that validation questions choose from. */
const PICKED_FROM = 3;

/** The iteration whose weights did best on validation questions, of those still stored; else the last. */
function iterationToTest(state: RunState): number {
  const stored = new Set(state.checkpoints.map(({ iteration }) => iteration));
  const validation = digestRun(state).validation.filter(({ iteration }) => stored.has(iteration));
  return pickCheckpoint(validation) ?? finishedIterations(state);
}

/**
 * Tries questions with stored runs, at their start and later: validation questions at checkpoints on the way and
 * at the end; held-out ones and goalposts at the checkpoint that did best on validation, else at the end.
 */
export type Measure = (
  runs: readonly string[],
  split: 'heldout' | 'validation',
  wanted: TrialSize,
) => Promise<void>;

export function createMeasure(
  store: Store<ChoicesState & LabState & NoticesState>,
  client: LabClient,
  shelf: Shelf,
  notices: Notices,
): Measure {
  return async (runs, split, wanted) => {
    const { bank, backendChoice: backend } = store.get();
    if (!bank) return;
    try {
      const work = [];
      for (const run of runs) {
        const state = foldEvents(await shelf.readRun(run))!;
        const theirs = bankFor(bank, state.goalposts);
        const plans =
          split === 'validation'
            ? pickingPlans(state, theirs.validation ?? [], {
                ...wanted,
                checkpoints: PICKED_FROM,
                start: true,
              })
            : reportPlans(state, iterationToTest(state), theirs.heldout, {
                ...wanted,
                checkpoints: 0,
                start: true,
              });
        work.push({ run, plans });
      }
      store.set({ status: 'loading', problem: null });
      client.send({ type: 'measure', runs: work, backend });
    } catch (error) {
      notices.report(error, 'The runs are still stored. Reload the page and try again.');
    }
  };
}
