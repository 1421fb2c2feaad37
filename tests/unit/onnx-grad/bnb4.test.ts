/** Weights in bitsandbytes' 4-bit formats: widened, they multiply as ONNX Runtime's own product does. */
import { expect, test } from 'vitest';
import { widenBnb4 } from '../../../packages/onnx-grad/src/bnb4.ts';
import { emptyModel, float32Constant, type Model } from '../../../packages/onnx-grad/src/model.ts';
import { writeModel } from '../../../packages/onnx-grad/src/proto.ts';
import { relativeError, runtime, uniform } from './float64.ts';

/** Two products with one weight of 70 rows and 48 columns. */
const [N, K, BLOCK] = [70, 48, 32];

function products(format: number): Model {
  const model = emptyModel('bnb4');
  const { graph } = model;
  const bytes = Uint8Array.from({ length: (N * K) / 2 }, (_, i) => (i * 89 + (i >> 4)) & 255);
  graph.initializers.set('w', { dtype: 'uint8', dims: [bytes.length], bytes });
  const blocks = (N * K) / BLOCK;
  graph.initializers.set('s', float32Constant([blocks], [...uniform(2, blocks, 0.1, 2)]));
  for (const i of [1, 2]) {
    graph.inputs.set(`x${i}`, { dtype: 'float32', shape: ['rows', K] });
    graph.outputs.set(`y${i}`, { dtype: 'float32', shape: ['rows', N] });
    const attributes = Object.entries({ K, N, block_size: BLOCK, quant_type: format });
    graph.nodes.push({
      op: 'MatMulBnb4',
      domain: 'com.microsoft',
      name: `product${i}`,
      inputs: [`x${i}`, 'w', 's'],
      outputs: [`y${i}`],
      attributes: Object.fromEntries(attributes.map(([name, value]) => [name, { type: 'int', value }])),
    });
  }
  return model;
}

test.each([
  ['FP4', 0],
  ['NF4', 1],
])('%s', async (_name, format) => {
  const run = async (model: Model) => {
    const x = (seed: number) =>
      ({ dtype: 'float32', dims: [3, K], data: Float32Array.from(uniform(seed, 3 * K, -1, 1)) }) as const;
    return (await runtime.create(writeModel(model))).run({ x1: x(1), x2: x(5) });
  };
  const model = products(format);
  const expected = await run(model);
  widenBnb4(model.graph);
  expect(model.graph.nodes.map((n) => n.op)).toEqual(['MatMul', 'MatMul']);
  expect([...model.graph.initializers.keys()]).toEqual(['w']);
  const found = await run(model);
  for (const y of ['y1', 'y2']) {
    expect(relativeError(found[y]!.data as Float32Array, expected[y]!.data as Float32Array)).toBeLessThan(
      1e-6,
    );
  }
});
