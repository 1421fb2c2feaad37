/** A person writes a goalpost of their own, then plays the teacher: tries a lemma, and keeps it. */
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { eventsOf, expectIterations, numberOf, runTo, setSettings, SMALL, storedRun } from './labPage.ts';

/** Replaces everything in the open editor by what is pasted. */
async function write(page: Page, label: string, program: string): Promise<void> {
  const field = page.getByRole('textbox', { name: label, exact: true });
  await expect(page.locator('.code-editor[data-state="open"]')).toBeVisible();
  await page.evaluate((text) => navigator.clipboard.writeText(text), program);
  await field.focus();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('ControlOrMeta+V');
}

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

test('a goalpost of one’s own is run by Python and aimed at; a lemma is tried by the student, kept, trained on', async ({
  page,
}) => {
  const workers: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('worker')) workers.push(new URL(request.url()).origin);
  });
  await page.goto('./');
  await test.step('a goalpost', async () => {
    await page.getByRole('button', { name: 'Write one' }).click();
    const editor = page.getByRole('dialog', { name: 'A goalpost of your own' });
    await editor.getByLabel(/^Title/).fill('largest first, whole');
    await write(page, 'Program of your goalpost', 'def f(x):\n    return undefined_name');
    await editor.getByRole('button', { name: 'Run it' }).click();
    await expect(editor.getByRole('alert')).toContainText('undefined_name');
    await expect(editor.locator('.squiggly-error').first()).toBeVisible();
    await expect(editor.getByRole('button', { name: 'Add it' })).toBeDisabled();

    await write(
      page,
      'Program of your goalpost',
      'def f(x):\n    x = sorted(x)\n    x = x[::-1]\n    return x',
    );
    await editor.getByRole('button', { name: 'Run it' }).click();
    await expect(editor.getByRole('region', { name: 'What it asks' })).toContainText('[3, 2, -1]');
    await editor.getByRole('button', { name: 'Add it' }).click();
    const list = page.getByRole('complementary', { name: 'Goalposts' });
    await expect(list.getByText('largest first, whole')).toBeVisible();
  });

  await setSettings(page, { ...SMALL, 'Goalposts an iteration': 2 });
  await runTo(page, 1);
  const { events: before } = await storedRun(page);
  expect(eventsOf(before, 'run-started')[0]!.goalposts.map(({ title }) => title)).toContain(
    'largest first, whole',
  );
  const done = eventsOf(before, 'iteration-finished').length;

  await page.getByRole('complementary', { name: 'Goalposts' }).getByRole('listitem').last().click();
  await page.getByRole('button', { name: 'Write a lemma for it' }).click();
  const sheet = page.getByRole('dialog', { name: /You are the teacher/ });
  const tryIt = sheet.getByRole('button', { name: 'Try', exact: true });

  // A program that is not Python: its line is marked and nothing is tried.
  await write(page, 'Program of your lemma', 'def f(x):\n    x = sorted(x\n    return x');
  await tryIt.click();
  await expect(sheet.getByText('Never tried')).toBeVisible();
  await expect(sheet.getByRole('alert')).toContainText('Line 2');
  // Monaco draws the mark anew whenever it lays the lines out, so the two are measured until both stand.
  const top = async (part: Locator) => (await part.boundingBox())?.y ?? Number.NaN;
  const mark = sheet.locator('.squiggly-error').last();
  const second = sheet.locator('.editor.modified .view-line').nth(1);
  await expect.poll(async () => Math.abs((await top(mark)) - (await top(second)))).toBeLessThan(10);

  // One that is: real answers of the student, and what they are worth.
  await write(page, 'Program of your lemma', 'def f(x):\n    x = sorted(x)\n    return x');
  await page.keyboard.press('ControlOrMeta+Enter');
  const result = sheet.getByRole('region', { name: 'How it fared' });
  await expect(result.getByText('pass rate, of 4 answers')).toBeVisible();
  await expect(result.getByText('would have earned')).toBeVisible();
  await expect(result.locator('.attempts > li')).toHaveCount(4);
  expect((await storedRun(page)).events).toEqual(before);
  await sheet.getByRole('button', { name: 'Keep in the run' }).click();
  await expect(sheet.getByRole('status')).toHaveText('Kept: the next iteration trains on it.');
  await sheet.getByRole('button', { name: 'Close' }).click();

  const [taught] = eventsOf((await storedRun(page)).events, 'taught');
  expect(taught).toMatchObject({ iteration: done, proposal: { role: 'lemma' } });
  expect(taught!.attempts).toHaveLength(4);
  await page.getByRole('button', { name: 'Step' }).click();
  await expectIterations(page, done + 1);
  await expect(numberOf(page, 'iterations')).toHaveText(String(done + 1));
  const practised = eventsOf((await storedRun(page)).events, 'attempted').filter(
    (event) => event.question === taught!.proposal.id,
  );
  expect(practised.map((event) => event.iteration)).toEqual([done + 1]);
  expect(workers.length).toBeGreaterThan(1);
  expect(new Set(workers)).toEqual(new Set([new URL(page.url()).origin]));

  await test.step('the goalpost is there again after a reload', async () => {
    await page.reload();
    await page.getByRole('button', { name: 'Choose goalposts' }).click();
    const bank = page.getByRole('dialog', { name: 'Choose goalposts' });
    await bank.getByLabel('Which questions').selectOption('all');
    await bank.getByLabel('Search titles and programs').fill('largest first, whole');
    await expect(bank.getByRole('checkbox', { name: 'largest first, whole' })).toHaveCount(1);
  });
});
