/** Reverse-mode differentiation as a graph transformation: appends the backward pass to the graph. */
import type { GraphBuilder, Value } from './builder.ts';
import type { DType, Node } from './model.ts';
import type { GradientRule } from './ops/operator.ts';
import { graphOperator } from './ops/table.ts';
import { Recomputation } from './recompute.ts';

const FLOATING = new Set<DType>(['float32', 'float64']);

/** An operator on the way from the loss to a weight has no gradient rule. */
export class NoGradientError extends Error {
  override name = 'NoGradientError';
}

/**
 * `sofar` + `g`, where nodes from `start` on were written for `g`. A product among them adds by itself, in one pass over memory
 * instead of two.
 */
function total(b: GraphBuilder, sofar: Value, g: Value, start: number): Value {
  const { nodes } = b.model.graph;
  const written = (value: Value) => nodes.findLast((node, i) => i >= start && node.outputs[0] === value);
  const last = written(g);
  const product = last?.op === 'Reshape' ? written(last.inputs[0]!) : last;
  if (product?.op !== 'Gemm' || product.inputs.length > 2) {
    return b.assume(b.add(sofar, g), b.shape(g));
  }
  const width = b.shape(product.outputs[0]!)[1];
  const flat = product === last ? sofar : typeof width === 'number' && b.reshape(sofar, [-1, width]);
  if (!flat) return b.assume(b.add(sofar, g), b.shape(g));
  if (product !== last) nodes.splice(nodes.indexOf(product), 0, nodes.pop()!);
  product.inputs.push(flat);
  return g;
}

function gradientOf({ op, name }: Node): GradientRule {
  const { gradient } = graphOperator(op);
  if (typeof gradient === 'function') return gradient;
  throw new NoGradientError(`no gradient rule for operator ${op} (node ${name}): ${gradient.noGradient}`);
}

/**
 * Appends nodes that compute the vector-Jacobian product: for each value in `wrt` the gradient of
 * `sum(output * seed)`. `seed` has the shape of `output`; for a scalar loss it is the scalar 1.
 * A value that the output does not depend on gets zeros. The backward pass computes outputs of `cheap`
 * nodes a second time instead of keeping them. Throws `NoGradientError`.
 */
export function differentiate(
  b: GraphBuilder,
  output: Value,
  seed: Value,
  wrt: readonly Value[],
  cheap?: (node: Node, depends: (value: Value) => boolean) => boolean,
): Value[] {
  const nodes = [...b.model.graph.nodes];
  const producer = new Map<Value, Node>();
  for (const node of nodes) for (const out of node.outputs) producer.set(out, node);

  // `depends`: values that a gradient flows to, which are floating-point values computed from a wanted one.
  // `follows`: all values computed from a wanted one, sizes and conditions among them.
  const depends = new Set<Value>(wrt);
  const follows = new Set<Value>(wrt);
  const following = new Set<Node>();
  for (const node of nodes) {
    if (!node.inputs.some((i) => follows.has(i))) continue;
    following.add(node);
    const carries = node.inputs.some((i) => depends.has(i));
    for (const out of node.outputs) {
      follows.add(out);
      if (carries && b.has(out) && FLOATING.has(b.info(out).dtype)) depends.add(out);
    }
  }
  const needed = new Set<Node>();
  const stack = [output];
  while (stack.length) {
    const node = producer.get(stack.pop()!);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    for (const i of node.inputs) if (depends.has(i)) stack.push(i);
  }

  /** The one node through which `value` reaches the output, and the gradient of that node's output. */
  const only = (value: Value) => {
    const readers = nodes.filter((n) => needed.has(n) && n.inputs.includes(value));
    const dy = readers.length === 1 ? gradients.get(readers[0]!.outputs[0]!) : undefined;
    return value !== output && dy ? { node: readers[0]!, dy } : undefined;
  };
  const again =
    cheap &&
    new Recomputation(b, producer, (node) => following.has(node) && cheap(node, (v) => follows.has(v)));
  const gradients = new Map<Value, Value>([[output, seed]]);
  for (const node of nodes.reverse()) {
    if (!needed.has(node) || !node.outputs.some((o) => depends.has(o))) continue;
    const grads = node.outputs.map((o) => gradients.get(o));
    if (grads.every((g) => g === undefined)) continue;
    const rule = gradientOf(node);
    const wanted = (i: number) => depends.has(node.inputs[i] ?? '');
    const dy = grads[0] ?? b.zerosLike(node.outputs[0]!);
    const reading = again?.reading(node, dy) ?? node;
    const start = b.model.graph.nodes.length;
    const flowing = rule({ b, node: reading, forward: node, grad: (i) => grads[i], wanted, only }, dy);
    node.inputs.forEach((input, i) => {
      const g = flowing[i];
      if (g === undefined || !depends.has(input)) return;
      const sofar = gradients.get(input);
      gradients.set(input, sofar === undefined ? g : total(b, sofar, g, start));
    });
  }
  return wrt.map((v) => gradients.get(v) ?? b.zerosLike(v));
}
