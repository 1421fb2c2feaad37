/** Which of a repository's graphs is read, and what is said where it cannot be. */
import { expect, test } from 'vitest';
import { loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import {
  MissingFileError,
  ModelFileError,
  type RepositoryFiles,
} from '../../../../packages/onnx-lora/src/repository/repository.ts';

/** A repository with a config and files that cannot be read as a graph. */
function repository(
  graphs: string[],
  { lists = true, broken = '' } = {},
): RepositoryFiles & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async read(path) {
      asked.push(path);
      if (path === 'config.json') return new TextEncoder().encode('{}');
      if (path === broken) throw new ModelFileError(`${path} arrived cut short`);
      if (graphs.includes(path)) return Uint8Array.of(0xff);
      throw new MissingFileError(`${path} is not there`);
    },
    ...(lists && { has: async (path) => graphs.includes(path) }),
  };
}

test('a dtype that is not there is answered with those that are', async () => {
  const files = repository(['onnx/model.onnx', 'onnx/model_q4f16.onnx']);
  await expect(loadHubModel(files, { dtype: 'fp16' })).rejects.toThrow(
    'the repository has no graph of the dtype fp16 (looked for onnx/model_fp16.onnx): choose one that it has: fp32, q4f16',
  );
  const unknown = repository(['onnx/model.onnx'], { lists: false });
  await expect(loadHubModel(unknown, { dtype: 'q4' })).rejects.toThrow(
    'choose another of fp32, fp16, q4f16, bnb4',
  );
  await expect(loadHubModel(repository(['onnx/model_quantized.onnx']))).rejects.toThrow(
    'it has q8, which round activations and cannot be trained through: choose another repository',
  );
});

test('a download that breaks off is not taken for a file that is not there', async () => {
  const files = repository(['onnx/model.onnx'], { broken: 'onnx/model_q4.onnx' });
  await expect(loadHubModel(files)).rejects.toThrow('onnx/model_q4.onnx arrived cut short');
  expect(files.asked).toEqual(['config.json', 'onnx/model_q4.onnx']);
});
