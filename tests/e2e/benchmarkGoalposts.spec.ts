/** Problems of a benchmark as goalposts of a decoder from elsewhere: imported, chosen, run, shown, shared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { fixtureFolder } from '../fixtures/models/folders.ts';
import { CONTEST_FILE } from '../unit/banks/contestRows.ts';
import { expect, test } from './fixtures.ts';
import { everywhere } from './forEverybody.ts';
import { chooseBackend, eventsOf, openImport, runTo, setSettings, storedRuns, toTheEnd } from './labPage.ts';

const HOST = 'http://127.0.0.1:9/decoder/';

/** The fixture as a host serves it, said to have a context that statements fit into: its positions are computed. */
async function serveDecoder(page: Page) {
  const folder = fixtureFolder('qwen2-optimum-fp32');
  await page.route(`${HOST}**`, (route) => {
    const path = new URL(route.request().url()).pathname.replace('/decoder/', '');
    let body: Buffer | string;
    try {
      body = readFileSync(join(folder, path));
    } catch {
      return route.fulfill({ status: 404, headers: { 'Access-Control-Allow-Origin': '*' } });
    }
    if (path === 'config.json')
      body = JSON.stringify({ ...JSON.parse(body.toString()), max_position_embeddings: 4096 });
    return route.fulfill({ body, headers: { 'Access-Control-Allow-Origin': '*' } });
  });
}

test('forty rows of LiveCodeBench become goalposts and held-out questions of a decoder', async ({ page }) => {
  test.setTimeout(420_000);
  await serveDecoder(page);
  const sheet = await openImport(page);
  await sheet.getByLabel(/Choose a file/).setInputFiles({
    name: 'contest.jsonl',
    mimeType: 'application/jsonl',
    buffer: Buffer.from(CONTEST_FILE),
  });
  await expect(sheet.getByText(/^contest\.jsonl: /)).toHaveText(
    'contest.jsonl: 28 questions added, 8 held out, 4 for choosing checkpoints.',
  );
  // They are found by words of their statements.
  await sheet.getByLabel('Search titles and programs').fill('largest sum of two neighbours');
  const found = sheet.locator('.bank-list > li');
  await expect(found).toHaveCount(1);
  await sheet.getByLabel('Search titles and programs').fill('');
  await sheet.getByRole('button', { name: 'Clear' }).click();
  for (const index of [0, 1, 2]) await found.nth(index).getByRole('checkbox').check();
  await found.nth(0).locator('summary').click();
  await expect(found.nth(0).locator('.statement')).toBeVisible();
  await everywhere(page, 'questions of a benchmark in the bank');
  await sheet.getByRole('button', { name: 'Close' }).click();

  await chooseBackend(page, 'wasm');
  await page.getByRole('button', { name: 'Model', exact: true }).click();
  const models = page.getByRole('dialog', { name: 'Model of the next run' });
  await models.getByLabel('Weights').selectOption('fp32');
  await models.getByLabel('Another repository').fill(HOST);
  await models.getByRole('button', { name: 'Use it' }).click();
  await expect(models.getByRole('status').first()).toContainText('Chosen');
  await models.getByRole('button', { name: 'Close' }).click();
  await setSettings(page, {
    Method: 'gasp+real',
    ...{
      'Goalposts an iteration': 2,
      Rollouts: 2,
      'Try goalposts every': 1,
      'Try unseen questions every': 1,
    },
  });
  await runTo(page, 1);

  const [stored] = await storedRuns(page);
  const [start] = eventsOf(stored!.events, 'run-started');
  expect(start!.goalposts).toHaveLength(3);
  expect(start!.goalposts.every(({ benchmark }) => benchmark?.tests)).toBe(true);
  // What it trains on and what tells its progress are of the same file.
  expect(start!.questions).toHaveLength(28);
  expect(start!.validation).toHaveLength(4);
  const [evaluated] = eventsOf(stored!.events, 'evaluated');
  expect(Object.keys(evaluated!.passed)).toHaveLength(3);
  expect(eventsOf(stored!.events, 'validated').length).toBeGreaterThan(0);
  expect(eventsOf(stored!.events, 'attempted').some(({ question }) => question.startsWith('contest:'))).toBe(
    true,
  );

  // A goalpost's card and its sheet: statement, form, shown tests.
  const card = page.locator('.card.of-goalpost .statement');
  await expect(card).toBeVisible();
  await everywhere(page, 'the loop with a goalpost of a benchmark');
  await page.locator('.goalposts-list button').first().click();
  const goalpost = page.locator('dialog[open]');
  const title = start!.goalposts[0]!.message.split('\n')[0]!;
  await expect(goalpost.locator('.statement')).toContainText(title);
  await expect(goalpost).toContainText('Judged by 7 tests, of which 2 are shown.');
  await expect(goalpost).toContainText('Teacher and student read the statement and the shown tests.');
  await everywhere(page, 'the sheet of a goalpost of a benchmark');
  await goalpost.getByRole('button', { name: 'Close' }).click();

  // A replay of it on a phone; its link has no tests, which nobody is judged by there.
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const share = page.getByRole('dialog', { name: 'Share' });
  const link = await share.getByLabel('Link to this run').inputValue();
  expect(link).toContain('#replay=');
  await page.goto('about:blank');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(link);
  await expect(page.getByRole('region', { name: 'Replay' })).toContainText('no weights came along');
  await toTheEnd(page);
  await expect(card).toBeVisible();
  await page.locator('.goalposts-list button').first().click();
  await expect(goalpost.locator('.statement')).toContainText(title);
  await expect(goalpost).toContainText('Judged by 7 tests, of which 2 are shown.');
});
