/**
 * The pictures of a run's climb: in the README, in light and dark, and the site's preview (`public/preview.png`).
 * `npx tsx docs/pictures/climb.ts DIR`, where DIR holds a run:
 * `npm run lab -- run --method gasp-hindsight --seed 1 --iterations 40 --samples 0 --set goalpostsPerIteration=12 --set evaluateEvery=10 --out DIR`
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { openBuiltPage } from '../../bench/builtPage.ts';
import { openFolderJournal } from '../../src/run/folderJournal.ts';
import { packRuns } from '../../src/share/bundle.ts';

const folder = process.argv[2];
if (!folder) throw new Error('Say which folder of runs to draw: npx tsx docs/pictures/climb.ts DIR');
const journal = await openFolderJournal(folder);
const [run] = await journal.list();
if (!run) throw new Error(`There is no run in ${folder}.`);
const packed = await packRuns([await journal.exportRun(run.run, () => false)]);
const files = createServer((_, response) => {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.end(packed);
});
await new Promise<void>((ready) => files.listen(0, '127.0.0.1', ready));
const session = `http://127.0.0.1:${(files.address() as AddressInfo).port}/run.foothold`;

const page = await openBuiltPage();
for (const colorScheme of ['light', 'dark'] as const) {
  const context = await page.browser.newContext({
    colorScheme,
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor: 2,
    reducedMotion: 'reduce',
  });
  const tab = await context.newPage();
  await tab.goto(`${page.url}?session=${encodeURIComponent(session)}`);
  const climb = tab.locator('.climb').first();
  await climb.waitFor();
  // A replay opens where it begins: its end shows all of the run.
  await tab.locator('.time input[type=range]').press('End');
  const { x, y, width, height } = (await climb.boundingBox())!;
  // A label may stand a little out of the figure.
  const clip = { x: x - 12, y: y - 12, width: width + 24, height: height + 24 };
  const path = fileURLToPath(new URL(`climb-${colorScheme}.png`, import.meta.url));
  await tab.screenshot({ path, clip, fullPage: true });
  await context.close();
}
const context = await page.browser.newContext({
  viewport: { width: 1200, height: 630 },
  reducedMotion: 'reduce',
});
const tab = await context.newPage();
await tab.goto(`${page.url}?embed&session=${encodeURIComponent(session)}`);
await tab.locator('.climb').first().waitFor();
await tab.locator('.time input[type=range]').press('End');
await tab.addStyleTag({ content: '.transport, .narrator, .gains, .moment { display: none }' });
await tab.evaluate(() => window.scrollTo(0, 0));
await tab.screenshot({ path: fileURLToPath(new URL('../../public/preview.png', import.meta.url)) });
await context.close();
await page.close();
files.close();
await journal.close();
