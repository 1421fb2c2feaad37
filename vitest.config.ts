import { playwright } from '@vitest/browser-playwright';
import { defineConfig, mergeConfig } from 'vitest/config';
import { TEST_ARGS, findChromium } from './scripts/chromium.mjs';
import viteConfig from './vite.config.ts';

const executablePath = await findChromium();

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
          test: {
            name: 'browser',
            include: ['tests/unit/**/*.browser.test.ts'],
            testTimeout: 120_000,
            hookTimeout: 120_000,
            // One page at a time: two cores, and WebGPU here runs on them too.
            fileParallelism: false,
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
