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

/** What an editor shows, line by line; Monaco writes spaces that do not break. */
async function expectLines(editor: Locator, program: string): Promise<void> {
  const wanted = program.trimEnd().split('\n');
  const shown = async () =>
    (await editor.locator('.view-line').allInnerTexts()).map((line) =>
      line.replaceAll('\u00a0', ' ').trimEnd(),
    );
  await expect.poll(async () => (await shown()).filter((line) => line !== '')).toEqual(wanted);
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
  // What it did: fresh answers, and its goalpost's distance, which this one has.
  const [learned] = eventsOf((await storedRun(page)).events, 'taught-tried');
  expect(learned).toMatchObject({ iteration: done + 1, question: taught!.proposal.id, samples: 4 });
  expect(learned!.goalpost).toEqual({ before: expect.any(Number), after: expect.any(Number) });
  const happened = page.getByRole('region', { name: 'Just happened' });
  await expect(happened).toContainText(
    new RegExp(`Your question .* was trained on: ${learned!.passed} of 4 \\(95% interval`),
  );
  await expect(happened).toContainText('Its goalpost’s own program is');
  await happened.getByRole('button', { name: 'Put away' }).click();
  await expect(happened).toHaveCount(0);
  expect(workers.length).toBeGreaterThan(1);
  expect(new Set(workers)).toEqual(new Set([new URL(page.url()).origin]));

  await test.step('an edit stands beside the program as it was, what changed marked on both sides', async () => {
    const { events } = await storedRun(page);
    const tried = new Set(eventsOf(events, 'attempted').map(({ question }) => question));
    const { proposal } = eventsOf(events, 'proposed').find((event) => tried.has(event.proposal.id))!;
    const { program } = proposal.question!;
    await page.getByRole('application', { name: 'The climb' }).focus();
    await page.keyboard.press('Home'); // The first lemma that was tried.
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Edit and try' }).click();
    const before = sheet.locator('.editor.original');
    const after = sheet.locator('.editor.modified');
    await expect(sheet.getByLabel('Beside it')).toContainText('the lemma as it was');
    await expectLines(before, program);
    await expectLines(after, program);
    await expect(sheet.locator('.line-insert, .line-delete')).toHaveCount(0);

    const lines = program.trimEnd().split('\n');
    const [head, line] = [lines[0]!, lines[1]!];
    const edited = [head, '    x = x + [7, 7]', ...lines.slice(2)].join('\n');
    await write(page, 'Program of your lemma', edited);
    await expectLines(after, edited);
    await expectLines(before, program);
    // One line on each side, the one that was changed.
    for (const [half, mark, text] of [
      [before, '.line-delete', line],
      [after, '.line-insert', '    x = x + [7, 7]'],
    ] as const) {
      await expect(half.locator(mark).first()).toBeVisible();
      const marked = half.locator('.view-line').filter({ hasText: text.trim().replaceAll(' ', '\u00a0') });
      await expect
        .poll(async () => Math.abs((await top(half.locator(mark).first())) - (await top(marked.first()))))
        .toBeLessThan(4);
    }
    await sheet.getByLabel('Beside it').selectOption('the goalpost');
    const goalpost = eventsOf(events, 'run-started')[0]!.goalposts.find(
      ({ id }) => id === proposal.goalpost,
    )!;
    await expectLines(before, goalpost.program);
    await expectLines(after, edited);
    await sheet.getByRole('button', { name: 'Close' }).click();
  });

  await test.step('the goalpost is there again on another visit', async () => {
    await page.goto('./');
    await page.getByRole('button', { name: 'Choose goalposts' }).click();
    const bank = page.getByRole('dialog', { name: 'Choose goalposts' });
    await bank.getByLabel('Which questions').selectOption('all');
    await bank.getByLabel('Search titles and programs').fill('largest first, whole');
    await expect(bank.getByRole('checkbox', { name: 'largest first, whole' })).toHaveCount(1);
  });
});

test('who types fast on a slow machine finds every letter where it was typed', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Write one' }).click();
  const editor = page.getByRole('dialog', { name: 'A goalpost of your own' });
  await expect(editor.locator('.code-editor[data-state="open"]')).toBeVisible();
  const slow = await page.context().newCDPSession(page);
  await slow.send('Emulation.setCPUThrottlingRate', { rate: 6 });
  const words = 'the quick brown fox jumps over the lazy dog and runs away from it';
  await editor.getByRole('textbox', { name: 'Program of your goalpost', exact: true }).focus();
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type(words);
    await expectLines(editor.locator('.code-editor'), words);
  }
  await slow.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  // What was typed is what is run.
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('def f(x): return x[::-1]');
  await editor.getByRole('button', { name: 'Run it' }).click();
  await expect(editor.getByRole('region', { name: 'What it asks' })).toContainText('[2, -1, 3]');
});
