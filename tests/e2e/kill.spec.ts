/** The browser dies in the middle of a run, again and again. */
import type { Page } from '@playwright/test';
import { Random } from '../../packages/onnx-lora/src/random.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { expect, test } from './fixtures.ts';
import {
  checkpointOf,
  eventsOf,
  expectIterations,
  expectPrefix,
  resumeButton,
  runButton,
  SMALL,
  type Stored,
  setSettings,
  storedRun,
} from './labPage.ts';

const KILLS = 10;

test('SIGKILL at ten moments of a run: nothing recorded is lost, and Resume goes on', async ({
  openProfile,
}) => {
  const random = new Random(5);
  let before: RunEvent[] = [];
  for (let life = 0; life <= KILLS; life++) {
    await test.step(`life ${life + 1}`, async () => {
      const { page, kill } = await openProfile();
      await page.goto('./');
      let reached = 0;
      if (life === 0) {
        // One lift as in the paper: an iteration has all its parts, and what there is to wait for is the dying.
        await setSettings(page, { ...SMALL, 'Lifts of a lemma': 1 });
        await runButton(page).click();
      } else {
        await expect(resumeButton(page)).toBeVisible();
        const stored = await storedRun(page);
        expectPrefix(before, stored.events);
        expectWhole(stored);
        const newest = eventsOf(stored.events, 'checkpoint').at(-1)!;
        expect((await checkpointOf(page, stored.run, newest.blob)).step).toBeGreaterThanOrEqual(0);
        reached = stored.summary.iterations;
        await resumeButton(page).click();
      }
      // In every second life an iteration is made whole first, so that checkpoints come and go.
      if (life % 2 === 0) await expectIterations(page, reached + 1);
      else await expectResumed(page, life + 1);
      if (life === KILLS) {
        // Deaths came between updates, not in a run that had nothing to learn.
        const { events } = await storedRun(page);
        expect(eventsOf(events, 'updated').some(({ stats }) => stats.steps > 0)).toBe(true);
        return;
      }

      // Each death has its own part of an iteration, and a random moment in it.
      const { events } = await storedRun(page);
      await page.waitForTimeout(((life + random.uniform()) / KILLS) * lastDuration(events));
      ({ events: before } = await storedRun(page));
      await kill();
    });
  }
});

/** Waits until the run is taken up that many times and is in an iteration. */
async function expectResumed(page: Page, times: number): Promise<void> {
  const going = async () => {
    const { events } = await storedRun(page);
    return eventsOf(events, 'resumed').length >= times && events.at(-1)!.type !== 'resumed';
  };
  await expect.poll(going, { timeout: 300_000, intervals: [200] }).toBe(true);
}

/** What makes a log and its checkpoints one whole, whenever the browser died. */
function expectWhole({ events, checkpoints, summary }: Stored): void {
  expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i));
  const finished = eventsOf(events, 'iteration-finished').map((event) => event.iteration);
  expect(finished).toEqual(finished.map((_, i) => i + 1));
  expect(summary.iterations).toBe(finished.length);
  // The checkpoint of an iteration comes with its end, and replaces the one before unless that is kept.
  const saved = eventsOf(events, 'checkpoint');
  expect(saved.map((event) => event.iteration)).toEqual([0, ...finished]);
  const there = saved.filter((event, i) => event.kept || i === saved.length - 1);
  expect(checkpoints.toSorted()).toEqual(there.map((event) => event.blob).toSorted());
  // An iteration that is done again goes as it went before.
  const resumed = eventsOf(events, 'resumed');
  resumed.slice(1).forEach(({ seq, after }, i) => {
    const next = (from: number, to?: number) =>
      events.slice(from, to).flatMap((event) => {
        if (!('iteration' in event) || event.iteration !== after + 1) return [];
        const { seq: _seq, at: _at, ...content } = event;
        return [content];
      });
    const [voided, again] = [next(resumed[i]!.seq, seq), next(seq, resumed[i + 2]?.seq)];
    const both = Math.min(voided.length, again.length);
    expect(again.slice(0, both)).toEqual(voided.slice(0, both));
  });
}

/** Milliseconds that the last complete iteration took. */
function lastDuration(events: readonly RunEvent[]): number {
  const end = events.findLast((event) => event.type === 'iteration-finished')!;
  const start = events.findLast((event) => event.type === 'iteration-started' && event.seq < end.seq)!;
  return end.at - start.at;
}
