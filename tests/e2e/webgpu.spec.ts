/** Sampling and training on WebGPU, as far as a processor that plays GPU can show it. */
import { expect, test } from './fixtures.ts';
import {
  checkpointOf,
  chooseBackend,
  eventsOf,
  expectIterations,
  numberOf,
  runButton,
  setSettings,
  storedRun,
} from './labPage.ts';

test('a whole iteration on WebGPU: proposals, answers, an update, a checkpoint', async ({ page }) => {
  await page.goto('./');
  await setSettings(page, {
    'Goalposts an iteration': 4,
    Rollouts: 4,
    'Try goalposts every': 0,
    // Whatever the questions are like, there is something to learn from the answers.
    Estimator: 'trr++',
    'Student trains on': 'valid',
    'Deduction and abduction': false,
    'Micro-batch': 256,
  });
  await chooseBackend(page, 'webgpu');
  await runButton(page).click();
  await expect(numberOf(page, 'backend')).toHaveText(/^webgpu \(.*swiftshader/);
  await expectIterations(page, 1);

  const { run, events, checkpoints } = await storedRun(page);
  expect(eventsOf(events, 'resumed')[0]!.policy.backend).toMatch(/^webgpu/);
  const { stats } = eventsOf(events, 'updated')[0]!;
  expect(stats.steps).toBeGreaterThan(0);
  expect(stats.moved).toBeGreaterThan(0);
  expect(checkpoints).toContain('iteration-1');
  const { weights, step } = await checkpointOf(page, run, 'iteration-1');
  expect(step).toBe(stats.steps);
  expect(weights.every(Number.isFinite)).toBe(true);
});
