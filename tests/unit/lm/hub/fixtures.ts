/** Reference models beside the project: tiny decoders as other tools export them, with PyTorch's numbers. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderFiles } from '../../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { type HubModel, loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { type LoraAdapter, readPeft } from '../../../../packages/onnx-lora/src/adapters/peft.ts';
import { readSafetensors, type SafeTensor } from '../../../../packages/onnx-lora/src/adapters/safetensors.ts';

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
