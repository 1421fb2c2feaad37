/** `lab adapter` and `lab run --adapter`: out of a run in PEFT's format, and into another one. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPeft } from '../../../packages/onnx-lora/src/adapters/peft.ts';
import { lab } from './command.ts';

const FILES = ['adapter_config.json', 'adapter_model.safetensors'];
const SMALL = [
  ...['--set', 'goalpostsPerIteration=4', '--set', 'rollouts=2', '--set', 'evaluateEvery=0'],
  ...['--threads', '1', '--samples', '0'],
];

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-adapter-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('an adapter that a run trained is exported, starts another run, and is exported from it unchanged', async () => {
  const tuning = 'tuning={"kind":"lora","rank":3,"alpha":5}';
  const first = ['run', '--out', at('first'), '--iterations', '1', ...SMALL, '--set', tuning];
  expect(await lab(first)).toMatchObject({ code: 0 });
  expect(await lab(['adapter', '--run', at('first'), '--out', at('trained')])).toMatchObject({
    code: 0,
  });
  const [config, weights] = await Promise.all(FILES.map((name) => readFile(at('trained', name))));
  const adapter = readPeft(config!.toString(), weights!);
  expect(adapter.baseModel).toBe('foothold-micro-2');
  expect(adapter.pairs.size).toBe(7 * 4);
  expect([...adapter.pairs.values()].every((pair) => pair.rank === 3 && pair.b.some((x) => x !== 0))).toBe(
    true,
  );

  const second = ['run', '--out', at('second'), '--iterations', '0', ...SMALL, '--adapter', at('trained')];
  expect(await lab(second)).toMatchObject({ code: 0 });
  const again = ['adapter', '--run', at('second'), '--checkpoint', '0', '--out', at('again')];
  expect(await lab(again)).toMatchObject({ code: 0 });
  for (const name of FILES) {
    expect(Buffer.compare(await readFile(at('again', name)), await readFile(at('trained', name))), name).toBe(
      0,
    );
  }

  const missing = await lab(['adapter', '--run', at('first'), '--checkpoint', '7', '--out', at('no')]);
  expect(missing).toMatchObject({ code: 2 });
  expect(missing.stderr).toContain('no checkpoint of iteration 7. Stored are those of: 0, 1.');

  await writeFile(
    at('trained', FILES[0]!),
    config!.toString().replace('"use_dora": false', '"use_dora": true'),
  );
  const dora = await lab(['run', '--out', at('third'), ...SMALL, '--adapter', at('trained')]);
  expect(dora).toMatchObject({ code: 1 });
  expect(dora.stderr).toMatch(/^This adapter uses DoRA/);
});
