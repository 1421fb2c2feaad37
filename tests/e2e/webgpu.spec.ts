/** Sampling and training on WebGPU, as far as a processor that plays GPU can show it. */
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import {
  checkpointOf,
  chooseBackend,
  eventsOf,
  expectIterations,
  expectPrefix,
  numberOf,
  resumeButton,
  runButton,
  setSettings,
  storedRun,
} from './labPage.ts';

/** Keeps hold of every GPU device that workers ask for from now on; what is returned destroys them. */
function holdDevices(page: Page): () => Promise<void> {
  const ready: Promise<unknown>[] = [];
  page.on('worker', (worker) => {
    const hold = worker.evaluate(() => {
      const held: GPUDevice[] = [];
      Object.assign(globalThis, { heldDevices: held });
      if (!('GPUAdapter' in globalThis)) return;
      const ask = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...options) {
        const device = await ask.apply(this, options);
        held.push(device);
        return device;
      };
    });
    ready.push(hold.catch(() => {})); // Workers come and go.
  });
  return async () => {
    await Promise.all(ready);
    const destroyed = await Promise.all(
      page.workers().map((worker) =>
        worker.evaluate(() => {
          const { heldDevices = [] } = globalThis as unknown as { heldDevices?: GPUDevice[] };
          for (const device of heldDevices) device.destroy();
          return heldDevices.length;
        }),
      ),
    );
    expect(destroyed.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  };
}

test('a whole iteration on WebGPU, and none of it lost with the GPU in the middle of the next', async ({
  page,
}) => {
  await page.goto('./');
  await setSettings(page, {
    'Goalposts an iteration': 2,
    'Lifts of a lemma': 1,
    Rollouts: 4,
    'Try goalposts every': 0,
    // Whatever the questions are like, there is something to learn from the answers.
    Estimator: 'trr++',
    'Student trains on': 'valid',
    'Deduction and abduction': false,
    // A second pass over the same answers would be more of the same.
    Epochs: 1,
    'Micro-batch': 256,
  });
  await chooseBackend(page, 'webgpu');
  const loseDevice = holdDevices(page);
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

  // The browser takes the GPU away while the next iteration samples.
  await loseDevice();
  await expect(page.getByText('The GPU was lost in the middle of a pass')).toBeVisible();
  const after = await storedRun(page);
  expectPrefix(events, after.events);
  expect(after.checkpoints).toContain('iteration-1');

  await page.goto('./');
  await chooseBackend(page, 'wasm'); // A quicker one to go on with.
  await resumeButton(page).click();
  await expectIterations(page, 2);
  const resumed = await storedRun(page);
  expectPrefix(events, resumed.events);
  expect(eventsOf(resumed.events, 'resumed').at(-1)!.policy.backend).toMatch(/^wasm/);
  expect(eventsOf(resumed.events, 'updated').map((e) => e.iteration)).toContain(2);
});
