/** Adapters are input: one takes another's place in sessions that are open. Sessions may take turns. */
import { describe, expect, test } from 'vitest';
import {
  adapterOfVector,
  adapterShape,
  vectorOfAdapter,
} from '../../../../packages/onnx-lora/src/adapters/adapterVector.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';
import type { HubModel } from '../../../../packages/onnx-lora/src/model/hubModel.ts';
import { HubSampler } from '../../../../packages/onnx-lora/src/sample/hubSampler.ts';
import { hubTrainable } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import {
  CONFIG_FILE,
  type LoraAdapter,
  readPeft,
  WEIGHTS_FILE,
  writePeft,
} from '../../../../packages/onnx-lora/src/adapters/peft.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { VectorTrainer } from '../../../../packages/onnx-lora/src/train/trainer.ts';
import { loadFixture } from './fixtures.ts';

const PROMPT = [5, 6, 7, 8, 9];
const SEQUENCES = [
  [5, 6, 7, 8, 9, 10, 11],
  [300, 301, 302],
];

/** A sampler and a scorer of one model, which count the sessions that they open. */
function open(model: HubModel, rank: number, alpha: number) {
  const runtime = nodeRuntime(1);
  let sessions = 0;
  const counting = {
    ...runtime,
    create: (...args: Parameters<typeof runtime.create>) => {
      sessions++;
      return runtime.create(...args);
    },
  };
  const plan = planLayers(model, { kind: 'lora', rank, alpha });
  const trainer = new VectorTrainer(counting, hubTrainable(model, plan), 1);
  const sampler = new HubSampler(counting, model, plan);
  const shape = adapterShape(plan.layout, () => alpha / rank);
  const start = trainer.weights;
  return {
    shape,
    start,
    sessions: () => sessions,
    /** What the model says with an adapter; without one, what it says by itself. */
    async use(adapter?: LoraAdapter) {
      trainer.weights = adapter ? vectorOfAdapter(shape, adapter, start) : start;
      const drawn = await sampler.sample(trainer.weights, [{ tokens: PROMPT, samples: 2, maxTokens: 8 }], {
        temperature: 1,
        topP: 1,
        seed: 4,
        stop: new Set([1]),
      });
      const scores = await trainer.score(SEQUENCES);
      return { drawn: drawn.map(({ tokens, logprobs }) => ({ tokens, logprobs })), scores };
    },
    dispose: () => Promise.all([trainer.dispose(), sampler.dispose()]),
  };
}

describe('reference models', () => {
  test.each(['qwen2-optimum-q4', 'llama-genai-int4'])(
    '%s: two loaded adapters take turns without a new session, each as if it were alone',
    async (name) => {
      const { model, adapter: first } = await loadFixture(name);
      const [pair] = first.pairs.values();
      const { rank, scale } = pair!;
      const both = open(model, rank, scale * rank);
      // Another adapter, by way of PEFT's files.
      const other = both.start.map((w, i) => w + 0.3 * Math.sin(i));
      const files = writePeft(adapterOfVector(both.shape, other, 'tiny'));
      const second = readPeft(new TextDecoder().decode(files.get(CONFIG_FILE)!), files.get(WEIGHTS_FILE)!);

      const said = [await both.use(first)];
      const opened = both.sessions();
      for (const adapter of [second, undefined, first]) said.push(await both.use(adapter));
      expect(both.sessions()).toBe(opened);
      await both.dispose();

      for (const [i, adapter] of [first, second, undefined].entries()) {
        const alone = open(model, rank, scale * rank);
        expect(said[i]).toEqual(await alone.use(adapter));
        await alone.dispose();
      }
      expect(said[3]).toEqual(said[0]);
      expect(said[1]!.scores).not.toEqual(said[0]!.scores);
      expect(said[2]!.scores).not.toEqual(said[0]!.scores);
    },
  );

  test('scoring and training in turns come to the same with one session open as with two', async () => {
    const { model } = await loadFixture('llama-genai-int4');
    const runtime = nodeRuntime(1);
    const openNow = { count: 0, most: 0 };
    const counting = {
      ...runtime,
      create: async (...args: Parameters<typeof runtime.create>) => {
        const session = await runtime.create(...args);
        openNow.most = Math.max(openNow.most, ++openNow.count);
        return { ...session, release: () => session.release().then(() => void openNow.count--) };
      },
    };
    const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
    const rows = SEQUENCES.map((tokens) => ({ tokens, weight: tokens.slice(1).map(() => 1), advantage: 1 }));
    const seen = [];
    for (const oneSession of [false, true]) {
      const trainer = new VectorTrainer(counting, hubTrainable(model, plan), 1, { oneSession });
      Object.assign(openNow, { count: 0, most: 0 });
      const scores = await trainer.score(SEQUENCES);
      await trainer.accumulate(rows, { clip: 0, klWeight: 0 });
      seen.push([scores, await trainer.score(SEQUENCES), trainer.accumulated]);
      expect(openNow.most).toBe(oneSession ? 1 : 2);
      await trainer.dispose();
      expect(openNow.count).toBe(0);
    }
    expect(seen[1]).toEqual(seen[0]);
  });
});
