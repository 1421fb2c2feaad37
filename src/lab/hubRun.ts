/** What a run of a decoder from the Hub is started with, and how much memory that takes. */
import type { Settings } from '../gasp/settings.ts';
import {
  type DecoderSize,
  type Dtype,
  estimateMemory,
  type MemoryEstimate,
  ROW_TOKENS,
  type RunLoad,
} from '../lm/memory.ts';

/**
 * Settings for models a hundred times the size of the embedded one: few questions an iteration, short
 * passes, LoRA's usual learning rate on the last layers, which halves a step's time and memory, and a
 * temperature at which small models still write Python, without the unlikely tokens that break it.
 */
export const HUB_SETTINGS: Partial<Settings> = {
  goalpostsPerIteration: 4,
  rollouts: 8,
  unguidedShare: 0.25,
  epochs: 1,
  temperature: 0.6,
  topP: 0.9,
  tuning: { kind: 'lora', rank: 8, alpha: 16, layers: 12 },
  learningRate: 1e-4,
  minibatch: 16,
  microbatchTokens: 512,
  noveltyWindow: 0,
  teacherWeight: 0.1,
  liftsPerLemma: 1,
  adamEpsilon: 1e-8,
  evaluateEvery: 0,
};

export function runLoad({ microbatchTokens, goalpostsPerIteration, rollouts }: Settings): RunLoad {
  return { microbatchTokens, rows: goalpostsPerIteration * rollouts, rowTokens: ROW_TOKENS };
}

export function estimateRun(size: DecoderSize, dtype: Dtype, settings: Settings): MemoryEstimate {
  const { tuning } = settings;
  return estimateMemory(size, dtype, {
    // Decoders from the Hub train adapters only.
    rank: tuning.kind === 'lora' ? tuning.rank : 8,
    adaptedLayers: Math.min(size.layers, (tuning.kind === 'lora' && tuning.layers) || size.layers),
    ...runLoad(settings),
  });
}
