/** Sampling on WebGPU, where the cache stays on the device, against wasm, whose cache lies in the page. */
import { describe, expect, test } from 'vitest';
import { loadHubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';
import { HubSampler } from '../../../../packages/onnx-lora/src/sample/hubSampler.ts';
import { httpFiles, type RepositoryFiles } from '../../../../packages/onnx-lora/src/repository/repository.ts';
import type { Runtime, SessionOptions } from '../../../../packages/onnx-lora/src/runtime/runtime.ts';
import { webRuntime } from '../../../../src/backends/runtime.web.ts';
import { initialWeights } from '../../../../packages/onnx-lora/src/train/trainedVector.ts';
import { readModel, writeModel } from '../../../../packages/onnx-grad/src/proto.ts';

const fixture = (name: string) => httpFiles(new URL(`/tests/fixtures/models/${name}/`, location.href).href);

const KIND = Array.from({ length: 33 }, (_, i) => 20 + ((11 * i) % 251));

// The first ends early, which leaves out its rows; prompts are computed two at a time, which joins their caches.
const REQUESTS = [
  { tokens: [5, 6, 7, 8, 9, 10, 11], samples: 3, maxTokens: 3 },
  { tokens: [40], samples: 2, maxTokens: 10 },
  { tokens: [300, 301, 302], samples: 1, maxTokens: 9 },
  // Longer than what is put together at once, and with rows that wait for a place.
  { tokens: [7, 8, 9], samples: 2, maxTokens: 40 },
  // Of one kind: what they begin with is computed once.
  { tokens: [...KIND, 50, 51], samples: 1, maxTokens: 4 },
  { tokens: [...KIND, 60, 61, 62], samples: 1, maxTokens: 4 },
];

/** Draws for the requests; and of the tensors that stayed on the device, how many there were and were released. */
async function draw(
  backend: 'wasm' | 'webgpu',
  options: { temperature: number; topP: number; topK?: number },
) {
  const count = { kept: 0, released: 0, looks: 0, bytes: 0 };
  const inner = await webRuntime(backend);
  const runtime: Runtime = {
    ...inner,
    async create(model: Uint8Array, options?: SessionOptions) {
      const session = await inner.create(model, options);
      return {
        ...session,
        async run(feeds, fetches) {
          const outputs = await session.run(feeds, fetches);
          count.looks++;
          for (const { data } of Object.values(outputs)) count.bytes += data.byteLength;
          return outputs;
        },
        async runKeeping(feeds, fetches) {
          const { outputs, kept } = await session.runKeeping(feeds, fetches);
          for (const { data } of Object.values(outputs)) count.bytes += data.byteLength;
          for (const tensor of Object.values(kept)) {
            count.kept++;
            const { release } = tensor;
            tensor.release = () => {
              count.released++;
              release();
            };
          }
          return { outputs, kept };
        },
      };
    },
  };
  const model = await loadHubModel(fixture('llama-genai-int4'));
  const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
  // Away from the start, where B is zero.
  const weights = initialWeights(plan.layout, new Map(), 3).map((w, i) => w + 0.05 * Math.sin(i));
  const sampler = new HubSampler(runtime, model, plan, { prefillTokens: 14, rows: 7 });
  const rows = await sampler.sample(weights, REQUESTS, { ...options, seed: 4, stop: new Set([17]) });
  await sampler.dispose();
  return { rows, count };
}

describe('reference models', () => {
  test.each([
    { temperature: 0.6, topP: 0.9 },
    { temperature: 1, topP: 1, topK: 40 },
  ])(
    'answers on WebGPU are those on wasm, and nothing stays on the device: %o',
    async (options) => {
      const [here, there] = [await draw('wasm', options), await draw('webgpu', options)];
      expect(there.rows.map((row) => row.tokens)).toEqual(here.rows.map((row) => row.tokens));
      there.rows.forEach((row, i) => {
        row.logprobs.forEach((logprob, t) => {
          expect(logprob).toBeCloseTo(here.rows[i]!.logprobs[t]!, 3);
        });
      });
      expect(here.count.kept).toBe(0);
      expect(there.count.kept).toBeGreaterThan(REQUESTS.length);
      expect(there.count.released).toBe(there.count.kept);
      // A token's number and log-probability, 8 bytes, also of steps that a row had ended before; looked at now and then.
      const tokens = there.rows.reduce((n, row) => n + row.tokens.length, 0);
      expect(there.count.bytes).toBeLessThanOrEqual(32 * tokens);
      expect(there.count.looks).toBeLessThanOrEqual(20);
    },
    240_000,
  );

  // The adapter of continuous integration computes in single precision only, as many a GPU does.
  test('a large table in half precision is read where the GPU has none', async () => {
    const runtime = await webRuntime('webgpu');
    const model = await loadHubModel(await withLargeTable('qwen2-genai-q4f16'), { half: runtime.hasHalf });
    const sampler = new HubSampler(runtime, model, undefined);
    const request = { tokens: [5, 6, 7, 8], samples: 1, maxTokens: 2 };
    const options = { temperature: 0, topP: 1, seed: 1, stop: new Set<number>() };
    const [row] = await sampler.sample(new Float32Array(0), [request], options);
    await sampler.dispose();
    const wasm = await webRuntime('wasm');
    const plain = new HubSampler(wasm, await loadHubModel(fixture('qwen2-genai-q4f16')), undefined);
    const [expected] = await plain.sample(new Float32Array(0), [request], options);
    await plain.dispose();
    expect(row!.tokens).toEqual(expected!.tokens);
  }, 240_000);
});

/** The model with more words than it needs, so that its table is stored and read as those of real models are. */
async function withLargeTable(name: string): Promise<RepositoryFiles> {
  const files = fixture(name);
  return {
    async read(path, options) {
      const bytes = await files.read(path, options);
      if (!path.endsWith('.onnx')) return bytes;
      const model = readModel(bytes);
      const table = model.graph.initializers.get('model.embed_tokens.weight')!;
      const { location, offset, length } = table.external!;
      const data = await files.read(path.slice(0, path.lastIndexOf('/') + 1) + location);
      const width = table.dims[1]!;
      const padded = new Uint8Array(2 * 2000 * width);
      padded.set(data.subarray(offset, offset + length!));
      model.graph.initializers.set('model.embed_tokens.weight', {
        dtype: 'float16',
        dims: [2000, width],
        bytes: padded,
      });
      return writeModel(model);
    },
  };
}
