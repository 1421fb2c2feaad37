/** The page for everybody: by keyboard alone, for a screen reader, on a narrow phone, without motion. */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { everywhere } from './forEverybody.ts';
import { expectIterations, runButton, SMALL, setSettings, toTheEnd } from './labPage.ts';

/** Presses Tab until it has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let i = 0; i < 150; i++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab never reached it.');
}

const dialog = (page: Page) => page.locator('dialog[open]');
async function close(page: Page): Promise<void> {
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await expect(dialog(page)).toHaveCount(0);
}

test('the whole main job by keyboard, and every view for everybody', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('./');
  const button = (name: string | RegExp) => page.getByRole('button', { name });

  await test.step('views before a run', async () => {
    await expect(runButton(page)).toBeEnabled();
    await everywhere(page, 'first page');
    await button('Settings').click();
    await page.getByText('Advanced').click();
    await everywhere(page, 'settings');
    await page.getByLabel('Method').selectOption('azr');
    await close(page);
    await expect(page.getByText('lemma band')).toHaveCount(0);
    await everywhere(page, 'first page, unguided');
    await page.getByRole('button', { name: 'Model', exact: true }).click();
    await everywhere(page, 'model');
    await close(page);
    await button('Choose goalposts').click();
    await everywhere(page, 'bank');
    await close(page);
    await button('Write one').click();
    await expect(page.locator('.code-editor[data-state="open"]')).toBeVisible();
    await everywhere(page, 'goalpost editor');
    await close(page);
  });

  await test.step('run, pause, look, step back in time: by keyboard', async () => {
    await setSettings(page, {
      Method: 'gasp',
      ...SMALL,
      'Try goalposts every': 1,
      'Answers for each': 2,
    });
    await page.locator('body').focus();
    await tabTo(page, runButton(page));
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible({ timeout: 300_000 });
    await page.locator('body').focus();
    await page.keyboard.press('Space');
    await expect(page.getByText('Paused', { exact: true })).toBeVisible({ timeout: 300_000 });
    await expectIterations(page, 1);

    const slider = page.getByRole('slider', { name: 'Moment shown' });
    await tabTo(page, slider);
    const newest = await slider.getAttribute('max');
    await page.keyboard.press('ArrowLeft');
    await expect(page.getByText('The loop then')).toBeVisible();
    await page.keyboard.press('End');
    await expect(slider).toHaveValue(newest!);

    await tabTo(page, page.getByRole('application', { name: 'The climb' }));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect(dialog(page)).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog(page)).toHaveCount(0);

    const term = page.getByRole('article').getByRole('button', { name: 'Lemma', exact: true });
    await tabTo(page, term);
    await page.keyboard.press('Enter');
    await expect(page.getByText('[4p(1 − p)]⁵')).toBeVisible();
    await expect(page.getByText(/In this run: the newest: /)).toBeVisible();
    await expect(page.getByRole('link', { name: /Jana et al\. 2026/ })).toBeVisible();
    await everywhere(page, 'definition');
    await page.keyboard.press('Escape');
  });

  await test.step('figures: table and files', async () => {
    await tabTo(page, button('Data and files: The climb'));
    await page.keyboard.press('Enter');
    const rows = page.getByRole('region', { name: 'Data: The climb' }).locator('tbody tr');
    await expect(rows.first()).toBeVisible();
    await everywhere(page, 'figure data');
    const files: Record<string, string | Buffer> = {};
    for (const kind of ['SVG', 'PNG', 'CSV'] as const) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: kind, exact: true }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(new RegExp(`The climb\\.${kind.toLowerCase()}$`));
      const bytes = await readFile(await download.path());
      files[kind] = kind === 'PNG' ? bytes : bytes.toString();
    }
    expect((files.CSV as string).trim().split('\r\n')).toHaveLength((await rows.count()) + 1);
    expect((files.PNG as Buffer).subarray(1, 4).toString()).toBe('PNG');
    const svg = await page.evaluate((text) => {
      const image = new DOMParser().parseFromString(text, 'image/svg+xml');
      const stones = [...image.querySelectorAll('circle, path, rect')];
      return {
        error: image.querySelector('parsererror')?.textContent ?? '',
        classes: image.querySelectorAll('[class]').length,
        filled: stones.filter((stone) => /fill:rgb/.test(stone.getAttribute('style') ?? '')).length,
      };
    }, files.SVG as string);
    expect(svg).toMatchObject({ error: '', classes: 0 });
    expect(svg.filled).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
  });

  await test.step('lecture', async () => {
    await tabTo(page, button('Lecture'));
    await page.keyboard.press('Enter');
    const name = page.locator('.lecture-name');
    const seen: string[] = [];
    await page.keyboard.press('End');
    for (let i = 0; i < 9; i++) {
      const now = (await name.textContent()) ?? '';
      if (now === seen.at(-1)) break;
      seen.push(now);
      await everywhere(page, `lecture: ${now}`);
      await page.keyboard.press('ArrowRight');
    }
    expect(seen[0]).toBe('Goalpost');
    expect(seen.slice(1, 4)).toEqual(['Lemma', 'Attempts at the lemma', 'Reward']);
    expect(seen.at(-1)).toBe('Update');
    await page.keyboard.press('Escape');
    await expect(dialog(page)).toHaveCount(0);
  });

  await test.step('views of a run', async () => {
    await everywhere(page, 'run');
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.locator('.card-open').first().click();
    await everywhere(page, 'stone');
    await button('Compare programs').click();
    await expect(page.locator('.code-editor[data-state="open"]')).toBeVisible();
    await everywhere(page, 'programs');
    await close(page);
    await page.getByRole('complementary', { name: 'Goalposts' }).getByRole('listitem').first().click();
    await everywhere(page, 'goalpost');
    await button('Write a lemma for it').click();
    await expect(page.locator('.code-editor[data-state="open"]')).toBeVisible();
    await everywhere(page, 'teacher');
    await close(page);
    for (const [opener, view] of [
      [page.getByRole('button', { name: 'Share', exact: true }), 'share'],
      [button('manage runs'), 'runs'],
      [button('compare runs'), 'compare'],
    ] as const) {
      await opener.click();
      await expect(dialog(page)).toBeVisible();
      await everywhere(page, view);
      await close(page);
    }
  });
});

test('what came from elsewhere, and two runs on one figure, for everybody', async ({ page }) => {
  const fixture = new URL('../fixtures/share/links.v1.json', import.meta.url);
  const { replay } = JSON.parse((await readFile(fixture)).toString());
  const keep = page.getByRole('button', { name: 'Keep among my runs' });
  await page.goto(`./${replay}`);
  await expect(keep).toBeVisible();
  await everywhere(page, 'replay at its beginning', '.replay-note, .narrator');
  await toTheEnd(page);
  await everywhere(page, 'replay', '.replay-note, .transport');
  await keep.click();
  await expect(keep).toBeHidden();
  await page.goto('about:blank');
  await page.goto(`./${replay}`);
  await keep.click();
  await expect(keep).toBeHidden();
  await page.getByLabel('Compare with').selectOption({ label: 'quiet-ridge' });
  const theirs = page.locator('.climb-other .climb-stone');
  await expect(theirs.first()).toBeAttached();
  // The same run: its stones lie where those of the open one do.
  await expect(page.locator('.climb > p').first()).toContainText(
    'Behind them, quiet-ridge: 15 questions tried, 5 in their band.',
  );
  await everywhere(page, 'two runs', '.climb, .curves, .right');
  // A question of the other run opens too, to be read.
  await page.locator('.climb-figure').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const sheet = page.getByRole('dialog');
  await expect(sheet.getByRole('heading', { level: 2 })).toContainText('iteration 1');
  await expect(sheet.getByRole('heading', { level: 2 })).toContainText('quiet-ridge');
  await expect(sheet.getByRole('button', { name: 'Compare programs' })).toBeVisible();
  await expect(sheet.getByRole('button', { name: 'Edit and try' })).toBeHidden();
  await close(page);
  await page.getByRole('button', { name: 'branch from iteration 0' }).click();
  await expect(page.getByRole('dialog', { name: 'Branch from the start' })).toBeVisible();
  await everywhere(page, 'branch');
  await close(page);
});
