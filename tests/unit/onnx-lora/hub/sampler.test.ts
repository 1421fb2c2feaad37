/** Sampling from exported decoders with a cache: what is drawn, and with which log-probability. */
import { describe, expect, test } from 'vitest';
import { findLinears } from '../../../../packages/onnx-lora/src/model/hubGraph.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';
import { findClusters } from '../../../../packages/onnx-lora/src/sample/clusters.ts';
import type { Runtime } from '../../../../packages/onnx-lora/src/runtime/runtime.ts';
import { HubSampler, type HubSamplerLimits } from '../../../../packages/onnx-lora/src/sample/hubSampler.ts';
import { hubTrainable } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { VectorTrainer } from '../../../../packages/onnx-lora/src/train/trainer.ts';
import { loadFixture } from './fixtures.ts';
import type { HubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';

const PROMPTS = [[5, 6, 7, 8, 9, 10, 11], [40], [300, 301, 302]];
/** One of each way in which exporters write attention. */
const EXPORTS = [
  'qwen2-optimum-fp32',
  'qwen2-optimum-q4',
  'qwen2-genai-fp32',
  'llama-genai-int4',
  'qwen2-genai-fp16',
];
const OPTIONS = { temperature: 1, topP: 1, seed: 4, stop: new Set([1]) };

describe('reference models', () => {
  // Plain operators with a mask and positions as inputs; fused attention; half precision.
  test.each(['qwen2-optimum-fp32', 'qwen2-optimum-q4', 'llama-genai-int4', 'qwen2-genai-fp16'])(
    '%s: prompts of other lengths in the batch change nothing, and log-probabilities are those of training',
    async (name) => {
      const { model } = await loadFixture(name);
      const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
      const runtime = nodeRuntime(1);
      const trainer = new VectorTrainer(runtime, hubTrainable(model, plan), 3);
      // Away from the start, where B is zero.
      const weights = trainer.weights.map((w, i) => w + 0.05 * Math.sin(i));
      const sampler = new HubSampler(runtime, model, plan);
      const requests = PROMPTS.map((tokens) => ({ tokens, samples: 3, maxTokens: 12 }));
      const rows = await sampler.sample(weights, requests, OPTIONS);
      expect(rows.map((r) => [r.request, r.sample])).toEqual(
        PROMPTS.flatMap((_, request) => [0, 1, 2].map((sample) => [request, sample])),
      );
      const tight = new HubSampler(runtime, model, plan, { rows: 2, prefillTokens: 4 });
      const again = await tight.sample(weights, requests, OPTIONS);
      expect(again.map((r) => r.tokens)).toEqual(rows.map((r) => r.tokens));
      trainer.weights = weights;
      const scored = await trainer.score(rows.map((r) => [...PROMPTS[r.request]!, ...r.tokens]));
      rows.forEach((row, i) => {
        row.logprobs.forEach((logprob, t) => {
          const apart = Math.abs(scored[i]![PROMPTS[row.request]!.length - 1 + t]! - logprob);
          expect(apart).toBeLessThan(1e-5);
        });
      });
      await Promise.all([sampler.dispose(), tight.dispose(), trainer.dispose()]);
    },
  );

  // Prompts of two kinds begin alike; rows end early and late, so that others join those under way, and answers
  // are longer than what is put together at once.
  const BEGINNING = Array.from({ length: 20 }, (_, i) => 30 + ((7 * i) % 200));
  const SHARING = [[50, 51, 52], [60], [70, 71, 72, 73, 74, 75], [80, 81]].map((rest) => [
    ...BEGINNING,
    ...rest,
  ]);
  /** Stops after a few tokens or none of many. */
  const STOP = new Set(Array.from({ length: 10 }, (_, i) => 3 + 50 * i));

  async function expectAsScored(
    model: HubModel,
    prompts: readonly number[][],
    limits: Partial<HubSamplerLimits>,
  ): Promise<number[]> {
    const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
    const trainer = new VectorTrainer(nodeRuntime(1), hubTrainable(model, plan), 3);
    const { runtime, taken } = countsPromptTokens();
    trainer.weights = trainer.weights.map((w, i) => w + 0.05 * Math.sin(i));
    const sampler = new HubSampler(runtime, model, plan, limits);
    const requests = prompts.map((tokens, i) => ({ tokens, samples: 4, maxTokens: 20 + 15 * i }));
    const computed: number[] = [];
    // The second call finds what prompts begin with, and the third does so with other weights.
    for (const shift of [0, 0, 0.01]) {
      trainer.weights = trainer.weights.map((w) => w + shift);
      const rows = await sampler.sample(trainer.weights, requests, { ...OPTIONS, stop: STOP });
      computed.push(taken());
      const scored = await trainer.score(rows.map((r) => [...prompts[r.request]!, ...r.tokens]));
      const apart = rows.flatMap((row, i) =>
        row.logprobs.map((p, t) => Math.abs(p - scored[i]![prompts[row.request]!.length - 1 + t]!)),
      );
      expect(Math.max(...apart)).toBeLessThan(1e-5);
      expect(Math.max(...rows.map((r) => r.tokens.length))).toBeGreaterThan(32);
      expect(rows.every((r) => r.ended)).toBe(true);
    }
    await Promise.all([sampler.dispose(), trainer.dispose()]);
    return computed;
  }

  /** A runtime that counts the tokens, padding too, of steps with several tokens in a row: those of prompts. */
  function countsPromptTokens() {
    const runtime = nodeRuntime(1);
    let count = 0;
    const counting: Runtime = {
      ...runtime,
      async create(...of) {
        const session = await runtime.create(...of);
        return {
          run: (...given) => session.run(...given),
          release: () => session.release(),
          runKeeping(feeds, fetches) {
            const [rows = 0, tokens = 0] = feeds.input_ids?.dims ?? [];
            if (tokens > 1) count += rows * tokens;
            return session.runKeeping(feeds, fetches);
          },
        };
      },
    };
    const taken = () => {
      const tokens = count;
      count = 0;
      return tokens;
    };
    return { runtime: counting, taken };
  }

  test.each(EXPORTS)(
    '%s: rows that share a beginning and join others have the log-probabilities of training',
    async (name) => {
      await expectAsScored((await loadFixture(name)).model, SHARING, { rows: 5 });
    },
  );

  // Two kinds, 40 and 50 tokens of which are alike beyond what all share, and one prompt alone.
  const kind = (length: number, by: number) => Array.from({ length }, (_, i) => 20 + ((by * i) % 251));
  const CLUSTERED = [
    [...kind(40, 11), 50, 51],
    [...kind(50, 13), 60, 61, 62, 63, 64],
    kind(45, 17),
    [...kind(40, 11), 70, 71, 72, 73],
    [...kind(50, 13), 80, 81],
    [...kind(50, 13), 90, 91, 92],
  ].map((rest) => [...BEGINNING, ...rest]);

  test.each(['qwen2-optimum-fp32', 'llama-genai-int4'])(
    '%s: what prompts of a kind begin with is computed once, and not again with the same weights',
    async (name) => {
      const { model } = await loadFixture(name);
      for (const limits of [{ rows: 5 }, { rows: 32 }, { rows: 32, prefillTokens: 12 }]) {
        const [first, second, third] = await expectAsScored(model, CLUSTERED, limits);
        const alone = 45;
        // At most five tokens are left of each prompt of a kind, which are padded to the longest in a step.
        const rests = 5 * 5;
        expect(first).toBeLessThanOrEqual(BEGINNING.length + 40 + 50 + alone + rests);
        expect(first).toBeGreaterThan(BEGINNING.length + 40 + 50 + alone);
        expect(second).toBeLessThanOrEqual(alone + rests);
        expect(third).toBe(first);
      }
    },
  );

  test('prompts are put together so that the fewest tokens are left', () => {
    const [a, b, c] = [kind(40, 11), kind(40, 13), kind(100, 17)];
    const prompts = [
      [1, ...a, ...b, 2, 3],
      [1, ...c],
      [1, ...a, 4],
      [1, ...a, ...b, 5],
      [1, ...b, 6],
    ];
    const found = (known: number) =>
      findClusters(prompts, 1, (tokens) => (tokens[1] === c[0] && tokens[2] === c[1] ? known : 0))
        .map(({ beginning, members }) => [beginning.length, members.toSorted()])
        .toSorted();
    // Eighty tokens for two prompts, and none for the third, save as much as forty for three.
    expect([[[81, [0, 3]]], [[41, [0, 2, 3]]]]).toContainEqual(found(0));
    // A prompt alone is a cluster where enough of it is known, and leaves one token.
    expect(found(20)).toEqual(found(0));
    expect(found(60)).toContainEqual([60, [1]]);
    expect(found(101)).toContainEqual([100, [1]]);
  });

  test('a window is measured in positions, wherever padding lies', async () => {
    const { model } = await loadFixture('llama-genai-int4');
    for (const node of model.graph.nodes) {
      if (node.op === 'GroupQueryAttention') node.attributes.local_window_size = { type: 'int', value: 9 };
    }
    await expectAsScored(model, SHARING, { rows: 5 });
  });

  test('where the configuration names a window, a graph with a mask of its own gets prompts without a gap', async () => {
    const { model } = await loadFixture('qwen2-optimum-fp32');
    model.config.sliding_window = 9;
    await expectAsScored(model, SHARING, { rows: 5 });
  });

  test('an answer that repeats itself is ended where that is asked for', async () => {
    const { model } = await loadFixture('qwen2-optimum-q4');
    const runtime = nodeRuntime(1);
    const greedy = { ...OPTIONS, temperature: 0, stop: new Set<number>() };
    const request = [{ tokens: [5, 6, 7, 8], samples: 1, maxTokens: 150 }];
    const draw = async (limits: Partial<HubSamplerLimits>) => {
      const sampler = new HubSampler(runtime, model, undefined, limits);
      const [row] = await sampler.sample(new Float32Array(0), request, greedy);
      await sampler.dispose();
      return row!;
    };
    const [whole, ended] = [await draw({}), await draw({ loopTokens: 32 })];
    expect(whole.tokens).toHaveLength(150);
    expect(ended.ended).toBe('length');
    expect(ended.tokens.length).toBeLessThan(120);
    expect(ended.tokens).toEqual(whole.tokens.slice(0, ended.tokens.length));
    // What follows is more of the same.
    const period = [1, 2, 3, 4, 5, 6, 7, 8].find((p) => ended.tokens.at(-1) === ended.tokens.at(-1 - p))!;
    expect(whole.tokens.at(-1)).toBe(whole.tokens.at(-1 - period));
    expect(ended.tokens.length).toBeGreaterThanOrEqual(32);
  });

  test('packed projections are adapted under the names of the layers in them, on the last layers only where asked', async () => {
    const { model } = await loadFixture('llama-genai-int4');
    expect(findLinears(model).filter((l) => l.module.endsWith('qkv_proj'))).toHaveLength(3);
    const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4, layers: 1 });
    expect(plan.modules.map((m) => m.name)).toEqual(
      ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj']
        .concat(['mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'])
        .map((name) => `model.layers.2.${name}`),
    );
  });
});
