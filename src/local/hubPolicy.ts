/** A policy on a decoder from the Hub: loaded, given adapters, and checked against the memory allowed. */
import { CodedError } from '../util/codedError.ts';
import {
  adapterShape,
  checkFits,
  checkTensors,
  estimateWithin,
  type MemoryEstimate,
  ROW_TOKENS,
  type RunLoad,
  type TrainingPlan,
  decoderNumbers,
  type DecoderSize,
  readEndTokens,
  readJson,
  type RepositoryFiles,
  loadTokenizer,
  VectorTrainer,
  type AdapterPlan,
  findLinears,
  type HubDType,
  sizedAs,
  type HubModel,
  loadHubModel,
  HubSampler,
  hubTrainable,
  planAdapters,
  prefillWithin,
  rowTokensWithin,
  SAMPLER_LIMITS,
  allModules,
} from 'onnx-lora';
import { LocalPolicy, type LocalPolicyOptions } from './localPolicy.ts';
import type { Tuning } from '../util/tuning.ts';

export interface HubPolicyOptions extends LocalPolicyOptions {
  /** The model's name for people. */
  title?: string;
  /** Absent: the first of q4, q4f16, fp16 and fp32 that is there. */
  dtype?: HubDType;
  /** Bytes that loading, sampling and training may take together; absent: no bound. */
  memoryLimit?: number;
  /** Called with what config.json lacks where there is a limit and no telling whether it will be kept. */
  onUnknownSize?: (missing: readonly string[]) => void;
  /** The load of the run, for the memory estimate. */
  load?: RunLoad;
}

/** Longer than what programs repeat on purpose. */
const LOOP_TOKENS = 64;

const LOAD: RunLoad = { microbatchTokens: 512, rows: 32, prompts: 4, rowTokens: ROW_TOKENS };

/**
 * Opens a repository from the Hub. Throws `ModelTooBigError` before the weights are read where they
 * would not fit, and `UnsupportedGraphError` where the graph cannot be trained through.
 */
export async function openHubPolicy(files: RepositoryFiles, options: HubPolicyOptions): Promise<LocalPolicy> {
  const { signal, runtime, tuning, seed, dtype, onProgress, load = LOAD } = options;
  if (tuning.kind !== 'lora') {
    throw new CodedError(
      'tuning-not-lora',
      {},
      'A model from the Hub keeps its own weights and trains by LoRA.',
    );
  }
  const config = await readJson(files, 'config.json', signal);
  const estimate = estimateOf(config, tuning, { ...options, half: runtime.hasHalf });
  const { size } = decoderNumbers(config);
  const { largestTensor } = runtime;
  if (size && largestTensor !== undefined) {
    checkTensors(options.title ?? options.model, size, planOf(size, tuning, load), largestTensor);
  }
  if (options.memoryLimit) {
    if (estimate) checkFits(options.title ?? options.model, estimate, options.memoryLimit);
    else options.onUnknownSize?.(decoderNumbers(config).missing);
  }
  // Small files are read first: where they refuse the model, no large one is downloaded.
  const tokenizer = await loadTokenizer(files, signal);
  const stop = await readEndTokens(files, config, tokenizer.endToken, signal);
  const model = await loadHubModel(files, {
    half: runtime.hasHalf,
    largestTensor,
    ...(dtype && { dtype }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const plan = planLayers(model, tuning);
  // Each open graph session holds the weights once more.
  const takeTurns = Boolean(
    estimate && options.memoryLimit && estimate.total + estimate.download > options.memoryLimit,
  );
  const trainer = new VectorTrainer(
    runtime,
    hubTrainable(model, plan, {
      recompute: estimate?.recompute ?? false,
      sharedTokens: size
        ? rowTokensWithin(size, estimate!.sharedTokens, largestTensor)
        : (estimate?.sharedTokens ?? ROW_TOKENS),
    }),
    seed,
    { oneSession: takeTurns },
  );
  const scales = new Map(plan.modules.map((m) => [m.name, m.scale]));
  return new LocalPolicy({
    tokenizer,
    trainer,
    sampler: new HubSampler(runtime, model, plan, {
      loopTokens: LOOP_TOKENS,
      ...(options.memoryLimit && { cacheBytes: options.memoryLimit / 4 }),
      ...(size && {
        prefillTokens: prefillWithin(size, SAMPLER_LIMITS.prefillTokens, load.rowTokens, largestTensor),
      }),
    }),
    stop,
    scoringTokens: 2 * load.microbatchTokens,
    takeTurns,
    info: {
      model: options.model,
      backend: runtime.name,
      parameters: model.parameters,
      trainable: plan.layout.size,
      adapter: adapterShape(plan.layout, (name) => scales.get(name)!),
    },
  });
}

/** Adapters of one rank on all linear layers, or on those of the last few layers. */
export function planLayers(model: HubModel, tuning: Extract<Tuning, { kind: 'lora' }>): AdapterPlan {
  const modules = allModules(findLinears(model), model.widths, model.family);
  const layers = 1 + Math.max(-1, ...modules.map((m) => m.layer));
  const first = layers - Math.min(layers, tuning.layers ?? layers);
  const scale = tuning.alpha / tuning.rank;
  return planAdapters(
    model,
    modules.filter((m) => m.layer >= first).map((m) => ({ ...m, rank: tuning.rank, scale })),
  );
}

/** From config.json alone; undefined where it lacks a number. */
export function estimateOf(
  config: Record<string, unknown>,
  tuning: Extract<Tuning, { kind: 'lora' }>,
  {
    dtype,
    load = LOAD,
    memoryLimit = Infinity,
    half = true,
  }: Pick<HubPolicyOptions, 'dtype' | 'load' | 'memoryLimit'> & Pick<TrainingPlan, 'half'>,
): MemoryEstimate | undefined {
  const { size } = decoderNumbers(config);
  if (!size) return undefined;
  return estimateWithin(size, sizedAs(dtype), { ...planOf(size, tuning, load), half }, memoryLimit);
}

const planOf = (
  size: DecoderSize,
  tuning: Extract<Tuning, { kind: 'lora' }>,
  load: RunLoad,
): TrainingPlan => ({
  rank: tuning.rank,
  adaptedLayers: Math.min(tuning.layers ?? size.layers, size.layers),
  ...load,
});
