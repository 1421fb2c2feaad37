import { beforeEach, describe, expect, it } from 'vitest';
import type { PersonDraft, TeachingTrial } from '../../../src/gasp/teaching.ts';
import type { Command, Message } from '../../../src/lab/protocol.ts';
import { TeachingStore } from '../../../src/ui/store/teachingStore.ts';

let sent: Exclude<Command, { type: 'connect' }>[];
let say: (message: Message) => void;
let teaching: TeachingStore;
beforeEach(() => {
  sent = [];
  teaching = new TeachingStore({
    send: (command) => sent.push(command),
    listen: (listener) => {
      say = listener;
      return () => undefined;
    },
  });
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

describe('TeachingStore', () => {
  it('hears of the newest trial only, and keeps that one', () => {
    teaching.try('run', 'a', draft, 'auto');
    teaching.try('run', 'a', { ...draft, title: 'again' }, 'auto');
    say({ type: 'tried', trial: trialOf(sent[0]), result });
    expect(teaching.getSnapshot().trial).toMatchObject({ phase: 'trying', draft: { title: 'again' } });
    say({ type: 'tried', trial: trialOf(sent[1]), result });
    expect(teaching.getSnapshot().trial).toMatchObject({ phase: 'tried', result });
    teaching.keep('wasm');
    expect(sent[2]).toEqual({ type: 'keep', run: 'run', trial: trialOf(sent[1]), backend: 'wasm' });
    say({ type: 'kept', trial: trialOf(sent[1]) });
    expect(teaching.getSnapshot().trial?.phase).toBe('kept');
  });

  it('comes to rest where a trial is called off or the lab fails', () => {
    teaching.try('run', 'a', draft, 'auto');
    say({ type: 'tried', trial: trialOf(sent[0]) });
    expect(teaching.getSnapshot().trial?.phase).toBe('stopped');
    teaching.try('run', 'a', draft, 'auto');
    teaching.examine({ title: '', program: '', inputs: [] });
    say({ type: 'error', code: 'unexpected', data: {}, message: 'It broke.' });
    expect(teaching.getSnapshot()).toMatchObject({ trial: { phase: 'stopped' }, examined: null });
  });

  it('throws a trial away for good', () => {
    teaching.try('run', 'a', draft, 'auto');
    teaching.throwAway();
    say({ type: 'tried', trial: trialOf(sent[0]), result });
    expect(teaching.getSnapshot().trial).toBeNull();
  });
});
