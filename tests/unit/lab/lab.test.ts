import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { programSource } from '../../../src/dialects/micro/microText.ts';
import { completeSettings, DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { methodSettings } from '../../../src/gasp/methods.ts';
import type { Dialect } from '../../../src/gasp/ports.ts';
import type { Settings } from '../../../src/gasp/settings.ts';
import { Lab } from '../../../src/lab/lab.ts';
import type { LabPorts } from '../../../src/lab/labPorts.ts';
import type { Message } from '../../../src/lab/protocol.ts';
import type { RunEvent, RunEventBody } from '../../../src/run/events.ts';
import { openFolderJournal } from '../../../src/run/folderJournal.ts';
import { acceptedQuestions, validEvents } from '../../../src/run/history.ts';
import { type Journal, StorageFullError } from '../../../src/run/journal.ts';
import {
  inputs,
  MicroJudge,
  playingPolicy,
  program,
  question,
  type ScriptedPolicy,
} from '../gasp/microWorld.ts';

const goalposts = [
  question('A', program('sort', 'drop-first', 'reverse', 'append-maximum'), inputs),
  question('B', program('dedupe', 'drop-last', 'rotate-left', 'append-maximum'), inputs),
  question('C', program('sort'), inputs),
];
const settings: Settings = {
  ...DEFAULT_SETTINGS,
  goalpostsPerIteration: 6,
  rollouts: 4,
  evaluateEvery: 2,
  evaluateSamples: 4,
  checkpointEvery: 3,
};
const start = { name: 'n', settings, model: 'embedded', bank: 'b', goalposts, backend: 'auto' as const };

let folder: string;
let labs: Lab[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-'));
  labs = [];
});
afterEach(async () => {
  for (const lab of labs) await lab.dispose();
  await rm(folder, { recursive: true });
});

interface Setup {
  lab: Lab;
  journal: Journal;
  messages: Message[];
  policies: ScriptedPolicy[];
}
/** A lab of its own, as after a restart of the process; `hear` may act on messages. */
async function openLab(
  hear: (message: Message, lab: Lab) => void = () => {},
  changes: Partial<LabPorts> = {},
): Promise<Setup> {
  const messages: Message[] = [];
  const policies: ScriptedPolicy[] = [];
  const journal = changes.journal ?? (await openFolderJournal(folder));
  const lab: Lab = new Lab({
    journal,
    loadModel: async () => {
      const policy = playingPolicy();
      policies.push(policy);
      return { policy, dialect: microDialect() };
    },
    loadJudge: async () => new MicroJudge(),
    send: (message) => {
      messages.push(message);
      hear(message, lab);
    },
    ...changes,
  });
  labs.push(lab);
  return { lab, journal, messages, policies };
}
const statuses = (messages: Message[]) => messages.flatMap((m) => (m.type === 'status' ? [m.status] : []));
const errors = (messages: Message[]) => messages.flatMap((m) => (m.type === 'error' ? [m] : []));

/** What must be the same: everything but clocks, names of runs and the record of resuming. */
function essence(events: readonly RunEvent[]): unknown[] {
  return validEvents(events)
    .filter((e) => e.type !== 'resumed')
    .map(({ seq, at, ...body }) => {
      if (body.type === 'run-started') return { ...body, run: '' };
      if (body.type === 'iteration-finished') return { ...body, counters: { ...body.counters, seconds: 0 } };
      return body;
    });
}
const of = <T extends RunEventBody['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((e): e is Extract<RunEvent, { type: T }> => e.type === type);

test('a run: its log from start to pause, told as it is stored', async () => {
  const { lab, journal, messages } = await openLab();
  await lab.start({ ...start, iterations: 4 });
  expect(errors(messages)).toEqual([]);
  expect(statuses(messages)).toEqual(['loading', 'running', 'paused']);
  const events = await journal.read(lab.run!);
  expect(messages.flatMap((m) => (m.type === 'events' ? m.events : []))).toEqual(events);
  expect(events.slice(0, 3).map((e) => e.type)).toEqual(['run-started', 'resumed', 'checkpoint']);
  expect(of(events, 'iteration-finished').map((e) => e.iteration)).toEqual([1, 2, 3, 4]);
  // The weights of the start are tried too, an iteration before the first evaluation.
  expect(of(events, 'evaluated').map((e) => [e.iteration, Object.keys(e.passed)])).toEqual([
    [0, ['A', 'B', 'C']],
    [2, ['A', 'B', 'C']],
    [4, ['A', 'B', 'C']],
  ]);
  expect(of(events, 'evaluated')[0]!.passed).toMatchObject({ A: 0, B: 0 });
  // With each trial comes the log-probability of each goalpost's own program.
  for (const { logprobs, cases } of of(events, 'evaluated')) {
    expect(Object.keys(logprobs!)).toEqual(['A', 'B', 'C']);
    for (const logprob of Object.values(logprobs!)) expect(logprob).toBeLessThan(0);
    expect(cases).toBeUndefined();
  }
  const order = events.flatMap((e) =>
    e.type === 'evaluated' || e.type === 'iteration-finished' ? [`${e.type} ${e.iteration}`] : [],
  );
  expect(order.slice(0, 3)).toEqual(['evaluated 0', 'iteration-finished 1', 'evaluated 2']);
  const counters = of(events, 'iteration-finished').map((e) => e.counters.tokensSampled);
  expect(counters.every((n, i) => n > (counters[i - 1] ?? 0))).toBe(true);
  expect(messages.filter((m) => m.type === 'backend')).toHaveLength(1);
  expect(messages.some((m) => m.type === 'stream' && m.rows[0]!.text !== '')).toBe(true);
  expect(messages.some((m) => m.type === 'activity' && m.activity?.task === 'solving-lemmas')).toBe(true);
});

describe('unseen questions', () => {
  const validation = [question('V', program('reverse'), inputs), question('W', program('negate'), inputs)];
  const every2 = { ...start, settings: { ...settings, validateEvery: 2, validateAnswers: 8 }, validation };

  test('are tried now and then, the first time with the starting weights too, at no cost to the budget', async () => {
    const { lab, journal } = await openLab();
    await lab.start({ ...every2, iterations: 4 });
    const events = await journal.read(lab.run!);
    expect(of(events, 'validated').map((e) => [e.iteration, e.samples, Object.keys(e.passed)])).toEqual(
      [0, 2, 4].map((iteration) => [iteration, 4, ['V', 'W']]),
    );
    const plain = await openLab();
    await plain.lab.start({ ...start, iterations: 4 });
    const without = await plain.journal.read(plain.lab.run!);
    const counted = (all: readonly RunEvent[]) =>
      of(all, 'iteration-finished').map(({ counters: { tokensSampled, tokensTrained } }) => [
        tokensSampled,
        tokensTrained,
      ]);
    expect(counted(events)).toEqual(counted(without));
    expect(of(without, 'validated')).toEqual([]);
  });

  test('of which the starting weights’ rate is known are told at once, and go on after a restart', async () => {
    const startRate = { samples: 100, passed: { V: 40, W: 0 } };
    const first = await openLab();
    await first.lab.start({ ...every2, startRate, iterations: 2 });
    const run = first.lab.run!;
    await first.lab.dispose();
    const second = await openLab();
    await second.lab.resume({ run, backend: 'auto', iterations: 2 });
    const events = await second.journal.read(run);
    expect(of(events, 'validated').map((e) => e.iteration)).toEqual([0, 2, 4]);
    expect(of(events, 'validated')[0]).toMatchObject(startRate);
    expect(events.findIndex((e) => e.type === 'validated')).toBeLessThan(
      events.findIndex((e) => e.type === 'iteration-started'),
    );
  });

  test('that the model cannot read are left out, and the run goes on without them', async () => {
    const strange = { ...validation[0]!, id: 'S', inputs: ["'text'"], outputs: ["'txet'"] };
    const { lab, journal, messages } = await openLab();
    await lab.start({ ...every2, validation: [strange, validation[1]!], iterations: 2 });
    expect(errors(messages)).toEqual([]);
    const events = await journal.read(lab.run!);
    expect(of(events, 'validated').map((e) => Object.keys(e.passed))).toEqual([['W'], ['W']]);
  });
});

test('checkpoints: the start, every third and the newest stay, the others go', async () => {
  const { lab, journal } = await openLab();
  await lab.start({ ...start, iterations: 5 });
  const events = await journal.read(lab.run!);
  const checkpoints = of(events, 'checkpoint');
  expect(checkpoints.map((e) => e.kept)).toEqual([true, false, false, true, false, false]);
  const stored = await Promise.all(checkpoints.map((e) => journal.getCheckpoint(lab.run!, e.blob)));
  expect(stored.map((s) => s !== undefined)).toEqual([true, false, false, true, false, true]);
});

describe('going on', () => {
  let whole: unknown[] | undefined;
  async function uninterrupted(): Promise<unknown[]> {
    if (whole) return whole;
    const { lab, journal } = await openLab();
    await lab.start({ ...start, iterations: 4 });
    const events = await journal.read(lab.run!);
    expect(acceptedQuestions(events, 4).length).toBeGreaterThan(2);
    // What is replayed, and what is not any more, depends on all that was stored before.
    const learned = of(events, 'hindsight');
    expect(learned.map(({ replayed }) => replayed > 0)).toEqual([false, true, true, true]);
    expect(learned.flatMap(({ mastered }) => mastered).length).toBeGreaterThan(2);
    whole = essence(events);
    return whole;
  }

  test('step by step in one lab, the same model goes on without loading again', async () => {
    const expected = await uninterrupted();
    const { lab, journal, policies } = await openLab();
    await lab.start({ ...start, iterations: 1 });
    for (let i = 0; i < 3; i++) await lab.resume({ run: lab.run!, backend: 'auto', iterations: 1 });
    const events = await journal.read(lab.run!);
    expect(essence(events)).toEqual(expected);
    expect(policies).toHaveLength(1);
    expect(of(events, 'resumed')).toHaveLength(1);
  });

  // From that event of the third iteration on, nothing more reaches the journal.
  const deaths = ['iteration-started', 'proposed', 'attempted', 'hindsight', 'updated'] as const;
  test.each(deaths)('after the process died at "%s", exactly as it would have', async (last) => {
    const expected = await uninterrupted();
    const inner = await openFolderJournal(folder);
    let dead = false;
    const dying: Journal = {
      list: () => inner.list(),
      lock: async () => () => {},
      append: async (run, bodies, checkpoint) => {
        if (dead) throw new Error('dead');
        const events = await inner.append(run, bodies, checkpoint);
        dead = bodies.some((b) => b.type === last && b.iteration === 3);
        return events;
      },
      read: (run) => inner.read(run),
      checkpoints: (run) => inner.checkpoints(run),
      getCheckpoint: (run, blob) => inner.getCheckpoint(run, blob),
      exportRun: (run, wanted) => inner.exportRun(run, wanted),
      importRun: (run, recorded) => inner.importRun(run, recorded),
      remove: (run) => inner.remove(run),
      close: () => inner.close(),
    };
    let run = '';
    const first = await openLab(
      (m) => {
        if (m.type === 'events') run = m.run;
      },
      { journal: dying },
    );
    await first.lab.start({ ...start });
    expect(first.lab.status).toBe('failed');
    const second = await openLab();
    await second.lab.resume({ run, backend: 'auto', iterations: 2 });
    expect(errors(second.messages)).toEqual([]);
    const events = await second.journal.read(run);
    expect(of(events, 'resumed').map((e) => e.after)).toEqual([0, 2]);
    expect(essence(events)).toEqual(expected);
  });

  test('pause now abandons the iteration, resume does it again', async () => {
    const expected = await uninterrupted();
    const { lab, journal, messages, policies } = await openLab((message, self) => {
      const abandon =
        message.type === 'events' && message.events.some((e) => e.type === 'rewarded' && e.iteration === 2);
      if (abandon && statuses(messages).filter((s) => s === 'loading').length === 1) self.pause(true);
    });
    await lab.start(start);
    expect(lab.status).toBe('paused');
    expect(errors(messages)).toEqual([]);
    await lab.resume({ run: lab.run!, backend: 'auto', iterations: 3 });
    const events = await journal.read(lab.run!);
    expect(of(events, 'resumed').map((e) => e.after)).toEqual([0, 1]);
    expect(essence(events)).toEqual(expected);
    expect(policies).toHaveLength(1);
  });

  test('pause finishes the iteration first', async () => {
    const { lab, journal, messages } = await openLab((message, self) => {
      if (message.type === 'events' && message.events.some((e) => e.type === 'rewarded')) self.pause(false);
    });
    await lab.start(start);
    expect(statuses(messages)).toEqual(expect.arrayContaining(['running', 'pausing', 'paused']));
    expect((await journal.read(lab.run!)).at(-1)).toMatchObject({ type: 'iteration-finished', iteration: 1 });
  });

  test('a damaged newest checkpoint costs the iterations since the one before', async () => {
    const expected = await uninterrupted();
    const first = await openLab();
    await first.lab.start({ ...start, iterations: 4 });
    const run = first.lab.run!;
    await first.lab.dispose();
    const journal = await openFolderJournal(folder);
    const get = journal.getCheckpoint.bind(journal);
    journal.getCheckpoint = async (name, blob) => (blob === 'iteration-4' ? undefined : get(name, blob));
    const second = await openLab(undefined, { journal });
    await second.lab.resume({ run, backend: 'auto', iterations: 1 });
    expect(errors(second.messages)).toEqual([]);
    const notices = second.messages.filter((m) => m.type === 'notice');
    expect(notices).toEqual([
      {
        type: 'notice',
        code: 'checkpoint-lost',
        data: { iteration: 4, from: 3 },
        message: expect.stringContaining('checkpoint of iteration 4 is lost'),
      },
    ]);
    const events = await journal.read(run);
    expect(of(events, 'resumed').at(-1)!.after).toBe(3);
    const renamed = JSON.parse(JSON.stringify(essence(events)).replaceAll('iteration-4-2', 'iteration-4'));
    expect(renamed).toEqual(expected);
  });
});

test('a branch starts from a checkpoint with a log of its own', async () => {
  const { lab, journal, policies } = await openLab((message, self) => {
    if (message.type === 'events' && message.events.some((e) => e.type === 'updated' && branching))
      self.pause(false);
  });
  let branching = false;
  await lab.start({ ...start, iterations: 3 });
  const origin = lab.run!;
  const weights = (await journal.getCheckpoint(origin, 'iteration-3'))!.weights;
  expect(weights).not.toEqual(new Float32Array(4));
  branching = true;
  await lab.branch({
    run: origin,
    blob: 'iteration-3',
    name: 'b',
    settings: { ...settings, seed: 9 },
    goalposts: start.goalposts.slice(1),
    backend: 'auto',
  });
  expect(lab.run).not.toBe(origin);
  const events = await journal.read(lab.run!);
  expect(events[0]).toMatchObject({
    name: 'b',
    branchedFrom: { run: origin, iteration: 3 },
    settings: { seed: 9 },
    goalposts: start.goalposts.slice(1),
  });
  expect((await journal.getCheckpoint(lab.run!, 'iteration-0'))!.weights).toEqual(weights);
  expect(of(events, 'iteration-finished').map((e) => e.iteration)).toEqual([1]);
  expect(policies.map((p) => p.disposed)).toEqual([true, false]);
});

describe('a person plays the teacher', () => {
  const draft = {
    role: 'lemma' as const,
    axis: 'f' as const,
    goalpost: 'A',
    title: '',
    message: '',
    program: programSource(program('sort', 'drop-first')),
    inputs: inputs.map((list) => `[${list.join(', ')}]`),
  };
  const tried = (messages: Message[]) => messages.flatMap((m) => (m.type === 'tried' ? [m] : []));

  test('a trial stores nothing; kept, the next iteration trains on it, and a resume does the same', async () => {
    const { lab, journal, messages, policies } = await openLab();
    await lab.start({ ...start, iterations: 1 });
    const run = lab.run!;
    const before = await journal.read(run);
    await lab.handle({ type: 'try', run, trial: 't', draft, backend: 'auto' });
    expect(tried(messages)).toMatchObject([{ trial: 't', result: { proposal: { id: '1.taught.0' } } }]);
    expect(await journal.read(run)).toEqual(before);
    expect(policies).toHaveLength(1);
    await lab.handle({ type: 'keep', run, trial: 't', backend: 'auto' });
    const kept = (await journal.read(run)).slice(before.length);
    expect(kept).toMatchObject([
      {
        ...{ type: 'taught', iteration: 1, proposal: { id: '1.taught.0' } },
        startPassRate: expect.any(Number),
      },
    ]);
    expect(messages.filter((m) => m.type === 'kept')).toEqual([{ type: 'kept', trial: 't' }]);

    await lab.resume({ run, backend: 'auto', iterations: 2 });
    const events = await journal.read(run);
    // The same again, but for a lab that takes it up from the journal.
    await lab.start({ ...start, iterations: 1 });
    const again = lab.run!;
    await lab.handle({ type: 'try', run: again, trial: 'u', draft, backend: 'auto' });
    await lab.handle({ type: 'keep', run: again, trial: 'u', backend: 'auto' });
    await lab.dispose();
    const other = await openLab();
    await other.lab.resume({ run: again, backend: 'auto', iterations: 2 });
    expect(essence(await journal.read(again))).toEqual(essence(events));
    const practised = of(events, 'attempted').filter((e) => e.question === '1.taught.0');
    expect(practised.map((e) => [e.iteration, e.attempts.length])).toEqual([[2, settings.rollouts]]);
    // What it did, by fresh answers once it was trained on.
    const learned = of(events, 'taught-tried');
    expect(learned).toMatchObject([{ iteration: 2, question: '1.taught.0', samples: settings.rollouts }]);
    expect(learned[0]!.passed).toBeLessThanOrEqual(settings.rollouts);
    expect(of(await journal.read(again), 'taught-tried')).toHaveLength(1);
  });

  test('while a run goes on, it is tried between two iterations', async () => {
    const { lab, journal, messages } = await openLab((message, self) => {
      if (message.type !== 'events') return;
      if (message.events[0]!.type === 'iteration-started' && message.events[0]!.iteration === 1) {
        void self.handle({ type: 'try', run: message.run, trial: 't', draft, backend: 'auto' });
      }
      if (message.events.some((e) => e.type === 'updated' && e.iteration === 2)) self.pause(false);
    });
    await lab.start(start);
    expect(errors(messages)).toEqual([]);
    expect(tried(messages)).toMatchObject([{ result: { proposal: { id: '1.taught.0' } } }]);
    expect(of(await journal.read(lab.run!), 'iteration-finished')).toHaveLength(2);
  });

  test('called off, it comes back without a result; a trial that is gone is told', async () => {
    const { lab, messages } = await openLab();
    await lab.start({ ...start, iterations: 1 });
    const run = lab.run!;
    const trying = lab.handle({ type: 'try', run, trial: 't', draft, backend: 'auto' });
    await lab.handle({ type: 'cancel-try' });
    await trying;
    expect(tried(messages)).toEqual([{ type: 'tried', trial: 't' }]);
    expect(lab.status).toBe('paused');
    await lab.handle({ type: 'keep', run, trial: 't', backend: 'auto' });
    expect(errors(messages)).toMatchObject([{ code: 'trial-gone' }]);
    expect(lab.status).toBe('paused');
  });

  test('a goalpost is examined without a model', async () => {
    const { lab, messages, policies } = await openLab();
    await lab.handle({ type: 'examine', id: 'own-1', draft: { ...draft, title: 'mine' } });
    expect(messages).toMatchObject([
      { type: 'examined', id: 'own-1', result: { question: { id: 'own-1', title: 'mine' } } },
    ]);
    expect(policies).toEqual([]);
  });
});

test('a start while another run goes on waits for its iteration, then takes over', async () => {
  let second: Promise<void> | undefined;
  const { lab, journal, messages } = await openLab((message, self) => {
    if (message.type !== 'events' || message.events[0]!.type !== 'iteration-started') return;
    second ??= self.start({ ...start, name: 'second', iterations: 1 });
  });
  await lab.start(start);
  await second;
  expect(errors(messages)).toEqual([]);
  const runs = await journal.list();
  const told = runs.map((r) => [r.name, r.iterations]);
  expect(told).toHaveLength(2);
  expect(told).toEqual(
    expect.arrayContaining([
      ['second', 1],
      ['n', 1],
    ]),
  );
});

describe('what can go wrong', () => {
  test('bad settings, no goalposts, unreadable goalposts, an unknown run: each has its code', async () => {
    const { lab, journal, messages } = await openLab();
    await lab.start({ ...start, settings: { ...settings, rollouts: 0 } });
    await lab.start({ ...start, goalposts: [] });
    await lab.start({ ...start, goalposts: [{ ...goalposts[0]!, outputs: ['[1000]'] }] });
    await lab.resume({ run: 'nowhere', backend: 'auto' });
    const said = errors(messages);
    expect(said.map((e) => e.message)).toEqual([
      expect.stringContaining('rollouts: Must be at least 1.'),
      'There are no goalposts to guide this run.',
      expect.stringContaining('1000 is outside'),
      expect.stringContaining('nowhere'),
    ]);
    expect(said.map((e) => e.code)).toEqual([
      'settings-invalid',
      'goalposts-missing',
      'goalposts-unreadable',
      'run-unknown',
    ]);
    expect(lab.status).toBe('failed');
    expect(await journal.list()).toEqual([]);
  });

  test('a run that another lab has open is refused, and free once that one is gone', async () => {
    const first = await openLab();
    await first.lab.start({ ...start, iterations: 1 });
    const run = first.lab.run!;
    const second = await openLab();
    await second.lab.resume({ run, backend: 'auto', iterations: 1 });
    expect(errors(second.messages)[0]).toMatchObject({
      code: 'run-locked',
      data: { run, lock: join(folder, run, 'lock') },
    });
    await first.lab.dispose();
    await second.lab.resume({ run, backend: 'auto', iterations: 1 });
    expect(second.lab.status).toBe('paused');
  });

  test('a full store stops the run and loses nothing that was recorded', async () => {
    const journal = await openFolderJournal(folder);
    const append = journal.append.bind(journal);
    let room = 12;
    journal.append = async (...entry) => {
      if (room-- <= 0) throw new StorageFullError('The store is full.');
      return append(...entry);
    };
    let run = '';
    const { lab, messages } = await openLab(
      (m) => {
        if (m.type === 'events') run = m.run;
      },
      { journal },
    );
    await lab.start(start);
    expect(lab.status).toBe('failed');
    expect(errors(messages)[0]!.code).toBe('storage-full');
    room = 100;
    await lab.resume({ run, backend: 'auto', iterations: 1 });
    expect(lab.status).toBe('paused');
  });

  test('a model that does not load leaves the lab ready for the next command', async () => {
    let tries = 0;
    const { lab, messages } = await openLab(undefined, {
      loadModel: async () => {
        if (tries++ === 0) throw new Error('The model file is truncated.');
        return { policy: playingPolicy(), dialect: microDialect() };
      },
    });
    await lab.start({ ...start, iterations: 1 });
    expect(errors(messages)[0]).toMatchObject({
      code: 'unexpected',
      message: 'The model file is truncated.',
    });
    await lab.start({ ...start, iterations: 1 });
    expect(lab.status).toBe('paused');
  });
});

test('what is called off while Python starts stops at once, and the next command gets that Python', async () => {
  let ready: (judge: MicroJudge) => void = () => {};
  let starts = 0;
  const { lab, messages } = await openLab(undefined, {
    loadJudge: () => {
      starts++;
      return new Promise((resolve) => {
        ready = resolve;
      });
    },
  });
  const run = lab.start({ ...start, iterations: 1 });
  await vi.waitFor(() => expect(starts).toBe(1));
  lab.pause(true);
  await run;
  expect(statuses(messages)).toEqual(['loading', 'idle']);
  const next = lab.start({ ...start, iterations: 1 });
  ready(new MicroJudge());
  await next;
  expect(errors(messages)).toEqual([]);
  expect([lab.status, starts]).toEqual(['paused', 1]);
});

test('mining reports each question once and can be cancelled', async () => {
  const { lab, messages, policies } = await openLab();
  await lab.mine({ questions: goalposts, samples: 20, backend: 'auto', seed: 1 });
  const mined = messages.flatMap((m) => (m.type === 'mined' ? [m] : []));
  expect(mined.flatMap((m) => m.results.map((r) => r.question)).sort()).toEqual(['A', 'B', 'C']);
  const passed = new Map(mined.flatMap((m) => m.results.map((r) => [r.question, r.passed])));
  expect([passed.get('A'), passed.get('B')]).toEqual([0, 0]);
  expect(passed.get('C')).toBeGreaterThan(0);
  expect(mined.map((m) => m.finished)).toEqual([...mined.slice(1).map(() => false), true]);
  expect(policies[0]!.disposed).toBe(true);

  // With a run's weights, those of its newest checkpoint mine.
  const trained = await openLab();
  await trained.lab.start({ ...start, iterations: 2 });
  await trained.lab.mine({
    questions: goalposts,
    samples: 4,
    backend: 'auto',
    seed: 1,
    run: trained.lab.run!,
  });
  const [training, mining] = trained.policies;
  expect(mining!.weights.some((weight) => weight !== 0)).toBe(true);
  expect(mining!.weights).toEqual(training!.weights);

  const cancelled = await openLab((m, self) => {
    if (m.type === 'status' && m.status === 'mining') void self.handle({ type: 'cancel-mining' });
  });
  await cancelled.lab.mine({ questions: goalposts, samples: 4096, backend: 'auto', seed: 1 });
  expect(cancelled.lab.status).toBe('idle');
  expect(errors(cancelled.messages)).toEqual([]);
});

describe('measuring', () => {
  const heldout = Array.from({ length: 5 }, (_, i) => question(`h${i}`, program('sort'), inputs));
  const plans = [
    { iteration: 0, split: 'heldout' as const, samples: 200, questions: heldout },
    { iteration: 2, split: 'goalposts' as const, samples: 200, questions: goalposts },
  ];
  const answersOf = (events: RunEvent[]) =>
    Object.assign(
      {},
      ...of(events, 'measured').map((e) => ({ [`${e.iteration} ${Object.keys(e.answers)}`]: e.answers })),
    );

  test('tries stored checkpoints in parts; called off, the same command goes on and comes to the same', async () => {
    const straight = await openLab();
    await straight.lab.start({ ...start, iterations: 2 });
    const run = straight.lab.run!;
    await straight.lab.measure({ runs: [{ run, plans }], backend: 'auto' });
    expect(errors(straight.messages)).toEqual([]);
    expect(statuses(straight.messages).slice(-3)).toEqual(['loading', 'measuring', 'paused']);
    const events = await straight.journal.read(run);
    expect(of(events, 'measured').map((e) => [e.iteration, e.split, Object.keys(e.answers)])).toEqual([
      [0, 'heldout', ['h0', 'h1']],
      [0, 'heldout', ['h2', 'h3']],
      [0, 'heldout', ['h4']],
      [2, 'goalposts', ['A', 'B']],
      [2, 'goalposts', ['C']],
    ]);
    for (const e of of(events, 'measured')) {
      for (const digits of Object.values(e.answers)) expect(digits).toMatch(/^[01]{200}$/);
    }
    expect(straight.policies.at(-1)!.disposed).toBe(true);
    // 5 and 3 questions, 200 answers to each: told of as one whole.
    const told = straight.messages.flatMap((m) =>
      m.type === 'activity' && m.activity?.task === 'measuring' ? [m.activity] : [],
    );
    expect(new Set(told.map(({ total }) => total))).toEqual(new Set([1600]));
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).sort((a, b) => a - b));
    expect(told.at(-1)!.done).toBe(1600);
    await straight.lab.measure({ runs: [{ run, plans }], backend: 'auto' });
    expect(await straight.journal.read(run)).toEqual(events);
    // What was measured before counts as done, beside another run of which nothing was.
    await straight.lab.start({ ...start, iterations: 2 });
    straight.messages.length = 0;
    const other = { run: straight.lab.run!, plans: plans.slice(1) };
    await straight.lab.measure({ runs: [{ run, plans }, other], backend: 'auto' });
    const share = straight.messages.flatMap((m) =>
      m.type === 'activity' && m.activity?.task === 'measuring' ? [m.activity] : [],
    );
    expect(share[0]!.done).toBeGreaterThanOrEqual(1600);
    expect(share.at(-1)).toMatchObject({ done: 2200, total: 2200 });

    const second = await openLab((m, self) => {
      if (m.type === 'events' && m.events.some((e) => e.type === 'measured')) self.pause(true);
    });
    await second.lab.start({ ...start, iterations: 2 });
    const stopped = second.lab.run!;
    for (let i = 0; i < plans.length + 4; i++)
      await second.lab.measure({ runs: [{ run: stopped, plans }], backend: 'auto' });
    expect(answersOf(await second.journal.read(stopped))).toEqual(answersOf(events));
    // A run that was measured goes on as it would have.
    await second.lab.resume({ run: stopped, backend: 'auto', iterations: 1 });
    expect(errors(second.messages)).toEqual([]);
  });

  test('a checkpoint that is gone is named', async () => {
    const { lab, messages } = await openLab();
    await lab.start({ ...start, iterations: 2 });
    await lab.measure({
      runs: [{ run: lab.run!, plans: [{ ...plans[0]!, iteration: 1 }] }],
      backend: 'auto',
    });
    expect(errors(messages)[0]?.message).toContain('iteration 1');
  });
});

test('dynamic goalposts: what a trial solved is aimed at no more, after a resume neither', async () => {
  const dynamic: Settings = { ...settings, method: 'dynamic', evaluateSamples: 16 };
  const first = await openLab();
  await first.lab.start({ ...start, settings: dynamic, iterations: 10 });
  const run = first.lab.run!;
  // C is easy: it was solved in the trial of iteration 10.
  await first.lab.dispose();
  const second = await openLab();
  await second.lab.resume({ run, backend: 'auto', iterations: 3 });
  const events = await second.journal.read(run);
  const drawn = (from: number, to: number) =>
    of(events, 'iteration-started').flatMap((e) =>
      e.iteration >= from && e.iteration <= to ? e.goalposts : [],
    );
  const last = of(events, 'evaluated').at(-1)!;
  expect(last.passed.C).toBeGreaterThan(0);
  // The answer that solved it comes with the trial that first saw one.
  expect(last.right!.C).toMatch(/sorted/);
  for (const { iteration, passed, right = {} } of of(events, 'evaluated'))
    for (const id of Object.keys(right)) expect([iteration > 0, passed[id]! > 0]).toEqual([true, true]);
  expect(drawn(1, 10)).toContain('C');
  expect(drawn(11, 13)).not.toContain('C');
  expect(drawn(11, 13)).toContain('A');
});

describe('nearest goalposts first', () => {
  const nearest: Settings = {
    ...settings,
    goalpostsAtOnce: 1,
    goalpostOrder: 'nearest',
    evaluateSamples: 16,
  };
  const drawnIn = (events: readonly RunEvent[], from: number, to = from) =>
    new Set(
      of(events, 'iteration-started').flatMap((e) =>
        e.iteration >= from && e.iteration <= to ? e.goalposts : [],
      ),
    );

  test('are known before the first iteration; when one falls, the next nearest comes', async () => {
    const policy = playingPolicy();
    policy.score = async (sequences) => sequences.map(({ tokens }) => tokens.map(() => -1));
    const loadModel = async () => ({ policy, dialect: microDialect() });
    const { lab, journal, messages } = await openLab(() => {}, { loadModel });
    await lab.start({ ...start, settings: nearest, iterations: 4 });
    expect(errors(messages)).toEqual([]);
    const events = await journal.read(lab.run!);
    // C has the shortest program, and this policy gives each token the same probability.
    const types = events.map((e) => e.type);
    expect(types.indexOf('evaluated')).toBeLessThan(types.indexOf('iteration-started'));
    const [first, second] = of(events, 'evaluated');
    expect([first!.iteration, Object.keys(first!.passed)]).toEqual([0, ['C']]);
    expect(Object.keys(first!.logprobs!)).toEqual(['A', 'B', 'C']);
    expect(drawnIn(events, 1, 2)).toEqual(new Set(['C']));
    expect(second!.passed.C).toBeGreaterThan(0);
    const { A, B } = second!.logprobs!;
    expect(drawnIn(events, 3, 4)).toEqual(new Set([A! >= B! ? 'A' : 'B']));
  });

  test('stopped at any event and resumed, the log is that of a run without a stop', async () => {
    const whole = await openLab();
    await whole.lab.start({ ...start, settings: nearest, iterations: 3 });
    const straight = await whole.journal.read(whole.lab.run!);
    for (const type of ['evaluated', 'iteration-started', 'attempted'] as const) {
      const first = await openLab((m, self) => {
        if (m.type === 'events' && m.events.some((e) => e.type === type)) self.pause(true);
      });
      await first.lab.start({ ...start, settings: nearest, iterations: 3 });
      const run = first.lab.run!;
      await first.lab.dispose();
      const { lab, journal } = await openLab();
      const done = of(await journal.read(run), 'iteration-finished').length;
      await lab.resume({ run, backend: 'auto', iterations: 3 - done });
      expect(essence(await journal.read(run))).toEqual(essence(straight));
    }
  });

  test('where the model cannot write a goalpost’s program, all are tried, and cases passed decide', async () => {
    const dialect: Dialect = { ...microDialect(), referenceAnswer: () => undefined };
    const loadModel = async () => ({ policy: playingPolicy(), dialect });
    const { lab, journal } = await openLab(() => {}, { loadModel });
    await lab.start({ ...start, settings: nearest, iterations: 1 });
    const events = await journal.read(lab.run!);
    const [first] = of(events, 'evaluated');
    expect(first!.logprobs).toBeUndefined();
    const cases = first!.cases!;
    expect(Object.keys(cases)).toEqual(['A', 'B', 'C']);
    const best = Object.keys(cases).toSorted((a, b) => cases[b]! - cases[a]!)[0]!;
    expect(drawnIn(events, 1)).toEqual(new Set([best]));
  });

  test('a run from before there was an order keeps to its list, whatever its method fixes now', async () => {
    const { goalpostOrder, ...older } = { ...DEFAULT_SETTINGS, method: 'dynamic' as const };
    expect(goalpostOrder).toBe('listed');
    expect(completeSettings(older)).toMatchObject({ goalpostsAtOnce: 24, goalpostOrder: 'listed' });
    expect(methodSettings({ ...older, goalpostOrder })).toMatchObject({ goalpostOrder: 'nearest' });
  });
});

test('methods that have nothing to work with, or nothing to do, say so', async () => {
  const { lab, messages } = await openLab();
  await lab.start({ ...start, settings: { ...settings, method: 'real' }, iterations: 1 });
  await lab.start({ ...start, settings: { ...settings, method: 'base' }, iterations: 1 });
  expect(errors(messages).map((e) => e.message)).toEqual([
    expect.stringContaining('trains on the bank'),
    expect.stringContaining('not trained'),
  ]);
});
