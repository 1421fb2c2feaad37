import { beforeEach, describe, expect, it } from 'vitest';
import type { PersonDraft, TeachingTrial } from '../../../src/gasp/teaching.ts';
import type { Command } from '../../../src/lab/protocol.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { FIRST_CHOICES } from '../../../src/ui/store/choices.ts';
import { FIRST_LAB } from '../../../src/ui/store/lab.ts';
import { FIRST_OPEN_RUN } from '../../../src/ui/store/openRun.ts';
import { createStore } from '../../../src/ui/store/store.ts';
import { createTeaching, FIRST_TEACHING } from '../../../src/ui/store/teaching.ts';
import { exampleEvents } from '../../fixtures/events.ts';

const open = foldEvents(exampleEvents({ iterations: 1, run: 'run' }));
const first = { ...FIRST_TEACHING, ...FIRST_CHOICES, ...FIRST_LAB, ...FIRST_OPEN_RUN, open };
type State = typeof first & typeof FIRST_TEACHING;

let sent: Exclude<Command, { type: 'connect' }>[];
let taken: string[];
let store: ReturnType<typeof createStore<State>>;
let teaching: ReturnType<typeof createTeaching>;
beforeEach(() => {
  sent = [];
  taken = [];
  store = createStore<State>(first);
  const client = { send: (command: (typeof sent)[number]) => sent.push(command), listen: () => () => {} };
  teaching = createTeaching(store, client, { take: (run) => taken.push(run) });
});

const draft: PersonDraft = {
  role: 'lemma',
  title: '',
  message: '',
  program: 'def f(x): return x',
  inputs: [],
};
const result: TeachingTrial = {
  proposal: { id: '1.taught.0', role: 'lemma', text: '' },
  attempts: [],
  passRate: 0.5,
  reward: 1,
  accepted: true,
};
const trialOf = (command: unknown) => (command as { trial: string }).trial;

describe('playing the teacher', () => {
  it('hears of the newest trial only, and keeps that one', () => {
    teaching.try('a', draft);
    teaching.try('a', { ...draft, title: 'again' });
    teaching.hear({ type: 'tried', trial: trialOf(sent[0]), result });
    expect(store.get().trial).toMatchObject({ phase: 'trying', draft: { title: 'again' } });
    teaching.hear({ type: 'tried', trial: trialOf(sent[1]), result });
    expect(store.get().trial).toMatchObject({ phase: 'tried', result });
    store.set({ backendChoice: 'wasm' });
    teaching.keep();
    expect(sent[2]).toEqual({ type: 'keep', run: 'run', trial: trialOf(sent[1]), backend: 'wasm' });
    teaching.hear({ type: 'kept', trial: trialOf(sent[1]) });
    expect(store.get().trial?.phase).toBe('kept');
  });

  it('comes to rest where a trial is called off or the lab fails', () => {
    teaching.try('a', draft);
    teaching.hear({ type: 'tried', trial: trialOf(sent[0]) });
    expect(store.get().trial?.phase).toBe('stopped');
    teaching.try('a', draft);
    teaching.examine({ title: '', program: '', inputs: [] });
    teaching.hear({ type: 'error', code: 'unexpected', data: {}, message: 'It broke.' });
    expect(store.get()).toMatchObject({ trial: { phase: 'stopped' }, examined: null });
  });

  it('throws a trial away for good', () => {
    teaching.try('a', draft);
    teaching.throwAway();
    teaching.hear({ type: 'tried', trial: trialOf(sent[0]), result });
    expect(store.get().trial).toBeNull();
  });

  it('has the lab take up the run, and leaves a replay alone', () => {
    teaching.try('a', draft);
    expect(taken).toEqual(['run']);
    // The lab is at it already.
    store.set({ live: true, status: 'running' });
    teaching.try('a', draft);
    expect(taken).toEqual(['run']);
    store.set({ replay: { events: [], checkpoints: [] } });
    teaching.try('a', draft);
    expect(sent).toHaveLength(2);
  });
});
