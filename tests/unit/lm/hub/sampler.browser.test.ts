/** On WebGPU the cache stays on the device: what is drawn is what wasm draws, whose cache lies in the page. */
import { describe, expect, inject, test } from 'vitest';
import { loadHubModel } from '../../../../src/lm/hub/hubModel.ts';
import { planLayers } from '../../../../src/lm/hub/hubPolicy.ts';
import { HubSampler } from '../../../../src/lm/hub/hubSampler.ts';
import { httpFiles } from '../../../../src/lm/repository.ts';
import type { Runtime, SessionOptions } from '../../../../src/lm/runtime.ts';
import { webRuntime } from '../../../../src/lm/runtime.web.ts';
import { initialWeights } from '../../../../src/lm/trainer.ts';

const folder = inject('fixtures');

// The first ends early, which leaves out its rows; prompts are computed two at a time, which joins their caches.
const REQUESTS = [
  { tokens: [5, 6, 7, 8, 9, 10, 11], samples: 3, maxTokens: 4 },
  { tokens: [40], samples: 2, maxTokens: 14 },
  { tokens: [300, 301, 302], samples: 2, maxTokens: 12 },
];

/** Draws for the requests; and of the tensors that stayed on the device, how many there were and were released. */
async function draw(backend: 'wasm' | 'webgpu') {
  const count = { kept: 0, released: 0 };
  const inner = await webRuntime(backend);
  const runtime: Runtime = {
    ...inner,
    async create(model: Uint8Array, options?: SessionOptions) {
      const session = await inner.create(model, options);
      return {
        ...session,
        async runKeeping(feeds, fetches) {
          const { outputs, kept } = await session.runKeeping(feeds, fetches);
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
  const model = await loadHubModel(httpFiles(new URL(`/@fs${folder}/qwen2-optimum-q4/`, location.href).href));
  const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
  // Away from the start, where B is zero.
  const weights = initialWeights(plan.layout, new Map(), 3).map((w, i) => w + 0.05 * Math.sin(i));
  const sampler = new HubSampler(runtime, model, plan, { prefillTokens: 14 });
  const rows = await sampler.sample(weights, REQUESTS, { temperature: 1, topP: 1, seed: 4, stop: new Set() });
  await sampler.dispose();
  return { rows, count };
}

describe.skipIf(!folder)('reference models beside the project (../shared/fixtures)', () => {
  test('answers on WebGPU are those on wasm, and nothing stays on the device', async () => {
    const [here, there] = [await draw('wasm'), await draw('webgpu')];
    expect(there.rows.map((row) => row.tokens)).toEqual(here.rows.map((row) => row.tokens));
    there.rows.forEach((row, i) => {
      row.logprobs.forEach((logprob, t) => {
        expect(logprob).toBeCloseTo(here.rows[i]!.logprobs[t]!, 3);
      });
    });
    expect(here.count.kept).toBe(0);
    expect(there.count.kept).toBeGreaterThan(REQUESTS.length);
    expect(there.count.released).toBe(there.count.kept);
  }, 240_000);
});
