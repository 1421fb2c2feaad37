/**
 * The ground that every end-to-end test stands on: a fresh profile, no way out to a foreign host, and
 * a failure where the page tried one or let an error go.
 */
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type BrowserContext, chromium, type Page } from '@playwright/test';

/** What a page did that it must not do. Tests that provoke something on purpose empty the lists. */
export interface Offences {
  /** Hosts, each as often as it was tried: `example.com:443`. */
  foreignHosts: string[];
  /** Uncaught errors and `console.error`. */
  errors: string[];
}

/** Where a browser looks for updates, accounts and what form fields are about, whatever page is open. */
const BROWSERS_OWN = /^((update|content-autofill)\.googleapis|accounts\.google)\.com(:\d+)?$/;

/**
 * Chromium sends everything but requests to this machine through its proxy, whoever asks: pages, workers,
 * sandboxed frames. This proxy lets nothing through and writes down what it was asked for.
 */
async function startDeadEnd() {
  const tried: string[] = [];
  const note = (host: string) => {
    if (!BROWSERS_OWN.test(host)) tried.push(host);
  };
  const server = createServer((request, response) => {
    note(new URL(request.url ?? '').host);
    response.writeHead(403).end();
  });
  server.on('connect', (request, socket) => {
    note(request.url ?? '');
    socket.on('error', () => undefined); // Chromium hangs up as it likes
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    tried,
    proxy: {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      bypass: '127.0.0.1,localhost',
    },
    close: () => server.close(),
  };
}

function watchErrors(context: BrowserContext): string[] {
  const errors: string[] = [];
  const watch = (page: Page) => {
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
  };
  context.pages().forEach(watch);
  context.on('page', watch);
  return errors;
}

/** Fails where something is written down; waits first, since news from a page arrives a little late. */
async function expectNone(offences: Offences): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  base.expect(offences.foreignHosts, 'requests to foreign hosts').toEqual([]);
  base.expect(offences.errors, 'errors of the page').toEqual([]);
}

/** A browser with a profile on disk that outlives it, as a person's does. */
export interface StoredBrowser {
  context: BrowserContext;
  page: Page;
  offences: Offences;
  /** SIGKILL for the browser's main process; resolves when it is gone. */
  kill(): Promise<void>;
}

export const test = base.extend<{
  deadEnd: Awaited<ReturnType<typeof startDeadEnd>>;
  /** Of this test's own context; all lists must be empty at the end. */
  offences: Offences;
  /**
   * Opens a browser on the test's one profile; call it again after `kill` or `context.close()`.
   * `args` takes the place of the usual command line.
   */
  openProfile: (args?: string[]) => Promise<StoredBrowser>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from its first parameter
  deadEnd: async ({}, use) => {
    const deadEnd = await startDeadEnd();
    await use(deadEnd);
    deadEnd.close();
  },

  proxy: async ({ deadEnd }, use) => use(deadEnd.proxy),

  offences: [
    async ({ context, deadEnd }, use) => {
      const offences = { foreignHosts: deadEnd.tried, errors: watchErrors(context) };
      await use(offences);
      await expectNone(offences);
    },
    { auto: true },
  ],

  openProfile: async ({ launchOptions, baseURL, viewport, serviceWorkers, deadEnd }, use) => {
    const profile = mkdtempSync(join(tmpdir(), 'foothold-profile-'));
    const opened: StoredBrowser[] = [];
    await use(async (args = launchOptions.args ?? []) => {
      const context = await chromium.launchPersistentContext(profile, {
        ...launchOptions,
        args,
        proxy: deadEnd.proxy,
        viewport,
        serviceWorkers,
        reducedMotion: 'reduce',
        ...(baseURL ? { baseURL } : {}),
      });
      const stored: StoredBrowser = {
        context,
        page: context.pages()[0] ?? (await context.newPage()),
        offences: { foreignHosts: deadEnd.tried, errors: watchErrors(context) },
        async kill() {
          const closed = new Promise((resolve) => context.once('close', resolve));
          // Chromium names its own process here: <host>-<process id>.
          const lock = readlinkSync(join(profile, 'SingletonLock'));
          process.kill(Number(lock.slice(lock.lastIndexOf('-') + 1)), 'SIGKILL');
          await closed;
        },
      };
      opened.push(stored);
      return stored;
    });
    try {
      for (const { offences } of opened) await expectNone(offences);
    } finally {
      for (const { context } of opened) await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  },
});

export { expect } from '@playwright/test';
