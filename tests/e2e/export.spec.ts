/** A run of the command line opens in the built page, and goes on there as it would have where it came from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lab } from '../unit/cli/command.ts';
import { expect, test } from './fixtures.ts';
import { eventsOf, expectIterations, numberOf, runTo, storedRun, toTheEnd } from './labPage.ts';

test('lab export, then Open a session: shown, kept, gone on with', async ({ page }) => {
  test.slow();
  const folder = await mkdtemp(join(tmpdir(), 'exported-'));
  try {
    const small = ['goalpostsPerIteration=4', 'rollouts=4', 'evaluateEvery=0', 'validateEvery=0'];
    const made = join(folder, 'made');
    const run = ['run', '--out', made, '--iterations', '2', '--samples', '0', '--threads', '1'];
    expect(await lab([...run, ...small.flatMap((one) => ['--set', one])])).toMatchObject({ code: 0 });
    const file = join(folder, 'made.foothold');
    expect(await lab(['export', '--run', made, '--as', 'foothold', '--out', file])).toMatchObject({
      code: 0,
    });

    await page.goto('./');
    await page.getByLabel('File of a session').setInputFiles(file);
    const note = page.getByRole('region', { name: 'Replay' });
    await expect(note).toContainText('after iteration 2');
    await toTheEnd(page);
    await expect(numberOf(page, 'iterations')).toHaveText('2');
    await runTo(page, 3, page.getByRole('button', { name: 'Go on from here' }));
    await expectIterations(page, 3);
    const { events } = await storedRun(page);
    expect(eventsOf(events, 'resumed').at(-1)).toMatchObject({ after: 2 });
    expect(eventsOf(events, 'proposed').some(({ iteration }) => iteration === 3)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
