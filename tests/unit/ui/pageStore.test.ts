import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { goneCheckpoint } from '../../../src/lab/checks.ts';
import type { Command, Message } from '../../../src/lab/protocol.ts';
import type { RunEvent, RunEventBody } from '../../../src/run/events.ts';
import { serializeCheckpoint } from '../../../src/run/checkpointFormat.ts';
import { openFolderJournal } from '../../../src/run/folderJournal.ts';
import type { Journal } from '../../../src/run/journal.ts';
import { lastFinished } from '../../../src/run/history.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { tellError } from '../../../src/util/codedError.ts';
import { problemOf } from '../../../src/ui/parts/wording.ts';
import { createPageStore, type PageStore } from '../../../src/ui/store/pageStore.ts';
import { exampleEvents } from '../../fixtures/events.ts';
import { checkpointed, snapshot } from '../run/journalSamples.ts';

let folder: string;
let journal: Journal;
let sent: Exclude<Command, { type: 'connect' }>[];
let say: (message: Message) => void;
let page: PageStore;

const example = exampleEvents({ iterations: 2, run: 'first' });
const [begin] = example;
if (begin?.type !== 'run-started') throw new Error('the example begins with run-started');
const bank = {
  name: 'micro',
  title: '',
  description: '',
  goalposts: begin.goalposts,
  questions: [],
  heldout: [],
  validation: begin.goalposts.slice(0, 3),
};

/** Stores a log without its checkpoints, whose snapshots it has none of. */
async function store(events: RunEvent[]): Promise<RunEvent[]> {
  const bodies = events
    .filter((event) => event.type !== 'checkpoint')
    .map(({ seq, at, ...body }) => body as RunEventBody);
  return journal.append((events[0] as { run: string } & RunEvent).run, bodies);
}

beforeEach(async () => {
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => setTimeout(callback, 0));
  folder = await mkdtemp(join(tmpdir(), 'page-'));
  journal = await openFolderJournal(folder);
  sent = [];
  page = createPageStore({
    lab: {
      send: (command) => sent.push(command),
      listen: (listener) => {
        say = listener;
        return () => undefined;
      },
    },
    openJournal: async () => journal,
    loadBank: async () => bank,
  });
  await vi.waitFor(() => expect(page.get()).toMatchObject({ ready: true, bank }));
});
afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true });
  vi.unstubAllGlobals();
});

it('a new run starts from the adapter that was chosen, with its rank and scale; another model lets go of it', () => {
  const adapter = { name: 'an adapter of mine', config: '{}', weights: new Uint8Array(2) };
  page.choices.setAdapter(adapter, { kind: 'lora', rank: 2, alpha: 8 });
  page.running.run();
  expect(sent.at(-1)).toMatchObject({
    type: 'start',
    adapter,
    settings: { tuning: { kind: 'lora', rank: 2, alpha: 8 } },
  });
  page.choices.setModel('hub:someone/tiny#q4');
  page.running.run();
  expect(sent.at(-1)).toMatchObject({ type: 'start', model: 'hub:someone/tiny#q4' });
  expect(sent.at(-1)).not.toHaveProperty('adapter');
});

it('what is chosen while the bank loads stays, and is kept', async () => {
  const stored = new Map([['foothold-choices', '{"settings":{"rollouts":4}}']]);
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  let come: (loaded: typeof bank) => void = () => undefined;
  const early = createPageStore({
    lab: { send: () => undefined, listen: () => () => undefined },
    openJournal: async () => journal,
    loadBank: () => new Promise((resolve) => (come = resolve)),
  });
  expect(early.get().settings.rollouts).toBe(4);
  early.choices.setBackend('webgpu');
  early.choices.setSettings({ seed: 7 });
  come(bank);
  await vi.waitFor(() => expect(early.get().bank).not.toBeNull());
  expect(early.get()).toMatchObject({ backendChoice: 'webgpu', settings: { rollouts: 4, seed: 7 } });
  expect(JSON.parse(stored.get('foothold-choices')!)).toMatchObject({
    backendChoice: 'webgpu',
    settings: { rollouts: 4, seed: 7 },
  });
});

it('says of a checkpoint whose weights are gone what the lab says of one', async () => {
  // As a run comes by a link: its log names checkpoints, and their weights did not come along.
  await journal.importRun('first', { events: example, checkpoints: [] });
  await page.openRun.show('first');
  const [checkpoint] = page.get().open!.checkpoints;
  await page.openRun.exportAdapter(checkpoint!.blob);
  const said = problemOf(tellError(goneCheckpoint(`the checkpoint of iteration ${checkpoint!.iteration}`)));
  expect(page.get().problem).toEqual(said);
});

describe('the page’s store', () => {
  it('starts with all goalposts of a small bank, and shows the run once its first events come', () => {
    page.running.run({ iterations: 3 });
    expect(sent).toMatchObject([
      { type: 'start', bank: 'micro', goalposts: bank.goalposts, backend: 'auto', iterations: 3 },
    ]);
    say({ type: 'events', run: 'first', events: example.slice(0, 5) });
    say({ type: 'events', run: 'first', events: example.slice(5) });
    expect(page.get().open).toEqual(foldEvents(example));
    expect(page.get().live).toBe(true);
  });

  it('starts with a few goalposts of a large bank', async () => {
    const goalposts = Array.from({ length: 146 }, (_, i) => ({
      ...begin.goalposts[0]!,
      id: `goalpost-${i}`,
    }));
    const large = createPageStore({
      lab: { send: () => undefined, listen: () => () => undefined },
      openJournal: async () => journal,
      loadBank: async () => ({ ...bank, goalposts }),
    });
    await vi.waitFor(() => expect(large.get().chosen.size).toBe(24));
  });

  it('calls mining off while the model for it still loads', () => {
    page.mining.start(bank.goalposts, 64);
    say({ type: 'status', status: 'loading' });
    page.mining.cancel();
    expect(sent.at(-1)).toEqual({ type: 'pause', now: true });
    say({ type: 'status', status: 'mining' });
    page.mining.cancel();
    expect(sent.at(-1)).toEqual({ type: 'cancel-mining' });
  });

  it('calls off at once what has not begun to run', () => {
    page.running.run();
    page.lab.pause();
    expect(sent.at(-1)).toEqual({ type: 'pause', now: true });
  });

  it('names the run that the lab works on while another is on the stage', async () => {
    await store(example);
    page.running.run();
    say({
      type: 'events',
      run: 'second',
      events: exampleEvents({ iterations: 1, run: 'second', name: 'b' }),
    });
    say({ type: 'status', status: 'running', run: 'second' });
    expect(page.get().elsewhere).toBeNull();
    await page.openRun.show('first');
    expect(page.get()).toMatchObject({ live: false, elsewhere: 'b' });
    const commands = sent.length;
    await page.openRun.remove('first');
    expect(page.get()).toMatchObject({ open: null, elsewhere: 'b' });
    expect(sent).toHaveLength(commands);
  });

  it('does not start GASP without goalposts, but does start AZR', () => {
    page.choices.choose([]);
    page.running.run();
    expect(sent).toEqual([]);
    page.choices.setSettings({ ...page.get().settings, method: 'azr' });
    page.running.run();
    expect(sent).toMatchObject([{ type: 'start', goalposts: [] }]);
  });

  it('a run on imported goalposts trains and is measured on the questions of their file', () => {
    const from = (n: number, part?: string) => ({
      ...begin.goalposts[0]!,
      id: `lcb:${n}`,
      tags: { source: 'imported', ...(part && { split: part }) },
    });
    page.choices.addQuestions([from(1), from(2), from(3, 'heldout'), from(4, 'validation')]);
    expect(page.get().bank!.heldout.map(({ id }) => id)).toEqual(['lcb:3']);
    page.choices.choose(['lcb:1']);
    page.choices.setSettings({ method: 'gasp+real', validateEvery: 5 });
    page.running.run();
    expect(sent.at(-1)).toMatchObject({
      goalposts: [{ id: 'lcb:1' }],
      questions: [{ id: 'lcb:1' }, { id: 'lcb:2' }],
      validation: [{ id: 'lcb:4' }],
    });
    page.choices.choose(bank.goalposts.map(({ id }) => id));
    page.running.run();
    const { validation } = sent.at(-1) as { validation: { id: string }[] };
    expect(validation.map(({ id }) => id)).toEqual(bank.validation.map(({ id }) => id));
  });

  it('keeps an unusable value as it was typed, and starts nothing until it is corrected', () => {
    page.choices.setSettings({ temperature: -1 });
    page.choices.setSettings({ rollouts: 4 });
    expect(page.get()).toMatchObject({
      settings: { temperature: 1, rollouts: 4 },
      unusable: { temperature: -1 },
    });
    page.running.run();
    expect(sent).toEqual([]);
    page.choices.setSettings({ temperature: 0.5 });
    page.running.run();
    expect(sent).toMatchObject([{ type: 'start', settings: { temperature: 0.5, rollouts: 4 } }]);
  });

  it('leaves the stage alone when another run has events', async () => {
    await store(example);
    await page.openRun.show('first');
    const before = page.get().open;
    say({ type: 'events', run: 'second', events: exampleEvents({ iterations: 1, run: 'second' }) });
    expect(page.get().open).toBe(before);
  });

  it('reads the journal where messages were missed', async () => {
    const stored = await store(example);
    page.running.run();
    say({ type: 'events', run: 'first', events: stored.slice(0, 2) });
    say({ type: 'events', run: 'first', events: stored.slice(6) });
    await vi.waitFor(() => expect(page.get().open).toEqual(foldEvents(stored)));
  });

  it('does not count an event twice', () => {
    page.running.run();
    say({ type: 'events', run: 'first', events: example.slice(0, 8) });
    say({ type: 'events', run: 'first', events: example.slice(4) });
    expect(page.get().open).toEqual(foldEvents(example));
  });

  it('takes back what a resumed run voids', async () => {
    const cut = await store(exampleEvents({ iterations: 2, run: 'first', interrupted: true }));
    await page.running.resume('first');
    expect(sent).toMatchObject([{ type: 'resume', run: 'first' }]);
    expect(page.get().open!.iterations).toHaveLength(2);
    const resumed = await journal.append('first', [
      { type: 'resumed', after: 1, policy: page.get().open!.policy! },
    ]);
    say({ type: 'events', run: 'first', events: resumed });
    expect(page.get().open!.iterations).toHaveLength(1);
    expect(page.get().open!.iterations).toEqual(foldEvents(cut)!.iterations.slice(0, 1));
  });

  it('finishes the iteration at the first pause and abandons it at the second', () => {
    page.running.run();
    say({ type: 'status', status: 'running', run: 'first' });
    page.lab.pause();
    say({ type: 'status', status: 'pausing', run: 'first' });
    page.lab.pause();
    expect(sent.slice(1)).toEqual([
      { type: 'pause', now: false },
      { type: 'pause', now: true },
    ]);
  });

  it('puts a branch on the stage, in place of the run that it came from', async () => {
    await store(example);
    await page.openRun.show('first');
    page.running.branch('iteration-2');
    expect(sent).toMatchObject([{ type: 'branch', run: 'first', blob: 'iteration-2' }]);
    say({ type: 'events', run: 'second', events: exampleEvents({ iterations: 1, run: 'second' }) });
    expect(page.get().open!.run).toBe('second');
  });

  it('pauses a running lab when its run is closed, and stays on the first page', () => {
    page.running.run();
    say({ type: 'events', run: 'first', events: example.slice(0, 5) });
    say({ type: 'status', status: 'running', run: 'first' });
    page.openRun.close();
    expect(sent.at(-1)).toEqual({ type: 'pause', now: false });
    say({ type: 'events', run: 'first', events: example.slice(5) });
    expect(page.get().open).toBeNull();
  });

  it('says when runs cannot be stored', async () => {
    const broken = createPageStore({
      lab: { send: () => undefined, listen: () => () => undefined },
      openJournal: async () => {
        throw new Error('The operation is insecure.');
      },
      loadBank: async () => bank,
    });
    await vi.waitFor(() => expect(broken.get().problem?.message).toBe('The operation is insecure.'));
    expect(broken.get().problem!.advice).toMatch(/storage/);
  });

  it('shows a replay without storing or running any of it', async () => {
    page.openRun.showReplay({ events: example, checkpoints: [] });
    expect(page.get()).toMatchObject({ live: false, open: { name: 'quiet-ridge' } });
    page.running.run();
    say({ type: 'events', run: 'first', events: example });
    expect(sent).toEqual([]);
    expect(await journal.list()).toEqual([]);
    page.openRun.close();
    expect(page.get()).toMatchObject({ open: null, replay: null });
  });

  it('keeps a replay under an id and a name of its own, whatever it calls itself', async () => {
    await store(example);
    const before = await journal.exportRun('first');
    page.openRun.showReplay({ events: example, checkpoints: [] });
    await page.running.keepReplay();
    const { open, replay } = page.get();
    expect(replay).toBeNull();
    expect(open!.run).not.toBe('first');
    expect(open!.name).toBe('quiet-ridge-2');
    expect(await journal.exportRun('first')).toEqual(before);
    expect(await journal.list()).toHaveLength(2);
  });

  it('goes on from the last checkpoint that came along, and from the seed where none did', async () => {
    const bytes = serializeCheckpoint(snapshot(1));
    const long = exampleEvents({ iterations: 3, run: 'first' });
    page.openRun.showReplay({ events: long, checkpoints: [{ blob: 'iteration-1', bytes }] });
    await page.running.goOn(2);
    const [own] = await journal.list();
    expect(sent).toMatchObject([{ type: 'resume', run: own!.run }]);
    expect(own).toMatchObject({ name: 'quiet-ridge', iterations: 1 });
    expect((await journal.getCheckpoint(own!.run, 'iteration-1'))?.step).toBe(1);
    expect(lastFinished(await journal.read(own!.run))).toBe(1);

    page.openRun.showReplay({ events: long, checkpoints: [{ blob: 'iteration-3', bytes }] });
    await page.running.goOn(2);
    expect(sent[1]).toMatchObject({ type: 'start', settings: begin.settings, goalposts: begin.goalposts });
    expect(await journal.list()).toHaveLength(1);
  });

  it('repeats from its seed what is stored without its weights, and says which are absent', async () => {
    const bytes = serializeCheckpoint(snapshot(1));
    const long = exampleEvents({ iterations: 3, run: 'first' });
    page.openRun.showReplay({ events: long, checkpoints: [{ blob: 'iteration-3', bytes }] });
    expect([...page.get().absent]).toEqual(['iteration-0']);
    await page.running.keepReplay();
    expect([...page.get().absent]).toEqual(['iteration-0']);
    page.running.run();
    expect(sent).toMatchObject([{ type: 'resume' }]);

    page.openRun.showReplay({ events: long, checkpoints: [] });
    await page.running.keepReplay();
    expect([...page.get().absent]).toEqual(['iteration-0', 'iteration-3']);
    page.running.run({ iterations: 1 });
    expect(sent[1]).toMatchObject({ type: 'start', settings: begin.settings, iterations: 1 });
  });

  it('branches with other settings and goalposts', async () => {
    await store(example);
    await page.openRun.show('first');
    const settings = { ...begin.settings, rollouts: 2 };
    await page.running.branch('iteration-2', { settings, goalposts: begin.goalposts.slice(1), name: 'mine' });
    expect(sent).toMatchObject([
      { type: 'branch', run: 'first', blob: 'iteration-2', settings, name: 'mine' },
    ]);
    expect(sent[0]).toHaveProperty('goalposts.length', begin.goalposts.length - 1);
  });

  it('has stored runs measured at their start and at their end, all in one command', async () => {
    await store(example);
    await store(exampleEvents({ iterations: 1, run: 'second', seed: 2 }));
    await page.measure(['first', 'second'], 'heldout', { samples: 3, questions: 4 });
    expect(page.get().status).toBe('loading');
    expect(sent).toHaveLength(1);
    const [command] = sent;
    if (command?.type !== 'measure') throw new Error(`sent ${command?.type}`);
    expect(command.runs.map(({ run, plans }) => [run, plans.map((p) => [p.iteration, p.split])])).toEqual([
      [
        'first',
        [
          [2, 'heldout'],
          [2, 'goalposts'],
          [0, 'heldout'],
          [0, 'goalposts'],
        ],
      ],
      [
        'second',
        [
          [1, 'heldout'],
          [1, 'goalposts'],
          [0, 'heldout'],
          [0, 'goalposts'],
        ],
      ],
    ]);
    expect(command.runs[0]!.plans[1]).toMatchObject({ samples: 3, questions: { length: 4 } });
  });

  it('chooses by validation questions which weights are tested, of those that are still stored', async () => {
    await store(example);
    const plansOf = async (split: 'heldout' | 'validation') => {
      sent.length = 0;
      await page.measure(['first'], split, { samples: 2, questions: 2 });
      const [command] = sent;
      if (command?.type !== 'measure') throw new Error(`sent ${command?.type}`);
      return command.runs[0]!.plans.map((p) => [p.iteration, p.split, p.questions.length]);
    };
    expect(await plansOf('validation')).toEqual([
      [0, 'validation', 2],
      [2, 'validation', 2],
    ]);
    const measured = (iteration: number, digits: string): RunEventBody => ({
      type: 'measured',
      iteration,
      split: 'validation',
      samples: 2,
      answers: { v: digits },
    });
    const tried = [measured(0, '11'), measured(1, '11'), measured(2, '00')];
    await journal.append('first', tried.slice(0, 1));
    expect((await plansOf('heldout'))[0]).toEqual([2, 'heldout', 0]);
    // Iteration 1 does best, and its checkpoint is kept.
    await journal.append('first', [...tried.slice(1), checkpointed(1, 'c1')], {
      blob: 'c1',
      snapshot: snapshot(1),
    });
    expect((await plansOf('heldout')).map(([iteration]) => iteration)).toEqual([1, 1, 0, 0, 2, 2]);
  });

  it('renames and annotates, deletes and takes back', async () => {
    await store(example);
    await page.openRun.show('first');
    await page.openRun.rename('first', 'north face');
    await page.openRun.note('first', 'steep');
    expect(page.get()).toMatchObject({
      open: { name: 'north face', notes: 'steep' },
      runs: [{ name: 'north face', notes: 'steep' }],
    });
    const before = await journal.exportRun('first');
    await page.openRun.remove('first');
    expect(page.get()).toMatchObject({ open: null, runs: [], deleted: { name: 'north face' } });
    await page.shelf.undoRemove();
    expect(page.get()).toMatchObject({ runs: [{ run: 'first' }], deleted: null });
    expect(await journal.exportRun('first')).toEqual(before);
  });

  it('takes a recipe: settings, seed and goalposts, in its order and its own words', async () => {
    const own = { ...begin.goalposts[1]!, title: 'as the sender knew it' };
    const foreign = { ...begin.goalposts[0]!, id: 'nowhere-else' };
    const settings = { ...begin.settings, seed: 77 };
    await page.opening.take({
      kind: 'recipe',
      recipe: { model: 'embedded', bank: 'micro', settings, goalposts: [foreign, own] },
    });
    page.running.run();
    expect(sent).toMatchObject([{ type: 'start', settings, model: 'embedded' }]);
    expect(sent[0]).toHaveProperty('goalposts', [foreign, own]);
  });

  it('leaves all as it is where a recipe names a model that nobody has', async () => {
    const before = page.get();
    const recipe = { model: 'nobody', bank: 'micro', settings: begin.settings, goalposts: begin.goalposts };
    await expect(page.opening.take({ kind: 'recipe', recipe })).rejects.toThrow(/no model named nobody/);
    expect(page.get()).toBe(before);
  });
});

describe('a queue of methods and seeds', () => {
  const begun = (run: string, method: 'gasp' | 'azr', seed: number): RunEvent[] =>
    exampleEvents({ iterations: 1, run }).map((event) =>
      event.type === 'run-started' ? { ...event, settings: { ...event.settings, method, seed } } : event,
    );
  /** The lab runs what was asked for to the end of its budget, or a person pauses it before. */
  const runs = async (run: string, method: 'gasp' | 'azr', seed: number) => {
    const events = begun(run, method, seed);
    await store(events);
    say({ type: 'status', status: 'running', run });
    say({ type: 'events', run, events });
    say({ type: 'status', status: 'paused', run });
  };
  const started = () =>
    sent.flatMap((command) =>
      command.type === 'start' ? [[command.settings.method, command.settings.seed, command.tokens]] : [],
    );

  it('starts one after another with the same budget, and a run that was paused early waits', async () => {
    page.queues.begin(['gasp', 'azr'], [1, 2], { tokens: 1 });
    expect(started()).toEqual([['gasp', 1, 1]]);
    await runs('a', 'gasp', 1);
    await vi.waitFor(() => expect(started()).toHaveLength(2));
    expect(page.get().queue!.runs[0]).toEqual({ method: 'gasp', seed: 1, run: 'a', done: true });
    await runs('b', 'azr', 1);
    await vi.waitFor(() => expect(started()).toHaveLength(3));
    expect(started()).toEqual([
      ['gasp', 1, 1],
      ['azr', 1, 1],
      ['gasp', 2, 1],
    ]);
    page.queues.drop();
    expect(page.get()).toMatchObject({ queue: null });
    say({ type: 'status', status: 'paused', run: 'b' });

    page.queues.begin(['gasp'], [3], { tokens: 1e9 });
    await runs('c', 'gasp', 3);
    await vi.waitFor(() => expect(page.get().queueGoes).toBe(false));
    expect(page.get().queue!.runs).toEqual([{ method: 'gasp', seed: 3, run: 'c' }]);
    await page.shelf.refresh();
    await page.queues.goOn();
    expect(sent.at(-1)).toMatchObject({ type: 'resume', run: 'c', tokens: 1e9 });
  });
});
