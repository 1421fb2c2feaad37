/** The page on paper and in a low window, as at 200 % zoom. */
import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures.ts';

test('on paper stands the run, or the sheet that is open, and nothing that only a hand can use', async ({
  page,
}) => {
  const links = await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8');
  await page.goto(`./${JSON.parse(links).replay}`);
  await expect(page.getByRole('region', { name: 'Replay' })).toBeVisible();
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('.transport')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Share' })).toBeHidden();
  await expect(page.locator('.climb')).toBeVisible();
  // Every goalpost, none behind a button.
  for (const item of await page.locator('.goalposts-list > li').all()) await expect(item).toBeVisible();
  await page.emulateMedia({ media: 'screen' });
  await page.locator('.goalposts-list button').first().click();
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('dialog')).toBeVisible();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Close' })).toBeHidden();
});

test('in a low window the bar at the bottom leaves with the page and hides nothing', async ({ page }) => {
  await page.setViewportSize({ width: 720, height: 450 });
  const links = await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8');
  await page.goto(`./${JSON.parse(links).replay}`);
  const bar = page.locator('.transport');
  await expect(bar).toBeInViewport();
  await page.locator('.climb').scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 600);
  await expect(bar).not.toBeInViewport();
  await page.setViewportSize({ width: 720, height: 900 });
  await expect(bar).toBeInViewport();
});
