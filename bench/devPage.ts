/** A page of `bench/` in Chromium, from Vite's development server. */
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { createServer } from 'vite';
import { CHROMIUM_ARGS, findChromium } from '../scripts/chromium.mjs';

export interface DevPage {
  browser: Browser;
  page: Page;
  /** Calls the function that the page's script has left under this name, with values that survive JSON. */
  call<T>(name: string, ...values: unknown[]): Promise<T>;
  close(): Promise<void>;
}

/** Opens `bench/<file>`, and waits until its script has left a function named `ready`. */
export async function openDevPage(file: string, ready: string): Promise<DevPage> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const server = await createServer({ root, logLevel: 'error', server: { port: 0, host: '127.0.0.1' } });
  await server.listen();
  const executablePath = await findChromium();
  const browser = await chromium.launch({
    args: CHROMIUM_ARGS,
    ...(executablePath ? { executablePath } : {}),
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    const address = server.resolvedUrls?.local[0] ?? server.resolvedUrls?.network[0];
    await page.goto(`${address}bench/${file}`);
    await page.waitForFunction((name) => name in globalThis, ready, { timeout: 120_000 });
    const call = <T>(name: string, ...values: unknown[]) =>
      page.evaluate(
        ([called, given]) =>
          (globalThis as unknown as Record<string, (...a: unknown[]) => Promise<T>>)[called]!(...given),
        [name, values] as const,
      );
    return { browser, page, call, close };
  } catch (error) {
    await close();
    throw error;
  }
}
