/**
 * Values of the forward pass that its backward pass computes a second time instead of keeping them from the
 * one to the other (Chen et al. 2016, "Training deep nets with sublinear memory cost", by value).
 */
import type { GraphBuilder, Value } from './builder.ts';
import type { Node } from './model.ts';

/** One pass over memory, or none. */
const ELEMENTWISE = new Set(
  ['Sub', 'Mul', 'Div', 'Pow', 'Neg', 'Abs', 'Exp', 'Sqrt', 'Reciprocal', 'Erf', 'Tanh', 'Sigmoid', 'Relu']
    .concat(['Softplus', 'Clip', 'Min', 'Max', 'Where', 'Softmax', 'IsNaN', 'Cast', 'Identity', 'Trilu'])
    .concat(['Transpose', 'Expand', 'Slice', 'Concat', 'Split', 'SimplifiedLayerNormalization']),
);
/** The same memory under another shape: of what is kept, they are there. */
const VIEWS = new Set(['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/**
 * Tells nodes that are cheap to compute again from what is kept: all but products with weights, sums over
 * an axis, and sums of two values that depend on weights, which would lead back to the first layer. Attention's
 * scores and shares, with an element for each pair of tokens, are cheap for their size.
 */
export const isCheap =
  (b: GraphBuilder) =>
  ({ op, inputs, outputs }: Node, depends: (value: Value) => boolean): boolean => {
    const forEachPair = b
      .shape(outputs[0]!)
      .slice(-2)
      .every((d) => typeof d !== 'number');
    if (ELEMENTWISE.has(op) || VIEWS.has(op)) return true;
    if (op === 'Add') return forEachPair || !inputs.every(depends);
    return op === 'MatMul' && forEachPair;
  };

export class Recomputation {
  /** Values of the forward pass, with the second computation of them. */
  private readonly copies = new Map<Value, Value>();
  /** [0] by gradient, known when that is. */
  private readonly nothings = new Map<Value, Value>();

  constructor(
    private readonly b: GraphBuilder,
    private readonly producer: ReadonlyMap<Value, Node>,
    /** Whether what a node gives is computed again. */
    private readonly cheap: (node: Node) => boolean,
  ) {}

  /** The node as its gradient rule reads it, given the gradient that is there by then. */
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
    // Copies of its inputs wait already.
    if (inputs.every((input, i) => input === node.inputs[i])) {
      if (VIEWS.has(node.op)) return value;
      inputs[0] = this.waiting(inputs[0]!, gradient);
    }
    b.nodes(node.op, inputs, node.attributes, node.outputs.length).forEach((copy, i) => {
      this.copies.set(node.outputs[i]!, b.assume(copy, b.shape(node.outputs[i]!)));
    });
    return this.copies.get(value)!;
  }

  /**
   * `value`, but not before `gradient` is there. Runtimes run a node as soon as somebody asks for it, and
   * merge nodes that compute the same: without this, what is computed again would be kept as before. The
   * gradient adds nothing to the shape, and a reshape copies nothing.
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
