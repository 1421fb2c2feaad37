/** A reference model (tests/fixtures/models), opened, with PyTorch's numbers and the adapter that they belong to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderFiles } from '../../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { type HubModel, loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import {
  CONFIG_FILE,
  type LoraAdapter,
  readPeft,
  WEIGHTS_FILE,
} from '../../../../packages/onnx-lora/src/adapters/peft.ts';
import { readSafetensors, type SafeTensor } from '../../../../packages/onnx-lora/src/adapters/safetensors.ts';
import { fixtureFolder } from '../../../fixtures/models/folders.ts';
import { numbersOf } from '../../../fixtures/models/numbersOf.ts';

export interface Fixture {
  model: HubModel;
  tensors: ReadonlyMap<string, SafeTensor>;
  adapter: LoraAdapter;
}

export async function loadFixture(name: string): Promise<Fixture> {
  const numbers = fixtureFolder(numbersOf(name));
  const bytes = (path: string) => new Uint8Array(readFileSync(join(numbers, path)));
  return {
    model: await loadHubModel(folderFiles(fixtureFolder(name))),
    tensors: readSafetensors(bytes('fixture.safetensors')).tensors,
    adapter: readPeft(
      readFileSync(join(numbers, 'adapter', CONFIG_FILE), 'utf8'),
      bytes(`adapter/${WEIGHTS_FILE}`),
    ),
  };
}
