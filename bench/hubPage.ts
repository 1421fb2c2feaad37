/**
 * A decoder from the Hub in a page: what loading it from this machine, generating and one LoRA step take,
 * in time and memory. Chromium, wasm with one thread unless told otherwise; memory where there is /proc.
 *   npx tsx bench/hubPage.ts --model DIR [--backend wasm] [--layers N] [--tokens 16] [--samples 1] [--rows 4] [--microbatch 512]
 *     [--turns 1] [--json]
 * A second turn is without what only the first has to do: preparing sessions, and on WebGPU compiling shaders.
 */
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHost } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright';
import { openDevPage } from './devPage.ts';
import type { HubPageOptions, HubPageStages } from './pageHub.ts';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    backend: { type: 'string', default: 'wasm' },
    layers: { type: 'string' },
    prompt: { type: 'string', default: 'Write a Python function that reverses a list.' },
    tokens: { type: 'string', default: '16' },
    samples: { type: 'string', default: '1' },
    rows: { type: 'string', default: '4' },
    microbatch: { type: 'string', default: '512' },
    turns: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
if (!args.model) throw new Error('--model DIR is missing');

/** Serves the folder to pages of other origins. */
async function serve(folder: string) {
  const host = createHost((request, response) => {
    const path = join(folder, normalize(new URL(request.url ?? '/', 'http://localhost').pathname));
    response.setHeader('Access-Control-Allow-Origin', '*');
    try {
      response.setHeader('Content-Length', statSync(path).size);
    } catch {
      return response.writeHead(404).end();
    }
    response.setHeader('Content-Type', 'application/octet-stream');
    return createReadStream(path).pipe(response);
  });
  await new Promise<void>((ready) => host.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${(host.address() as AddressInfo).port}/`, close: () => host.close() };
}

/** The page's process and the one that plays GPU: resident memory now and at its highest, in bytes. */
async function memory(browser: Browser): Promise<{ now: number; peak: number } | undefined> {
  const cdp = await browser.newBrowserCDPSession();
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  await cdp.detach();
  const sum = { now: 0, peak: 0 };
  for (const { id, type } of processInfo) {
    if (type !== 'renderer' && type !== 'GPU') continue;
    try {
      const status = readFileSync(`/proc/${id}/status`, 'utf8');
      sum.now += 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)![1]);
      sum.peak += 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)![1]);
      writeFileSync(`/proc/${id}/clear_refs`, '5'); // The highest is counted anew.
    } catch {
      return undefined;
    }
  }
  return sum;
}

const host = await serve(resolve(args.model));
const bench = await openDevPage('hub.html', 'load');
try {
  const report: Record<string, unknown> = { empty: await memory(bench.browser) };
  const stage = async <S extends keyof HubPageStages>(
    name: S,
    given: Parameters<HubPageStages[S]>,
    title: string = name,
  ) => {
    const began = performance.now();
    const result = await bench.call<Awaited<ReturnType<HubPageStages[S]>>>(name, ...given);
    const seconds = (performance.now() - began) / 1e3;
    const used = await memory(bench.browser);
    report[title] = { ...result, seconds, memory: used };
    const gb = used && `, at most ${(used.peak / 1e9).toFixed(2)} GB, then ${(used.now / 1e9).toFixed(2)} GB`;
    if (!args.json) console.log(`${title}: ${seconds.toFixed(1)} s${gb ?? ''}; ${JSON.stringify(result)}`);
  };
  const options: HubPageOptions = {
    base: host.url,
    backend: args.backend as HubPageOptions['backend'],
    ...(args.layers !== undefined && { layers: Number(args.layers) }),
  };
  await stage('load', [options]);
  for (let turn = 1; turn <= Number(args.turns); turn++) {
    const suffix = turn > 1 ? ` ${turn}` : '';
    await stage('generate', [args.prompt, Number(args.tokens), Number(args.samples)], `generate${suffix}`);
    await stage('step', [Number(args.rows), Number(args.microbatch)], `step${suffix}`);
  }
  if (args.json) console.log(JSON.stringify(report));
} finally {
  await bench.close();
  host.close();
}
