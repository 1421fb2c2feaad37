/** A decoder in Hugging Face layout from another host: chosen, downloaded, stopped, taken up, and taught. */
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { CONFIG_FILE, WEIGHTS_FILE, writePeft } from '../../packages/onnx-lora/src/adapters/peft.ts';
import { expect, test } from './fixtures.ts';
import { checkpointOf, chooseBackend, runButton, runTo, setSettings, storedRuns } from './labPage.ts';

const folder = fileURLToPath(new URL('../../public/models/foothold-micro-2/', import.meta.url));

/** What a model host does: ranges, and headers for pages of other origins. Holds back the file's end until told. */
async function modelHost() {
  const asked: string[] = [];
  let holding = true;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname.replace('/tiny/', '');
    const { range } = request.headers;
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'range');
    response.setHeader('Access-Control-Expose-Headers', 'content-range, etag');
    if (request.method === 'OPTIONS') return response.end();
    asked.push(`${path} ${range ?? 'all'}`);
    let file: Buffer;
    try {
      file = readFileSync(join(folder, path));
    } catch {
      return response.writeHead(404).end();
    }
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    if (from > 0) response.setHeader('Content-Range', `bytes ${from}-${file.length - 1}/${file.length}`);
    response.setHeader('Content-Type', 'application/octet-stream');
    response.setHeader('ETag', '"one"');
    response.setHeader('Content-Length', file.length - from);
    response.writeHead(from > 0 ? 206 : 200);
    if (holding && path.endsWith('.onnx')) return response.write(file.subarray(from, from + 200_000));
    return response.end(file.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny/`,
    asked,
    letGo: () => {
      holding = false;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** An adapter in PEFT's format on one projection of the first layer, its values easy to recognize. */
const ADAPTER = writePeft({
  baseModel: 'someone/tiny',
  pairs: new Map([
    [
      'model.layers.0.self_attn.q_proj',
      {
        ...{ rank: 2, fanIn: 128, fanOut: 128, scale: 1 },
        a: new Float32Array(2 * 128).fill(0.015625),
        b: new Float32Array(128 * 2).fill(0.03125),
      },
    ],
  ]),
});

const openSheet = async (page: Page) => {
  await page.getByRole('button', { name: 'Model', exact: true }).click();
  return page.getByRole('dialog', { name: 'Model of the next run' });
};

test('an iteration on a repository that another host serves, from an adapter of PEFT', async ({ page }) => {
  test.setTimeout(420_000);
  const host = await modelHost();
  try {
    await page.goto('./');
    await chooseBackend(page, 'wasm');
    const sheet = await openSheet(page);
    await sheet.getByLabel('Weights').selectOption('fp32');
    await sheet.getByLabel('Another repository').fill(host.url);
    await sheet.getByRole('button', { name: 'Use it' }).click();
    await expect(sheet.getByRole('status').first()).toContainText('Chosen. About');
    expect(host.asked).toEqual(['config.json all']);
    await sheet.getByLabel(/Start from a LoRA adapter/).setInputFiles(
      [CONFIG_FILE, WEIGHTS_FILE].map((name) => ({
        name,
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(ADAPTER.get(name)!),
      })),
    );
    await expect(
      sheet.getByText(/The next run starts from an adapter of someone\/tiny: rank 2/),
    ).toBeVisible();
    await sheet.getByRole('button', { name: 'Close' }).click();
    await expect(page.getByText(/tiny, which is downloaded once/)).toBeVisible();
    await setSettings(page, { 'Goalposts an iteration': 4, Rollouts: 4, 'Try goalposts every': 0 });

    // Held up in the middle, stopped by the person, and asked for again.
    await runButton(page).click();
    await expect.poll(() => host.asked.some((a) => a.startsWith('onnx/model.onnx'))).toBe(true);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect(runButton(page)).toBeVisible();
    host.letGo();
    await runTo(page, 1);

    const [stored] = await storedRuns(page);
    const events = stored!.events;
    const [start, resumed] = events;
    expect(start).toMatchObject({
      ...{ type: 'run-started', model: `url:${host.url}#fp32`, adapter: 'an adapter of someone/tiny' },
      settings: { tuning: { kind: 'lora', rank: 2, alpha: 2 } },
    });
    // The adapter's own pair, among others that change nothing yet.
    const { weights } = await checkpointOf(page, stored!.run, 'iteration-0');
    expect(weights.filter((w) => w === 0.015625)).toHaveLength(2 * 128);
    expect(weights.filter((w) => w === 0.03125)).toHaveLength(2 * 128);
    expect(resumed).toMatchObject({ type: 'resumed', policy: { backend: expect.stringMatching(/^wasm/) } });
    const proposals = events.filter((e) => e.type === 'proposed');
    expect(proposals.length).toBeGreaterThanOrEqual(4);
    expect(proposals.some((e) => e.proposal.question)).toBe(true);
    for (const { proposal } of proposals) {
      expect(proposal.question ?? proposal.fault?.message).toBeTruthy();
    }
    expect(events.some((e) => e.type === 'updated' && e.stats.steps > 0)).toBe(true);
  } finally {
    host.close();
  }
});

test('a model that does not fit is offered in the largest form that does', async ({ page }) => {
  await page.goto('./');
  await chooseBackend(page, 'wasm');
  const sheet = await openSheet(page);
  const preset = sheet.getByRole('radio', { name: 'Qwen2.5-Coder 0.5B Instruct' });
  const larger = sheet.getByRole('radio', { name: 'Llama 3.2 1B Instruct' });
  await expect(preset).toBeDisabled();
  await expect(larger).toHaveAccessibleDescription(/Not even adapters on one layer would fit/);
  await expect(
    sheet.getByText(/It fits with weights as q4f16, adapters on the last \d+ layers/).first(),
  ).toBeVisible();
  await sheet.getByRole('button', { name: 'use these for Qwen2.5-Coder 0.5B Instruct' }).click();
  await expect(preset).toBeChecked();
  await expect(preset).toHaveAccessibleDescription(/of memory to train/);
  await expect(sheet.getByLabel('Weights')).toHaveValue('q4f16');
});

test('a model with a tensor above the largest buffer of the GPU is refused before its download', async ({
  page,
}) => {
  await page.addInitScript(() => {
    const { requestAdapter } = GPU.prototype;
    GPU.prototype.requestAdapter = async function (options) {
      const adapter = await requestAdapter.call(this, options);
      const least: Record<string, number> = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 };
      const get = (target: GPUSupportedLimits, name: string | symbol) =>
        least[String(name)] ?? Reflect.get(target, name, target);
      if (adapter) Object.defineProperty(adapter, 'limits', { value: new Proxy(adapter.limits, { get }) });
      return adapter;
    };
  });
  const asked: string[] = [];
  // In the shapes of Qwen2.5-Coder-7B.
  const config = {
    ...{ model_type: 'qwen2', vocab_size: 152_064, hidden_size: 3584, num_hidden_layers: 28 },
    ...{ num_attention_heads: 28, num_key_value_heads: 4, intermediate_size: 18_944 },
  };
  await page.route('http://127.0.0.1:9/**', (route) => {
    asked.push(new URL(route.request().url()).pathname);
    return route.fulfill({ json: config, headers: { 'Access-Control-Allow-Origin': '*' } });
  });
  await page.goto('./');
  await chooseBackend(page, 'webgpu');
  const sheet = await openSheet(page);
  await sheet.getByLabel('Another repository').fill('http://127.0.0.1:9/large/');
  await sheet.getByRole('button', { name: 'Use it' }).click();
  await expect(sheet.getByRole('status').first()).toContainText(
    'Does not fit. It needs 272 MB in one buffer (the weights of a layer), and this GPU takes at most 134 MB. Nothing was downloaded. Choose a smaller model, or wasm',
  );
  expect(asked).toEqual(['/large/config.json']);
  // Its table of 544 MB is cut.
  const preset = sheet.getByRole('radio', { name: 'Qwen2.5-Coder 0.5B Instruct' });
  await expect(preset).toHaveAccessibleDescription(/of memory/);
  await expect(preset).not.toHaveAccessibleDescription(/buffer/);
  await sheet.getByRole('button', { name: 'Close' }).click();
});
