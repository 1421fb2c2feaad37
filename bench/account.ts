/**
 * The account of a decoder from the Hub: sampling beside transformers.js's `generate`, LoRA steps and updates beside
 * their forward pass, what is done outside of ONNX Runtime, what WebGPU is asked for, and memory in the page.
 *   npx tsx bench/account.ts --model DIR [--page] [--backend cpu|webgpu, in the page wasm|webgpu|auto] [--threads 1,2]
 *     [--parts short,teacher,step,update,counts] [--layers N] [--prompts 4] [--samples 8] [--tokens 64]
 *     [--temperature 0.6] [--top-p 0.9] [--batches 1,4,16,64] [--rows 4] [--length 128] [--microbatch 512] [--apart]
 *     [--turns 5] [--dtype q4] [--json]
 * Medians of --turns turns; with each part stands whether the machine was idle. --threads is for Node, where each is
 * an account of its own; the page has one. `generate` has no top-p and samples without.
 */
import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHost } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright';
import { SHIPPED_BANK } from '../cli/settings.ts';
import type { Bank } from '../src/gasp/bank.ts';
import { type NodeBackend, nodeRuntime } from '../src/backends/runtime.node.ts';
import { DTYPE_FILES, HUB_DTYPES, type HubDType } from 'onnx-lora';
import { folderFiles } from 'onnx-lora/node';
import { openDevPage } from './devPage.ts';
import type { GpuCount } from './gpuCounter.ts';
import {
  type AccountSize,
  type CountAccount,
  HubAccount,
  type Part,
  PARTS,
  type SamplingAccount,
  type StepAccount,
  type UpdateAccount,
} from './hubAccount.ts';
import { saidOfOthers, watchPrograms } from './otherPrograms.ts';
import type { PageAccount, PageAccountOptions } from './pageAccount.ts';
import { table } from './race.ts';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    page: { type: 'boolean', default: false },
    backend: { type: 'string' },
    threads: { type: 'string', default: '1,2' },
    parts: { type: 'string' },
    layers: { type: 'string' },
    prompts: { type: 'string', default: '4' },
    samples: { type: 'string', default: '8' },
    tokens: { type: 'string', default: '64' },
    temperature: { type: 'string', default: '0.6' },
    'top-p': { type: 'string', default: '0.9' },
    batches: { type: 'string', default: '1,4,16,64' },
    rows: { type: 'string', default: '4' },
    length: { type: 'string', default: '128' },
    microbatch: { type: 'string', default: '512' },
    apart: { type: 'boolean', default: false },
    turns: { type: 'string', default: '5' },
    dtype: { type: 'string', default: 'q4' },
    json: { type: 'boolean', default: false },
  },
});
if (!args.model) throw new Error('--model DIR is missing');
const folder = resolve(args.model);
const size: AccountSize = {
  ...(args.layers !== undefined && { layers: Number(args.layers) }),
  prompts: Number(args.prompts),
  samples: Number(args.samples),
  tokens: Number(args.tokens),
  temperature: Number(args.temperature),
  topP: Number(args['top-p']),
  batches: args.batches === '' ? [] : args.batches.split(',').map(Number),
  rows: Number(args.rows),
  length: Number(args.length),
  microbatch: Number(args.microbatch),
  apart: args.apart,
  turns: Number(args.turns),
};
const dtype = readDtype(args.dtype);
const counting = args.page && (args.backend === 'webgpu' || args.backend === 'auto');
const wanted = args.parts?.split(',') ?? PARTS.filter((part) => part !== 'counts' || counting);
const unknown = wanted.find((part) => !PARTS.includes(part as Part));
if (unknown !== undefined) throw new Error(`--parts takes ${PARTS.join(', ')}; got ${unknown}`);

type PartAccount = SamplingAccount | StepAccount | UpdateAccount | CountAccount;
const report: Record<string, Record<string, unknown>> = {};

function readDtype(given: string): HubDType {
  const found = HUB_DTYPES.find((name) => name === given);
  if (!found) throw new Error(`--dtype takes ${HUB_DTYPES.join(', ')}; got ${given}`);
  return found;
}

/** Runs the wanted parts one after the other and tells of each. */
async function account(
  title: string,
  run: (part: Part) => Promise<PartAccount>,
  browser?: Browser,
): Promise<void> {
  if (!args.json) console.log(`\n# ${title}`);
  report[title] = {};
  for (const part of wanted as Part[]) {
    const spent = await watchPrograms(browser);
    const result = await run(part);
    const { others } = await spent();
    const memory = browser && (await pageMemory(browser));
    report[title][part] = { ...result, others, ...(memory && { memory }) };
    if (args.json) continue;
    const most = memory ? `; the page took at most ${(memory.peak / 1e9).toFixed(2)} GB` : '';
    console.log(`\n## ${part} (${saidOfOthers(others)}${most})\n${told(result)}`);
  }
}

const byProcessor = (times: number | undefined) =>
  times === undefined ? '' : `, ${times.toFixed(2)} by processor time`;

function told(result: PartAccount): string {
  if ('token' in result) return toldCounts(result);
  const lines = [table(result.rates, 'tokens a second')];
  if ('promptTokens' in result) {
    lines.push(`prompts of ${result.promptTokens.join(', ')} tokens`);
    if (result.overBest) {
      const times = `${result.overBest.toFixed(2)} times`;
      lines.push(`over generate's best batch: ${times}${byProcessor(result.processorOverBest)}`);
    }
    lines.push(`outside of the runtime: ${result.outside.toFixed(3)} ms a row and token`);
  } else if ('seconds' in result) {
    lines.push(
      `${result.tokens} tokens in ${result.seconds.toFixed(1)} s: ${result.overForward.toFixed(1)} forward passes`,
    );
  } else {
    const times = `${result.overForward.toFixed(2)} times`;
    lines.push(`step over forward: ${times}${byProcessor(result.processorOverForward)}`);
  }
  return lines.join('\n');
}

function toldCounts(c: CountAccount): string {
  const columns: [string, GpuCount][] = [
    [`token, ${c.rows} rows`, c.token],
    ['token, shown', c.shownToken],
    [`forward, ${c.stepTokens}`, c.forward],
    [`LoRA step, ${c.stepTokens}`, c.step],
    ['of it AdamW', c.optimizer],
  ];
  const keys: (keyof GpuCount)[] = [
    'dispatches',
    'submits',
    'up',
    'down',
    'waits',
    'ends',
    'buffers',
    'bytes',
  ];
  const number = (value: number) => value.toFixed(value < 10 && value % 1 ? 2 : 0).padStart(12);
  const down = (count: GpuCount) => (count.down / c.rows).toFixed(0);
  return [
    ''.padEnd(18) + keys.map((key) => key.padStart(12)).join(''),
    ...columns.map(([name, count]) => name.padEnd(18) + keys.map((key) => number(count[key])).join('')),
    `back a row and token: ${down(c.token)} bytes, shown ${down(c.shownToken)}`,
  ].join('\n');
}

if (args.page) await inPage((args.backend ?? 'wasm') as PageAccountOptions['backend']);
else {
  const backend = (args.backend ?? 'cpu') as NodeBackend;
  for (const threads of backend === 'cpu' ? args.threads.split(',').map(Number) : [0]) {
    await onNode(backend, threads);
  }
}
if (args.json) console.log(JSON.stringify(report));

async function onNode(backend: NodeBackend, threads: number): Promise<void> {
  const transformers = await import('@huggingface/transformers');
  Object.assign(transformers.env, { allowRemoteModels: false, localModelPath: dirname(folder) });
  const bank = JSON.parse(readFileSync(join(dirname(SHIPPED_BANK), 'first-steps.json'), 'utf8')) as Bank;
  const opened = await HubAccount.open(
    {
      runtime: nodeRuntime(threads, backend),
      files: folderFiles(folder),
      bank,
      transformers,
      openReference: () =>
        transformers.AutoModelForCausalLM.from_pretrained(basename(folder), {
          dtype,
          device: backend,
          ...(threads && { session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 } }),
        } as never),
    },
    size,
  );
  const what = backend === 'cpu' ? `${threads} thread${threads > 1 ? 's' : ''}` : backend;
  await account(`Node, ${what}`, partOf(opened));
}

/** The same parts by their names, here and in the page. */
function partOf(on: Omit<PageAccount, 'openAccount'>): (part: Part) => Promise<PartAccount> {
  return (part) => (part === 'short' || part === 'teacher' ? on.sampling(part) : on[part]());
}

async function inPage(backend: PageAccountOptions['backend']): Promise<void> {
  const host = await serve(dirname(folder));
  const bench = await openDevPage('account.html', 'openAccount');
  try {
    const options: PageAccountOptions = {
      ...{ base: host.url, name: basename(folder), backend, size, dtype },
      externalData: existsSync(join(folder, `onnx/model${DTYPE_FILES[dtype]}.onnx_data`)),
    };
    const opened = await bench.call<Awaited<ReturnType<PageAccount['openAccount']>>>('openAccount', options);
    const called = {
      sampling: (kind: string) => bench.call<SamplingAccount>('sampling', kind),
      step: () => bench.call<StepAccount>('step'),
      update: () => bench.call<UpdateAccount>('update'),
      counts: () => bench.call<CountAccount>('counts'),
    };
    await account(`page, ${opened.backend}`, partOf(called), bench.browser);
  } finally {
    await bench.close();
    host.close();
  }
}

/** Serves the folder to pages of other origins. */
async function serve(served: string) {
  const host = createHost((request, response) => {
    const path = join(served, normalize(new URL(request.url ?? '/', 'http://localhost').pathname));
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

/** The page's process and the one that plays GPU: resident memory now and at its highest, in bytes; where there is /proc. */
async function pageMemory(browser: Browser): Promise<{ now: number; peak: number } | undefined> {
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
