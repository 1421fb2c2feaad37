/** AdamW with global-norm clipping as a small ONNX graph over flat vectors, the same on every backend. */
import { GraphBuilder, writeModel } from 'onnx-grad';
import { type HostTensor, scalar } from '../runtime/runtime.ts';

export const BETA1 = 0.9;
export const BETA2 = 0.99;

export interface AdamwStep {
  learningRate: number;
  weightDecay: number;
  /** Added to the root of the second moment. */
  adamEpsilon: number;
  maxGradNorm: number;
}

/** Norms above are not told from it, since their squares are no float32. */
const LARGEST_NORM = 1e18;

/**
 * The scalars that step `t`, counted from 1, feeds to `adamwGraph`. The bias corrections c1 = 1 - beta1^t and
 * c2 = 1 - beta2^t are in them: (m / c1) / (sqrt(v / c2) + epsilon) = sqrt(c2) / c1 m / (sqrt(v) + epsilon sqrt(c2)).
 */
export function adamwScalars(o: AdamwStep, t: number): Record<string, HostTensor> {
  const root = Math.sqrt(1 - BETA2 ** t);
  const bound = Math.min(o.maxGradNorm, LARGEST_NORM);
  return {
    rate: scalar((o.learningRate * root) / (1 - BETA1 ** t)),
    epsilon: scalar(o.adamEpsilon * root),
    shrinkage: scalar(o.learningRate * o.weightDecay),
    bound: scalar(bound ** 2),
    share1: scalar((1 - BETA1) * bound),
    share2: scalar((1 - BETA2) * bound ** 2),
  };
}

/**
 * One step (Loshchilov and Hutter 2019, algorithm 2). Inputs: weights, gradient, first, second [P]; the scalars of
 * `adamwScalars`; and, unless all weights decay, decayed [P], 1 where one does and 0 where not (norms). Outputs: the
 * new weights, first and second moment, and square [], that of the gradient's norm before clipping.
 */
export function adamwGraph(size: number, { allDecay }: { allDecay: boolean }): Uint8Array {
  const b = new GraphBuilder('adamw');
  const vector = (name: string) => b.input(name, 'float32', [size]);
  const given = (name: string) => b.input(name, 'float32', []);
  const [weights, gradient, first, second] = [
    vector('weights'),
    vector('gradient'),
    vector('first'),
    vector('second'),
  ];
  const squares = b.mul(gradient, gradient);
  const square = b.sum(squares, [0], false);
  // A gradient g that is longer than the bound counts as bound / |g| g: max(|g|, bound) divides it.
  const divisor = b.node('Max', [square, given('bound')]);
  const share = b.div(given('share1'), b.node('Sqrt', [divisor]));
  const m = b.add(b.mul(first, b.scalar(BETA1)), b.mul(gradient, share));
  const v = b.add(b.mul(second, b.scalar(BETA2)), b.mul(squares, b.div(given('share2'), divisor)));
  const step = b.div(b.mul(m, given('rate')), b.add(b.node('Sqrt', [v]), given('epsilon')));
  const shrinkage = given('shrinkage');
  const kept = b.sub(b.scalar(1), allDecay ? shrinkage : b.mul(shrinkage, vector('decayed')));
  // What stays on the device comes first: onnxruntime-node looks those up by their place.
  b.output('newWeights', b.sub(b.mul(weights, kept), step));
  b.output('newFirst', m);
  b.output('newSecond', v);
  b.output('square', square);
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
