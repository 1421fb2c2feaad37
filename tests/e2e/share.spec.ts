/** A run as a link and as a file: what somebody else sees of it, and can do with it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import type { RunEvent } from '../../src/run/events.ts';
import { expect, test } from './fixtures.ts';
import {
  eventsOf,
  expectIterations,
  numberOf,
  pause,
  runButton,
  runTo,
  setSettings,
  SMALL,
  storedRun,
  storedRuns,
  toTheEnd,
} from './labPage.ts';
import { serveStatic } from './staticHost.ts';

/** What it takes to run anything: model, ONNX Runtime, Python, the lab's worker, the editor. */
const MACHINERY =
  /\.wasm|\.onnx|models\/|ort[.-]|pyodide|python_stdlib|transformers|localPolicy|worker-|monaco|editor/;

/** What a person sees of a run, without what tells of this machine or this minute. */
async function look(page: Page) {
  return {
    name: await page.getByRole('heading', { level: 1 }).innerText(),
    numbers: await page.getByRole('complementary', { name: 'The run' }).locator('dl').innerText(),
    climb: await page
      .locator('.climb-figure')
      .evaluate((figure) => figure.querySelectorAll('.climb-stone, .climb-pair, .climb-flag').length),
    summary: await page.locator('.climb > p').first().textContent(),
    curves: await page
      .locator('.curve svg')
      .evaluateAll((all) => all.map((svg) => svg.getAttribute('aria-label'))),
    goalposts: await page.locator('.goalposts-list').innerText(),
    loop: await page.locator('.loop').first().innerText(),
  };
}

/** A profile that has never been here; `blocked` takes down what it asked of the machinery, and gives none. */
async function stranger(
  browser: Browser,
  blocked?: string[],
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  if (blocked) {
    await context.route(
      (url) => MACHINERY.test(url.pathname),
      (route) => {
        blocked.push(route.request().url());
        return route.abort();
      },
    );
  }
  return { context, page };
}

/** What a person sees once cards and curves have followed, which they may do half a second later. */
async function settled(page: Page) {
  for (let seen = await look(page); ; ) {
    await page.waitForTimeout(600);
    const now = await look(page);
    if (isDeepStrictEqual(now, seen)) return now;
    seen = now;
  }
}

/** What the page shows of the run at its end and before each of its iterations, the last one first. */
async function walk(page: Page, iterations: number) {
  await toTheEnd(page);
  const seen = [await settled(page)];
  const back = page.getByRole('button', { name: 'Previous iteration' });
  for (let iteration = iterations; iteration >= 1; iteration--) {
    await back.click();
    await expect(page.locator('.loop').first()).toContainText(`iteration ${iteration}`);
    await expect(numberOf(page, 'iterations')).toHaveText(String(iteration - 1));
    seen.push(await settled(page));
  }
  await expect(back).toBeDisabled();
  await page.getByRole('button', { name: 'now', exact: true }).click();
  return seen;
}

/** What an iteration did: the same for the same weights, seed and backend. */
const deeds = (events: readonly RunEvent[], iteration: number) => ({
  proposals: eventsOf(events, 'proposed')
    .filter((event) => event.iteration === iteration)
    .map((event) => event.proposal),
  attempts: eventsOf(events, 'attempted')
    .filter((event) => event.iteration === iteration)
    .map(({ question, attempts }) => ({ question, attempts })),
  updates: eventsOf(events, 'updated')
    .filter((event) => event.iteration === iteration)
    .map((event) => event.stats),
});

test('a run of three iterations, by link and by file with weights: the same to see, gone on with exactly, branched', async ({
  page,
  browser,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'shared-'));
  const headers = { 'Access-Control-Allow-Origin': '*' };
  const host = await serveStatic(folder, '/elsewhere/', { headers });
  try {
    await page.goto('./');
    await setSettings(page, { ...SMALL, 'Try goalposts every': 2, 'Answers for each': 2 });
    await runTo(page, 3);
    const last = eventsOf((await storedRun(page)).events, 'iteration-finished').length;
    const there = await walk(page, last);
    await page.getByRole('button', { name: 'Share' }).click();
    const sheet = page.getByRole('dialog', { name: 'Share' });
    const link = await sheet.getByLabel('Link to this run').inputValue();
    expect(link).toContain('#replay=');
    await sheet.getByLabel(/all 2/).check();
    const downloading = page.waitForEvent('download');
    await sheet.getByRole('button', { name: 'Download file' }).click();
    await (await downloading).saveAs(join(folder, 'run.foothold'));
    await sheet.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Step' }).click();
    await expectIterations(page, last + 1);
    await expect(page.getByText('Paused', { exact: true })).toBeVisible();
    const { events } = await storedRun(page);
    // Two tabs that run would share two cores.
    await page.close();

    const blocked: string[] = [];
    const { context, page: visitor } = await stranger(browser, blocked);
    const note = visitor.getByRole('region', { name: 'Replay' });
    await test.step('the link, without the machinery', async () => {
      await visitor.goto(link);
      await expect(note).toContainText('repeats it from its seed');
      await expect(runButton(visitor)).toHaveCount(0);
      expect(await walk(visitor, last)).toEqual(there);
    });
    await test.step('the file, without the machinery', async () => {
      await visitor.goto(`./?session=${encodeURIComponent(`${host.url}run.foothold`)}`);
      await expect(note).toContainText(`after iteration ${last}`);
      await toTheEnd(visitor);
      expect(await settled(visitor)).toEqual(there[0]);
      expect(await storedRuns(visitor)).toEqual([]);
      expect(blocked).toEqual([]);
    });
    await context.unrouteAll();
    await test.step('gone on with exactly', async () => {
      await runTo(visitor, last + 1, visitor.getByRole('button', { name: 'Go on from here' }));
      await expect(note).toBeHidden();
      expect(deeds((await storedRun(visitor)).events, last + 1)).toEqual(deeds(events, last + 1));
    });
    await test.step('branched, and both on one figure', async () => {
      const own = await storedRun(visitor);
      await visitor.getByRole('button', { name: 'branch from iteration 0' }).click();
      const branching = visitor.getByRole('dialog', { name: 'Branch from the start' });
      await branching.getByLabel('Name', { exact: true }).fill('other-way');
      await branching.getByLabel('Method').selectOption('azr');
      await branching.getByRole('button', { name: 'Branch and run' }).click();
      await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('other-way');
      await pause(visitor);
      await expectIterations(visitor, 1);
      const branch = (await storedRuns(visitor)).find(({ summary }) => summary.name === 'other-way')!;
      expect(branch.events[0]).toMatchObject({
        settings: { method: 'azr' },
        branchedFrom: { run: own.run, iteration: 0 },
      });
      await visitor.getByLabel('Compare with').selectOption({ index: 1 });
      await expect(visitor.locator('.curve [data-as="other"] path').first()).toBeAttached();
      await expect(visitor.locator('.climb-other .climb-stone').first()).toBeAttached();
    });
    await context.close();
  } finally {
    await host.close();
    await rm(folder, { recursive: true });
  }
});

test('a replay of an older page shows what its stored run shows, at every iteration, without the machinery', async ({
  browser,
}) => {
  const { replay } = JSON.parse((await fixture('links.v1.json')).toString());
  const blocked: string[] = [];
  const { context, page: visitor } = await stranger(browser, blocked);
  await visitor.goto(`./${replay}`);
  const note = visitor.getByRole('region', { name: 'Replay' });
  await expect(note).toBeVisible();
  await expect(runButton(visitor)).toHaveCount(0);
  const seen = await walk(visitor, 3);
  expect(seen[0]).toMatchObject({
    name: 'quiet-ridge',
    summary: expect.stringContaining('15 questions tried, 5 in their band'),
  });
  expect(await storedRuns(visitor)).toEqual([]);
  await visitor.getByRole('button', { name: 'Keep among my runs' }).click();
  await expect(note).toBeHidden();
  expect(await storedRuns(visitor)).toHaveLength(1);
  expect(await walk(visitor, 3)).toEqual(seen);
  expect(blocked).toEqual([]);
  await context.close();
});

const fixture = (name: string) => readFile(new URL(`../fixtures/share/${name}`, import.meta.url));

test('a recipe link opens ready to run; files open by drop', async ({ page }) => {
  const { recipe } = JSON.parse((await fixture('links.v1.json')).toString());
  await page.goto(`./${recipe}`);
  await expect(page.getByText('3 goalposts and a model')).toBeVisible();
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByLabel('Seed', { exact: true })).toHaveValue('7');
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(runButton(page)).toBeEnabled();
  expect(await storedRuns(page)).toEqual([]);

  const bytes = (await fixture('replay.v1.foothold')).toString('base64');
  await page.evaluate(async (data) => {
    const blob = await (await fetch(`data:application/octet-stream;base64,${data}`)).blob();
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], 'run.foothold'));
    const init = { bubbles: true, cancelable: true, dataTransfer: transfer };
    document.body.dispatchEvent(new DragEvent('dragover', init));
    document.body.dispatchEvent(new DragEvent('drop', init));
  }, bytes);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('quiet-ridge');
  await expect(page.getByRole('region', { name: 'Replay' })).toContainText('after iteration 3');
  expect(await storedRuns(page)).toEqual([]);
});

test('back leaves a replay, and forward opens it again', async ({ page }) => {
  const { replay } = JSON.parse((await fixture('links.v1.json')).toString());
  const note = page.getByRole('region', { name: 'Replay' });
  await page.goto('./');
  await expect(runButton(page)).toBeEnabled();
  await page.evaluate((link) => {
    location.hash = link;
  }, replay);
  await expect(note).toBeVisible();
  await page.goBack();
  await expect(note).toBeHidden();
  await expect(runButton(page)).toBeEnabled();
  await page.goForward();
  await expect(note).toBeVisible();
  expect(await storedRuns(page)).toEqual([]);
});

test('links that were changed on their way open as they were', async ({ page }) => {
  const { recipe, replay } = JSON.parse((await fixture('links.v1.json')).toString());
  const note = page.getByRole('region', { name: 'Replay' });
  const changed: [string, string][] = [
    ['wrapped, in pointed brackets', `${replay.replaceAll(/(.{76})/g, '$1%0A')}>.`],
    ["behind a router's slash, visits counted", `#/${replay.slice(1)}?utm_source=mail`],
    ['the other base64, escaped', `#${encodeURIComponent(replay.slice(1).replaceAll('_', '/'))}`],
  ];
  for (const [what, link] of changed) {
    await test.step(what, async () => {
      await page.goto('about:blank');
      await page.goto(`./${link}`);
      await expect(note).toBeVisible();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('quiet-ridge');
    });
  }
  await test.step('its # escaped, so that it came as a path', async () => {
    await page.goto('about:blank');
    await page.goto(`./%23${recipe.slice(1)}`);
    await expect(page.getByText('3 goalposts and a model')).toBeVisible();
    // What is shared from here has the page's own address.
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await expect(page.getByLabel('Link to the recipe')).toHaveValue(/^http:\/\/[^/]+\/#recipe=H4sI/);
  });
});
