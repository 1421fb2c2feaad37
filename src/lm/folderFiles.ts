/** A model repository in a folder on disk (Node). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelFileError, type RepositoryFiles } from './repository.ts';

export function folderFiles(folder: string): RepositoryFiles {
  return {
    async read(path) {
      try {
        return await readFile(join(folder, path));
      } catch (error) {
        throw new ModelFileError(`${path} could not be read in ${folder}`, { cause: error });
      }
    },
  };
}
