/** A model repository in a folder on disk (Node). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelFileError, type RepositoryFiles } from './repository.ts';

export function folderFiles(folder: string): RepositoryFiles {
  return {
    async read(path) {
      try {
        const { buffer, byteOffset, byteLength } = await readFile(join(folder, path));
        return new Uint8Array(buffer, byteOffset, byteLength);
      } catch (error) {
        throw new ModelFileError(`${path} could not be read in ${folder}`, { cause: error });
      }
    },
  };
}
