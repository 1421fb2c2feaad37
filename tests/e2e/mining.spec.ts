/** Goalposts looked for in the page. */
import { expect, test } from './fixtures.ts';

test('looking for goalposts: stopped at once, finished, and what was found stays in view', async ({
  page,
}) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Choose goalposts' }).click();
  const sheet = page.getByRole('dialog', { name: 'Choose goalposts' });
  await sheet.getByLabel('Which questions').selectOption({ index: 2 });
  await sheet.getByText(/^Find goalposts among/).click();
  const start = sheet.getByRole('button', { name: 'Try them' });
  const answers = sheet.getByText(/^Looking for goalposts, [1-9]/);
  await start.click();
  await expect(answers).toBeVisible({ timeout: 120_000 });
  await sheet.getByRole('button', { name: 'Stop' }).click();
  await expect(sheet.getByRole('status')).toHaveText(/^Stopped early: /);
  await expect(start).toBeVisible();

  await sheet.getByLabel('Search titles and programs').fill('reverse');
  await sheet.getByLabel('Lines of program').selectOption('depth 2');
  await sheet.getByLabel('n', { exact: true }).fill('24');
  await start.click();
  const found = sheet.getByRole('status');
  await expect(found).toHaveText(/^\d+ tried, \d+ without a success$/, { timeout: 120_000 });
  const [tried, unsolved] = (await found.textContent())!.match(/\d+/g)!.map(Number);
  const counts = await sheet.locator('.bank-list summary .section-note').allTextContents();
  expect(counts).toHaveLength(tried!);
  // The first round is of 8 answers, the next of 16: what was solved in the first was not tried again.
  for (const count of counts) expect(count.trim()).toMatch(/^([1-8]\/8|\d+\/24)$/);
  expect(counts.filter((count) => count.trim() === '0/24')).toHaveLength(unsolved!);
});
