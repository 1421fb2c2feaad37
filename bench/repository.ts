/** The embedded model's folder, or one of the same shape with random weights where it is not there yet. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decoderConfig } from '../pretrain/config.ts';
import { exportModel } from '../pretrain/export.ts';
import { trainableLayout } from '../src/embedded/decoder.ts';
import { initialWeights } from 'onnx-lora';

const root = fileURLToPath(new URL('..', import.meta.url));

export function benchRepository(): string {
  const shipped = join(root, 'public/models/foothold-micro-2');
  if (existsSync(join(shipped, 'onnx/model.onnx'))) return shipped;
  const folder = join(root, '.cache/bench/foothold-micro');
  const layout = trainableLayout(decoderConfig, { kind: 'full' });
  mkdirSync(folder, { recursive: true });
  exportModel(folder, decoderConfig, layout, initialWeights(layout, new Map(), 1));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(shipped, name), join(folder, name));
  return folder;
}
