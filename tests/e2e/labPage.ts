/** The page as a person uses it, and what its database holds behind their back. */
import { expect, type Locator, type Page } from '@playwright/test';
import type { PolicySnapshot } from '../../src/gasp/ports.ts';
import { parseCheckpoint } from '../../src/run/checkpointFormat.ts';
import type { EventOf, RunEvent } from '../../src/run/events.ts';
import type { RunSummary } from '../../src/run/journal.ts';

/** An iteration takes a second or two: for tests that are about everything but learning. */
export const SMALL = {
  'Goalposts an iteration': 4,
  Rollouts: 4,
  Replay: 2,
  'Try goalposts every': 0,
  'Try unseen questions every': 0,
};

/** Fills in fields of the settings sheet by their labels: numbers, options, switches. */
export async function setSettings(
  page: Page,
  values: Record<string, string | number | boolean>,
): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).click();
  const sheet = page.getByRole('dialog', { name: 'Settings of the next run' });
  const advanced = sheet.locator('details.settings-advanced');
  await advanced.evaluate((details: HTMLDetailsElement) => {
    details.open = true;
  });
  for (const [label, value] of Object.entries(values)) {
    const field = sheet.getByLabel(label, { exact: true });
    if (typeof value === 'boolean') await field.setChecked(value);
    else if (typeof value === 'string') await field.selectOption(value);
    else await field.fill(String(value));
  }
  await sheet.getByRole('button', { name: 'Close' }).click();
}

/** The sheet of goalposts, its part for questions of other banks open. */
export async function openImport(page: Page): Promise<Locator> {
  await page.goto('./');
  await page.getByRole('button', { name: 'Choose goalposts' }).click();
  const sheet = page.getByRole('dialog', { name: 'Choose goalposts' });
  await sheet.getByText('Import questions').click();
  return sheet;
}

export const chooseBackend = (page: Page, backend: 'auto' | 'webgpu' | 'wasm') =>
  page.getByLabel('Runs on').selectOption(backend);

/** On the first page it starts a run, later it goes on with the open one. */
export const runButton = (page: Page): Locator => page.getByRole('button', { name: 'Run', exact: true });
export const resumeButton = (page: Page): Locator => page.getByRole('button', { name: /^Resume / });

/** A row of the run's numbers, such as `iterations` or `backend`. */
export const numberOf = (page: Page, name: string): Locator =>
  page
    .getByRole('complementary', { name: 'The run' })
    .locator('dl > div')
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator('dd');

/** Waits until the page shows at least this many complete iterations. */
export async function expectIterations(page: Page, atLeast: number, timeout = 300_000): Promise<void> {
  const iterations = numberOf(page, 'iterations');
  await expect(iterations).toBeVisible({ timeout }); // The model loads first.
  await expect
    .poll(async () => Number(await iterations.textContent()), { timeout, intervals: [200] })
    .toBeGreaterThanOrEqual(atLeast);
}

/** Waits until the lab is at work, and lets the iteration in progress end. */
export async function pause(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Pause' }).click({ timeout: 300_000 });
  await expect(page.getByText('Paused', { exact: true })).toBeVisible({ timeout: 300_000 });
}

/** Presses `start` and pauses once the run has that many iterations, asking for it while the last one is made. */
export async function runTo(page: Page, iterations: number, start = runButton(page)): Promise<void> {
  await start.click();
  if (iterations > 1) await expectIterations(page, iterations - 1);
  await pause(page);
  // It may have been asked between two iterations.
  if (Number(await numberOf(page, 'iterations').textContent()) < iterations) {
    await page.getByRole('button', { name: 'Step' }).click();
    await expectIterations(page, iterations);
    await expect(page.getByText('Paused', { exact: true })).toBeVisible();
  }
}

/** To the end of the open run: a replay opens at its beginning. */
export async function toTheEnd(page: Page): Promise<void> {
  const slider = page.getByLabel('Moment shown');
  const end = await slider.getAttribute('max');
  if ((await slider.inputValue()) !== end)
    await page.getByRole('button', { name: 'now', exact: true }).click();
}

/** Everything stored of one run. */
export interface Stored {
  run: string;
  summary: RunSummary;
  events: RunEvent[];
  /** Names of the checkpoints that are there. */
  checkpoints: string[];
}

/** All stored runs, newest first, as one transaction sees them. */
export async function storedRuns(page: Page): Promise<Stored[]> {
  return page.evaluate(async () => {
    const ready = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const db = await ready(indexedDB.open('foothold'));
    try {
      const tx = db.transaction(['runs', 'events', 'checkpoints']);
      const [heads, keys, events, blobs] = await Promise.all([
        ready(tx.objectStore('runs').getAll()),
        ready(tx.objectStore('events').getAllKeys()) as Promise<[string, number][]>,
        ready(tx.objectStore('events').getAll()),
        ready(tx.objectStore('checkpoints').getAllKeys()) as Promise<[string, string][]>,
      ]);
      return heads
        .map(({ summary }) => ({
          run: summary.run,
          summary,
          events: events.filter((_, i) => keys[i]?.[0] === summary.run),
          checkpoints: blobs.filter(([run]) => run === summary.run).map(([, blob]) => blob),
        }))
        .sort((a, b) => b.summary.updatedAt - a.summary.updatedAt);
    } finally {
      db.close();
    }
  });
}

/** The one run there is. */
export async function storedRun(page: Page): Promise<Stored> {
  const runs = await storedRuns(page);
  expect(runs).toHaveLength(1);
  return runs[0]!;
}

/** The bytes of a stored checkpoint. */
export async function checkpointBytes(page: Page, run: string, blob: string): Promise<Uint8Array> {
  const address = await page.evaluate(
    (key) =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open('foothold');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const request = opening.result.transaction('checkpoints').objectStore('checkpoints').get(key);
          request.onerror = () => reject(request.error);
          request.onsuccess = () => {
            const reader = new FileReader();
            reader.onload = () => resolve(reader.result as string);
            reader.readAsDataURL(new Blob([request.result]));
          };
          opening.result.close();
        };
      }),
    [run, blob],
  );
  return new Uint8Array(Buffer.from(address.slice(address.indexOf(',') + 1), 'base64'));
}

/** Puts other bytes in a checkpoint's place. */
export async function overwriteCheckpoint(
  page: Page,
  run: string,
  blob: string,
  bytes: Uint8Array,
): Promise<void> {
  const address = `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;
  await page.evaluate(
    async ({ key, address }) => {
      const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
      await new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('foothold');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const tx = opening.result.transaction('checkpoints', 'readwrite', { durability: 'strict' });
          tx.objectStore('checkpoints').put(bytes, key);
          tx.oncomplete = () => resolve();
          tx.onabort = () => reject(tx.error);
          opening.result.close();
        };
      });
    },
    { key: [run, blob], address },
  );
}

export async function checkpointOf(page: Page, run: string, blob: string): Promise<PolicySnapshot> {
  return parseCheckpoint(await checkpointBytes(page, run, blob));
}

export const eventsOf = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is EventOf<T> => event.type === type);

/** The log before is the beginning of the log after. */
export function expectPrefix(before: readonly RunEvent[], after: readonly RunEvent[]): void {
  expect(after.slice(0, before.length)).toEqual(before);
}

/** The person's own and imported questions, as this browser keeps them. */
export async function storedQuestions(page: Page): Promise<unknown[]> {
  return page.evaluate(async () => {
    const ready = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const db = await ready(indexedDB.open('foothold-questions'));
    try {
      return ((await ready(db.transaction('questions').objectStore('questions').get('own'))) ??
        []) as unknown[];
    } finally {
      db.close();
    }
  });
}
