/** Every place has an address: it survives reload, back, forward, and being sent. */
import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures.ts';
import { runButton, runTo, setSettings, SMALL } from './labPage.ts';

test('sheets: back closes what is open, forward opens it, reload keeps it', async ({ page }) => {
  await page.goto('./');
  await expect(runButton(page)).toBeEnabled();
  const settings = page.getByRole('dialog', { name: 'Settings of the next run' });
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(settings).toBeVisible();
  await expect(page).toHaveURL(/#sheet=settings$/);
  await page.goBack();
  await expect(settings).toBeHidden();
  await expect(page).not.toHaveURL(/sheet/);
  await page.goForward();
  await expect(settings).toBeVisible();
  await page.reload();
  await expect(settings).toBeVisible();
  // Closing it by hand leaves its entry: back does not open it again.
  await settings.getByRole('button', { name: 'Close' }).click();
  await expect(page).not.toHaveURL(/sheet/);
  await expect(settings).toBeHidden();
});

test('a run, a moment and a question of it; nobody else has them, and is told so', async ({
  page,
  browser,
}) => {
  await page.goto('./');
  await setSettings(page, SMALL);
  await runTo(page, 1);
  const name = await page.getByRole('heading', { level: 1 }).innerText();
  await expect(page).toHaveURL(/#run=[0-9a-f]+$/);

  const slider = page.getByRole('slider', { name: 'Moment shown' });
  await slider.focus();
  await slider.press('Home');
  for (let i = 0; i < 5; i++) await slider.press('ArrowRight');
  await expect(page).toHaveURL(/#run=[0-9a-f]+&at=\d+$/);
  const address = page.url();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  await expect(page).toHaveURL(address);

  await page.locator('.goalposts-list button').first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expect(page).toHaveURL(/&goalpost=/);
  const question = page.url();
  await page.goBack();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page).toHaveURL(address);
  await page.goto('about:blank');
  await page.goto(question);
  await expect(page.getByRole('dialog')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  // Opened from outside, Back closes the sheet and leaves what it stood over.
  await page.goBack();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page).toHaveURL(address);

  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(question);
  await expect(stranger.getByRole('alert')).toContainText('not stored in this browser');
  await stranger.context().close();
});

test('a moment inside a replay link, in a fresh profile; back and forward around it', async ({ page }) => {
  const { replay } = JSON.parse(
    await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8'),
  );
  const note = page.getByRole('region', { name: 'Replay' });
  await page.goto(`./${replay}&at=6`);
  await expect(note).toBeVisible();
  await expect(page).toHaveURL(/&at=6$/);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page).toHaveURL(/&at=6&sheet=share$/);
  await page.goBack();
  await expect(page).toHaveURL(/&at=6$/);
  await page.getByRole('button', { name: 'New run' }).click();
  await expect(note).toBeHidden();
  await expect(runButton(page)).toBeEnabled();
  await page.goBack();
  await expect(note).toBeVisible();
  // It was eaten once: the way back had written an entry of its own.
  await page.goForward();
  await expect(note).toBeHidden();
  await expect(runButton(page)).toBeEnabled();
});

test('closing a sheet leaves the moment alone, also one chosen just before it opened', async ({ page }) => {
  const { replay } = JSON.parse(
    await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8'),
  );
  await page.goto(`./${replay}&at=6`);
  const slider = page.getByRole('slider', { name: 'Moment shown' });
  await expect(slider).toHaveValue('6');
  for (const opener of ['Share', 'Settings']) {
    await page.getByRole('button', { name: 'now', exact: true }).click();
    await page.getByRole('button', { name: opener, exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(page).not.toHaveURL(/at=|sheet=/);
    await expect(page.getByRole('button', { name: 'now', exact: true })).toBeHidden();
    expect(await slider.inputValue()).toBe(await slider.getAttribute('max'));
    await slider.focus();
    await slider.press('ArrowLeft');
  }
});

test('what is added to an address costs nothing of it; what it names and is not here is said', async ({
  page,
}) => {
  const { replay } = JSON.parse(
    await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8'),
  );
  const slider = page.getByRole('slider', { name: 'Moment shown' });
  await page.goto(`./${replay}&at=6&utm_source=mail`);
  await expect(slider).toHaveValue('6');
  await expect(page).toHaveURL(/&at=6$/);
  const alert = page.getByRole('alert');
  for (const [part, said] of [
    ['at=99999', 'of a later moment'],
    ['at=-3', 'cannot be read: “at=-3”'],
    ['question=77.lemma.1', 'question 77.lemma.1 of this address is not here'],
    ['goalpost=gone', 'goalpost gone of this address is not here'],
    ['sheet=nowhere', 'sheet “nowhere” of this address is not here'],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(`./${replay}&${part}`);
    await expect(alert, part).toContainText(said);
    await expect(page.getByRole('region', { name: 'Replay' })).toBeVisible();
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  for (const [part, said] of [
    ['goalpost=gone', 'goalpost gone of this address is not here'],
    ['sheet=lecture', 'sheet “lecture” of this address is not here'],
  ] as const) {
    await page.goto('about:blank');
    await page.goto(`./#${part}`);
    await expect(alert, part).toContainText(said);
    await expect(page).not.toHaveURL(/sheet|goalpost/);
  }
});

test('a page of the lecture has an address, and closing it leads to where the run is', async ({ page }) => {
  const { replay } = JSON.parse(
    await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8'),
  );
  await page.goto(`./${replay}&at=6`);
  const lecture = page.getByRole('dialog', { name: 'Lecture' });
  await page.getByRole('button', { name: 'Lecture' }).click();
  await expect(lecture).toContainText('iteration 1, 1 of');
  await page.keyboard.press('Home');
  await expect(lecture).toContainText('the whole run, 1 of');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect(lecture).toContainText('iteration 2, 2 of');
  await expect(page).toHaveURL(/&at=6&sheet=lecture&page=2\.2$/);
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address);
  await expect(lecture).toContainText('iteration 2, 2 of');
  await page.keyboard.press('Escape');
  await expect(lecture).toBeHidden();
  await expect(page).toHaveURL(/&at=6$/);
});

test('?embed shows a replay alone in another page, which leads to all of it', async ({ page }) => {
  const { replay } = JSON.parse(
    await readFile(new URL('../fixtures/share/links.v1.json', import.meta.url), 'utf8'),
  );
  await page.goto(`./${replay}`);
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByText('In a page of yours').click();
  const code = await page.getByLabel('Frame for another page').inputValue();
  const lesson = new URL('./lesson', page.url()).href;
  await page.route(lesson, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>A lesson</title>${code}` }),
  );
  await page.goto(lesson);
  const frame = page.frameLocator('iframe');
  await expect(frame.getByRole('heading', { level: 1 })).toHaveText('quiet-ridge');
  await expect(frame.getByRole('application', { name: 'The climb' })).toBeVisible();
  for (const gone of ['Settings', 'Share', 'New run', 'Go on from here', 'Keep among my runs'])
    await expect(frame.getByRole('button', { name: gone })).toHaveCount(0);
  await expect(frame.getByRole('complementary')).toHaveCount(0);
  await frame.getByRole('button', { name: 'Next iteration' }).click();
  await expect(frame.getByRole('slider', { name: 'Moment shown' })).not.toHaveValue('1');
  const opened = page.waitForEvent('popup');
  await frame.getByRole('link', { name: 'Open in Foothold' }).click();
  const whole = await opened;
  await expect(whole.getByRole('region', { name: 'Replay' })).toBeVisible();
  await expect(whole.getByRole('button', { name: 'Settings' })).toBeVisible();
});
