/** Layers that read one input are one product with one pair, whatever adapters they have. */
import { describe, expect, test } from 'vitest';
import { intAttribute } from '../../../../packages/onnx-grad/src/attributes.ts';
import { findLinears, trainingGraph } from '../../../../packages/onnx-lora/src/model/hubGraph.ts';
import { allModules } from '../../../../packages/onnx-lora/src/model/linears.ts';
import { hubTrainable, planAdapters } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import { VectorTrainer } from '../../../../packages/onnx-lora/src/train/trainer.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';
import { relativeError } from '../../onnx-grad/float64.ts';
import { loadFixture } from './fixtures.ts';

type Choice = Record<string, { rank: number; scale: number }>;

const FEW: Choice = { k_proj: { rank: 2, scale: 0.5 }, up_proj: { rank: 3, scale: 2 } };
const MORE: Choice = {
  q_proj: { rank: 1, scale: 3 },
  ...FEW,
  v_proj: { rank: 2, scale: 1 },
  gate_proj: { rank: 1, scale: 1 },
};

describe.each(['qwen2-optimum-q4', 'qwen2-optimum-fp32', 'qwen2-genai-fp32'])('%s', (name) => {
  test('an adapter’s gradient is the same with and without others beside it, of other ranks and scales', async () => {
    const { model } = await loadFixture(name);
    const modules = allModules(findLinears(model), model.widths, model.family);
    const gradients = [];
    for (const choice of [FEW, MORE]) {
      const plan = planAdapters(
        model,
        modules.flatMap((module) => {
          const chosen = choice[module.name.split('.').at(-1)!];
          return chosen ? [{ ...module, ...chosen }] : [];
        }),
      );
      const trainer = new VectorTrainer(nodeRuntime(1), hubTrainable(model, plan), 1);
      const { parameters, offsets } = plan.layout;
      const own = parameters.filter((p) => Object.keys(FEW).some((few) => p.name.includes(few)));
      const flat = trainer.weights.slice();
      const length = ({ dims }: (typeof own)[number]) => dims[0]! * dims[1]!;
      // Those beside them add nothing: their B is zero.
      for (const p of own) {
        for (let i = 0; i < length(p); i++) flat[offsets.get(p.name)! + i] = 0.1 * Math.sin(i + length(p));
      }
      trainer.weights = flat;
      const row = { tokens: [5, 99, 100, 511, 300, 7], weight: [1, 2, 0.5, 2, 1], advantage: 1 };
      await trainer.accumulate([row], { clip: 0, klWeight: 0 });
      gradients.push(
        own.flatMap((p) => {
          const at = offsets.get(p.name)!;
          return [...trainer.accumulated.subarray(at, at + length(p))];
        }),
      );
      await trainer.dispose();
    }
    expect(relativeError(gradients[1]!, gradients[0]!)).toBeLessThan(1e-5);
    expect(Math.max(...gradients[0]!.map(Math.abs))).toBeGreaterThan(0.01);
  });
});

test.each(['qwen2-optimum-q4', 'llama-genai-int4'])('%s: a layer has four products', async (name) => {
  const { model } = await loadFixture(name);
  const { graph } = trainingGraph(model, planLayers(model, { kind: 'lora', rank: 2, alpha: 4 }));
  const layers = 1 + Math.max(...findLinears(model).map(({ layer }) => layer));
  const quantized = graph.nodes.filter(
    ({ op, attributes }) => op === 'MatMulNBits' && intAttribute(attributes, 'N', 0) !== model.vocabulary,
  );
  expect(quantized.length).toBe(4 * layers);
  // With each the pair's: two forward, four back, and one back through the weight, which the first input does not need. The head has one.
  const products = graph.nodes.filter(({ op }) => op === 'Gemm');
  expect(products.length).toBeLessThanOrEqual(7 * 4 * layers - 2 + 1);
});
