import { deleteDB } from 'idb';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openIndexedDbJournal } from '../../../src/run/indexedDbJournal.ts';
import { StorageFullError } from '../../../src/run/journal.ts';
import { testJournal } from './journalContract.ts';
import { checkpointed, finished, snapshot, started } from './journalSamples.ts';

const NAME = 'journal-test';

describe('contract', () => {
  testJournal(
    () => openIndexedDbJournal(NAME),
    () => deleteDB(NAME),
  );
});

describe('contract without Web Locks, as over plain http', () => {
  const { locks } = navigator;
  const put = (value: LockManager | undefined) =>
    Object.defineProperty(navigator, 'locks', { value, configurable: true });
  beforeAll(() => void put(undefined));
  afterAll(() => void put(locks));
  testJournal(
    () => openIndexedDbJournal(NAME),
    () => deleteDB(NAME),
  );
});

test('a database that neither opens nor fails is given up after a while', async () => {
  const holder = await openIndexedDbJournal(NAME);
  await holder.close();
  const opening = indexedDB.open(NAME);
  await new Promise((resolve) => opening.addEventListener('success', resolve));
  const deleting = indexedDB.deleteDatabase(NAME);
  await expect(openIndexedDbJournal(NAME, 300)).rejects.toMatchObject({ code: 'storage-silent' });
  opening.result.close();
  await new Promise((resolve) => deleting.addEventListener('success', resolve));
  const journal = await openIndexedDbJournal(NAME, 300);
  expect(await journal.list()).toEqual([]);
  await journal.close();
});

test('a lock that comes free a moment later, as one of a closed tab does, is waited for', async () => {
  const [one, other] = [await openIndexedDbJournal(NAME), await openIndexedDbJournal(NAME)];
  const release = await one.lock('a');
  const waited = other.lock('a');
  setTimeout(release, 200);
  (await waited)();
  await Promise.all([one.close(), other.close()]);
  await deleteDB(NAME);
});

describe('full storage', () => {
  interface BucketManager {
    open(name: string, options: { quota: number }): Promise<{ indexedDB: IDBFactory }>;
    delete(name: string): Promise<void>;
  }
  const { storageBuckets } = navigator as unknown as { storageBuckets: BucketManager };

  afterEach(async () => {
    vi.unstubAllGlobals();
    await storageBuckets.delete('small');
  });

  test('an append that does not fit is refused whole, and what fits is still written', async () => {
    const bucket = await storageBuckets.open('small', { quota: 20_000_000 });
    vi.stubGlobal('indexedDB', bucket.indexedDB);
    const journal = await openIndexedDbJournal(NAME);
    const save = (run: string) =>
      journal.append(run, [checkpointed(1, 'c1'), finished(1)], {
        blob: 'c1',
        snapshot: snapshot(1, 1_000_000), // 12 MB
      });
    await journal.append('old', [started('old')]);
    await save('old');
    const log = await journal.append('a', [started('a')]);

    await expect(save('a')).rejects.toBeInstanceOf(StorageFullError);
    await expect(save('a')).rejects.toThrow(/storage is full/);
    expect(await journal.read('a')).toEqual(log);
    expect(await journal.getCheckpoint('a', 'c1')).toBeUndefined();
    expect((await journal.getCheckpoint('old', 'c1'))?.step).toBe(1);

    // The journal is none the worse for it: what fits is written, and the count goes on.
    const [event] = await journal.append('a', [finished(1)]);
    expect(event?.seq).toBe(1);
    expect(await journal.read('a')).toEqual([...log, event]);
    await journal.close();
  });
});

test('a newer version of the page can take the database over', async () => {
  const journal = await openIndexedDbJournal(NAME);
  await journal.append('a', [started('a')]);
  // Would wait for ever if the journal kept its connection.
  await deleteDB(NAME);
  expect(await journal.list()).toEqual([]);
  await journal.close();
  await expect(journal.list()).rejects.toThrow(/closed/);
  await deleteDB(NAME);
});
