/** A model repository in a folder on disk (Node). */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingFileError, ModelFileError, type RepositoryFiles } from './repository.ts';

export function folderFiles(folder: string): RepositoryFiles {
  return {
    async read(path) {
      try {
        const { buffer, byteOffset, byteLength } = await readFile(join(folder, path));
        return new Uint8Array(buffer, byteOffset, byteLength);
      } catch (error) {
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        throw new (missing ? MissingFileError : ModelFileError)(
          `${path} ${missing ? 'is not' : 'could not be read'} in ${folder}`,
          { cause: error },
        );
      }
    },
    has: (path) =>
      access(join(folder, path)).then(
        () => true,
        () => false,
      ),
  };
}
