/** The runs list and time travel, on a recorded run: no model is needed for either. */
import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures.ts';
import { numberOf, storedRuns, toTheEnd } from './labPage.ts';

const fixture = (name: string) => readFile(new URL(`../fixtures/share/${name}`, import.meta.url));

test('runs are renamed, annotated, deleted and taken back, exported and imported', async ({ page }) => {
  const { replay } = JSON.parse((await fixture('links.v1.json')).toString());
  await page.goto(`./${replay}`);
  await page.getByRole('button', { name: 'Keep among my runs' }).click();
  await page.getByRole('button', { name: 'manage runs' }).click();
  const sheet = page.getByRole('dialog', { name: 'Runs' });
  await sheet.getByLabel('Name of quiet-ridge').fill('the first climb');
  await sheet.getByLabel('Name of quiet-ridge').press('Enter');
  await expect(page.getByRole('heading', { level: 1, includeHidden: true })).toHaveText('the first climb');
  await sheet.getByLabel('Notes on the first climb').fill('four goalposts\nan iteration');
  await sheet.getByLabel('Notes on the first climb').blur();
  await expect(sheet.getByText(/This site takes up/)).toBeVisible();
  await expect
    .poll(async () => (await storedRuns(page))[0]?.summary)
    .toMatchObject({ name: 'the first climb', notes: 'four goalposts\nan iteration', iterations: 3 });
  const [before] = await storedRuns(page);

  await sheet.getByRole('button', { name: 'delete the first climb' }).click();
  await expect(sheet.getByText('Deleted the first climb.')).toBeVisible();
  expect(await storedRuns(page)).toEqual([]);
  await sheet.getByRole('button', { name: 'Undo' }).click();
  await expect(sheet.getByLabel('Name of the first climb')).toBeVisible();
  expect(await storedRuns(page)).toEqual([before]);

  const downloading = page.waitForEvent('download');
  await sheet.getByRole('button', { name: 'Export all' }).click();
  const file = await (await downloading).path();
  await sheet.getByLabel('File with runs').setInputFiles(file);
  await expect(sheet.getByLabel('Name of the first climb-2')).toBeVisible();
  const both = await storedRuns(page);
  expect(both).toHaveLength(2);
  const copy = both.find(({ run }) => run !== before!.run)!;
  expect(copy.events.slice(1, -2)).toEqual(before!.events.slice(1, -2));
  expect(copy.summary.notes).toBe(before!.summary.notes);
  await sheet.getByRole('button', { name: 'delete the first climb-2' }).click();
  await expect(sheet.getByText('Deleted the first climb-2.')).toBeVisible();

  // After another visit all is as it was left.
  await page.goto('./');
  await expect(page.getByRole('button', { name: 'Resume the first climb' })).toBeVisible();
  expect(await storedRuns(page)).toEqual([before]);
});

test('time: every event by slider and keyboard, jumps, play', async ({ page }) => {
  const { replay } = JSON.parse((await fixture('links.v1.json')).toString());
  await page.goto(`./${replay}`);
  const slider = page.getByLabel('Moment shown');
  const iterations = numberOf(page, 'iterations');
  await expect(slider).toHaveValue('1');
  await toTheEnd(page);
  await expect(iterations).toHaveText('3');
  const length = Number(await slider.getAttribute('max'));
  await slider.focus();
  await slider.press('Home');
  await expect(iterations).toHaveText('0');
  await slider.press('PageUp');
  await expect(slider).toHaveAttribute('aria-valuetext', 'iteration 1 of 3, goalposts drawn');
  await slider.press('ArrowRight');
  await expect(slider).toHaveAttribute('aria-valuetext', /^iteration 1 of 3, lemma/);
  const stones = page.locator('.climb-stone');
  await expect(stones).toHaveCount(0);

  await page.getByLabel('Jump to').selectOption('accepted lift');
  await page.getByRole('button', { name: 'Next accepted lift' }).click();
  await expect(slider).toHaveAttribute('aria-valuetext', 'iteration 3 of 3, accepted');
  await expect(page.getByRole('button', { name: 'Next accepted lift' })).toBeDisabled();
  await page.getByLabel('Jump to').selectOption('evaluation');
  await page.getByRole('button', { name: 'Previous evaluation' }).click();
  await expect(slider).toHaveAttribute('aria-valuetext', 'iteration 2 of 3, goalposts tried');
  await page.getByRole('button', { name: 'now', exact: true }).click();
  await expect(slider).toHaveValue(String(length));
  const final = await stones.count();

  await page.getByLabel('Speed').selectOption('100×');
  await page.getByRole('button', { name: 'Play the run' }).click();
  await expect.poll(async () => Number(await slider.inputValue())).toBeLessThan(length);
  await expect(page.getByRole('button', { name: 'Play the run' })).toBeVisible();
  await expect(slider).toHaveValue(String(length));
  await expect(stones).toHaveCount(final);
});
