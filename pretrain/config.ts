/** The embedded model's shape and how long it trains. */
import type { DecoderConfig } from '../src/embedded/decoder.ts';
import { vocabularySize } from './microTokenizer.ts';

export const decoderConfig: DecoderConfig = {
  vocabulary: vocabularySize,
  width: 128,
  layers: 4,
  heads: 4,
  feedForward: 384,
  context: 256,
  ropeTheta: 10000,
  normEpsilon: 1e-5,
};

/** A training from scratch. */
export const training = {
  seed: 1,
  batch: 64,
  steps: 15000,
  learningRate: 3e-3,
  warmup: 100,
  weightDecay: 0.02,
};
export type Training = typeof training;

/** A training that goes on from the weights of a model: other examples, smaller steps. */
export const continuation: Training = { ...training, seed: 2, steps: 4000, learningRate: 1.2e-3 };

/** Depths of what the student is asked, [1, 2, 3, 4]: mostly 1 at first, mostly 2 at the end, a little 3 and 4. */
export function depthWeights(progress: number): number[] {
  const mix = (from: number, to: number) => from + (to - from) * Math.min(1, progress / 0.6);
  return [mix(0.75, 0.2), mix(0.2, 0.52), mix(0.05, 0.23), mix(0, 0.05)];
}

/** Linear warm-up, then cosine to a twentieth. */
export function learningRate(step: number, { warmup, steps, learningRate: peak }: Training): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const progress = Math.min(1, (step - warmup) / (steps - warmup));
  return peak * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
