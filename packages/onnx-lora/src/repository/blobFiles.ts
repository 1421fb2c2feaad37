/** A model repository in a folder that a person chose in the browser. */
import { MissingFileError, ModelFileError, type RepositoryFiles } from './repository.ts';

/** Files by their path below the repository's folder, such as `onnx/model.onnx`. They survive `postMessage`. */
export type FolderContent = ReadonlyMap<string, File>;

/** The repository in what `<input webkitdirectory>` gives: the folder that holds `config.json`, at any depth. */
export function folderContent(files: Iterable<File>): { name: string; content: FolderContent } {
  const all = [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  const configs = all
    .filter(({ path }) => /(?:^|\/)config\.json$/.test(path))
    .map(({ path }) => path.slice(0, -'config.json'.length))
    .sort((a, b) => a.length - b.length);
  const [root] = configs;
  if (root === undefined) {
    throw new ModelFileError(
      'There is no config.json in this folder, as a model in Hugging Face layout has it (config.json, tokenizer.json, onnx/).',
      { code: 'model-folder-wrong' },
    );
  }
  const name = root.split('/').filter(Boolean).at(-1) ?? 'folder';
  const content = new Map(
    all.flatMap(({ file, path }) => (path.startsWith(root) ? [[path.slice(root.length), file]] : [])),
  );
  return { name, content };
}

export function blobFiles(content: FolderContent): RepositoryFiles {
  return {
    has: async (path) => content.has(path),
    async read(path, { signal, onProgress } = {}) {
      const file = content.get(path);
      if (!file) throw new MissingFileError(`${path} is not in the folder`);
      signal?.throwIfAborted();
      try {
        const bytes = new Uint8Array(await file.arrayBuffer());
        onProgress?.(bytes.length, bytes.length);
        return bytes;
      } catch (cause) {
        throw new ModelFileError(`${path} could not be read in the folder.`, { cause });
      }
    },
  };
}
