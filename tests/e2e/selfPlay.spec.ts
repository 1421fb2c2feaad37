/** What a person sees first: one press of Run, and the model learns. */
import { expect, test } from './fixtures.ts';
import {
  checkpointOf,
  eventsOf,
  expectPrefix,
  numberOf,
  resumeButton,
  runTo,
  setSettings,
  SMALL,
  storedRun,
} from './labPage.ts';

test.use({ contextOptions: { reducedMotion: 'no-preference' } });

/** Iterations within which a lemma and a lift must have been accepted. */
const PATIENCE = 6;

test('Run: lemmas and lifts are accepted and the weights move; a reload takes the run up again', async ({
  page,
}) => {
  await page.goto('./');
  await expect(resumeButton(page)).toHaveCount(0);

  const accepted = (role: string, events: Awaited<ReturnType<typeof storedRun>>['events']) => {
    const ids = eventsOf(events, 'proposed').flatMap(({ proposal: p }) => (p.role === role ? [p.id] : []));
    return eventsOf(events, 'rewarded').filter((e) => e.accepted && ids.includes(e.proposal));
  };
  let finished = 2;
  await runTo(page, finished);
  let { events } = await storedRun(page);
  while (finished < PATIENCE && accepted('lift', events).length === 0) {
    await runTo(page, ++finished);
    ({ events } = await storedRun(page));
  }

  const { run, events: before, checkpoints } = await storedRun(page);
  expect(accepted('lemma', before)).not.toEqual([]);
  expect(accepted('lift', before)).not.toEqual([]);
  expect(eventsOf(before, 'updated').some((e) => e.stats.steps > 0 && e.stats.moved > 0)).toBe(true);
  const newest = eventsOf(before, 'checkpoint').at(-1)!;
  expect(newest.iteration).toBe(eventsOf(before, 'iteration-finished').at(-1)!.iteration);
  expect(checkpoints).toEqual(['iteration-0', newest.blob]);
  const [from, to] = [
    await checkpointOf(page, run, 'iteration-0'),
    await checkpointOf(page, run, newest.blob),
  ];
  expect(from.step).toBe(0);
  expect(to.step).toBeGreaterThan(0);
  expect(to.layout).toBe(from.layout);
  expect(to.weights.every(Number.isFinite)).toBe(true);
  expect(to.weights.some((weight, i) => weight !== from.weights[i])).toBe(true);

  // All cores take part, up to four: the lab's own, and a worker for each of the others.
  const cores = Math.min(4, await page.evaluate(() => navigator.hardwareConcurrency));
  const replicas = page.workers().filter((worker) => /\/replicaWorker\.web-/.test(worker.url()));
  expect(replicas).toHaveLength(cores - 1);

  // The run is in the address.
  await page.reload();
  await runTo(page, newest.iteration + 1);
  const { events: after } = await storedRun(page);
  expectPrefix(before, after);
  expect(eventsOf(after, 'resumed').map((e) => e.after)).toEqual([0, newest.iteration]);
  const finishedNow = eventsOf(after, 'iteration-finished').map((e) => e.iteration);
  expect(finishedNow).toEqual(finishedNow.map((_, i) => i + 1));
  await expect(numberOf(page, 'iterations')).toHaveText(String(finishedNow.length));
});

test('the first line of a run says what got better, with the interval of the difference', async ({
  page,
}) => {
  await page.goto('./');
  await setSettings(page, { ...SMALL, 'Try unseen questions every': 1, 'Answers to unseen questions': 64 });
  await runTo(page, 1);
  const line = page.getByRole('region', { name: 'What got better' });
  await expect(line).toContainText(/Right on questions it has never seen: \d+\.\d% to \d+\.\d%/);
  await expect(line).toContainText(/[+−]?\d+\.\d points, 95\s% interval [+−]\d+\.\d to [+−]\d+\.\d/);
  // What it says is what was tried: the start comes with the bank, the rest is this run's.
  const [start, now] = eventsOf((await storedRun(page)).events, 'validated');
  expect([start!.iteration, start!.samples, now!.iteration]).toEqual([0, 100, 1]);
  expect(Object.keys(now!.passed)).toEqual(Object.keys(start!.passed));
  const share = ({ samples, passed }: typeof now & object) => {
    const counts = Object.values(passed);
    return `${((100 * counts.reduce((sum, n) => sum + n, 0)) / (counts.length * samples)).toFixed(1)}%`;
  };
  await expect(line.locator('strong')).toHaveText(`${share(start!)} to ${share(now!)}`);
});
