import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';
import { TEST_ARGS, findChromium } from './scripts/chromium.mjs';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

// Worker processes read this file again and must come to the same port and browser.
process.env.E2E_PORT ??= String(await freePort());
const executablePath = await findChromium();
if (executablePath) process.env.CHROMIUM_PATH = executablePath;
const baseURL = `http://127.0.0.1:${process.env.E2E_PORT}`;

const LONG = /(kill|badInput|webgpu|everybody|hostilePrograms|selfPlay)\.spec\.ts$/;

export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: 'test-results',
  // A run keeps little more than one core busy: two tests side by side take little longer than one.
  workers: Math.min(2, availableParallelism()),
  fullyParallel: true,
  timeout: 600_000,
  expect: { timeout: 60_000 },
  reporter: 'list',
  use: {
    baseURL,
    headless: true,
    // It would fetch 40 MB in each test's fresh profile; offline.spec.ts lets it.
    serviceWorkers: 'block',
    // Nobody looks at what moves, and drawing it takes a tenth of the processor; selfPlay.spec.ts lets it.
    contextOptions: { reducedMotion: 'reduce' },
    actionTimeout: 60_000,
    screenshot: 'off',
    video: 'off',
    trace: 'off',
    launchOptions: { args: TEST_ARGS, ...(executablePath ? { executablePath } : {}) },
  },
  // Those that take minutes begin first: one that begins last would have a core to itself, and the other idle.
  projects: [
    { name: 'long', testMatch: LONG, use: { browserName: 'chromium' } },
    { name: 'short', testIgnore: LONG, use: { browserName: 'chromium' } },
  ],
  webServer: {
    command: `npx vite build --logLevel warn && npx vite preview --host 127.0.0.1 --strictPort --port ${process.env.E2E_PORT}`,
    url: baseURL,
    timeout: 300_000,
    reuseExistingServer: false,
  },
});
