/** Goalposts looked for from the page: what the lab has found so far, and calling it off. */
import type { Mined } from '../../gasp/goalposts.ts';
import type { Question } from '../../gasp/question.ts';
import type { Message } from '../../lab/protocol.ts';
import type { ChoicesState } from './choices.ts';
import type { LabState } from './lab.ts';
import type { LabClient } from './labClient.ts';
import type { Store } from './store.ts';

export interface MiningState {
  /** `stopped`: called off, so that a question without a success may have had fewer tries. */
  mined: { results: ReadonlyMap<string, Mined>; finished: boolean; stopped: boolean } | null;
}

export const FIRST_MINING: MiningState = { mined: null };

/** Before it begins, the model for it loads. */
export const isMining = ({ status, mined }: MiningState & Pick<LabState, 'status'>): boolean =>
  status === 'mining' || (status === 'loading' && mined !== null && !mined.finished);

export interface Mining {
  /** Tries questions on the model of the next run, or on a run's newest weights, to find those that it never solves. */
  start(questions: Question[], samples: number, run?: string): void;
  cancel(): void;
  hear(message: Extract<Message, { type: 'mined' }>): void;
}

export function createMining(store: Store<MiningState & LabState & ChoicesState>, client: LabClient): Mining {
  return {
    start(questions, samples, run) {
      const { backendChoice: backend, settings, model } = store.get();
      store.setSoon({ mined: { results: new Map(), finished: false, stopped: false } });
      const { seed } = settings;
      client.send({ type: 'mine', questions, samples, backend, seed, model, ...(run && { run }) });
    },
    cancel() {
      const { mined, status } = store.get();
      if (mined) store.setSoon({ mined: { ...mined, stopped: true } });
      // Mining that has not begun is a model that loads.
      client.send(status === 'mining' ? { type: 'cancel-mining' } : { type: 'pause', now: true });
    },
    hear({ results, finished }) {
      const { mined } = store.get();
      const all = new Map(mined?.results);
      for (const result of results) all.set(result.question, result);
      store.setSoon({ mined: { results: all, finished, stopped: mined?.stopped ?? false } });
    },
  };
}
