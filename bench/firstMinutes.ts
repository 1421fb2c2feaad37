/**
 * What a default run shows in its first five minutes in the page, a seed after the other: what the first line says,
 * when the first goalpost falls, how many are solved and how many come nearer. `npx tsx bench/firstMinutes.ts DIR
 * [seeds, default 1,2,3,4,5]`; screenshots go to DIR. Nothing else should run on the machine.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { approach, change, unseenGain } from '../src/run/gains.ts';
import { points, tenths, trend } from '../src/run/gainWords.ts';
import type { RunEvent } from '../src/run/events.ts';
import { foldEvents } from '../src/run/state.ts';
import { openBuiltPage } from './builtPage.ts';

const [folder = 'seen', list = '1,2,3,4,5'] = process.argv.slice(2);
/** Seconds after the press of Run at which a picture is taken. */
const PICTURES = [10, 30, 60, 120, 300];
const LAST = 300;

await mkdir(folder, { recursive: true });
const built = await openBuiltPage();
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

for (const seed of list.split(',').map(Number)) {
  const context = await built.browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(
    (settings) => {
      localStorage.setItem('foothold-choices', JSON.stringify({ settings }));
    },
    { seed },
  );
  await page.goto(built.url);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const pressed = Date.now();
  for (const second of PICTURES) {
    await wait(Math.max(0, pressed + 1000 * second - Date.now()));
    await page.screenshot({ path: join(folder, `seed-${seed}-${second}s.png`) });
  }
  // As text: what runs in the page has no helpers of a compiler.
  const events = await page.evaluate<RunEvent[]>(`(async () => {
    const ready = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const db = await ready(indexedDB.open('foothold'));
    return ready(db.transaction('events').objectStore('events').getAll());
  })()`);
  await context.close();

  const within = (seconds: number) => events.filter(({ at }) => at <= pressed + 1000 * seconds);
  const lineAt = (seconds: number) => {
    const gain = unseenGain(foldEvents(within(seconds))!);
    if (!gain?.now) return { line: 'not tried yet', trend: 'even' };
    const gained = change(gain.start, gain.now);
    return {
      line: `${tenths(gain.start.rate)} to ${tenths(gain.now.rate)}: ${points(gained.difference)} (${points(gained.low)} to ${points(gained.high)}), iteration ${gain.now.iteration}`,
      trend: trend(gained),
    };
  };
  const evaluated = within(LAST).filter((event) => event.type === 'evaluated');
  const solved = ({ passed }: (typeof evaluated)[number]) =>
    Object.values(passed).filter((n) => n > 0).length;
  const first = evaluated.find((event) => event.iteration > 0 && solved(event) > 0);
  const end = foldEvents(within(LAST))!;
  console.log(
    JSON.stringify({
      seed,
      iterations: end.iterations.filter(({ counters }) => counters).length,
      at120: lineAt(120),
      at300: lineAt(LAST),
      firstFall: first ? Math.round((first.at - pressed) / 1000) : null,
      solvedByTrial: evaluated.map((event) => [
        event.iteration,
        solved(event),
        Math.round((event.at - pressed) / 1000),
      ]),
      nearer: approach(end),
    }),
  );
}
await built.close();
