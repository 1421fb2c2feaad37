/** AdamW with global-norm clipping as a small ONNX graph over flat vectors, the same on every backend. */
import { GraphBuilder, writeModel } from 'onnx-grad';

export const BETA1 = 0.9;
export const BETA2 = 0.99;

/**
 * One step (Loshchilov and Hutter 2019, algorithm 2). Inputs: weights, gradient, first, second [P];
 * decayed [P], 1 where a weight decays and 0 where not (norms); scalars learningRate, weightDecay, maxNorm,
 * epsilon, and the bias corrections correction1 = 1 - beta1^t, correction2 = 1 - beta2^t. Outputs: the new
 * weights, first and second moment, and norm [], the gradient's norm before clipping.
 */
export function adamwGraph(size: number): Uint8Array {
  const b = new GraphBuilder('adamw');
  const vector = (name: string) => b.input(name, 'float32', [size]);
  const [weights, gradient, first, second, decayed] = [
    'weights',
    'gradient',
    'first',
    'second',
    'decayed',
  ].map(vector) as [string, string, string, string, string];
  const [rate, decay, maxNorm, epsilon, c1, c2] = [
    'learningRate',
    'weightDecay',
    'maxNorm',
    'epsilon',
    'correction1',
    'correction2',
  ].map((n) => b.input(n, 'float32', [])) as [string, string, string, string, string, string];
  const k = (v: number) => b.scalar(v);
  const norm = b.node('Sqrt', [b.sum(b.mul(gradient, gradient), [0], false)]);
  const factor = b.node('Min', [k(1), b.div(maxNorm, b.add(norm, k(1e-12)))]);
  const g = b.mul(gradient, factor);
  const m = b.add(b.mul(first, k(BETA1)), b.mul(g, k(1 - BETA1)));
  const v = b.add(b.mul(second, k(BETA2)), b.mul(b.mul(g, g), k(1 - BETA2)));
  const step = b.div(b.div(m, c1), b.add(b.node('Sqrt', [b.div(v, c2)]), epsilon));
  const shrunk = b.mul(weights, b.sub(k(1), b.mul(b.mul(rate, decay), decayed)));
  // What stays on the device comes first: onnxruntime-node looks those up by their place.
  b.output('newWeights', b.sub(shrunk, b.mul(rate, step)));
  b.output('newFirst', m);
  b.output('newSecond', v);
  b.output('norm', norm);
  return writeModel(b.model);
}

/** Inputs: weights and before [P]. Output: moved [], the length of their difference over that of `before`. */
export function changeGraph(size: number): Uint8Array {
  const b = new GraphBuilder('change');
  const weights = b.input('weights', 'float32', [size]);
  const before = b.input('before', 'float32', [size]);
  const length = (x: string) => b.node('Sqrt', [b.sum(b.mul(x, x), [0], false)]);
  b.output('moved', b.div(length(b.sub(weights, before)), length(before)));
  return writeModel(b.model);
}
