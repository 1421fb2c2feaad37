/** Adapters as people hand them over: two files, or a zip of them. */
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import {
  CONFIG_FILE,
  type LoraAdapter,
  WEIGHTS_FILE,
  writePeft,
} from '../../../packages/onnx-lora/src/adapters/peft.ts';
import { textOf } from '../../../src/ui/parts/wording.ts';
import { openAdapter } from '../../../src/ui/store/openAdapter.ts';

const made: LoraAdapter = {
  baseModel: 'someone/tiny',
  pairs: new Map([
    [
      'model.layers.0.self_attn.q_proj',
      {
        rank: 2,
        fanIn: 3,
        fanOut: 4,
        a: new Float32Array(6).fill(1),
        b: new Float32Array(8).fill(2),
        scale: 4,
      },
    ],
  ]),
};
const files = writePeft(made) as Map<string, Uint8Array<ArrayBuffer>>;
const file = (name: string, bytes = files.get(name)!) => new File([bytes], name);
const zip = (inside: Record<string, Uint8Array>) =>
  file('adapter.zip', zipSync(inside, { level: 0 }) as Uint8Array<ArrayBuffer>);

test.each<[string, File[]]>([
  ['two files among others', [file(WEIGHTS_FILE), file('README.md', new Uint8Array(3)), file(CONFIG_FILE)]],
  ['a zip', [zip(Object.fromEntries(files))]],
  ['a zip of a folder', [zip(Object.fromEntries([...files].map(([name, b]) => [`first/${name}`, b])))]],
])('%s', async (_what, chosen) => {
  const { adapter, tuning, layers } = await openAdapter(chosen);
  expect(adapter.name).toBe('an adapter of someone/tiny');
  expect(adapter.weights).toEqual(files.get(WEIGHTS_FILE));
  // It goes on with the rank and the scale it has.
  expect(tuning).toEqual({ kind: 'lora', rank: 2, alpha: 8 });
  expect(layers).toBe(1);
});

test.each<[string, File[], RegExp]>([
  [
    'one of the two files',
    [file(CONFIG_FILE)],
    /adapter_config.json and adapter_model.safetensors\. Choose both together/,
  ],
  [
    'a zip of several',
    [zip({ ...Object.fromEntries(files), [`other/${CONFIG_FILE}`]: files.get(CONFIG_FILE)! })],
    /holds several adapters \(.*other\/adapter_config.json\)/,
  ],
  ['a zip of something else', [zip({ 'notes.txt': new Uint8Array(3) })], /or a zip of both/],
  ['a zip that is none', [file('adapter.zip', new Uint8Array(40))], /no zip that can be read/],
  [
    'damaged weights',
    [file(CONFIG_FILE), file(WEIGHTS_FILE, new Uint8Array(9))],
    /adapter_model.safetensors/,
  ],
])('%s is refused with what to do', async (_what, chosen, message) => {
  const error: unknown = await openAdapter(chosen).catch((e: unknown) => e);
  expect(textOf(error)).toMatch(message);
});
