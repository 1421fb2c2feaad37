/** `--adapter DIR` in every command that takes it: one reader, and one answer about a folder. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAdapter } from '../../../cli/adapterFolder.ts';
import { CONFIG_FILE, WEIGHTS_FILE } from '../../../packages/onnx-lora/src/adapters/peft.ts';
import { readSafetensors, writeSafetensors } from '../../../packages/onnx-lora/src/adapters/safetensors.ts';
import { readFileSync } from 'node:fs';
import { fixtureFolder } from '../../fixtures/models/folders.ts';
import { lab } from './command.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/adapters/', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-adapters-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A folder of empty files and, behind a slash, folders with one. */
async function made(name: string, files: readonly string[]): Promise<string> {
  const path = join(folder, name);
  for (const file of files) {
    await mkdir(join(path, file, '..'), { recursive: true });
    await writeFile(join(path, file), '{}');
  }
  return path;
}

test.each<[string, string[], RegExp]>([
  ['pickled', [CONFIG_FILE, 'adapter_model.bin'], /adapter_model.bin is pickled.*safe_serialization=True/],
  [
    'sharded',
    [CONFIG_FILE, 'adapter_model-00001-of-00002.safetensors'],
    /weights are in several files. Save it anew in PEFT, as one/,
  ],
  ['checkpoints', ['checkpoint-10/adapter_model.safetensors'], /; adapters are in .*checkpoint-10\./],
  ['mlx', [CONFIG_FILE, 'adapters.safetensors'], /an adapter in MLX's format/],
  ['whole', ['config.json', 'model.safetensors'], /has no adapter_config.json: it holds a whole model/],
])('what lies in a folder in place of an adapter is named: %s', async (name, files, message) => {
  await expect(readAdapter(await made(name, files))).rejects.toThrow(message);
});

test('a folder that is not there is said to be none', async () => {
  await expect(readAdapter(join(folder, 'nowhere'))).rejects.toThrow(/it is not there, or no folder/);
});

describe('on a reference model', () => {
  const model = fixtureFolder('qwen2-optimum-fp32');
  const commands = (adapter: string) => [
    ['generate', '--model', model, '--prompt', 'hello', '--max-tokens', '4', '--adapter', adapter],
    ['gradcheck', '--model', model, '--fixture', `${model}/fixture.safetensors`, '--adapter', adapter],
    ['probe', '--model', model, '--count', '1', '--adapter', adapter],
    ['run', '--model', model, '--out', join(folder, 'run'), '--iterations', '0', '--adapter', adapter],
  ];
  const last = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1)!);

  test('LoRA on the head is refused by every command in the same words', async () => {
    for (const args of commands(join(fixtures, 'head'))) {
      const { code, stdout } = await lab([...args, '--threads', '1', '--json']);
      expect([code, last(stdout)], args[0]).toEqual([
        1,
        {
          error: expect.stringMatching(/^adapter_model.safetensors holds LoRA on the output head \(lm_head/),
          code: 'adapter',
        },
      ]);
    }
  });

  test('names with wrappers are the same adapter to every command', async () => {
    const wrapped = join(folder, 'wrapped');
    await cp(`${model}/adapter`, wrapped, { recursive: true });
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(join(wrapped, WEIGHTS_FILE))));
    const renamed = new Map([...tensors].map(([name, t]) => [`module._orig_mod.${name}`, t]));
    await rm(join(wrapped, WEIGHTS_FILE), { force: true });
    await writeFile(join(wrapped, WEIGHTS_FILE), writeSafetensors(renamed));
    const said = [];
    for (const adapter of [`${model}/adapter`, wrapped]) {
      const [generate, gradcheck] = commands(adapter);
      const { stdout } = await lab([...generate!, '--threads', '1', '--json']);
      const checked = await lab([...gradcheck!, '--threads', '1', '--json']);
      said.push([last(stdout).samples, checked.code, last(checked.stdout).errors]);
    }
    expect(said[1]).toEqual(said[0]);
    expect(said[1]![1]).toBe(0);
  });
});
