/** The page before anybody presses a button. */
import { fileURLToPath } from 'node:url';
import { expect, test } from './fixtures.ts';
import { serveStatic } from './staticHost.ts';

test('opens from a subfolder of a plain static host', async ({ page }) => {
  const host = await serveStatic(fileURLToPath(new URL('../../dist', import.meta.url)), '/some/folder/');
  try {
    const missing: string[] = [];
    page.on('response', (response) => {
      if (response.status() >= 400) missing.push(response.url());
    });
    await page.goto(host.url);
    await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeVisible();
    // The host must not go while the page still reads from it.
    await page.waitForLoadState('networkidle');
    expect(missing).toEqual([]);
  } finally {
    // What the service worker still fetches for later must not find its host gone.
    await page.close();
    await host.close();
  }
});

test('first paint needs neither ONNX Runtime nor Pyodide, nor any other heavy library', async ({ page }) => {
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(request.url()));
  await page.goto('./');
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeVisible();
  await page.waitForLoadState('networkidle');
  const heavy = /\.wasm|\.onnx|ort[.-]|onnx|pyodide|python_stdlib|transformers|monaco|editor/;
  expect(loaded.filter((url) => heavy.test(new URL(url).pathname))).toEqual([]);
});
