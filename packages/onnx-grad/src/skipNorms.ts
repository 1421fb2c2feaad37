/** Sums that are normalized, and read elsewhere too, as ONNX Runtime's operator for both: one pass over memory, one dispatch. */
import { floatAttribute } from './attributes.ts';
import type { GraphWriter, Value } from './graphWriter.ts';
import type { Node } from './model.ts';

/**
 * Replaces `SimplifiedLayerNormalization(Add(x, skip))` in a finished graph by `SkipSimplifiedLayerNormalization`, which
 * gives the sum, too. Where a backward pass normalizes again to save memory, it does so from the sum, which stays.
 */
export function fuseSkipNorms(b: GraphWriter): void {
  const { graph } = b.model;
  const sums = new Map<Value, Node>();
  for (const node of graph.nodes) if (node.op === 'Add') sums.set(node.outputs[0]!, node);
  const gone = new Set<Node>();
  for (const norm of graph.nodes) {
    if (norm.op !== 'SimplifiedLayerNormalization') continue;
    const [sum, weight] = norm.inputs as [Value, Value];
    const add = sums.get(sum);
    if (!add || !graph.initializers.has(weight)) continue;
    const shape = b.shape(sum);
    const plain = [...add.inputs, sum].every((v) => b.shape(v).join() === shape.join());
    // ONNX Runtime takes it over the last of three axes.
    if (!plain || shape.length !== 3) continue;
    sums.delete(sum);
    gone.add(norm);
    Object.assign(add, {
      op: 'SkipSimplifiedLayerNormalization',
      domain: 'com.microsoft',
      inputs: [...add.inputs, weight],
      outputs: [norm.outputs[0]!, '', '', sum],
      attributes: {
        epsilon: { type: 'float', value: floatAttribute(norm.attributes, 'epsilon', 1e-5) },
      },
    } satisfies Partial<Node>);
  }
  graph.nodes = graph.nodes.filter((node) => !gone.has(node));
}
