/** A model repository in Hugging Face layout, read from a web address or a folder. */
import { LoraError, type LoraErrorData } from '../errors.ts';

/** Where a repository's files come from. `path` is relative, such as `onnx/model.onnx`. */
export interface RepositoryFiles {
  /**
   * Throws `ModelFileError` where the file can't be had. `total` is 0 when unknown. `optional`: many
   * repositories lack it, so that one that was kept for use without a connection may lack it too.
   */
  read(
    path: string,
    options?: {
      signal?: AbortSignal;
      onProgress?: (done: number, total: number) => void;
      optional?: boolean;
    },
  ): Promise<Uint8Array>;
  /** Whether a file is there; absent where only reading it would tell. */
  has?(path: string): Promise<boolean>;
}

/** A file of the model is missing, cut short or not what it should be; the message says which and what to do. */
export class ModelFileError extends LoraError<ModelFileCode> {
  override name = 'ModelFileError';
  constructor(message: string, { code = 'model-file', data = {}, ...options }: ModelFileErrorOptions = {}) {
    super(code, data, message, options);
  }
}

type ModelFileCode =
  | 'model-file'
  | 'model-file-missing'
  | 'model-file-forbidden'
  | 'model-folder-wrong'
  | 'template-unusable'
  | 'download-broken';
interface ModelFileErrorOptions extends ErrorOptions {
  code?: ModelFileCode;
  data?: LoraErrorData[ModelFileCode];
}

/** The repository has no such file. */
export class MissingFileError extends ModelFileError {
  override name = 'MissingFileError';
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'model-file-missing' });
  }
}

/** Files below a web address. */
export function httpFiles(base: string): RepositoryFiles {
  const root = base.endsWith('/') ? base : `${base}/`;
  return {
    async read(path, { signal, onProgress } = {}) {
      const url = root + path;
      const broken = (message: string, cause?: unknown) =>
        new ModelFileError(message, { code: 'download-broken', data: { path, url, kept: 0 }, cause });
      let response: Response;
      try {
        response = await fetch(url, signal ? { signal } : {});
      } catch (error) {
        if (signal?.aborted) throw error;
        throw broken(`${path} could not be reached at ${url}.`, error);
      }
      // A static host may answer an unknown path with its index page.
      const type = response.headers.get('content-type') ?? '';
      if (!response.ok || type.startsWith('text/html')) {
        const answer = response.ok ? 'a web page answered' : `status ${response.status}`;
        const missing = response.ok || response.status === 404 || response.status === 410;
        if (missing) throw new MissingFileError(`${path} is not at ${url} (${answer})`);
        const what = `${path} could not be read at ${url} (${answer}).`;
        if (response.status === 401 || response.status === 403) {
          throw new ModelFileError(what, { code: 'model-file-forbidden', data: { path, url } });
        }
        throw broken(what);
      }
      // The length is that of the transfer, which compression makes smaller than the file.
      const encoded = response.headers.get('content-encoding') !== null;
      const total = encoded ? 0 : Number(response.headers.get('content-length') ?? 0);
      const reader = response.body!.getReader();
      const chunks: Uint8Array[] = [];
      let done = 0;
      for (;;) {
        const { value, done: ended } = await reader.read().catch((error: unknown) => {
          if (signal?.aborted) throw error;
          throw broken(`${path} broke off at ${done} bytes of ${total || 'an unknown number'}.`, error);
        });
        if (ended) break;
        chunks.push(value);
        done += value.length;
        onProgress?.(done, total);
      }
      if (total && done !== total) {
        throw broken(`${path} arrived cut short (${done} of ${total} bytes).`);
      }
      const bytes = new Uint8Array(done);
      let at = 0;
      for (const chunk of chunks) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      return bytes;
    },
  };
}

/** A file's bytes; undefined where the repository has no such file. */
export async function readIfThere(
  files: RepositoryFiles,
  path: string,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    return await files.read(path, { optional: true, ...(signal && { signal }) });
  } catch (error) {
    if (error instanceof MissingFileError) return undefined;
    throw error;
  }
}

export async function readJson(
  files: RepositoryFiles,
  path: string,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  return parseObject(path, await files.read(path, signal ? { signal } : {}));
}

/** The object in a file; undefined where the repository has no such file. */
export async function readJsonIfThere(
  files: RepositoryFiles,
  path: string,
  signal?: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  const bytes = await readIfThere(files, path, signal);
  return bytes && parseObject(path, bytes);
}

/** Python writes numbers that JSON lacks, and reads them. */
const withoutNaN = (text: string) =>
  text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:Infinity|NaN)\b/g, (all) => (all.startsWith('"') ? all : 'null'));

function parseObject(path: string, bytes: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder().decode(bytes);
  try {
    const value: unknown = JSON.parse(/\b(?:Infinity|NaN)\b/.test(text) ? withoutNaN(text) : text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    throw new ModelFileError(`${path} is not JSON; the download may be damaged.`, {
      cause: error,
    });
  }
  throw new ModelFileError(`${path} does not hold a JSON object`);
}
