/** After one visit everything works without network. */
import { fileURLToPath } from 'node:url';
import { expect, test } from './fixtures.ts';
import { expectIterations, pause, runButton, SMALL, setSettings } from './labPage.ts';
import { serveStatic } from './staticHost.ts';

test.use({ serviceWorkers: 'allow' });

const built = fileURLToPath(new URL('../../dist', import.meta.url));

test('one visit, then no network: the page opens and an iteration runs', async ({ page, offences }) => {
  const host = await serveStatic(built, '/some/folder/');
  await page.goto(host.url);
  await expect(page.getByText('It works without network too.')).toBeVisible({ timeout: 120_000 });
  await host.close();
  await page.reload();
  await setSettings(page, SMALL);
  await runButton(page).click();
  await expectIterations(page, 1);
  await pause(page);
  await page.goto(`${host.url}?session=https%3A%2F%2F192.0.2.1%2Fx.foothold`);
  await expect(page.getByRole('alert')).toContainText('cannot be reached');
  // It was told to.
  offences.foreignHosts.length = 0;
  offences.errors.length = 0;
});
