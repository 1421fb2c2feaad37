/** Two runs made in the page, measured and put side by side. */
import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures.ts';
import { eventsOf, runButton, runTo, SMALL, setSettings, storedRun, storedRuns } from './labPage.ts';

test('two runs side by side: measured in the page, drawn, and saved as SVG and CSV', async ({ page }) => {
  await page.goto('./');
  for (const method of ['gasp', 'azr']) {
    await setSettings(page, { ...SMALL, Method: method });
    await runTo(page, 1, runButton(page).or(page.getByRole('button', { name: 'Run a new one' })));
    await page.getByRole('button', { name: 'New run' }).click();
  }

  await page.getByRole('button', { name: 'compare runs' }).click();
  const sheet = page.getByRole('dialog', { name: 'Compare runs' });
  await expect(sheet.getByRole('checkbox', { checked: true })).toHaveCount(2);
  await expect(sheet.getByRole('row')).toHaveCount(3);
  // Nothing was measured yet: what the runs did is drawn all the same.
  await expect(sheet.getByRole('img', { name: /^Similarity of proposals/ })).toBeVisible();
  // Its address names the runs; a reload shows the same ones.
  await expect(page).toHaveURL(/sheet=compare&runs=[0-9a-f]+,[0-9a-f]+$/);
  await sheet.getByRole('checkbox', { name: /^AZR 1/ }).uncheck();
  await expect(page).toHaveURL(/sheet=compare&runs=[0-9a-f]+$/);
  await page.reload();
  await expect(sheet.getByRole('checkbox', { name: /^AZR 1/ })).not.toBeChecked();
  // Sent to somebody who lacks a run, it says so and compares the others.
  const address = page.url();
  await page.goto(`${address},00000000000000aa`);
  await expect(sheet.getByRole('alert')).toContainText('A run of this comparison is not stored');
  await expect(sheet.getByRole('checkbox', { checked: true })).toHaveCount(1);
  await page.goto(address);
  await expect(page).toHaveURL(address);
  await sheet.getByRole('checkbox', { name: /^AZR 1/ }).check();
  await sheet.getByRole('combobox', { name: 'Smoothing' }).selectOption('none');
  await expect(sheet.getByText('iteration by iteration').first()).toBeVisible();
  await sheet.getByRole('combobox', { name: 'Smoothing' }).selectOption('much');

  await sheet.getByRole('spinbutton', { name: 'Answers' }).fill('5');
  await sheet.getByRole('spinbutton', { name: 'Questions' }).fill('6');
  await sheet.getByRole('button', { name: 'Measure' }).click();
  // Their common start is a row of its own.
  await expect(sheet.getByRole('row', { name: /^Base model/ })).toBeVisible({ timeout: 300_000 });
  await expect(sheet.getByRole('button', { name: 'Measure' })).toBeEnabled({ timeout: 300_000 });
  await expect(sheet.getByRole('columnheader', { name: 'Held-out pass@5' })).toBeVisible();
  const runs = await storedRuns(page);
  for (const { events } of runs) {
    const measured = eventsOf(events, 'measured');
    const last = eventsOf(events, 'iteration-finished').at(-1)!.iteration;
    for (const split of ['heldout', 'goalposts']) {
      for (const iteration of [0, last]) {
        const answers = measured.flatMap((e) =>
          e.split === split && e.iteration === iteration ? Object.entries(e.answers) : [],
        );
        expect(answers).toHaveLength(6);
        for (const [, digits] of answers) expect(digits).toMatch(/^[01]{5}$/);
      }
    }
  }

  // Validation questions, to choose by, without a look at the held-out ones.
  await sheet.getByRole('combobox', { name: 'On' }).selectOption('validation questions');
  await sheet.getByRole('spinbutton', { name: 'Answers' }).fill('2');
  await sheet.getByRole('button', { name: 'Measure' }).click();
  await expect(sheet.getByRole('columnheader', { name: 'Validation pass@2' })).toBeVisible({
    timeout: 300_000,
  });
  await expect(sheet.getByRole('button', { name: 'Measure' })).toBeEnabled({ timeout: 300_000 });
  for (const { events } of await storedRuns(page)) {
    const tried = eventsOf(events, 'measured').filter((e) => e.split === 'validation');
    const last = eventsOf(events, 'iteration-finished').at(-1)!.iteration;
    expect(new Set(tried.map((e) => e.iteration))).toEqual(new Set([0, last]));
    for (const { answers } of tried) {
      for (const digits of Object.values(answers)) expect(digits).toMatch(/^[01]{2}$/);
    }
  }

  const figure = sheet.getByRole('figure').filter({ hasText: 'Pass@k on held-out questions' });
  await expect(figure.getByRole('img')).toBeVisible();
  await figure.getByRole('button', { name: 'Data and files: Pass@k on held-out questions' }).click();
  for (const [kind, content] of [
    ['SVG', /^<svg xmlns.*<style>/s],
    ['CSV', /^method,k,mean,sd\r\n/],
  ] as const) {
    const saved = page.waitForEvent('download');
    await figure.getByRole('button', { name: kind }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe(`pass-at-k-heldout.${kind.toLowerCase()}`);
    expect(await readFile(await file.path(), 'utf8')).toMatch(content);
  }

  await sheet.getByLabel('average runs of the same method').check();
  await expect(sheet.getByRole('row', { name: /^AZR/ })).toBeVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  // Wide parts scroll by themselves; the page does not.
  const overflow = await sheet.evaluate((element) => element.scrollWidth - element.clientWidth);
  expect(overflow).toBe(0);
});

test('a branch stands behind what it goes back to, on the climb and on the curves', async ({ page }) => {
  await page.goto('./');
  await setSettings(page, SMALL);
  await runTo(page, 2);
  const origin = (await storedRuns(page))[0]!;
  // A quick page may have finished one more before it heard of the pause.
  const last = eventsOf(origin.events, 'iteration-finished').length;
  await page.getByRole('button', { name: `branch from iteration ${last}` }).click();
  await runTo(page, 1, page.getByRole('button', { name: 'Branch and run' }));

  const climb = page.getByRole('application', { name: 'The climb' });
  const { name } = origin.summary;
  const pattern = name.replaceAll('+', '\\+');
  const tried = eventsOf(origin.events, 'rewarded').length;
  await expect(climb).toHaveAccessibleDescription(
    new RegExp(`stands what it goes back to: ${pattern}, iterations 1 to ${last}; ${tried} questions tried`),
  );
  // The first stone of all is the origin's, and opens as such.
  await climb.focus();
  await climb.press('Home');
  await climb.press('Enter');
  await expect(page.getByRole('dialog').getByText(new RegExp(`of iteration 1, .*${pattern}`))).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  const loss = page.getByRole('img', { name: /^Loss:/ });
  await expect(loss).toHaveAccessibleName(new RegExp(`loss of ${pattern} from`));
  await loss.focus();
  for (let i = 0; i < 12; i++) await loss.press('ArrowLeft');
  await expect(page.getByRole('figure').filter({ has: loss }).getByText(`at 0 of ${name}`)).toBeVisible();

  // Its numbers are both runs', each by its own iterations.
  await page.getByRole('button', { name: 'Data and files: The climb' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV', exact: true }).click();
  const csv = await readFile(await (await download).path(), 'utf8');
  const rows = csv.trim().split(/\r?\n/);
  expect(rows[0]).toMatch(/^run,iteration,/);
  expect(rows.filter((row) => row.startsWith(`${name},`))).toHaveLength(tried);
  expect(rows.length).toBeGreaterThan(tried + 1);
  await page.keyboard.press('Escape');

  // Compared with its origin, what both have in common stands once.
  const stones = page.locator('.climb-past .climb-stone');
  const before = await stones.count();
  await page.getByLabel('Compare with').selectOption({ label: `${name} (branched off it)` });
  await expect(page.locator('.climb-key').getByText(name, { exact: true })).toBeVisible();
  await expect(page.locator('.climb-other .climb-stone')).toHaveCount(0);
  await expect(stones).toHaveCount(before);
  await page
    .getByRole('complementary', { name: 'The run' })
    .getByRole('button', { name, exact: true })
    .click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  await expect(stones).toHaveCount(0);
});

test('Run again as another method: same seed and goalposts, and it pauses after as many tokens', async ({
  page,
}) => {
  await page.goto('./');
  await setSettings(page, SMALL);
  await runTo(page, 2);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('GASP + hindsight 1');
  const first = await storedRun(page);
  await page.getByLabel('Run again as').selectOption('AZR');
  await page.getByRole('button', { name: 'Run it' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('AZR 1');
  await expect(page.getByText('Paused', { exact: true })).toBeVisible({ timeout: 300_000 });
  const second = (await storedRuns(page)).find(({ run }) => run !== first.run)!;
  const spent = ({ events }: typeof first) =>
    eventsOf(events, 'iteration-finished').map(
      ({ counters }) => counters.tokensSampled + counters.tokensTrained,
    );
  const [budget, used] = [spent(first).at(-1)!, spent(second)];
  expect(used.at(-1)).toBeGreaterThanOrEqual(budget);
  expect(used.at(-2) ?? 0).toBeLessThan(budget);
  const [was, is] = [first, second].map(({ events }) => eventsOf(events, 'run-started')[0]!);
  expect(is!.settings).toMatchObject({ method: 'azr', seed: was!.settings.seed, rollouts: 4 });
  expect(is!.goalposts).toEqual(was!.goalposts);
  expect(is).not.toHaveProperty('branchedFrom');
});

test('a queue of methods and seeds runs in turn, waits after a reload, and goes on', async ({ page }) => {
  test.slow();
  await page.goto('./');
  await setSettings(page, SMALL);
  await runTo(page, 1);
  await page.getByRole('button', { name: 'compare runs' }).click();
  const sheet = page.getByRole('dialog', { name: 'Compare runs' });
  await sheet.getByText('Run methods and seeds one after another').click();
  await sheet.getByLabel('Seeds').fill('first');
  await expect(sheet.getByText('Seeds are whole numbers')).toBeVisible();
  await expect(sheet.getByRole('button', { name: 'Start 0 runs' })).toBeDisabled();
  await sheet.getByLabel('Seeds').fill('7');
  await sheet.getByLabel('Budget of each').fill('1');
  await sheet.getByLabel('Unit of the budget').selectOption('thousand tokens');
  // The default, and AZR as its control.
  await sheet.getByRole('button', { name: 'Start 2 runs' }).click();
  await expect(sheet.getByText('1 of 2 runs are done')).toBeVisible({ timeout: 300_000 });
  await page.reload();
  await expect(sheet.getByText('1 of 2 runs are done; the rest waits.')).toBeVisible();
  await sheet.getByRole('button', { name: 'Go on' }).click();
  await expect(sheet.getByText('2 of 2 runs are done.')).toBeVisible({ timeout: 300_000 });
  const queued = (await storedRuns(page)).filter(
    ({ events }) => eventsOf(events, 'run-started')[0]!.settings.seed === 7,
  );
  const spent = queued.map(({ events }) => {
    const { counters } = eventsOf(events, 'iteration-finished').at(-1)!;
    return counters.tokensSampled + counters.tokensTrained;
  });
  expect(new Set(queued.map(({ summary }) => summary.name))).toEqual(
    new Set(['GASP + hindsight 2', 'AZR 1']),
  );
  expect(Math.min(...spent)).toBeGreaterThanOrEqual(1000);
  await sheet.getByRole('button', { name: 'Compare these' }).click();
  await expect(
    sheet.getByRole('group', { name: 'Runs' }).getByRole('checkbox', { checked: true }),
  ).toHaveCount(2);
});
