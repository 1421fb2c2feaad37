import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { startedPythonAsset } from './src/python/startedPython.ts';

// Without it the preview image's address is relative, which some readers of previews do not follow.
process.env.VITE_SITE ??= './';
const root = fileURLToPath(new URL('.', import.meta.url));

/** What `src/ui/parts/editor/monaco.ts` imports. */
const monacoEntries = [
  ...readFileSync(join(root, 'src/ui/parts/editor/monaco.ts'), 'utf8').matchAll(/'(monaco-editor\/[^'?]+)'/g),
].map(([, entry]) => entry!);

/**
 * Serves the runtimes' own loader scripts as they are. The page hands them to isolated frames as
 * bytes, and there Vite's rewritten imports (`/@vite/client`) lead nowhere.
 */
function rawRuntimeScripts(): Plugin {
  const script = /^\/node_modules\/(pyodide\/pyodide(\.asm)?|onnxruntime-web\/dist\/ort-wasm-[\w.-]+)\.mjs$/;
  return {
    name: 'raw-runtime-scripts',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://localhost');
        // `?url` asks for a module that exports the address, which is Vite's to make.
        if (!script.test(path) || searchParams.has('url')) return next();
        response.setHeader('Content-Type', 'text/javascript');
        response.setHeader('Cache-Control', 'no-cache');
        createReadStream(join(root, path)).on('error', next).pipe(response);
      });
    },
  };
}

/** The packages by name, from their sources, as `tsconfig.json` says. */
const packages = Object.entries(
  (
    JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
      compilerOptions: { paths: Record<string, string[]> };
    }
  ).compilerOptions.paths,
).map(([name, [file]]) => ({ find: new RegExp(`^${name}$`), replacement: join(root, file!) }));

export default defineConfig({
  resolve: { alias: packages },
  plugins: [
    react({ jsxImportSource: '#ui' }),
    rawRuntimeScripts(),
    startedPythonAsset(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src/offline',
      filename: 'serviceWorker.ts',
      // `src/offline/offlineState.ts` registers it, once the page is there.
      injectRegister: false,
      injectManifest: {
        globPatterns: ['**/*'],
        globIgnores: ['**/README.md', 'icons/icon.svg', 'preview.png'],
        // ONNX Runtime's wasm is the largest.
        maximumFileSizeToCacheInBytes: 64e6,
      },
      manifest: {
        name: 'Foothold',
        short_name: 'Foothold',
        description: 'A small coding model teaches itself, in a browser tab.',
        start_url: './',
        scope: './',
        display: 'standalone',
        background_color: '#faf9f5',
        theme_color: '#faf9f5',
        icons: [
          { src: 'icons/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icons/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icons/icon-512-maskable.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
    }),
  ],
  // Relative addresses: the build works from any folder of any static host.
  base: './',
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    // The heavy libraries are chunks of their own that load when they are first needed.
    chunkSizeWarningLimit: 4000,
  },
  optimizeDeps: {
    // These find their wasm files relative to themselves, which bundling would break.
    exclude: ['onnxruntime-web', 'pyodide', '@huggingface/transformers'],
    // A fixed list instead of discovery: discovery reloads the page in the middle of what it does.
    noDiscovery: true,
    include: [
      'react',
      'react/jsx-runtime',
      'react/jsx-dev-runtime',
      'react-dom',
      'react-dom/client',
      'idb',
      // Thousands of modules otherwise.
      ...monacoEntries,
    ],
  },
});
