/** Decoders that sample, score and train through ONNX Runtime, which the caller hands in. */
export {
  adapterOfVector,
  adapterShape,
  vectorOfAdapter,
  type AdapterShape,
} from './adapters/adapterVector.ts';
export { CONFIG_FILE, WEIGHTS_FILE, readPeft, writePeft, type LoraAdapter } from './adapters/peft.ts';
export { PeftError } from './adapters/peftConfig.ts';
export { placeAdapter } from './adapters/placeAdapter.ts';
export { readSafetensors, type SafeTensor } from './adapters/safetensors.ts';
export { LoraError, type LoraErrorCode, type LoraErrorData } from './errors.ts';
export { decoderNumbers, type DecoderSize } from './model/decoderNumbers.ts';
export { DTYPE_FILES, HUB_DTYPES, TRAINABLE_DTYPES, sizedAs, type HubDType } from './model/dtypes.ts';
export { findLinears, type AdapterPlan } from './model/hubGraph.ts';
export { loadHubModel, type HubModel } from './model/hubModel.ts';
export { allModules } from './model/linears.ts';
export {
  ModelTooBigError,
  ROW_TOKENS,
  SAMPLER_LIMITS,
  checkFits,
  estimateMemory,
  estimateWithin,
  gigabytes,
  type Dtype,
  type MemoryEstimate,
  type RunLoad,
  type TrainingPlan,
} from './model/memory.ts';
export {
  checkTensors,
  largestTensor,
  prefillWithin,
  rowTokensWithin,
  type TensorPart,
} from './model/largestTensor.ts';
export { blobFiles, folderContent, type FolderContent } from './repository/blobFiles.ts';
export { ModelFileError, httpFiles, readJson, type RepositoryFiles } from './repository/repository.ts';
export { removeStored, storedBytes, storedFiles } from './repository/storedFiles.ts';
export {
  endSession,
  float32,
  floats,
  int64,
  openSession,
  scalar,
  type DeviceTensor,
  type HostTensor,
  type OrtModule,
  type Runtime,
  type GraphSession,
  type SessionOptions,
} from './runtime/runtime.ts';
export { explained, openingError } from './runtime/runtimeErrors.ts';
export { timedRuntime, type TimedRuntime } from './runtime/timedRuntime.ts';
export { Drawer, type DrawnSet } from './sample/draw.ts';
export { drawInGraph, type DrawInGraphOptions, type DrawnTokens } from './sample/drawInGraph.ts';
export { HubSampler } from './sample/hubSampler.ts';
export {
  openRows,
  type ActiveRow,
  type SampledRow,
  type TokenRequest,
  type TokenSampleOptions,
} from './sample/sampleRows.ts';
export { DISTRIBUTION, TokenPicker, outputDistribution, sharpness } from './sample/tokenPicker.ts';
export { endTokens, readEndTokens } from './tokenizer/endTokens.ts';
export type { ChatMessage, Prompt } from './tokenizer/prompt.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
export { BETA1, BETA2 } from './train/adamw.ts';
export { gradcheck } from './train/gradcheck.ts';
export { hubTrainable, planAdapters } from './train/hubTrainable.ts';
export { sumIntoVector } from './train/flatVector.ts';
export { policySlope } from './train/policyLoss.ts';
export type { ResidentVector } from './train/residentVector.ts';
export type { RowMembers, Sequence } from './train/sharedRows.ts';
export { initialWeights, type Layout, type Parameter, type Weights } from './train/trainedVector.ts';
export {
  VectorTrainer,
  causalMask,
  microbatches,
  minibatches,
  packTokens,
  ratioBounds,
  sequenceOf,
  sharedMicrobatches,
  type LossOptions,
  type PackedRows,
  type PolicySnapshot,
  type RowsGradient,
  type Trainable,
  type TrainingRow,
} from './train/trainer.ts';
