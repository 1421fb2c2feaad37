/**
 * The page without a model: what its first paint loads, and how it takes a long replay.
 * `npx tsx bench/replay.ts [--events 10000] [--json]`
 *
 * Every time stands beside the same thing done to this page before there is a run in it, in the same
 * browser a moment earlier: an empty frame for scrubbing, the opening of the empty page for a replay.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright';
import { openBuiltPage } from './builtPage.ts';
import { packRuns } from '../src/share/bundle.ts';
import { exampleEvents } from '../tests/fixtures/events.ts';

const { values: args } = parseArgs({
  options: { events: { type: 'string', default: '10000' }, json: { type: 'boolean', default: false } },
});

/** Milliseconds from navigation to a page that answers: shown, and a frame after it drawn. */
async function opening(page: Page, url: string, shown: string): Promise<number> {
  await page.goto('about:blank');
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator(shown).first().waitFor();
  return page.evaluate(
    () =>
      new Promise<number>((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now())))),
  );
}

/** Milliseconds between frames while `act` is called in each: median and the longest of nineteen in twenty. */
async function frames(page: Page, act: 'scrub' | 'nothing'): Promise<{ median: number; p95: number }> {
  const times = await page.evaluate(async (act) => {
    const slider = document.querySelector<HTMLInputElement>('.time input[type=range]');
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!;
    const times: number[] = [];
    let before = await new Promise<number>(requestAnimationFrame);
    for (let i = 0; i < 180; i++) {
      if (act === 'scrub' && slider) {
        // There and back over the whole run, as a hand does it.
        const share = 0.5 - 0.5 * Math.cos((i / 90) * Math.PI);
        set.call(slider, String(Math.round(1 + share * (Number(slider.max) - 1))));
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
      const now = await new Promise<number>(requestAnimationFrame);
      times.push(now - before);
      before = now;
    }
    return times.sort((a, b) => a - b);
  }, act);
  return { median: times[Math.floor(times.length / 2)]!, p95: times[Math.floor(times.length * 0.95)]! };
}

const { browser, url, close } = await openBuiltPage();

const wanted = Number(args.events);
let iterations = 10;
let events = exampleEvents({ iterations });
while (events.length < wanted) {
  iterations += Math.ceil(((wanted - events.length) / events.length) * iterations);
  events = exampleEvents({ iterations });
}
const packed = await packRuns([{ events, checkpoints: [] }]);
const host = createServer((_, response) => {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.end(packed);
});
await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
const file = `http://127.0.0.1:${(host.address() as AddressInfo).port}/long.foothold`;

try {
  const context = await browser.newContext({
    serviceWorkers: 'block',
    viewport: { width: 1440, height: 900 },
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error));
  let scripts = 0;
  page.on('response', async (response) => {
    if (response.ok() && response.request().resourceType() === 'script')
      scripts += gzipSync(await response.body()).length;
  });
  await page.goto(url);
  await page.waitForLoadState('networkidle');
  const firstPaint = scripts;

  const empty = await opening(page, url, '.welcome-buttons[data-ready]');
  const idle = await frames(page, 'nothing');
  const replay = await opening(page, `${url}?session=${encodeURIComponent(file)}`, '.time input');
  const still = await frames(page, 'nothing');
  const scrub = await frames(page, 'scrub');
  const result = {
    events: events.length,
    bytes: packed.length,
    firstPaint,
    empty,
    replay,
    idle,
    still,
    scrub,
  };
  if (args.json) console.log(JSON.stringify(result));
  else {
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    console.log(`JavaScript before first paint: ${(firstPaint / 1000).toFixed(1)} kB gzipped`);
    console.log(`empty page answers after ${ms(empty)}`);
    console.log(
      `replay of ${events.length} events (${(packed.length / 1e6).toFixed(2)} MB) after ${ms(replay)}: ${ms(replay - empty)} more`,
    );
    const line = (name: string, { median, p95 }: typeof idle) =>
      console.log(`${name}: a frame every ${ms(median)} (median), ${ms(p95)} (95 %)`);
    line('empty page at rest', idle);
    line('replay at rest', still);
    line('replay while scrubbing', scrub);
  }
} finally {
  await close();
  host.close();
}
