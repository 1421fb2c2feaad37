/**
 * Self-play in the built page, as a first visitor has it: a fresh profile, Run, default settings.
 * `npx tsx bench/iteration.ts [--backend auto|wasm|webgpu] [--iterations 10] [--json]`
 * Prints seconds from pressing Run to the first proposal on screen, and seconds an iteration.
 */
import { parseArgs } from 'node:util';
import { openBuiltPage } from './builtPage.ts';

const { values: args } = parseArgs({
  options: {
    backend: { type: 'string', default: 'auto' },
    iterations: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const iterations = Number(args.iterations);

const { browser, url, close } = await openBuiltPage();
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.goto(url);
  const run = page.getByRole('button', { name: 'Run', exact: true });
  await run.and(page.locator(':enabled')).waitFor();
  await page.getByLabel('Runs on').selectOption(args.backend);
  const pressed = Date.now();
  await run.click();
  // The journal is the page's memory, and says when each thing was stored.
  const read = () =>
    page.evaluate(
      () =>
        new Promise<
          { type: string; at: number; counters?: { seconds: number }; policy?: { backend: string } }[]
        >((resolve, reject) => {
          const opening = indexedDB.open('foothold');
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const db = opening.result;
            if (!db.objectStoreNames.contains('events')) {
              db.close();
              resolve([]);
              return;
            }
            const request = db.transaction('events').objectStore('events').getAll();
            request.onsuccess = () => {
              db.close();
              resolve(request.result);
            };
          };
        }),
    );
  let events = await read();
  const finished = () => events.filter((e) => e.type === 'iteration-finished');
  while (finished().length < iterations) {
    await page.waitForTimeout(500);
    const alert = page.getByRole('alert');
    if (await alert.isVisible()) throw new Error(await alert.innerText());
    events = await read();
  }
  const firstProposal = (events.find((e) => e.type === 'proposed')!.at - pressed) / 1000;
  const ends = finished().map((e) => e.counters!.seconds);
  const each = ends.map((s, i) => s - (ends[i - 1] ?? 0));
  const sorted = each.toSorted((a, b) => a - b);
  const result = {
    backend: events.find((e) => e.policy)?.policy?.backend,
    firstProposal,
    iterations: each.length,
    median: sorted[Math.floor(sorted.length / 2)]!,
    max: sorted.at(-1)!,
  };
  if (args.json) console.log(JSON.stringify(result));
  else {
    console.log(`${result.backend}: first proposal ${firstProposal.toFixed(1)} s after Run`);
    console.log(
      `${result.iterations} iterations: median ${result.median.toFixed(1)} s, longest ${result.max.toFixed(1)} s (with the evaluations of all chosen goalposts)`,
    );
  }
} finally {
  await close();
}
