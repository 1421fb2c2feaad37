/** Exported graphs taken over into a builder. */
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../packages/onnx-grad/src/builder.ts';
import { GraphImporter, UnsupportedGraphError } from '../../../packages/onnx-grad/src/importer.ts';
import { emptyModel, float32Constant, type Graph, type Node } from '../../../packages/onnx-grad/src/model.ts';
import { compile, numbers } from './float64.ts';

const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: Node['attributes'] = {},
): Node => ({
  op,
  domain: '',
  name: `/${op}`,
  inputs,
  outputs,
  attributes,
});
const graphOf = (nodes: Node[], output: string): Graph => {
  const { graph } = emptyModel('exported');
  graph.nodes = nodes;
  graph.outputs.set(output, { dtype: 'float32', shape: [2] });
  return graph;
};
const attention = {
  positions: () => {
    throw new Error('no positions here');
  },
  bias: () => {
    throw new Error('no mask here');
  },
};

test.each([
  [1, [3, 5]],
  [0, [2, 6]],
])(
  'a branch that is decided before a run is taken, and reads weights from the graph around it (%d)',
  async (choice, expected) => {
    const branch = (op: string) => ({
      type: 'graph' as const,
      value: graphOf([node(op, ['x', 'w'], ['inner'])], 'inner'),
    });
    const graph = graphOf(
      [node('If', ['use'], ['y'], { then_branch: branch('Add'), else_branch: branch('Mul') })],
      'y',
    );
    graph.initializers.set('w', float32Constant([2], [2, 3]));
    const b = new GraphBuilder('taken');
    const importer = new GraphImporter(b, graph, { attention });
    importer.bind('x', b.input('x', 'float32', [2]));
    importer.bind('use', b.initializer('use', { dtype: 'bool', dims: [1], bytes: Uint8Array.of(choice) }));
    b.output('out', importer.get('y'));
    const out = await (await compile(b))({ x: { dtype: 'float32', dims: [2], data: Float32Array.of(1, 2) } });
    expect([...numbers(out, 'out')]).toEqual(expected);
  },
);

test.each([
  ['MatMulInteger', /8 bits.*choose the dtype q4/],
  ['TopK', /experts.*dense model/],
  ['SomethingNew', /SomethingNew.*not supported/],
])('%s is refused by name, with what would work', (op, message) => {
  const b = new GraphBuilder('refused');
  const importer = new GraphImporter(b, graphOf([node(op, ['x', 'x'], ['y'])], 'y'), { attention });
  importer.bind('x', b.input('x', 'float32', [2, 2]));
  expect(() => importer.get('y')).toThrow(UnsupportedGraphError);
  expect(() => importer.get('y')).toThrow(message);
});

test('one size of a shape, made a scalar as newer exporters do, joins others', async () => {
  const part = { start: { type: 'int', value: 1 }, end: { type: 'int', value: 2 } } as const;
  const graph = graphOf(
    [
      node('Shape', ['x'], ['width'], part),
      node('Squeeze', ['width'], ['one']),
      node('Mul', ['one', 'two'], ['double']),
      node('Unsqueeze', ['double', 'axes'], ['row']),
      node('Concat', ['row', 'row'], ['sizes'], { axis: { type: 'int', value: 0 } }),
      node('Cast', ['sizes'], ['y'], { to: { type: 'int', value: 1 } }),
    ],
    'y',
  );
  const b = new GraphBuilder('taken');
  const importer = new GraphImporter(b, graph, { attention });
  importer.bind('x', b.input('x', 'float32', ['rows', 'width']));
  importer.bind('two', b.scalar(2, 'int64'));
  importer.bind('axes', b.ints([0]));
  const y = importer.get('y');
  expect(b.shape(y)).toEqual([2]);
  b.output('out', y);
  const x = { dtype: 'float32', dims: [1, 3], data: new Float32Array(3) } as const;
  expect([...numbers(await (await compile(b))({ x }), 'out')]).toEqual([6, 6]);
});
