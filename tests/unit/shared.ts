/** Fixtures beside the repository, which hold other people's exports with reference numbers. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const sharedFolder = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** For `test.skipIf`: whether `path` below the shared folder is absent. */
export const lacksShared = (path: string) => !existsSync(sharedFolder + path);
