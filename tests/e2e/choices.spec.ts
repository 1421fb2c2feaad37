/** What a person chose for the next run: kept over a reload, seen against the defaults, taken back one by one. */
import { expect, test } from './fixtures.ts';
import { setSettings, storedQuestions } from './labPage.ts';

test('choices stay over a reload, differ visibly from the defaults, and each can be reset', async ({
  page,
}) => {
  await page.goto('./');
  const changes = page.getByRole('region', { name: 'Changed settings' });
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
  await expect(changes).toBeHidden();
  await setSettings(page, { Method: 'azr', Seed: 7, Rollouts: 4 });
  await expect(changes).toContainText('3 changes');
  await expect(changes).toContainText('Method: AZR');
  await page.getByLabel('Runs on').selectOption('wasm');

  await page.reload();
  await expect(changes).toContainText('3 changes');
  await expect(changes).toContainText('Seed: 7');
  await expect(page.getByLabel('Runs on')).toHaveValue('wasm');
  // What AZR fixes is the method, not a change of its own.
  await expect(changes.getByRole('listitem')).toHaveCount(3);

  await changes.getByRole('button', { name: 'Reset Seed to 1' }).click();
  await expect(changes).toContainText('2 changes');
  await changes.getByRole('button', { name: 'Reset Method to GASP + hindsight' }).click();
  await expect(changes).toContainText('1 change');
  await page.reload();
  await expect(changes).toContainText('Rollouts: 4');
  await changes.getByRole('button', { name: 'Reset Rollouts to 8' }).click();
  await expect(changes).toBeHidden();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
  await expect(changes).toBeHidden();
});

test('goalposts stay chosen; what a browser kept and cannot be used any more is left out', async ({
  page,
}) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Choose goalposts' }).click();
  const sheet = page.getByRole('dialog', { name: 'Choose goalposts' });
  await sheet.getByRole('checkbox').nth(1).click();
  await sheet.getByRole('button', { name: 'Close' }).click();
  const count = page.locator('.goalposts .section-note').first();
  const chosen = await count.innerText();
  expect(chosen).not.toBe('24');
  await page.reload();
  await expect(count).toHaveText(chosen);

  await page.evaluate(() => {
    const kept = { settings: { rollouts: -3, method: 'nobody' }, model: 'nothing:x', chosen: ['gone'] };
    localStorage.setItem('foothold-choices', JSON.stringify(kept));
  });
  await page.reload();
  await expect(count).toHaveText('24');
  await expect(page.getByRole('region', { name: 'Changed settings' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
});

test('questions of an earlier version move into the database; those that the model cannot read are left out by a press', async ({
  page,
}) => {
  const own = (id: string, title: string, input: string) => ({
    ...{ id, title, message: '', program: 'def f(x):\n    return x', shown: 1, tags: { source: 'own' } },
    ...{ inputs: [input], outputs: [input] },
  });
  const old = [own('own-1', 'as it is', '[1, 2]'), own('own-2', 'a text as it is', "'abc'")];
  await page.goto('./');
  await page.evaluate((questions) => {
    localStorage.setItem('foothold-own-goalposts', JSON.stringify(questions));
    localStorage.setItem('foothold-choices', JSON.stringify({ chosen: questions.map(({ id }) => id) }));
  }, old);
  await page.reload();
  await expect(
    page.getByText('Of the 2 chosen goalposts 1 cannot be read by the embedded model.'),
  ).toBeVisible();
  await expect(page.getByText(/“a text as it is”: 'abc' is not a list of integers/)).toBeVisible();
  expect(await storedQuestions(page)).toEqual(old);
  expect(await page.evaluate(() => localStorage.getItem('foothold-own-goalposts'))).toBeNull();
  await page.getByRole('button', { name: 'Leave it out' }).click();
  await expect(page.getByText('cannot be read by')).toHaveCount(0);
  await page.reload();
  await expect(page.locator('.goalposts-list > li')).toHaveCount(1);
  await expect(page.locator('.goalposts-list')).toContainText('as it is');
});
