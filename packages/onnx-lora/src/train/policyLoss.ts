/** The policy-gradient loss as a part of graphs: where its derivative enters the backward pass, and where gradients leave it. */
import type { GraphBuilder, Value } from 'onnx-grad';
import type { Layout } from './trainedVector.ts';

/**
 * The derivative of the policy-gradient loss with respect to the log-probabilities `logp`, both of shape `dims`.
 * Adds the inputs weight, advantage, old, reference of that shape, and ratio, low, high, clipsWeight and klWeight.
 */
export function policySlope(b: GraphBuilder, logp: Value, dims: string[]): Value {
  const weight = b.input('weight', 'float32', dims);
  const advantage = b.input('advantage', 'float32', dims);
  const old = b.input('old', 'float32', dims);
  const reference = b.input('reference', 'float32', dims);
  const [ratioOn, low, high, clipsWeight, klWeight] = ['ratio', 'low', 'high', 'clipsWeight', 'klWeight'].map(
    (n) => b.input(n, 'float32', []),
  );
  // The loss is elementwise in logp, so its derivative is written down and seeds the backward pass.
  const r = b.exp(b.mul(ratioOn!, b.sub(logp, old)));
  const zero = b.scalar(0);
  const over = b.node('And', [b.node('Greater', [advantage, zero]), b.node('Greater', [r, high!])]);
  const under = b.node('And', [b.node('Less', [advantage, zero]), b.node('Less', [r, low!])]);
  const clipped = b.node('Where', [b.node('Or', [over, under]), zero, b.mul(advantage, r)]);
  // CISPO: a clipped ratio weighs log-probabilities and has no derivative of its own, so that no token drops out.
  const weighed = b.mul(advantage, b.node('Min', [b.node('Max', [r, low!]), high!]));
  const surrogate = b.node('Where', [b.node('Greater', [clipsWeight!, zero]), weighed, clipped]);
  // Where there is no loss or no KL term, exp may overflow, and 0 times infinity is not a number.
  const pull = b.mul(klWeight!, b.sub(b.scalar(1), b.exp(b.sub(reference, logp))));
  const kl = b.node('Where', [b.node('Greater', [klWeight!, zero]), pull, zero]);
  const slope = b.mul(weight, b.sub(kl, surrogate));
  return b.node('Where', [b.node('Equal', [weight, zero]), zero, slope]);
}

/** Most values that a node reads or writes where it may have many: a WebGPU kernel can bind only a few buffers. */
const FAN = 7;

/** The parameters of a flat vector, each of them flat, by their offset: in few nodes, whatever their number. */
export function splitVector(b: GraphBuilder, vector: Value, layout: Layout): Map<number, Value> {
  const bounds = layout.parameters.map((p) => layout.offsets.get(p.name)!).sort((x, y) => x - y);
  const out = new Map<number, Value>();
  const end = (i: number) => bounds[i] ?? layout.size;
  /** Cuts `value`, which holds parameters `from` to `to`. */
  const cut = (value: Value, from: number, to: number) => {
    if (to - from === 1) {
      out.set(bounds[from]!, value);
      return;
    }
    let step = 1;
    while (step * FAN < to - from) step *= FAN;
    const starts: number[] = [];
    for (let i = from; i < to; i += step) starts.push(i);
    const sizes = starts.map((i) => end(Math.min(i + step, to)) - end(i));
    b.nodes('Split', [value, b.ints(sizes)], { axis: 0 }, starts.length).forEach((part, k) => {
      cut(part, starts[k]!, Math.min(starts[k]! + step, to));
    });
  };
  cut(vector, 0, bounds.length);
  return out;
}

/** `vector` [P] plus the values one after the other, P elements in all. */
export function sumIntoVector(b: GraphBuilder, vector: Value, values: readonly Value[]): Value {
  let flat = values.map((v) => b.reshape(v, [-1]));
  while (flat.length > 1) {
    const next: Value[] = [];
    for (let i = 0; i < flat.length; i += FAN) {
      const group = flat.slice(i, i + FAN);
      next.push(group.length > 1 ? b.concat(group, 0) : group[0]!);
    }
    flat = next;
  }
  return b.add(vector, b.assume(flat[0]!, b.shape(vector)));
}
