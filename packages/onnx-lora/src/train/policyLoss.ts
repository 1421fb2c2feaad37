/** The policy-gradient loss as a part of graphs: its derivative, which enters the backward pass. */
import type { GraphBuilder, Value } from 'onnx-grad';

/** Exponents above are cut, so that what counts for nothing is no product of 0 and infinity. */
const LARGEST_EXPONENT = 80;

/**
 * The derivative of the policy-gradient loss with respect to the log-probabilities `logp`, both of shape `dims`. Adds
 * inputs of that shape: old and reference; push, the prediction's weight times its advantage; bound, the ratio behind which
 * there is nothing to gain (above it where push is positive, below where it is negative); pull, the weight times that of
 * the KL term. And ratio [], 1 or 0: whether there is a ratio at all; least and most [], between which the ratio weighs the
 * log-probability (CISPO; its clipped ratio has no derivative of its own, so that no token drops out).
 */
export function policySlope(b: GraphBuilder, logp: Value, dims: string[]): Value {
  const [push, bound, old, pull, reference] = ['push', 'bound', 'old', 'pull', 'reference'].map((name) =>
    b.input(name, 'float32', dims),
  ) as [Value, Value, Value, Value, Value];
  const [ratio, least, most] = ['ratio', 'least', 'most'].map((name) => b.input(name, 'float32', [])) as [
    Value,
    Value,
    Value,
  ];
  const exp = (x: Value) => b.exp(b.node('Min', [x, b.scalar(LARGEST_EXPONENT)]));
  // The loss is elementwise in logp, so its derivative is written down and seeds the backward pass.
  const r = exp(b.mul(ratio, b.sub(logp, old)));
  const over = b.node('Greater', [b.mul(push, b.sub(r, bound)), b.scalar(0)]);
  const surrogate = b.node('Where', [over, b.scalar(0), b.mul(push, b.node('Clip', [r, least, most]))]);
  const kl = b.mul(pull, b.sub(b.scalar(1), exp(b.sub(reference, logp))));
  return b.sub(kl, surrogate);
}
