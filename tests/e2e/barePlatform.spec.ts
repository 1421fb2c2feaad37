/** Browsers and addresses that lack something, or where something never answers: said, and the page goes on. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import { TEST_ARGS } from '../../scripts/chromium.mjs';
import { expect, test } from './fixtures.ts';
import {
  expectIterations,
  numberOf,
  pause,
  runButton,
  setSettings,
  SMALL,
  storedRuns,
  toTheEnd,
} from './labPage.ts';
import { serveStatic } from './staticHost.ts';

const links = JSON.parse(
  await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8'),
) as { replay: string };

const inMemory = (page: Page) => page.getByRole('status', { name: 'Kept in memory only' });

/** A run of one iteration; its link opens as the run that it is. */
async function runAndShare(page: Page): Promise<void> {
  await expect(runButton(page)).toBeEnabled();
  await setSettings(page, SMALL);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible({ timeout: 300_000 });
  await pause(page);
  await expectIterations(page, 1);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByLabel('Link to this run')).toHaveValue(/#replay=H4sI/);
  await page.keyboard.press('Escape');
}

test('over plain http the page runs, stores, keeps two tabs apart and copies', async ({ launchOptions }) => {
  const host = await serveStatic(fileURLToPath(new URL('../../dist', import.meta.url)), '/');
  const args = [...TEST_ARGS, '--host-resolver-rules=MAP lab.example 127.0.0.1'];
  const browser = await chromium.launch({ ...launchOptions, args });
  try {
    // Past the proxy of these tests, which lets no other name through.
    const proxy = { server: 'http://127.0.0.1:9', bypass: 'lab.example' };
    const context = await browser.newContext({ reducedMotion: 'reduce', proxy });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`http://lab.example:${host.port}/`);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: 'Copy' }).click();
    await expect(page.getByText(/^Copied\. /)).toBeVisible();
    await page.keyboard.press('Escape');
    await runAndShare(page);
    await expect(inMemory(page)).toBeHidden();
    expect(await storedRuns(page)).toHaveLength(1);

    const other = await context.newPage();
    await other.goto(`http://lab.example:${host.port}/`);
    await other.getByRole('button', { name: /^Resume / }).click();
    await expect(other.getByRole('status').filter({ hasText: 'open in another tab' })).toBeVisible({
      timeout: 120_000,
    });
    await page.close();
    await other.getByRole('button', { name: 'Step' }).click();
    await expectIterations(other, 2);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    await host.close();
  }
});

const faults: [string, RegExp, () => void][] = [
  [
    'a database that never answers',
    /does not answer/,
    () => {
      // As where another tab holds up its deletion.
      const { open } = IDBFactory.prototype;
      IDBFactory.prototype.open = function (name) {
        const request = open.call(this, `${name} of nobody`);
        for (const type of ['success', 'error', 'blocked', 'upgradeneeded'])
          request.addEventListener(type, (event) => event.stopImmediatePropagation());
        return request;
      };
    },
  ],
  [
    'a database that may not even be named',
    /does not let this page store/,
    () => {
      Object.defineProperty(globalThis, 'indexedDB', {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
    },
  ],
  ['no database', /does not let this page store/, () => Reflect.deleteProperty(window, 'indexedDB')],
];
for (const [what, message, breakIt] of faults) {
  test(`${what}: said, and the page runs in memory`, async ({ page }) => {
    await page.addInitScript(breakIt);
    await page.goto('./');
    await expect(inMemory(page)).toContainText(message);
    await expect(inMemory(page)).toContainText('export those that you want to keep');
    if (what !== 'a database that never answers') {
      await expect(runButton(page)).toBeEnabled();
      return;
    }
    await runAndShare(page);
    // What is kept in memory is listed, can be branched off and left.
    await page.getByRole('button', { name: 'branch from iteration 0' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Branch and run' }).click();
    await pause(page);
    await expectIterations(page, 1);
    await page.getByRole('button', { name: 'New run' }).click();
    await expect(page.getByRole('button', { name: 'Run a new one' })).toBeVisible();
    await expect(page.locator('.runs li')).toHaveCount(2);
  });
}

test('a database whose deletion another tab holds up is waited for, and taken when it answers', async ({
  page,
  context,
  offences,
}) => {
  const holder = await context.newPage();
  // The same origin, and no page of ours; the browser misses its icon.
  await holder.goto('./manifest.webmanifest');
  await holder.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open('foothold', 1);
        opening.onupgradeneeded = () => {
          for (const name of ['runs', 'events', 'checkpoints']) opening.result.createObjectStore(name);
        };
        opening.onsuccess = () => {
          Object.assign(window, { held: opening.result });
          indexedDB.deleteDatabase('foothold');
          resolve();
        };
      }),
  );
  await page.goto('./');
  await expect(inMemory(page)).toContainText('does not answer');
  await expect(runButton(page)).toBeEnabled();
  await holder.close();
  await expect(inMemory(page)).toBeHidden();
  await expect(runButton(page)).toBeEnabled();
  expect(offences.errors.splice(0).filter((text) => !/404/.test(text))).toEqual([]);
});

test('a page that cannot run says so before Run, and opens replays', async ({ page }) => {
  await page.addInitScript(() => {
    for (const name of [
      'WebAssembly',
      'indexedDB',
      'caches',
      'BroadcastChannel',
      'ResizeObserver',
      'IntersectionObserver',
      'matchMedia',
      'structuredClone',
      'CompressionStream',
      'DecompressionStream',
      'SharedArrayBuffer',
    ])
      Reflect.deleteProperty(window, name);
    for (const name of ['locks', 'clipboard', 'storage', 'serviceWorker'])
      Object.defineProperty(navigator, name, { value: undefined });
    document.execCommand = () => false;
    crypto.randomUUID = undefined as never;
  });
  await page.goto('./');
  const note = page.getByRole('status', { name: 'Nothing can run here' });
  await expect(note).toContainText('WebAssembly');
  await expect(runButton(page)).toBeDisabled();
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByText(/The link is selected: press Ctrl\+C/)).toBeVisible();
  const field = page.getByLabel('Link to the recipe');
  expect(
    await field.evaluate((input: HTMLInputElement) => input.selectionEnd! - input.selectionStart!),
  ).toBeGreaterThan(100);
  await page.goto('about:blank');
  await page.goto(`./${links.replay}`);
  await expect(page.getByRole('region', { name: 'Replay' })).toBeVisible();
  await toTheEnd(page);
  await expect(numberOf(page, 'iterations')).toHaveText('3');
});

test('a worker that never becomes ready is said, and can be given up', async ({ page }) => {
  test.slow();
  await page.addInitScript(() => {
    Worker.prototype.postMessage = () => undefined;
  });
  await page.goto('./');
  await runButton(page).click();
  await expect(page.getByRole('alert')).toContainText('has not started yet');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(runButton(page).first()).toBeEnabled();
});

test('a sheet whose code does not come is said, and opens once it does', async ({ page, offences }) => {
  await page.goto(`./${links.replay}`);
  await expect(page.getByRole('region', { name: 'Replay' })).toBeVisible();
  await toTheEnd(page);
  await page.route('**/assets/Lecture-*.js', (route) => route.abort());
  const lecture = page.getByRole('dialog', { name: 'Lecture' });
  await page.getByRole('button', { name: 'Lecture' }).click();
  await expect(lecture.getByRole('alert')).toContainText('did not load');
  await lecture.getByRole('button', { name: 'Close' }).click();
  await expect(lecture).toHaveCount(0);
  await page.unroute('**/assets/Lecture-*.js');
  await page.getByRole('button', { name: 'Lecture' }).click();
  await expect(lecture.getByText(/iteration 3, 1 of/)).toBeVisible();
  // The browser says that a file did not come.
  offences.errors.length = 0;
});
