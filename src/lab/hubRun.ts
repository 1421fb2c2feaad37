/** The starting settings of a run of a decoder from the Hub, and the memory that they take. */
import type { MemoryRun } from '../util/codedError.ts';
import type { Settings } from '../gasp/settings.ts';
import {
  checkTensors,
  type DecoderSize,
  estimateWithin,
  type MemoryEstimate,
  ROW_TOKENS,
  type RunLoad,
  type TrainingPlan,
  type HubDType,
  sizedAs,
} from 'onnx-lora';

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
  teacherWeight: 0.1,
  liftsPerLemma: 1,
  // Each costs a pass over its prompt, which is hundreds of tokens here.
  hindsightReplay: 8,
  adamEpsilon: 1e-8,
  // With two answers each a trial of two dozen goalposts costs about as much as an iteration.
  evaluateEvery: 10,
  validateEvery: 10,
  validateAnswers: 64,
  evaluateSamples: 2,
};

export function runLoad({ microbatchTokens, goalpostsPerIteration, rollouts }: Settings): RunLoad {
  return {
    microbatchTokens,
    rows: goalpostsPerIteration * rollouts,
    prompts: goalpostsPerIteration,
    rowTokens: ROW_TOKENS,
  };
}

/** The settings that decide a run's memory. */
export function memorySettings(settings: Settings): MemoryRun['settings'] {
  const { tuning, microbatchTokens, goalpostsPerIteration, rollouts } = settings;
  return { tuning, microbatchTokens, goalpostsPerIteration, rollouts };
}

const adaptedLayers = ({ layers }: DecoderSize, { tuning }: Settings): number =>
  Math.min(layers, (tuning.kind === 'lora' && tuning.layers) || layers);

/** Of a run that may take `limit` bytes. */
export function estimateRun(
  size: DecoderSize,
  dtype: HubDType,
  settings: Settings,
  limit = Infinity,
): MemoryEstimate {
  return estimateWithin(size, sizedAs(dtype), planOf(size, settings), limit);
}

/** Throws `LoraError`, code `tensor-too-big`, where the run needs a tensor of more than `limit` bytes. */
export function checkRunTensors(name: string, size: DecoderSize, settings: Settings, limit: number): void {
  checkTensors(name, size, planOf(size, settings), limit);
}

function planOf(size: DecoderSize, settings: Settings): TrainingPlan {
  const { tuning } = settings;
  return {
    // Decoders from the Hub train adapters only.
    rank: tuning.kind === 'lora' ? tuning.rank : 8,
    adaptedLayers: adaptedLayers(size, settings),
    ...runLoad(settings),
  };
}

/** Settings with which a model fits, in one of its dtypes. */
export interface Fitting {
  dtype: HubDType;
  settings: Settings;
  estimate: MemoryEstimate;
}

/**
 * The largest run like `settings` that takes at most `limit` bytes: as many layers with adapters as go, in the
 * first of `dtypes` that has as many, then as many tokens in a pass and questions at a time. Undefined where
 * not even one layer goes.
 */
export function fittingSettings(
  size: DecoderSize,
  settings: Settings,
  limit: number,
  dtypes: readonly HubDType[],
): Fitting | undefined {
  const most = adaptedLayers(size, settings);
  for (let layers = most; layers > 0; layers--) {
    for (const dtype of dtypes) {
      for (const smaller of smallerRuns(settings, layers === most ? undefined : layers)) {
        const estimate = estimateRun(size, dtype, smaller, limit);
        if (estimate.total <= limit) return { dtype, settings: smaller, estimate };
      }
    }
  }
  return undefined;
}

/** The same run with fewer tokens in a pass (never fewer than a row has), then with fewer answers at a time. */
function* smallerRuns(settings: Settings, layers: number | undefined): Generator<Settings> {
  const { tuning, goalpostsPerIteration, rollouts } = settings;
  if (tuning.kind !== 'lora') return;
  const base = layers === undefined ? settings : { ...settings, tuning: { ...tuning, layers } };
  yield base;
  let { microbatchTokens } = settings;
  for (; microbatchTokens > ROW_TOKENS; yield { ...base, microbatchTokens }) {
    microbatchTokens = Math.max(ROW_TOKENS, microbatchTokens >> 1);
  }
  for (let count = goalpostsPerIteration - 1; count > 0; count--) {
    yield { ...base, microbatchTokens, goalpostsPerIteration: count };
  }
  for (let count = rollouts - 1; count > 1; count--) {
    yield { ...base, microbatchTokens, goalpostsPerIteration: 1, rollouts: count };
  }
}
