/** A run as a link and as a file: what somebody else sees of it, and can do with it. */
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { numberOf, runButton, storedRuns } from './labPage.ts';

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

test('a replay shows what the stored run shows, at every iteration, without the machinery', async ({
  browser,
}) => {
  const { replay } = JSON.parse((await fixture('links.v1.json')).toString());
  const blocked: string[] = [];
  const { context, page: visitor } = await stranger(browser, blocked);
  await visitor.goto(`./${replay}`);
  const note = visitor.getByRole('region', { name: 'Replay' });
  await expect(note).toBeVisible();
  await expect(runButton(visitor)).toHaveCount(0);
  const walk = async () => {
    const seen = [await look(visitor)];
    for (let iteration = 3; iteration >= 1; iteration--) {
      await visitor.getByRole('button', { name: 'Previous iteration' }).click();
      await expect(visitor.locator('.loop').first()).toContainText(`iteration ${iteration}`);
      await expect(numberOf(visitor, 'iterations')).toHaveText(String(iteration - 1));
      seen.push(await look(visitor));
    }
    await expect(visitor.getByRole('button', { name: 'Previous iteration' })).toBeDisabled();
    return seen;
  };
  const seen = await walk();
  expect(seen[0]).toMatchObject({
    name: 'quiet-ridge',
    summary: expect.stringContaining('15 questions tried, 5 in their band'),
  });
  expect(await storedRuns(visitor)).toEqual([]);
  await visitor.getByRole('button', { name: 'now', exact: true }).click();
  await visitor.getByRole('button', { name: 'Keep among my runs' }).click();
  await expect(note).toBeHidden();
  expect(await storedRuns(visitor)).toHaveLength(1);
  expect(await walk()).toEqual(seen);
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
