/**
 * The page without a model: what its first paint loads, and how it takes a long replay.
 * `npx tsx bench/replay.ts [--events 10000] [--json]`
 *
 * Every time stands beside the same thing done to this page before there is a run in it, in the same
 * browser a moment earlier: an empty frame for scrubbing, the opening of the empty page for a replay.
 * With the frames stands what they cost the browser, which another program on this machine does not change,
 * and how much that other program took, which makes frames late.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright';
import { openBuiltPage } from './builtPage.ts';
import { IDLE_SHARE, watchPrograms } from './otherPrograms.ts';
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

interface Frames {
  /** Milliseconds between frames: the median, and the longest of nineteen in twenty. */
  median: number;
  p95: number;
  /** Frames that came a whole one or more too late, of `frames`. */
  late: number;
  frames: number;
  /** Milliseconds of processor time that the browser spent on a frame, all its threads together. */
  cost: number;
  /** Share of all processors that anything else on this machine took meanwhile. */
  others: number;
}

/** Number of passes over the whole run, there and back. */
const PASSES = 3;
const FRAMES_A_PASS = 180;

/** Frames while `act` is done in each. */
async function frames(page: Page, act: 'scrub' | 'nothing'): Promise<Frames> {
  await spentSince();
  const times = await page.evaluate(
    async ([act, passes, frames]) => {
      const slider = document.querySelector<HTMLInputElement>('.time input[type=range]');
      const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!;
      const times: number[] = [];
      let before = await new Promise<number>(requestAnimationFrame);
      for (let i = 0; i < passes * frames; i++) {
        if (act === 'scrub' && slider) {
          const share = 0.5 - 0.5 * Math.cos((i / frames) * 2 * Math.PI);
          set.call(slider, String(Math.round(1 + share * (Number(slider.max) - 1))));
          slider.dispatchEvent(new Event('input', { bubbles: true }));
        }
        const now = await new Promise<number>(requestAnimationFrame);
        times.push(now - before);
        before = now;
      }
      return times.sort((a, b) => a - b);
    },
    [act, PASSES, FRAMES_A_PASS] as const,
  );
  const spent = await spentSince();
  return {
    median: times[Math.floor(times.length / 2)]!,
    p95: times[Math.floor(times.length * 0.95)]!,
    late: times.filter((time) => time > 1.5 * (1000 / 60)).length,
    frames: times.length,
    cost: spent.browser / times.length,
    others: spent.others,
  };
}

const { browser, url, close } = await openBuiltPage();
const spentSince = await watchPrograms(browser);

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
  // What the document itself names: sheets and others come after it.
  const html = await (await page.request.get(url)).text();
  let firstPaint = 0;
  for (const [, script] of html.matchAll(/(?:src|href)="([^"]+\.js)"/g))
    firstPaint += gzipSync(await (await page.request.get(new URL(script!, url).href)).body()).length;

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
    const line = (name: string, { median, p95, late, frames, cost, others }: Frames) =>
      console.log(
        `${name}: a frame every ${ms(median)} (median), ${ms(p95)} (95 %), ${late} of ${frames} late; ${ms(cost)} of a processor each, other programs took ${(100 * others).toFixed(0)} %`,
      );
    line('empty page at rest', idle);
    line('replay at rest', still);
    line('replay while scrubbing', scrub);
    if (Math.max(idle.others, still.others, scrub.others) > IDLE_SHARE)
      console.log('This machine was not idle: frames were late for that alone, measure again.');
  }
} finally {
  await close();
  host.close();
}
