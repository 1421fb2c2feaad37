/** Pyodide's files from the page's own origin, as bytes, and Python as it is once it has started. */
import { pythonFailed } from './pythonFailed.ts';
import asmUrl from 'pyodide/pyodide.asm.mjs?url';
import wasmUrl from 'pyodide/pyodide.asm.wasm?url';
import pyodideUrl from 'pyodide/pyodide.mjs?url';
import stdlibUrl from 'pyodide/python_stdlib.zip?url';
import { gunzip, isGzip } from '../util/gzip.ts';

/** Sizes in bytes: hosts that compress do not say how much is to come. A test keeps them true. */
export const FILE_SIZES = { pyodide: 17_931, asm: 1_250_344, wasm: 9_598_218, stdlib: 2_545_637 };

export type PyodideFiles = Record<keyof typeof FILE_SIZES, Uint8Array<ArrayBuffer>> & {
  /** The memory of a started Python; absent where the page was not built (`startedPython.ts`) or the file cannot be loaded. */
  snapshot?: Uint8Array<ArrayBuffer>;
};

/** Bytes of a started Python, unpacked, at most: it has some 31 MB. */
const LARGEST_SNAPSHOT = 256 * 2 ** 20;

/** The snapshot's file beside the chunks, gzipped. */
declare const __STARTED_PYTHON__: { name: string; bytes: number } | undefined;

/** Loads them side by side; `onProgress` is told bytes, of the whole. Throws where one cannot be had. */
export async function loadPyodideFiles(
  onProgress?: (loaded: number, total: number) => void,
  signal?: AbortSignal,
): Promise<PyodideFiles> {
  const started = __STARTED_PYTHON__;
  const total = Object.values(FILE_SIZES).reduce((sum, size) => sum + size, started?.bytes ?? 0);
  let loaded = 0;
  const load = async (url: string) => {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok || !response.body) throw pythonFailed(`${url} answered ${response.status}`);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      loaded += value.length;
      onProgress?.(Math.min(loaded, total), total);
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  };
  const loadSnapshot = async (name: string) => {
    const here = import.meta.url;
    try {
      const bytes = await load(new URL(name, here).href);
      // Some hosts send it as a content encoding, which the browser unpacks.
      return isGzip(bytes) ? await gunzip(bytes, LARGEST_SNAPSHOT) : bytes;
    } catch (error) {
      if (signal?.aborted) throw error;
      return; // Python starts without it too, a few seconds later.
    }
  };
  const [snapshot, pyodide, asm, wasm, stdlib] = await Promise.all([
    started && loadSnapshot(started.name),
    ...[pyodideUrl, asmUrl, wasmUrl, stdlibUrl].map(load),
  ]);
  return { pyodide: pyodide!, asm: asm!, wasm: wasm!, stdlib: stdlib!, ...(snapshot && { snapshot }) };
}
