/** What every journal must do; each implementation runs all of it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Journal } from '../../../src/run/journal.ts';
import { RunLockedError } from '../../../src/run/journal.ts';
import { checkpointed, finished, snapshot, started } from './journalSamples.ts';

/** `open` gives a journal on one and the same place each time, `clear` empties that place. */
export function testJournal(open: () => Promise<Journal>, clear: () => Promise<void>): void {
  let journal: Journal;
  const journals: Journal[] = [];
  const openAnother = async () => {
    const another = await open();
    journals.push(another);
    return another;
  };

  beforeEach(async () => {
    journal = await openAnother();
  });

  afterEach(async () => {
    for (const open of journals.splice(0)) await open.close();
    await clear();
  });

  const saveAt = (run: string, iteration: number, drop: string[] = []) =>
    journal.append(run, [checkpointed(iteration, `c${iteration}`), finished(iteration)], {
      blob: `c${iteration}`,
      snapshot: snapshot(iteration),
      drop,
    });

  test('append numbers events from 0 without gaps, and read gives them back', async () => {
    const before = Date.now();
    const first = await journal.append('a', [
      started('a'),
      { type: 'renamed', name: 'Ünïcode 🌱\n"quoted"' },
    ]);
    const second = await journal.append('a', [finished(1)]);
    expect([...first, ...second].map((event) => event.seq)).toEqual([0, 1, 2]);
    for (const event of first) expect(event.at).toBeGreaterThanOrEqual(before);
    expect(await journal.read('a')).toEqual([...first, ...second]);
    expect(first[1]).toMatchObject({ type: 'renamed', name: 'Ünïcode 🌱\n"quoted"' });
  });

  test('another journal on the same place reads the same and goes on counting', async () => {
    await journal.append('a', [started('a')]);
    await saveAt('a', 1);
    const other = await openAnother();
    expect(await other.read('a')).toEqual(await journal.read('a'));
    const [next] = await other.append('a', [finished(2)]);
    expect(next?.seq).toBe(3);
    const [afterwards] = await journal.append('a', [finished(3)]);
    expect(afterwards?.seq).toBe(4);
    expect((await other.read('a')).map((event) => event.seq)).toEqual([0, 1, 2, 3, 4]);
  });

  test('appends that do not wait for each other keep their order', async () => {
    await journal.append('a', [started('a')]);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => journal.append('a', [finished(2 * i), finished(2 * i + 1)])),
    );
    const events = await journal.read('a');
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 41 }, (_, i) => i));
    const iterations = events.flatMap((event) =>
      event.type === 'iteration-finished' ? [event.iteration] : [],
    );
    expect(iterations).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test('a checkpoint comes back bit for bit', async () => {
    await journal.append('a', [started('a')]);
    await saveAt('a', 3);
    const stored = await (await openAnother()).getCheckpoint('a', 'c3');
    const expected = snapshot(3);
    expect(stored).toMatchObject({ layout: expected.layout, step: 3 });
    for (const name of ['weights', 'firstMoment', 'secondMoment'] as const) {
      expect(new Uint32Array(stored![name].buffer)).toEqual(new Uint32Array(expected[name].buffer));
    }
  });

  test('checkpoints that are dropped are gone, others stay', async () => {
    await journal.append('a', [started('a')]);
    await saveAt('a', 1);
    await saveAt('a', 2);
    await saveAt('a', 3, ['c2', 'never-was']);
    expect((await journal.getCheckpoint('a', 'c1'))?.step).toBe(1);
    expect(await journal.getCheckpoint('a', 'c2')).toBeUndefined();
    expect((await journal.getCheckpoint('a', 'c3'))?.step).toBe(3);
    expect(await journal.getCheckpoint('a', 'c4')).toBeUndefined();
    expect(await journal.getCheckpoint('b', 'c1')).toBeUndefined();
  });

  test('an append that makes no sense is refused and leaves nothing behind', async () => {
    await expect(journal.append('a', [finished(1)])).rejects.toThrow(/run-started/);
    await expect(journal.append('a', [started('b')])).rejects.toThrow(/run-started/);
    await expect(journal.append('a', [])).rejects.toThrow(/at least one/);
    expect(await journal.read('a')).toEqual([]);
    expect(await journal.list()).toEqual([]);

    const log = await journal.append('a', [started('a')]);
    await expect(journal.append('a', [started('a')])).rejects.toThrow(/exists already/);
    await expect(
      journal.append('a', [finished(1)], { blob: 'c1', snapshot: snapshot(1) }),
      'a checkpoint without its event',
    ).rejects.toThrow(/stored together/);
    await expect(
      journal.append('a', [checkpointed(1, 'c1')]),
      'an event without its checkpoint',
    ).rejects.toThrow(/stored together/);
    await expect(
      journal.append('a', [checkpointed(1, 'c1')], {
        blob: 'c1',
        snapshot: { ...snapshot(1), firstMoment: new Float32Array(1) },
      }),
    ).rejects.toThrow(/firstMoment/);
    expect(await journal.read('a')).toEqual(log);
    expect(await journal.getCheckpoint('a', 'c1')).toBeUndefined();

    await saveAt('a', 1);
    await expect(saveAt('a', 1)).rejects.toThrow(/already/);
    expect((await journal.read('a')).length).toBe(3);
  });

  test('list sums up each run, the one touched last first', async () => {
    const [start] = await journal.append('a', [started('a', 'Alpha')]);
    await journal.append('b', [started('b', 'Beta')]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await saveAt('a', 1);
    await journal.append('a', [finished(2), { type: 'renamed', name: 'Alef' }]);
    const [a, b] = await (await openAnother()).list();
    expect(a).toMatchObject({ run: 'a', name: 'Alef', iterations: 2, startedAt: start!.at });
    expect(a!.updatedAt).toBeGreaterThan(a!.startedAt);
    expect(b).toMatchObject({ run: 'b', name: 'Beta', iterations: 0 });
    // The checkpoint: three arrays of 1000 float32 values, and a header.
    expect(a!.bytes - b!.bytes).toBeGreaterThan(12_000);
    expect(a!.bytes - b!.bytes).toBeLessThan(13_000);

    await saveAt('a', 3, ['c1']);
    const [smaller] = await journal.list();
    expect(smaller!.bytes - a!.bytes).toBeLessThan(500);
    expect((await (await openAnother()).list())[0]).toEqual(smaller);
  });

  test('iterations that a resume voids do not count', async () => {
    await journal.append('a', [started('a'), finished(1), finished(2), finished(3)]);
    const policy = { model: 'embedded', backend: 'cpu', parameters: 1, trainable: 1 };
    await journal.append('a', [{ type: 'resumed', after: 1, policy }]);
    expect((await journal.list())[0]?.iterations).toBe(1);
    await journal.append('a', [finished(2)]);
    expect((await journal.list())[0]?.iterations).toBe(2);
  });

  test('a run is locked for everybody else until it is released', async () => {
    await journal.append('a', [started('a')]);
    const other = await openAnother();
    const release = await journal.lock('a');
    await expect(other.lock('a')).rejects.toBeInstanceOf(RunLockedError);
    await expect(journal.lock('a')).rejects.toBeInstanceOf(RunLockedError);
    const releaseOther = await other.lock('b');
    release();
    const again = await journal.lock('a');
    again();
    releaseOther();
    release(); // A second time does nothing
  });

  test('remove deletes one run with its checkpoints, unless somebody else has it', async () => {
    await journal.append('a', [started('a')]);
    await saveAt('a', 1);
    await journal.append('ab', [started('ab')]);
    await saveAt('ab', 1);
    const other = await openAnother();
    const release = await journal.lock('a');
    await expect(other.remove('a')).rejects.toBeInstanceOf(RunLockedError);
    expect((await other.read('a')).length).toBe(3);

    await journal.remove('a');
    release();
    expect(await other.read('a')).toEqual([]);
    expect(await other.getCheckpoint('a', 'c1')).toBeUndefined();
    expect((await other.list()).map((summary) => summary.run)).toEqual(['ab']);
    expect((await other.getCheckpoint('ab', 'c1'))?.step).toBe(1);

    const [event] = await other.append('a', [started('a')]);
    expect(event?.seq).toBe(0);
    expect(await other.getCheckpoint('a', 'c1')).toBeUndefined();
  });

  test('a run that is exported, removed and imported is what it was, and goes on', async () => {
    await journal.append('a', [started('a', 'Alpha')]);
    await saveAt('a', 1);
    await saveAt('a', 2);
    await saveAt('a', 3, ['c2']);
    await journal.append('b', [started('b')]);
    const [before] = (await journal.list()).filter(({ run }) => run === 'a');
    const whole = await journal.exportRun('a');
    expect(whole.checkpoints.map(({ blob }) => blob).sort()).toEqual(['c1', 'c3']);
    expect((await journal.exportRun('a', (blob) => blob === 'c3')).checkpoints).toHaveLength(1);
    const names = whole.checkpoints.map(({ blob }) => blob);
    expect((await journal.checkpoints('a')).sort()).toEqual(names.sort());
    expect(await journal.checkpoints('nobody')).toEqual([]);
    await expect(journal.importRun('a', whole)).rejects.toThrow(/exists already/);

    await journal.remove('a');
    const other = await openAnother();
    await other.importRun('a', whole);
    expect(await journal.exportRun('a')).toEqual(whole);
    expect((await (await openAnother()).list()).find(({ run }) => run === 'a')).toEqual(before);
    expect((await journal.getCheckpoint('a', 'c3'))?.step).toBe(3);
    const [next] = await journal.append('a', [finished(4)]);
    expect(next?.seq).toBe(whole.events.length);
    expect((await journal.read('b')).length).toBe(1);
  });

  test('a run that could not have been recorded is not imported', async () => {
    await journal.append('a', [started('a')]);
    await saveAt('a', 1);
    const { events, checkpoints } = await journal.exportRun('a');
    const [checkpoint] = checkpoints;
    const broken = { blob: 'c1', bytes: checkpoint!.bytes.slice(0, -1) };
    const renamed = events.map((e) => (e.type === 'run-started' ? { ...e, run: 'z' } : e));
    await expect(journal.importRun('z', { events, checkpoints })).rejects.toThrow(/its own run-started/);
    for (const [recorded, reason] of [
      [{ events: renamed.toSpliced(1, 1), checkpoints: [] }, /without gaps/],
      [{ events: renamed, checkpoints: [{ ...checkpoint!, blob: 'c7' }] }, /speaks for a checkpoint c7/],
      [{ events: renamed, checkpoints: [broken] }, /cut off/],
    ] as const)
      await expect(journal.importRun('z', recorded as never)).rejects.toThrow(reason);
    expect((await journal.list()).map(({ run }) => run)).toEqual(['a']);
    expect(await journal.read('z')).toEqual([]);
  });
}
