import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, mergeConfig } from 'vitest/config';
import { TEST_ARGS, findChromium } from './scripts/chromium.mjs';
import viteConfig from './vite.config.ts';

const executablePath = await findChromium();

/** Reference models beside the project; tests on them are skipped where it is not there. */
const fixtures = fileURLToPath(new URL('../shared/fixtures', import.meta.url));

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      projects: [
        {
          extends: true,
          test: {
            name: 'node',
            environment: 'node',
            include: ['tests/unit/**/*.test.ts'],
            exclude: ['tests/unit/**/*.browser.test.ts'],
            // A bound on hanging, not on speed: a busy machine may take its time.
            testTimeout: 120_000,
            maxWorkers: 2,
            // Files share two processes: no test changes what another one reads.
            isolate: false,
          },
        },
        {
          extends: true,
          server: { fs: { allow: ['.', fixtures] } },
          test: {
            name: 'browser',
            include: ['tests/unit/**/*.browser.test.ts'],
            testTimeout: 120_000,
            hookTimeout: 120_000,
            // One page at a time: two cores, and WebGPU here runs on them too.
            fileParallelism: false,
            provide: { fixtures: existsSync(fixtures) ? fixtures : '' },
            browser: {
              enabled: true,
              // A browser on a busy machine may take its time to start.
              connectTimeout: 300_000,
              headless: true,
              screenshotFailures: false,
              provider: playwright({
                launchOptions: { args: TEST_ARGS, ...(executablePath ? { executablePath } : {}) },
              }),
              instances: [{ browser: 'chromium' }],
            },
          },
        },
      ],
    },
  }),
);
