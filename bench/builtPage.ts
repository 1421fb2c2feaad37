/** The page as it is built, served from this machine, and a Chromium to open it in. */
import { type Browser, chromium } from 'playwright';
import { build, preview } from 'vite';
import { CHROMIUM_ARGS, findChromium } from '../scripts/chromium.mjs';

export interface BuiltPage {
  browser: Browser;
  url: string;
  close(): Promise<void>;
}

/** Builds the page; takes half a minute. */
export async function openBuiltPage(): Promise<BuiltPage> {
  await build({ logLevel: 'error', build: { outDir: '.cache/bench/dist', emptyOutDir: true } });
  const server = await preview({
    logLevel: 'error',
    build: { outDir: '.cache/bench/dist' },
    preview: { port: 0, host: '127.0.0.1' },
  });
  const executablePath = await findChromium();
  const browser = await chromium.launch({
    args: CHROMIUM_ARGS,
    ...(executablePath ? { executablePath } : {}),
  });
  return {
    browser,
    url: server.resolvedUrls!.local[0] ?? server.resolvedUrls!.network[0]!,
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
