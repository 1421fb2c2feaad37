/** Messages between a policy and a replica of its model on another core. */
import type { ToldError } from '../../util/codedError.ts';
import type { DecoderConfig } from '../decoder.ts';
import type {
  Weights,
  SampledRow,
  TokenRequest,
  TokenSampleOptions,
  LossOptions,
  RowsGradient,
  TrainingRow,
} from 'onnx-lora';
import type { Tuning } from '../../util/tuning.ts';

export interface ReplicaModel {
  config: DecoderConfig;
  tuning: Tuning;
  weights: Weights;
}

/** A task for a replica, with the trained vector to use, [P]. */
export type ReplicaTask =
  | {
      type: 'sample';
      weights: Float32Array;
      requests: readonly TokenRequest[];
      options: Omit<TokenSampleOptions, 'signal' | 'onStep'>;
      /** Whether somebody wants to hear of tokens as they come. */
      watched: boolean;
    }
  | { type: 'gradient'; weights: Float32Array; rows: readonly TrainingRow[]; options: LossOptions };

/** Tasks are done one after another; the first message is the model. */
export type ReplicaCommand =
  | { type: 'model'; model: ReplicaModel }
  | { type: 'task'; id: number; task: ReplicaTask }
  /** The task with this id is not wanted any more. */
  | { type: 'stop'; id: number };

/** Tokens that a row of a task has got since the last time. */
export interface RowNews {
  row: number;
  tokens: number[];
  logprobs: number[];
  ended: SampledRow['ended'];
}

export type ReplicaResult = SampledRow[] | RowsGradient;

export type ReplicaAnswer =
  | { id: number; type: 'news'; news: RowNews[] }
  | { id: number; type: 'done'; result: ReplicaResult }
  | { id: number; type: 'failed'; error: ToldError };
