/** What a person tries out in the teacher's place, and the goalpost that they write. */
import type { Axis, Fault, ProposerRole, Question } from '../../gasp/question.ts';
import type { GoalpostDraft, PersonDraft, TeachingTrial } from '../../gasp/teaching.ts';
import type { Message } from '../../lab/protocol.ts';
import type { Stone } from '../../run/state.ts';
import type { ChoicesState } from './choices.ts';
import type { LabState } from './lab.ts';
import type { LabClient } from './labClient.ts';
import type { OpenRun, OpenRunState } from './openRun.ts';
import type { Store } from './store.ts';

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

export interface TeachingState {
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

export const FIRST_TEACHING: TeachingState = { trial: null, examined: null };

type Heard = Extract<Message, { type: 'tried' | 'kept' | 'examined' | 'error' }>;

export interface Teaching {
  /** Plays the teacher in the open run. `about` names what is being written. */
  try(about: string, draft: PersonDraft): void;
  cancelTry(): void;
  /** Puts the trial into its run. */
  keep(): void;
  throwAway(): void;
  /** Runs a goalpost that the person writes. */
  examine(draft: GoalpostDraft): void;
  hear(message: Heard): void;
}

export function createTeaching(
  store: Store<TeachingState & ChoicesState & LabState & OpenRunState>,
  client: LabClient,
  openRun: Pick<OpenRun, 'take'>,
): Teaching {
  let number = 0;
  /** Names of what is awaited: what comes back for another one is out of date. */
  const awaited = { trial: '', examined: '' };
  return {
    try(about, draft) {
      const { open, replay, backendChoice: backend, live, status } = store.get();
      // A replay's run may bear the id of a stored one, which is not its to change.
      if (!open || replay) return;
      if (!live || status !== 'running') openRun.take(open.run);
      awaited.trial = `trial-${++number}`;
      store.set({ trial: { run: open.run, about, draft, phase: 'trying' } });
      client.send({ type: 'try', run: open.run, trial: awaited.trial, draft, backend });
    },
    cancelTry() {
      // A trial that has not begun is a model that loads.
      client.send(store.get().status === 'loading' ? { type: 'pause', now: true } : { type: 'cancel-try' });
    },
    keep() {
      const { trial, backendChoice: backend } = store.get();
      if (!trial?.result) return;
      store.set({ trial: { ...trial, phase: 'keeping' } });
      client.send({ type: 'keep', run: trial.run, trial: awaited.trial, backend });
    },
    throwAway() {
      awaited.trial = '';
      store.set({ trial: null });
    },
    examine(draft) {
      awaited.examined = `own-${Date.now().toString(36)}-${++number}`;
      store.set({ examined: { draft } });
      client.send({ type: 'examine', id: awaited.examined, draft });
    },
    hear(message) {
      const { trial, examined } = store.get();
      switch (message.type) {
        case 'tried':
          if (!trial || message.trial !== awaited.trial) return;
          store.set({
            trial: message.result
              ? { ...trial, phase: 'tried', result: message.result }
              : { ...trial, phase: 'stopped' },
          });
          break;
        case 'kept':
          if (trial && message.trial === awaited.trial) store.set({ trial: { ...trial, phase: 'kept' } });
          break;
        case 'examined':
          if (examined && message.id === awaited.examined)
            store.set({ examined: { ...examined, result: message.result } });
          break;
        case 'error':
          // The page shows it; whatever was awaited may not come any more and can be asked for again.
          if (trial?.phase === 'trying') store.set({ trial: { ...trial, phase: 'stopped' } });
          if (trial?.phase === 'keeping') store.set({ trial: { ...trial, phase: 'tried' } });
          if (examined && !examined.result) store.set({ examined: null });
          break;
      }
    },
  };
}
