/** An adapter's two files in a folder, as PEFT saves them. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AdapterFiles } from '../src/lab/adapters.ts';
import { CONFIG_FILE, type LoraAdapter, readPeft, WEIGHTS_FILE } from 'onnx-lora';
import { UsageError } from './usage.ts';

/** Throws `UsageError` where one of the files is not there, and says what is in its place. */
async function readAdapterFolder(folder: string): Promise<AdapterFiles> {
  const read = async (name: string) => {
    try {
      return await readFile(join(folder, name));
    } catch {
      throw new UsageError(`${folder} has no ${name}${await inItsPlace(folder, name)}.`);
    }
  };
  const [config, weights] = await Promise.all([read(CONFIG_FILE), read(WEIGHTS_FILE)]);
  // Leaves a byte order mark away.
  return { name: folder, config: new TextDecoder().decode(config), weights };
}

/**
 * The adapter in a folder, and its files; says on stderr what its makers may have expected of it and is not
 * there. Throws `UsageError` where there is none, `PeftError` where it is none that can be used.
 */
export async function readAdapter(folder: string): Promise<{ files: AdapterFiles; adapter: LoraAdapter }> {
  const files = await readAdapterFolder(resolve(folder));
  const adapter = readPeft(files.config, files.weights);
  if (adapter.untrained) {
    console.error(
      `${folder}: ${CONFIG_FILE} has ${adapter.untrained.join(', ')} among its target_modules, and ${WEIGHTS_FILE} holds nothing of that: it stays as it is in the model.`,
    );
  }
  return { files: { ...files, name: folder }, adapter };
}

/** The message for files of other tools in the place of PEFT's, with advice. */
async function inItsPlace(folder: string, missing: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return ': it is not there, or no folder';
  const names = new Set(entries.map((entry) => entry.name));
  const below: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const inside = await readdir(join(folder, entry.name)).catch((): string[] => []);
    if (inside.includes(WEIGHTS_FILE)) below.push(join(folder, entry.name));
  }
  if (below.length > 0) return `; adapters are in ${below.join(', ')}`;
  if (missing === WEIGHTS_FILE) {
    if (names.has('adapter_model.bin')) {
      return ': its adapter_model.bin is pickled, and would have to be run to be read. Save it anew in PEFT, with save_pretrained(..., safe_serialization=True)';
    }
    if ([...names].some((name) => /^adapter_model-\d+-of-\d+\.safetensors$/.test(name))) {
      return ': its weights are in several files. Save it anew in PEFT, as one';
    }
  }
  if (names.has('adapters.safetensors')) return ": it holds an adapter in MLX's format, not in PEFT's";
  if (names.has('model.safetensors') || names.has('model.safetensors.index.json')) {
    return ': it holds a whole model, not an adapter';
  }
  return '';
}
