/**
 * What a person does to the page while a run trains, against the same done while it is paused.
 * `npx tsx bench/interactions.ts [--rounds 6] [--backend wasm] [--json]`
 *
 * Milliseconds by the browser's own Event Timing, real input: until the event's handlers have run (with
 * what it waited for the page's thread), and until the next frame is drawn. Frames are drawn by the CPU
 * here, which the run wants too. Long tasks are those of the page's thread over 50 ms.
 */
import { parseArgs } from 'node:util';
import type { Page } from 'playwright';
import { openBuiltPage } from './builtPage.ts';

const { values: args } = parseArgs({
  options: {
    rounds: { type: 'string', default: '6' },
    backend: { type: 'string', default: 'wasm' },
    json: { type: 'boolean', default: false },
  },
});

interface Noted {
  name: string;
  handled: number;
  drawn: number;
}
interface Report {
  interactions: number;
  /** Milliseconds until handlers have run, and until the next frame: median and the longest. */
  handled: { median: number; longest: number };
  drawn: { median: number; longest: number };
  longest: Noted | undefined;
  longTasks: number[];
}

/** Opens and closes sheets, turns the loop's pages, points at the climb, steps through time. */
async function interact(page: Page, rounds: number): Promise<Report> {
  await page.evaluate(() => {
    const events: Noted[] = [];
    const tasks: number[] = [];
    // No named functions here: what compiles this file would have them call a helper that the page lacks.
    const observers = [
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as PerformanceEventTiming[])
          events.push({
            name: entry.name,
            handled: entry.processingEnd - entry.startTime,
            drawn: entry.duration,
          });
      }),
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }),
    ] as const;
    observers[0].observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
    observers[1].observe({ type: 'longtask' });
    Object.assign(window, { noted: { events, tasks, observers } });
  });
  let interactions = 0;
  const did = async (act: Promise<unknown>) => {
    await act;
    interactions++;
  };
  const slider = page.getByLabel('Moment shown');
  const climb = (await page.locator('.climb-figure').boundingBox())!;
  for (let round = 0; round < rounds; round++) {
    for (const name of ['Settings', 'Share']) {
      await did(page.getByRole('button', { name, exact: true }).click());
      await page.getByRole('dialog').waitFor();
      await did(page.keyboard.press('Escape'));
    }
    await did(page.getByRole('button', { name: 'Next goalpost' }).click());
    for (let step = 0; step <= 10; step++)
      await did(page.mouse.move(climb.x + (climb.width * step) / 10, climb.y + climb.height / 2));
    await did(slider.focus());
    for (const key of ['Home', 'ArrowRight', 'PageUp', 'ArrowLeft', 'End'])
      await did(page.keyboard.press(key));
  }
  const noted = await page.evaluate(async () => {
    // Entries come some time after their frame.
    await new Promise((done) => setTimeout(done, 500));
    const { noted } = window as unknown as {
      noted: { events: Noted[]; tasks: number[]; observers: PerformanceObserver[] };
    };
    for (const observer of noted.observers) observer.disconnect();
    return { events: noted.events, tasks: noted.tasks };
  });
  const summary = (times: number[]) => {
    const sorted = times.toSorted((a, b) => a - b);
    return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, longest: sorted.at(-1) ?? 0 };
  };
  return {
    interactions,
    handled: summary(noted.events.map((event) => event.handled)),
    drawn: summary(noted.events.map((event) => event.drawn)),
    longest: noted.events.toSorted((a, b) => b.drawn - a.drawn)[0],
    longTasks: noted.tasks.toSorted((a, b) => b - a),
  };
}

const { browser, url, close } = await openBuiltPage();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('pageerror', (error) => console.error(error));
  await page.goto(url);
  await page.getByLabel('Runs on').selectOption(args.backend);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await button('Run').click();
  await page.locator('.numbers dd').first().filter({ hasText: /[1-9]/ }).waitFor({ timeout: 120_000 });
  await button('Pause').click();
  await page.getByText('Paused', { exact: true }).waitFor({ timeout: 120_000 });
  const rounds = Number(args.rounds);
  // The first round of all compiles.
  await interact(page, 1);
  const paused = await interact(page, rounds);
  await button('Run').click();
  await page.locator('.transport-speed').filter({ hasText: /\d/ }).waitFor({ timeout: 120_000 });
  const training = await interact(page, rounds);
  if (args.json) console.log(JSON.stringify({ backend: args.backend, paused, training }));
  else {
    for (const [name, report] of Object.entries({ paused, training })) {
      const { interactions, handled, drawn, longest, longTasks } = report;
      const pair = ({ median, longest }: typeof drawn) =>
        `${median.toFixed(0)} ms (median), ${longest.toFixed(0)} ms (longest)`;
      console.log(`${name}: ${interactions} interactions`);
      console.log(
        `  handled after ${pair(handled)}; drawn after ${pair(drawn)}${longest ? `, ${longest.name}` : ''}`,
      );
      console.log(
        `  ${longTasks.length} long tasks${
          longTasks.length > 0
            ? `: ${longTasks
                .slice(0, 6)
                .map((ms) => ms.toFixed(0))
                .join(', ')} ms`
            : ''
        }`,
      );
    }
  }
} finally {
  await close();
}
