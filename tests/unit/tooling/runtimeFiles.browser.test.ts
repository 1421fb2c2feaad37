/** The runtimes' files come from the page's own origin, byte for byte, without special headers. */
import ortWebgpu from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import ortWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import pyodideAsmScript from 'pyodide/pyodide.asm.mjs?url';
import pyodideWasm from 'pyodide/pyodide.asm.wasm?url';
import pyodideScript from 'pyodide/pyodide.mjs?url';
import pyodideLock from 'pyodide/pyodide-lock.json?url';
import stdlib from 'pyodide/python_stdlib.zip?url';
import { expect, test } from 'vitest';

test.each([
  ['onnxruntime wasm', ortWasm],
  ['onnxruntime wasm for WebGPU', ortWebgpu],
  ['pyodide wasm', pyodideWasm],
  ['pyodide lock file', pyodideLock],
  ['Python standard library', stdlib],
])('%s is served from our own origin', async (_name, url) => {
  expect(new URL(url, location.href).origin).toBe(location.origin);
  const response = await fetch(url);
  expect(response.status).toBe(200);
  const start = new Uint8Array(await response.arrayBuffer()).subarray(0, 4);
  const magic = { wasm: [0, 0x61, 0x73, 0x6d], zip: [0x50, 0x4b, 3, 4], json: [0x7b] };
  const kind = url.endsWith('.wasm') ? 'wasm' : url.includes('.zip') ? 'zip' : 'json';
  expect([...start].slice(0, magic[kind].length)).toEqual(magic[kind]);
});

test.each([
  ['pyodide.mjs', pyodideScript],
  ['pyodide.asm.mjs', pyodideAsmScript],
])('%s is served without rewritten imports', async (_name, url) => {
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toContain('javascript');
  const source = await response.text();
  expect(source.length).toBeGreaterThan(10_000);
  expect(source).not.toContain('@vite');
  expect(source).not.toContain('__vite');
});

test('a foreign host cannot be reached', async () => {
  await expect(fetch('https://example.com/', { mode: 'no-cors' })).rejects.toThrow();
});

test('WebGPU has an adapter', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  expect(adapter?.info.architecture).toBe('swiftshader');
});
