/** The head in chunks of the vocabulary: the same log-probabilities and gradients, however it is cut. */
import { describe, expect, test } from 'vitest';
import { trainingGraph } from '../../../../packages/onnx-lora/src/model/hubGraph.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';
import { hubTrainable, openModel } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { VectorTrainer } from '../../../../packages/onnx-lora/src/train/trainer.ts';
import { relativeError } from '../../onnx-grad/float64.ts';
import { loadFixture } from './fixtures.ts';

describe('reference models', () => {
  // A quantized head; a table that is the embedding too.
  test.each(['llama-genai-int4', 'qwen2-optimum-fp32'])('%s', async (name) => {
    const { model } = await loadFixture(name);
    const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
    const results = [];
    for (const width of [512, 100]) {
      const trainable = {
        ...hubTrainable(model, plan),
        openTraining: () => openModel(nodeRuntime(1), trainingGraph(model, plan, { columns: width })),
      };
      const trainer = new VectorTrainer(nodeRuntime(1), trainable, 3);
      trainer.weights = trainer.weights.map((w, i) => w + 0.05 * Math.sin(i));
      const tokens = [5, 99, 100, 511, 300, 7, 203];
      const row = { tokens, weight: [1, -1, 0.5, 2, 1, -0.3], advantage: 1 };
      const [logprobs] = await trainer.accumulate([row], { clip: 0, klWeight: 0 });
      results.push({ logprobs: logprobs!, gradient: trainer.accumulated });
      await trainer.dispose();
    }
    const [whole, cut] = results;
    expect(relativeError(cut!.logprobs, whole!.logprobs)).toBeLessThan(1e-6);
    expect(relativeError(cut!.gradient, whole!.gradient)).toBeLessThan(1e-5);
    expect(Math.max(...whole!.gradient.map(Math.abs))).toBeGreaterThan(0.01);
  });
});
