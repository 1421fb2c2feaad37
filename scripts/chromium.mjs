/**
 * Finds the Chromium that tests run in, and installs one where none is found. Only Node built-ins
 * at the top level: this file runs before `npm ci`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `CHROMIUM_GPU=1` opens pages on this machine's GPU (Linux: through Vulkan), for a look at real speeds. */
const ADAPTER = process.env.CHROMIUM_GPU
  ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface', '--ignore-gpu-blocklist']
  : ['--use-webgpu-adapter=swiftshader'];

/**
 * Headless Chromium with WebGPU on the CPU (SwiftShader) unless told otherwise, and cut off from the
 * network: background traffic of the browser itself is off, and no host name but localhost resolves, so
 * that a test that passes has proved that it works offline.
 */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  ...ADAPTER,
  '--disable-background-networking',
  '--disable-client-side-phishing-detection',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--metrics-recording-only',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

/**
 * For tests, not for measurements. In a profile that is new each time no compiled WebAssembly is kept, and a
 * short run spends more on optimizing it than on running it: here that waits until code is really hot.
 */
export const TEST_ARGS = [...CHROMIUM_ARGS, '--js-flags=--wasm-tiering-budget=1000000000'];

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const FIXED = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** A browser whose shared libraries are missing is there but of no use; on Windows `--version` opens a window. */
function starts(path) {
  if (!existsSync(path)) return false;
  if (process.platform === 'win32') return true;
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0;
}

async function downloadedPath() {
  try {
    const { chromium } = await import('playwright');
    return chromium.executablePath();
  } catch {
    return undefined; // before `npm ci`, or on a platform that Playwright has no build for
  }
}

/** Path of a Chromium that starts, or undefined: `CHROMIUM_PATH`, the PATH, usual places, Playwright's download. */
export async function findChromium() {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (starts(given)) return given;
    throw new Error(`CHROMIUM_PATH is ${given}, and no Chromium starts from there. Correct or unset it.`);
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = [
    ...(process.platform === 'win32' ? [] : folders.flatMap((f) => NAMES.map((n) => join(f, n)))),
    ...FIXED,
    await downloadedPath(),
  ];
  return candidates.find((path) => path && starts(path));
}

/** Like `findChromium`, but installs one first where none is found; throws when that fails as well. */
export async function ensureChromium() {
  const found = await findChromium();
  if (found) return found;
  const ways = [
    ['Playwright', process.execPath, [join(root, 'node_modules/playwright/cli.js'), 'install', 'chromium']],
  ];
  if (process.platform === 'linux') {
    const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
    const apt = [
      ...sudo,
      'sh',
      '-c',
      'apt-get update && apt-get install -y --no-install-recommends chromium',
    ];
    ways.push(['apt-get', apt[0], apt.slice(1)]);
  }
  for (const [name, command, args] of ways) {
    console.log(`No Chromium found. Installing one through ${name} ...`);
    spawnSync(command, args, { cwd: root, stdio: 'inherit' });
    const installed = await findChromium();
    if (installed) return installed;
  }
  throw new Error('No Chromium found, and none could be installed. Install one and set CHROMIUM_PATH to it.');
}
