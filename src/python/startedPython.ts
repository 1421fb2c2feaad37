/** A started Python for the page, so that no browser has to compile Python's library: made while the page is built, and kept for the development server. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { startedPython } from './nodeJudge.ts';

/** Emits or serves it beside the module that loads it, and tells `pyodideFiles.ts` its name and size. */
export function startedPythonAsset(): Plugin {
  let asset: { name: string; source: Uint8Array } | undefined;
  return {
    name: 'started-python',
    async config(_config, { command, isPreview }) {
      if (command === 'build') {
        const source = gzipSync(await startedPython(), { level: 9 });
        const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
        asset = { name: `pyodide-started-${hash}.snapshot`, source };
      } else if (!isPreview && !process.env.VITEST) {
        // Five seconds once after each change of the judge's Python; the page starts without it too.
        const source = await startedPython().catch(() => undefined);
        if (source) asset = { name: 'pyodide-started.snapshot', source };
      }
      const told = asset && { name: asset.name, bytes: asset.source.length };
      return { define: { __STARTED_PYTHON__: told ? JSON.stringify(told) : 'undefined' } };
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!asset || !request.url?.endsWith(`/${asset.name}`)) return next();
        response.setHeader('Content-Type', 'application/octet-stream');
        response.setHeader('Cache-Control', 'no-store');
        response.end(asset.source);
      });
    },
    generateBundle() {
      if (asset) this.emitFile({ type: 'asset', fileName: `assets/${asset.name}`, source: asset.source });
    },
  };
}
