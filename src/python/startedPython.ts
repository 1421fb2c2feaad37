/** A started Python for the page: made while the page is built, so that no browser has to compile Python's library. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { startedPython } from './nodeJudge.ts';

/** Emits it beside the chunks, and tells `pyodideFiles.ts` its name and size; only builds have it. */
export function startedPythonAsset(): Plugin {
  let asset: { name: string; source: Uint8Array } | undefined;
  return {
    name: 'started-python',
    async config(_config, { command, isPreview }) {
      if (command === 'build' && !isPreview) {
        const source = gzipSync(await startedPython(), { level: 9 });
        const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
        asset = { name: `pyodide-started-${hash}.snapshot`, source };
      }
      const told = asset && { name: asset.name, bytes: asset.source.length };
      return { define: { __STARTED_PYTHON__: told ? JSON.stringify(told) : 'undefined' } };
    },
    generateBundle() {
      if (asset) this.emitFile({ type: 'asset', fileName: `assets/${asset.name}`, source: asset.source });
    },
  };
}
