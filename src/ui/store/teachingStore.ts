/** What a person tries out in the teacher's place, and the goalpost that they write: a store beside the session. */
import type { Axis, Fault, ProposerRole, Question } from '../../gasp/question.ts';
import type { GoalpostDraft, PersonDraft, TeachingTrial } from '../../gasp/teaching.ts';
import type { BackendChoice, Message } from '../../lab/protocol.ts';
import type { Stone } from '../../run/state.ts';
import type { LabClient } from './labClient.ts';

/** What a person begins a lemma or a lift with. */
export interface TeachStart {
  role: ProposerRole;
  axis: Axis;
  /** Its program and inputs are what they change. */
  from: Question;
  goalpost?: Question;
  /** The lemma, for a lift. */
  parent?: Stone;
}

export interface TeachingSnapshot {
  /** The newest trial. `stopped`: called off, or lost with an error. */
  trial: {
    run: string;
    /** Names what was being written, so that it is shown there only. */
    about: string;
    draft: PersonDraft;
    phase: 'trying' | 'tried' | 'stopped' | 'keeping' | 'kept';
    result?: TeachingTrial;
  } | null;
  /** The goalpost that was run last; `result` is there once it has. */
  examined: { draft: GoalpostDraft; result?: { question: Question } | { fault: Fault } } | null;
}

export class TeachingStore {
  private snapshot: TeachingSnapshot = { trial: null, examined: null };
  private readonly listeners = new Set<() => void>();
  private number = 0;
  /** Names of what is awaited: what comes back for another one is out of date. */
  private awaited = { trial: '', examined: '' };

  constructor(private readonly lab: LabClient) {
    lab.listen((message) => this.receive(message));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getSnapshot = (): TeachingSnapshot => this.snapshot;

  try(run: string, about: string, draft: PersonDraft, backend: BackendChoice): void {
    this.awaited.trial = `trial-${++this.number}`;
    this.change({ trial: { run, about, draft, phase: 'trying' } });
    this.lab.send({ type: 'try', run, trial: this.awaited.trial, draft, backend });
  }

  keep(backend: BackendChoice): void {
    const { trial } = this.snapshot;
    if (!trial?.result) return;
    this.change({ trial: { ...trial, phase: 'keeping' } });
    this.lab.send({ type: 'keep', run: trial.run, trial: this.awaited.trial, backend });
  }

  throwAway(): void {
    this.awaited.trial = '';
    this.change({ trial: null });
  }

  examine(draft: GoalpostDraft): void {
    this.awaited.examined = `own-${Date.now().toString(36)}-${++this.number}`;
    this.change({ examined: { draft } });
    this.lab.send({ type: 'examine', id: this.awaited.examined, draft });
  }

  private receive(message: Message): void {
    const { trial, examined } = this.snapshot;
    switch (message.type) {
      case 'tried':
        if (!trial || message.trial !== this.awaited.trial) return;
        this.change({
          trial: message.result
            ? { ...trial, phase: 'tried', result: message.result }
            : { ...trial, phase: 'stopped' },
        });
        break;
      case 'kept':
        if (trial && message.trial === this.awaited.trial)
          this.change({ trial: { ...trial, phase: 'kept' } });
        break;
      case 'examined':
        if (examined && message.id === this.awaited.examined) {
          this.change({ examined: { ...examined, result: message.result } });
        }
        break;
      case 'error':
        // The page shows it; whatever was awaited may not come any more and can be asked for again.
        if (trial?.phase === 'trying') this.change({ trial: { ...trial, phase: 'stopped' } });
        if (trial?.phase === 'keeping') this.change({ trial: { ...trial, phase: 'tried' } });
        if (examined && !examined.result) this.change({ examined: null });
        break;
    }
  }

  private change(part: Partial<TeachingSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...part };
    for (const listener of this.listeners) listener();
  }
}
