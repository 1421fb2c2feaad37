/** Reference models beside the project: tiny decoders as other tools export them, with PyTorch's numbers. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderFiles } from '../../../../src/lm/folderFiles.ts';
import { type HubModel, loadHubModel } from '../../../../src/lm/hub/hubModel.ts';
import { type LoraAdapter, readPeft } from '../../../../src/lm/peft.ts';
import { readSafetensors, type SafeTensor } from '../../../../src/lm/safetensors.ts';

const shared = fileURLToPath(new URL('../../../../../shared/', import.meta.url));
export const fixtureFolder = (name: string): string => join(shared, 'fixtures', name);
/** Tests on them are skipped where the folder is not there. */
export const fixturesThere = existsSync(join(shared, 'fixtures'));

export interface Fixture {
  model: HubModel;
  tensors: ReadonlyMap<string, SafeTensor>;
  adapter: LoraAdapter;
}

export async function loadFixture(name: string): Promise<Fixture> {
  const folder = fixtureFolder(name);
  const bytes = (path: string) => new Uint8Array(readFileSync(join(folder, path)));
  return {
    model: await loadHubModel(folderFiles(folder)),
    tensors: readSafetensors(bytes('fixture.safetensors')).tensors,
    adapter: readPeft(
      readFileSync(join(folder, 'adapter/adapter_config.json'), 'utf8'),
      bytes('adapter/adapter_model.safetensors'),
    ),
  };
}
