/** Fused attention as newer exporters write it, against the formula; and what it cannot be told is refused. */
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../packages/onnx-grad/src/builder.ts';
import { GraphImporter } from '../../../packages/onnx-grad/src/importer.ts';
import { emptyModel, float32Constant, type Node } from '../../../packages/onnx-grad/src/model.ts';
import { writeModel } from '../../../packages/onnx-grad/src/proto.ts';
import { compile, numbers, relativeError, runtime } from './float64.ts';

const [T, HEADS, D] = [3, 2, 4];
const WIDTH = HEADS * D;
const EPSILON = 1e-3;
const QUERY_NORM = [0.5, 1.5, -1, 2];
const KEY_NORM = [1, -0.5, 2, 0.25];
/** Inputs of GroupQueryAttention from the query to the weights of its norms; those that are left out are empty. */
const INPUTS = ['q', 'k', 'v', ...new Array<string>(11).fill(''), 'qn', 'kn'];

function imported(inputs: string[], attributes: Node['attributes']): GraphBuilder {
  const { graph } = emptyModel('exported');
  const int = (value: number) => ({ type: 'int' as const, value });
  graph.nodes = [
    {
      op: 'GroupQueryAttention',
      domain: 'com.microsoft',
      name: '/attn',
      inputs,
      outputs: ['y'],
      attributes: { num_heads: int(HEADS), kv_num_heads: int(1), ...attributes },
    },
  ];
  graph.initializers.set('qn', float32Constant([D], QUERY_NORM));
  graph.initializers.set('kn', float32Constant([D], KEY_NORM));
  const b = new GraphBuilder('taken');
  const causal = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
  const importer = new GraphImporter(b, graph, {
    attention: {
      positions: () => {
        throw new Error('no positions here');
      },
      bias: () => b.initializer('causal', float32Constant([T, T], causal)),
    },
  });
  importer.bind('q', b.input('q', 'float32', [1, T, WIDTH]));
  importer.bind('k', b.input('k', 'float32', [1, T, D]));
  importer.bind('v', b.input('v', 'float32', [1, T, D]));
  importer.bind('scales', b.scalar(1));
  b.output('out', importer.get('y'));
  return b;
}

const draw = (n: number, from: number) => Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + from));
const head = (x: number[], at: number) => x.slice(at, at + D);
function normed(x: number[], weight: number[]): number[] {
  const size = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / D + EPSILON);
  return x.map((v, i) => (v / size) * weight[i]!);
}

test('queries and keys are normed head by head where the operator carries the weights', async () => {
  const b = imported(INPUTS, { qk_norm_epsilon: { type: 'float', value: EPSILON } });
  const [q, k, v] = [draw(T * WIDTH, 0), draw(T * D, 1), draw(T * D, 2)];
  const feed = (dims: number[], data: number[]) => ({
    dtype: 'float32' as const,
    dims,
    data: Float32Array.from(data),
  });
  const run = await compile(b);
  const out = await run({ q: feed([1, T, WIDTH], q), k: feed([1, T, D], k), v: feed([1, T, D], v) });
  const expected: number[] = [];
  for (let t = 0; t < T; t++) {
    for (let h = 0; h < HEADS; h++) {
      const query = normed(head(q, t * WIDTH + h * D), QUERY_NORM);
      const weights = Array.from({ length: t + 1 }, (_, s) => {
        const key = normed(head(k, s * D), KEY_NORM);
        return Math.exp(query.reduce((sum, x, i) => sum + x * key[i]!, 0) / Math.sqrt(D));
      });
      const total = weights.reduce((a, w) => a + w, 0);
      for (let i = 0; i < D; i++) {
        expected.push(weights.reduce((sum, w, s) => sum + (w / total) * v[s * D + i]!, 0));
      }
    }
  }
  const got = numbers(out, 'out');
  expected.forEach((value, i) => {
    expect(got[i]).toBeCloseTo(value, 5);
  });
});

test.each<[string, string[], Node['attributes'], RegExp]>([
  [
    'an attribute of a later version',
    INPUTS,
    { window_of_its_own: { type: 'int', value: 2 } },
    /window_of_its_own/,
  ],
  ['an input of a later version', [...INPUTS, 'scales'], {}, /input 16 \(scales/],
  ['a quantized cache', INPUTS.with(12, 'scales'), {}, /quantized cache/],
  ['attention sinks', INPUTS.with(11, 'scales'), {}, /sinks/],
])('%s is refused instead of left out', (_what, inputs, attributes, message) => {
  expect(() => imported(inputs, attributes)).toThrow(message);
});

test.each([
  ['halves', {}, [2, 3, 4, 6]],
  ['neighbours', { interleaved: 1 }, [2, 3, 4, 6]],
  ['a part of each head, heads side by side', { rotary_embedding_dim: 4, num_heads: 3 }, [2, 4, 18]],
])("ONNX's own rotation with angles of each token: %s", async (_what, attributes, dims) => {
  const turned = 'rotary_embedding_dim' in attributes ? 4 : 6;
  const angles = draw((2 * 4 * turned) / 2, 0.3);
  const feeds = Object.fromEntries(
    Object.entries({
      x: { dims, data: draw(144, 1) },
      cos: { dims: [2, 4, turned / 2], data: angles.map(Math.cos) },
      sin: { dims: [2, 4, turned / 2], data: angles.map(Math.sin) },
    }).map(([name, { dims, data }]) => [
      name,
      { dtype: 'float32' as const, dims, data: Float32Array.from(data) },
    ]),
  );
  const exported = emptyModel('exported');
  exported.opsets[''] = 23;
  exported.irVersion = 11;
  const { graph } = exported;
  for (const [name, { dims }] of Object.entries(feeds))
    graph.inputs.set(name, { dtype: 'float32', shape: dims });
  graph.outputs.set('y', { dtype: 'float32', shape: dims });
  graph.nodes = [
    {
      ...{ op: 'RotaryEmbedding', domain: '', name: '/turn', inputs: ['x', 'cos', 'sin'], outputs: ['y'] },
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { type: 'int', value }]),
      ),
    },
  ];
  const b = new GraphBuilder('taken');
  const none = () => {
    throw new Error('no attention here');
  };
  const importer = new GraphImporter(b, graph, { attention: { positions: none, bias: none } });
  for (const [name, { dims }] of Object.entries(feeds)) importer.bind(name, b.input(name, 'float32', dims));
  b.output('out', importer.get('y'));
  const found = numbers(await (await compile(b))(feeds), 'out');
  const expected = numbers(await (await runtime.create(writeModel(exported))).run(feeds), 'y');
  expect(relativeError(found, expected)).toBeLessThan(1e-6);
});
