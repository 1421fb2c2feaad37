/** What goes wrong at people's places: each time the page says what to do, and nothing recorded is lost. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { TEST_ARGS } from '../../scripts/chromium.mjs';
import { parseCheckpoint, serializeCheckpoint } from '../../src/run/checkpointFormat.ts';
import { expect, test } from './fixtures.ts';
import {
  checkpointBytes,
  chooseBackend,
  eventsOf,
  expectIterations,
  expectPrefix,
  numberOf,
  overwriteCheckpoint,
  pause,
  resumeButton,
  runButton,
  runTo,
  SMALL,
  setSettings,
  storedRun,
  storedRuns,
} from './labPage.ts';

/** What the page says went wrong. Some of it is known only once model and Python are loaded. */
const problem = (page: Page) => page.getByRole('alert').filter({ has: page.getByRole('button') });
/** Runs one iteration and pauses. */
const step = (page: Page) => page.getByRole('button', { name: 'Step' }).click();
const finished = async (page: Page) =>
  eventsOf((await storedRun(page)).events, 'iteration-finished').at(-1)!.iteration;

test('a model file cut short, then a worker that dies: said each time, and Run works again', async ({
  page,
  offences,
}) => {
  const model = fileURLToPath(
    new URL('../../public/models/foothold-micro-2/onnx/model.onnx', import.meta.url),
  );
  const whole = readFileSync(model);
  await page.route('**/onnx/model.onnx', (route) =>
    route.fulfill({ contentType: 'application/octet-stream', body: whole.subarray(0, whole.length / 2) }),
  );
  await page.goto('./');
  await setSettings(page, SMALL);
  await runButton(page).click();
  await expect(problem(page)).toContainText(/damaged/i);
  await expect(problem(page)).toContainText('Reload the page');
  expect(await storedRuns(page)).toEqual([]);

  await page.unroute('**/onnx/model.onnx');
  await runButton(page).click();
  await expectIterations(page, 1);
  await expect(problem(page)).toHaveCount(0);
  // A plain host isolates no page, so that wasm has no threads; cores take rows instead.
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await expect(numberOf(page, 'backend')).toHaveText('wasm');

  const before = await storedRun(page);
  const [worker] = page.workers().filter((candidate) => /\/worker-/.test(candidate.url()));
  await worker!.evaluate(() => {
    setTimeout(() => {
      throw new Error('The sky fell.');
    });
  });
  await expect(problem(page)).toContainText('The sky fell.');
  await expect(problem(page)).toContainText('Everything up to the last finished iteration is stored.');
  await runButton(page).click();
  await expectIterations(page, before.summary.iterations + 1);
  await expect(problem(page)).toHaveCount(0);
  expectPrefix(before.events, (await storedRun(page)).events);
  offences.errors.length = 0;
});

test('no WebGPU adapter: auto takes wasm and says so; WebGPU asked for names the way out', async ({
  openProfile,
}) => {
  const { page } = await openProfile(TEST_ARGS.filter((arg) => !arg.includes('webgpu')));
  await page.goto('./');
  await setSettings(page, SMALL);
  await chooseBackend(page, 'webgpu');
  await runButton(page).click();
  await expect(problem(page)).toContainText('no WebGPU adapter');
  await expect(problem(page)).toContainText('Choose wasm');

  await chooseBackend(page, 'auto');
  await runButton(page).click();
  await expectIterations(page, 1);
  await expect(page.getByLabel('Runs on').locator('option:checked')).toHaveText('auto: wasm');
  await expect(problem(page)).toHaveCount(0);
});

test('a second tab, a full disk, damaged and foreign checkpoints', async ({ page, context }) => {
  await page.goto('./');
  await setSettings(page, { ...SMALL, 'Keep a checkpoint every': 2 });
  await runTo(page, 2);

  const second = await context.newPage();
  await test.step('a run is open in one tab at a time', async () => {
    const before = await storedRun(page);
    await second.goto('./');
    await resumeButton(second).click();
    // Nothing went wrong: it is told calmly.
    const told = second.getByRole('status').filter({ hasText: 'open in another tab' });
    await expect(told).toContainText('close that tab');
    expect(await storedRun(second)).toEqual(before);
    await page.close();
    await step(second);
    await expectIterations(second, before.summary.iterations + 1);
    await expect(problem(second)).toHaveCount(0);
    expectPrefix(before.events, (await storedRun(second)).events);
  });

  await test.step('a full disk stops the run, and room lets it go on', async () => {
    const reached = await finished(second);
    const browser = await context.newCDPSession(second);
    const { origin } = new URL(second.url());
    await runButton(second).click();
    await expectIterations(second, reached + 1);
    await browser.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await expect(problem(second)).toContainText('storage is full');
    await expect(problem(second)).toContainText('delete runs');
    const full = await storedRun(second);
    await browser.send('Storage.overrideQuotaForOrigin', { origin });
    await step(second);
    await expectIterations(second, full.summary.iterations + 1);
    expectPrefix(full.events, (await storedRun(second)).events);
  });

  await test.step('a damaged checkpoint: said, and the run goes on from the one before', async () => {
    // The newest one must not be the only one but the start's.
    const sofar = await finished(second);
    if (sofar % 2 === 0) {
      await step(second);
      await expectIterations(second, sofar + 1);
    }
    await expect(second.getByText('Paused', { exact: true })).toBeVisible();
    const before = await storedRun(second);
    const reached = before.summary.iterations;
    const blob = `iteration-${reached}`;
    const bytes = await checkpointBytes(second, before.run, blob);
    bytes[bytes.length >> 1]! ^= 1;
    await overwriteCheckpoint(second, before.run, blob, bytes);
    await second.goto('./');
    await resumeButton(second).click();
    await expect(problem(second)).toContainText(`iteration ${reached - 1}`, { timeout: 300_000 });
    await pause(second);
    await expectIterations(second, reached);
    const after = await storedRun(second);
    expectPrefix(before.events, after.events);
    expect(eventsOf(after.events, 'resumed').at(-1)!.after).toBe(reached - 1);
  });

  await test.step('a checkpoint of another model is refused, and nothing is changed', async () => {
    const { run, events } = await storedRun(second);
    const { blob } = eventsOf(events, 'checkpoint').at(-1)!;
    const bytes = await checkpointBytes(second, run, blob);
    const foreign = serializeCheckpoint({ ...parseCheckpoint(bytes), layout: 'another model' });
    await overwriteCheckpoint(second, run, blob, foreign);
    await second.goto('./');
    const before = await storedRun(second);
    await resumeButton(second).click();
    await expect(problem(second)).toContainText('another model', { timeout: 300_000 });
    await expect(problem(second)).toContainText('start a new run');
    expect(await storedRun(second)).toEqual(before);
    await overwriteCheckpoint(second, run, blob, bytes);
    await step(second);
    await expectIterations(second, before.summary.iterations + 1);
    expectPrefix(events, (await storedRun(second)).events);
  });
});
