/**
 * Values of the forward pass that the backward pass computes a second time, so that they need no memory in
 * between (Chen et al. 2016, "Training deep nets with sublinear memory cost", value by value).
 */
import type { GraphWriter, Value } from './graphWriter.ts';
import type { Node } from './model.ts';
import { graphOperator } from './ops/table.ts';

/** Whether a node may be computed again instead of kept; `depends` says whether a value depends on trained weights. */
export const isCheap =
  (b: GraphWriter) =>
  (node: Node, depends: (value: Value) => boolean): boolean => {
    const { cheap } = graphOperator(node.op);
    if (typeof cheap !== 'function') return cheap !== false;
    const [rows, columns] = b.shape(node.outputs[0]!).slice(-2);
    const forEachPair = typeof rows !== 'number' && typeof columns !== 'number';
    return cheap({ node, forEachPair, depends });
  };

export class Recomputation {
  /** By value of the forward pass, its second computation. */
  private readonly copies = new Map<Value, Value>();
  /** By gradient, a vector [0] that a runtime can compute only after the gradient. */
  private readonly nothings = new Map<Value, Value>();

  constructor(
    private readonly b: GraphWriter,
    private readonly producer: ReadonlyMap<Value, Node>,
    /** Whether a node is computed again. */
    private readonly cheap: (node: Node) => boolean,
  ) {}

  /** The node as its gradient rule reads it, with copies computed after `gradient`, that of its output. */
  reading(node: Node, gradient: Value): Node {
    const read = (value: Value) => this.again(value, gradient);
    return { ...node, inputs: node.inputs.map(read), outputs: node.outputs.map(read) };
  }

  private again(value: Value, gradient: Value): Value {
    const known = this.copies.get(value);
    if (known !== undefined) return known;
    const node = this.producer.get(value);
    if (!node || !this.cheap(node)) return value;
    const { b } = this;
    const inputs = node.inputs.map((input) => this.again(input, gradient));
    // Inputs that are copies wait for a gradient already. A view of a value that is kept costs no memory.
    if (inputs.every((input, i) => input === node.inputs[i])) {
      if (graphOperator(node.op).cheap === 'view') return value;
      inputs[0] = this.waiting(inputs[0]!, gradient);
    }
    b.nodes(node.op, inputs, node.attributes, node.outputs.length).forEach((copy, i) => {
      this.copies.set(node.outputs[i]!, b.assume(copy, b.shape(node.outputs[i]!)));
    });
    return this.copies.get(value)!;
  }

  /**
   * `value`, reshaped to its own shape plus a zero that is computed from `gradient`. Runtimes merge nodes that
   * compute the same from the same inputs, and run nodes as early as they can: without this dependence the
   * first computation would be kept after all. The reshape copies nothing.
   */
  private waiting(value: Value, gradient: Value): Value {
    const { b } = this;
    const shape = b.shape(value);
    if (shape.length === 0 || b.shape(gradient).length === 0) return value;
    let nothing = this.nothings.get(gradient);
    if (nothing === undefined) {
      const size = b.node('Gather', [b.node('Shape', [gradient]), b.ints([0])], { axis: 0 });
      nothing = b.sub(size, size);
      this.nothings.set(gradient, nothing);
    }
    return b.assume(b.node('Reshape', [value, b.add(b.node('Shape', [value]), nothing)]), shape);
  }
}
