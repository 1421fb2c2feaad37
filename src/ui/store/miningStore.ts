/** Goalposts looked for from the page: what the lab has found so far, and calling it off. */
import type { Question } from '../../gasp/question.ts';
import type { Message } from '../../lab/protocol.ts';
import type { LabClient } from './labClient.ts';
import type { Snapshot } from './snapshot.ts';

export class MiningStore {
  constructor(
    private readonly lab: LabClient,
    private readonly now: () => Pick<Snapshot, 'mined' | 'status' | 'settings' | 'backendChoice'>,
    private readonly change: (part: Pick<Snapshot, 'mined'>) => void,
  ) {}

  /** Tries questions on the shipped model, or on a run's newest weights, to find those that it never solves. */
  start(questions: Question[], samples: number, run?: string): void {
    const { backendChoice: backend, settings } = this.now();
    this.change({ mined: { results: new Map(), finished: false, stopped: false } });
    const { seed } = settings;
    this.lab.send({ type: 'mine', questions, samples, backend, seed, ...(run && { run }) });
  }

  cancel(): void {
    const { mined, status } = this.now();
    if (mined) this.change({ mined: { ...mined, stopped: true } });
    // Mining that has not begun is a model that loads.
    this.lab.send(status === 'mining' ? { type: 'cancel-mining' } : { type: 'pause', now: true });
  }

  hear({ results, finished }: Extract<Message, { type: 'mined' }>): void {
    const { mined } = this.now();
    const all = new Map(mined?.results);
    for (const result of results) all.set(result.question, result);
    this.change({ mined: { results: all, finished, stopped: mined?.stopped ?? false } });
  }
}
