/** Commands that fail for what is wrong outside: each says its code, and nothing that only the page has. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ErrorCode } from '../../../src/util/codedError.ts';
import { safeFloat32, writeSafetensors } from '../../../packages/onnx-lora/src/adapters/safetensors.ts';
import { openFolderJournal } from '../../../src/run/folderJournal.ts';
import { pageWordIn } from '../frontEndWords.ts';
import { type Ended, lab } from './command.ts';

const PATIENCE = 300_000;
const shipped = fileURLToPath(new URL('../../../public/models/foothold-micro-2/', import.meta.url));
const SMALL = [
  ...['--set', 'goalpostsPerIteration=4', '--set', 'rollouts=2', '--set', 'evaluateEvery=0'],
  ...['--threads', '1', '--samples', '0'],
];

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-failing-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What both channels have to have of a failure. Gives what people read. */
function expectFailure({ code: status, stdout, stderr }: Ended, code: ErrorCode | 'usage'): string {
  expect(status, stderr).toBe(code === 'usage' ? 2 : 1);
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, string>;
  expect(report).toEqual({ error: expect.any(String), code });
  expect(stderr).toContain(report.error);
  expect(pageWordIn(stderr)).toBeNull();
  expect(stderr).not.toMatch(/^ +at /m);
  return stderr;
}

/** An adapter of one layer as PEFT writes it. */
async function adapterOf(module: string, rank: number, width: number): Promise<string> {
  const path = at(`adapter-${module}-${rank}`);
  await mkdir(path, { recursive: true });
  const config = { peft_type: 'LORA', r: rank, lora_alpha: rank, base_model_name_or_path: 'someone/other' };
  const named = (half: string) => `base_model.model.model.layers.0.${module}.lora_${half}.weight`;
  const tensors = new Map([
    [named('A'), safeFloat32([rank, width], new Float32Array(rank * width))],
    [named('B'), safeFloat32([width, rank], new Float32Array(rank * width))],
  ]);
  await writeFile(join(path, 'adapter_config.json'), JSON.stringify(config));
  await writeFile(join(path, 'adapter_model.safetensors'), writeSafetensors(tensors));
  return path;
}

/** A folder that has nothing of a model but the sizes of one with seven billion weights. */
async function hugeModel(): Promise<string> {
  const path = at('huge');
  const config = {
    model_type: 'llama',
    vocab_size: 32000,
    hidden_size: 4096,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    intermediate_size: 11008,
  };
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

const run = (out: string, ...options: string[]) =>
  lab(['run', '--out', at(out), '--iterations', '1', '--json', ...SMALL, ...options]);

test('no model', { timeout: PATIENCE }, async () => {
  await mkdir(at('empty'));
  expectFailure(await run('a', '--model', 'no/such/place'), 'usage');
  expectFailure(await run('a', '--model', at('empty')), 'model-file-missing');
  const generate = await lab(['generate', '--model', at('empty'), '--prompt', 'x', '--json']);
  expectFailure(generate, 'model-file-missing');
  const mine = await lab(['mine', '--model', at('nowhere'), '--out', at('mined.json'), '--json']);
  expect(expectFailure(mine, 'usage')).toContain('--model takes a folder');
});

test('a model that memory is too small for, and one that trains by LoRA only', {
  timeout: PATIENCE,
}, async () => {
  const model = ['--model', await hugeModel()];
  expect(expectFailure(await run('b', ...model, '--memory', '0.5'), 'model-too-big')).toContain('--memory');
  // 20 GB do for a run with adapters on fewer layers.
  const fits = expectFailure(await run('b', ...model, '--memory', '20'), 'model-too-big');
  expect(fits).toMatch(/It fits, with about [\d.]+ GB, with --dtype q4/);
  const full = await run('b', ...model, '--set', 'tuning={"kind":"full"}');
  expect(expectFailure(full, 'tuning-not-lora')).toContain('--set');
  const dtype = await run('b', ...model, '--dtype', 'q9');
  expect(expectFailure(dtype, 'dtype-unknown')).toMatch(/known are fp32.*\n.*--dtype/s);
});

test('an adapter of another model, and one of a higher rank', { timeout: PATIENCE }, async () => {
  const other = await run('c', '--adapter', await adapterOf('self_attn.q_proj', 2, 40));
  expect(expectFailure(other, 'adapter')).toContain('--adapter');
  const { hidden_size: width } = JSON.parse(await readFile(`${shipped}config.json`, 'utf8'));
  const high = ['--adapter', await adapterOf('self_attn.q_proj', 9, width)];
  const rank = await run('c', ...high, '--set', 'tuning={"kind":"lora","rank":4,"alpha":4}');
  expect(expectFailure(rank, 'adapter-rank')).toContain('"rank":9');
  const full = await run('c', ...high, '--set', 'tuning={"kind":"full"}');
  expectFailure(full, 'adapter-tuning');
});

test('a run that somebody else has open', { timeout: PATIENCE }, async () => {
  expect(await run('locked', '--iterations', '0')).toMatchObject({ code: 0 });
  const journal = await openFolderJournal(at('locked'));
  const [{ run: id } = { run: '' }] = await journal.list();
  const release = await journal.lock(id);
  const said = expectFailure(await run('locked'), 'run-locked');
  expect(said).toContain(`open in process ${process.pid}`);
  expect(said).toContain(at('locked', id, 'lock'));
  release();
  await journal.close();
  expect(await run('locked')).toMatchObject({ code: 0 });
});

test('a download that breaks off, and one that may not be had', { timeout: PATIENCE }, async () => {
  let forbidden = false;
  const server = createServer(async (request, response) => {
    if (forbidden) return void response.writeHead(403).end();
    const name = request.url!.slice('/m/'.length);
    const bytes = await readFile(`${shipped}${name}`).catch(() => undefined);
    if (!bytes) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': bytes.length });
    if (!name.endsWith('.onnx')) return void response.end(bytes);
    response.write(bytes.subarray(0, 1000), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const model = [
    '--model',
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/m/`,
    '--dtype',
    'fp32',
  ];
  try {
    expect(expectFailure(await run('d', ...model), 'download-broken')).toMatch(/broke off at|cut short/);
    forbidden = true;
    expect(expectFailure(await run('d', ...model), 'model-file-forbidden')).toContain('--model DIR');
  } finally {
    server.close();
  }
});

test.skipIf(process.platform !== 'linux')(
  'interpreters that are killed (needs Linux)',
  { timeout: PATIENCE },
  async () => {
    const problem = { id: 'p', program: 'def f(x):\n    return x', inputs: ['1'], outputs: ['1'] };
    await writeFile(at('problems.jsonl'), JSON.stringify(problem));
    await writeFile(at('answers.jsonl'), JSON.stringify({ id: 'p', program: problem.program }));
    let ended = false;
    const files = ['--problems', at('problems.jsonl'), '--answers', at('answers.jsonl')];
    let killed = 0;
    const command = lab(['judge', ...files, '--json'], undefined, {
      started: async ({ pid }) => {
        while (!ended) {
          for (const child of childrenOf(pid!)) {
            try {
              process.kill(child, 'SIGKILL');
              killed++;
            } catch {
              // It has ended meanwhile.
            }
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    });
    const result = await command;
    ended = true;
    expect(killed).toBeGreaterThan(0);
    expect(expectFailure(result, 'python-failed')).toContain('SIGKILL');
  },
);

/** Interpreters that a command has started. */
function childrenOf(pid: number): number[] {
  try {
    const said = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' });
    return said
      .split('\n')
      .filter((line) => line.includes('sandbox/child.js'))
      .map((line) => Number.parseInt(line, 10));
  } catch {
    return []; // There are none.
  }
}

test('what the commands say of themselves has nothing of the page either', async () => {
  const { stdout } = await lab(['help']);
  expect(stdout).toContain('lab run --out DIR');
  expect(pageWordIn(stdout)).toBeNull();
});

test('a folder that runs cannot be kept in: said with its name', { timeout: PATIENCE }, async () => {
  const file = at('a-file');
  await writeFile(file, '');
  const said = expectFailure(await lab(['run', '--out', join(file, 'runs'), '--json']), 'folder-unusable');
  expect(said).toContain('a-file');
});
