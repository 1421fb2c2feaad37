/** What the training graph states and keeps: memory and the time to open a session depend on it. */
import { describe, expect, test } from 'vitest';
import { trainingGraph } from '../../../../packages/onnx-lora/src/model/hubGraph.ts';
import { planLayers } from '../../../../src/local/hubPolicy.ts';
import { hubTrainable, openModel } from '../../../../packages/onnx-lora/src/train/hubTrainable.ts';
import { nodeRuntime } from '../../../../src/backends/runtime.node.ts';
import { VectorTrainer } from '../../../../packages/onnx-lora/src/train/trainer.ts';
import type { Dim, Graph, Model } from '../../../../packages/onnx-grad/src/model.ts';
import { writeModel } from '../../../../packages/onnx-grad/src/proto.ts';
import { relativeError } from '../../onnx-grad/float64.ts';
import { loadFixture } from './fixtures.ts';

/** Inputs that the backward pass alone reads. */
const BACKWARD = ['push', 'bound', 'old', 'pull', 'reference', 'ratio', 'least', 'most', 'gradient'];

/** Shapes of values that the forward pass computes and the backward pass reads, but for those read for their shape. */
function keptShapes({ nodes, values }: Graph): Dim[][] {
  const late = new Set(BACKWARD);
  const computed = new Set<string>();
  const kept = new Set<string>();
  for (const { op, inputs, outputs } of nodes) {
    const isLate = inputs.some((i) => late.has(i));
    for (const out of outputs) (isLate ? late : computed).add(out);
    if (isLate && op !== 'Shape') for (const i of inputs) if (computed.has(i)) kept.add(i);
  }
  return [...kept].map((name) => values!.get(name)!.shape);
}

/** An element for each pair of tokens in each row. */
const forEachPair = (shape: Dim[]) =>
  shape.length >= 3 && shape.slice(-2).every((d) => typeof d === 'string');

describe('reference models', () => {
  test.each(['llama-genai-int4', 'qwen2-optimum-fp32'])('%s', async (name) => {
    const { model } = await loadFixture(name);
    const plan = planLayers(model, { kind: 'lora', rank: 2, alpha: 4 });
    const graphs: Model[] = [false, true].map((recompute) => trainingGraph(model, plan, { recompute }));

    // A session opens in time with the square of the values whose shape is not stated.
    for (const model of graphs) {
      const { nodes, values, ...rest } = model.graph;
      const outputs = nodes.flatMap((n) => n.outputs).filter(Boolean);
      expect(outputs.length).toBeGreaterThan(500);
      expect(outputs.filter((out) => !values?.has(out))).toEqual([]);
      const without = writeModel({ ...model, graph: { nodes, ...rest } });
      expect(writeModel(model).length).toBeGreaterThan(without.length + 20 * outputs.length);
    }

    const [kept, again] = graphs.map(({ graph }) => keptShapes(graph).filter(forEachPair));
    expect(kept!.length).toBeGreaterThanOrEqual(3);
    // Masks have no heads.
    expect(again!.filter((shape) => shape[1] !== 1)).toEqual([]);

    const gradients = [];
    for (const graph of graphs) {
      const trainable = {
        ...hubTrainable(model, plan),
        openTraining: () => openModel(nodeRuntime(1), graph),
      };
      const trainer = new VectorTrainer(nodeRuntime(1), trainable, 3);
      trainer.weights = trainer.weights.map((w, i) => w + 0.05 * Math.sin(i));
      const row = { tokens: [5, 99, 100, 511, 300, 7], weight: [1, -1, 0.5, 2, 1], advantage: 1 };
      await trainer.accumulate([row], { clip: 0, klWeight: 0 });
      gradients.push(trainer.accumulated);
      await trainer.dispose();
    }
    expect(relativeError(gradients[1]!, gradients[0]!)).toBeLessThan(1e-6);
    expect(Math.max(...gradients[0]!.map(Math.abs))).toBeGreaterThan(0.01);
  });
});

test('an export of plain operators trains by the operators of a fused one', async () => {
  const counts: Map<string, number>[] = [];
  for (const name of ['qwen2-optimum-fp32', 'qwen2-genai-fp32']) {
    const { model } = await loadFixture(name);
    const { graph } = trainingGraph(model, planLayers(model, { kind: 'lora', rank: 2, alpha: 4 }));
    const count = new Map<string, number>();
    for (const { op } of graph.nodes) count.set(op, (count.get(op) ?? 0) + 1);
    counts.push(count);
  }
  const [plain, fused] = counts as [Map<string, number>, Map<string, number>];
  for (const op of ['SimplifiedLayerNormalization', 'RotaryEmbedding', 'Softmax', 'Pow', 'IsNaN']) {
    expect(plain.get(op), op).toBe(fused.get(op));
  }
  // Three layers: no key is copied for the heads that share it.
  expect(plain.get('RotaryEmbedding')).toBe(3 * 4);
  expect(plain.get('Expand') ?? 0).toBeLessThan(3);
});
