/** A shipped session from the first click to its end, where nothing can run and the network is gone. */
import { readFileSync } from 'node:fs';
import { expect, test } from './fixtures.ts';
import { numberOf } from './labPage.ts';

/** What it takes to run anything. */
const MACHINERY = /\.wasm|\.onnx|models\/|ort[.-]|pyodide|python_stdlib|transformers|worker-|monaco/;

test('a shipped session, from first click to its end, without models, Python and network', async ({
  page,
  context,
}) => {
  const asked: string[] = [];
  await context.route(
    (url) => MACHINERY.test(url.pathname),
    (route) => {
      asked.push(route.request().url());
      return route.abort();
    },
  );
  await page.goto('./');
  await expect(page.getByRole('heading', { name: 'One step of it' })).toBeVisible();
  await expect(page.getByRole('link', { name: /arXiv 2603.15957/ })).toBeVisible();
  await page.getByRole('link', { name: 'GASP beside AZR' }).click();
  const note = page.getByRole('region', { name: 'Replay' });
  await expect(note).toContainText('Made by Foothold’s authors');
  const slider = page.getByLabel('Moment shown');
  await expect(slider).toHaveValue('1');
  // The lecture's code is fetched while there is a network.
  await page.getByRole('button', { name: 'Lecture' }).click();
  const lecture = page.getByRole('dialog', { name: 'Lecture' });
  await expect(lecture).toContainText('The climb');
  await context.setOffline(true);

  await page.keyboard.press('ArrowRight');
  await expect(lecture).toContainText('What got better');
  await page.keyboard.press('ArrowRight');
  await expect(lecture).toContainText('Side by side');
  await expect(lecture).toContainText('AZR, seed 1');
  await page.keyboard.press('Escape');

  const narrator = page.getByRole('region', { name: 'What happens' });
  await expect(narrator).toContainText('GASP, seed 1 begins.');
  // The other run, one by one or summed up.
  await expect(page.locator('.climb-other :is(.climb-stone, .climb-sum)').first()).toBeAttached();
  // A lemma of the first iteration, by its own name.
  await page.getByLabel('Jump to').selectOption('accepted lemma');
  await page.getByRole('button', { name: 'Next accepted lemma' }).click();
  await expect(narrator).toContainText(
    /It cannot do “.+”\. It wrote itself “.+”: \w+ of eight answers right\./,
  );
  await page.getByLabel('Speed').selectOption('100');
  await note.getByRole('button', { name: 'Watch' }).click();
  const end = await slider.getAttribute('max');
  await expect(slider).toHaveValue(end!, { timeout: 120_000 });
  const last = await numberOf(page, 'iterations').textContent();
  expect(Number(last)).toBeGreaterThan(10);
  await expect(narrator).toContainText(`Iteration ${last} is over`);
  expect(asked).toEqual([]);
});

test('the narrator can be put away, and stays so', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('link', { name: 'A collapse, and why' }).click();
  const narrator = page.getByRole('region', { name: 'What happens' });
  await expect(narrator).toContainText('A collapse begins.');
  await narrator.getByRole('button', { name: /Hide/ }).click();
  await expect(narrator).not.toContainText('begins');
  await page.reload();
  await expect(narrator.getByRole('button', { name: 'Tell what happens' })).toBeVisible();
  await narrator.getByRole('button').click();
  await expect(narrator).toContainText('begins');
});

test('each session on the first page opens at its beginning', async ({ page }) => {
  for (const id of ['gasp-beside-azr', 'long-run', 'collapse']) {
    const size = readFileSync(new URL(`../../public/sessions/${id}.foothold`, import.meta.url)).length;
    expect(size).toBeLessThanOrEqual(300e3);
    await page.goto('./');
    await page.locator(`a[href*="/${id}.foothold"]`).click();
    await expect(page.getByRole('region', { name: 'Replay' })).toBeVisible();
    await expect(page.getByLabel('Moment shown')).toHaveValue('1');
  }
});
