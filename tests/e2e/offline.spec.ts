/** After one visit everything works without network; a newer version waits until it is asked in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from './fixtures.ts';
import { expectIterations, numberOf, pause, runButton, runTo, setSettings, SMALL } from './labPage.ts';
import { serveStatic } from './staticHost.ts';

test.use({ serviceWorkers: 'allow' });

const built = fileURLToPath(new URL('../../dist', import.meta.url));

/** Files of a version that differs from the built one in its page alone. */
async function newerVersion(): Promise<Record<string, string>> {
  const [worker, html] = await Promise.all(
    ['serviceWorker.js', 'index.html'].map((name) => readFile(join(built, name), 'utf8')),
  );
  const revision = /"revision":"(\w+)","url":"index.html"|"url":"index.html","revision":"(\w+)"/.exec(
    worker!,
  );
  const old = revision?.[1] ?? revision?.[2];
  if (!old) throw new Error('The service worker names no revision of index.html.');
  return {
    'serviceWorker.js': worker!.replaceAll(old, 'another'),
    'index.html': html!.replace('<title>', '<meta name="newer" content="" /><title>'),
  };
}

test('one visit, then no network: an iteration runs; a newer version waits for the run', async ({
  page,
  offences,
}) => {
  const host = await serveStatic(built, '/some/folder/');
  await page.goto(host.url);
  await expect(page.getByText('It works without network too.')).toBeVisible({ timeout: 120_000 });
  await host.close();
  await page.reload();
  await setSettings(page, SMALL);
  await runTo(page, 1);

  const again = await serveStatic(built, '/some/folder/', { port: host.port, files: await newerVersion() });
  try {
    const before = Number(await numberOf(page, 'iterations').textContent());
    await runButton(page).click();
    await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())!.update());
    const notice = page.getByRole('status', { name: 'New version' });
    await expect(notice).toContainText('waits until what runs now is paused');
    await expect(notice.getByRole('button')).toHaveCount(0);
    await pause(page);
    await expectIterations(page, before + 1);
    await expect(page.locator('meta[name=newer]')).toHaveCount(0);
    await notice.getByRole('button', { name: 'Reload to use it' }).click();
    await expect(page.locator('meta[name=newer]')).toHaveCount(1);
    // The run is in the address, and open again.
    await expectIterations(page, before + 1);
    await expect(runButton(page)).toBeEnabled();
  } finally {
    await again.close();
  }

  await page.goto(`${host.url}?session=https%3A%2F%2F192.0.2.1%2Fx.foothold`);
  await expect(page.getByRole('alert')).toContainText('cannot be reached');
  // It was told to.
  offences.foreignHosts.length = 0;
  offences.errors.length = 0;
});
