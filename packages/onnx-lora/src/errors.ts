/**
 * Errors that people are told of. A message says what happened and is right wherever it is read; code and data
 * say it to programs, which own the advice.
 */

type Nothing = Record<string, never>;

/** The codes, each with its data: JSON values, since errors cross workers and processes. */
export interface LoraErrorData {
  /** The tokenizer has no tokens for a text. */
  'text-unencodable': Nothing;
  /** The model's chat template is not valid, uses features that are not supported, or refuses the messages. */
  'template-unusable': Nothing;
  'prompt-too-long': { tokens: number; context: number };

  /** The named folder is no model's. */
  'model-folder-wrong': Nothing;
  'model-file': { path?: string };
  'model-file-missing': { path?: string };
  /** The model's repository is private, or its licence was not accepted. */
  'model-file-forbidden': { path: string; url: string };
  /** The connection broke, or could not be had. `kept`: bytes that need not come again. */
  'download-broken': { path: string; url: string; kept: number };
  /** Bytes: the peak that the model needs, and the limit. */
  'model-too-big': { model: string; needed: number; limit: number };
  /** Bytes of the largest tensor that can't be cut, and what a GPU takes in one buffer. */
  'tensor-too-big': {
    model: string;
    part: 'layer' | 'attention' | 'values' | 'adapter';
    needed: number;
    limit: number;
  };
  /** A graph that cannot be trained through. */
  'graph-unsupported': Nothing;

  /** An adapter that cannot be read or does not belong to the model. */
  adapter: Nothing;
  'adapter-files': Nothing;
  'adapter-rank': { rank: number; trained: number };
  /** All weights train: an adapter can neither be taken nor given. */
  'adapter-tuning': Nothing;
  /** The numbers of a pair, without the adapter that they are of. */
  'adapter-scale': Nothing;
  'adapter-none': Nothing;
  'adapter-unrecorded': Nothing;

  /** A snapshot of another model, or of other adapter settings. */
  'checkpoint-misfit': Nothing;
  /** A weight, a gradient or a logit is not finite any more. */
  diverged: Nothing;

  'backend-missing': { backend: string };
  /** ONNX Runtime could not open a graph. */
  'backend-failed': { backend: string };
  'gpu-lost': Nothing;
  'memory-full': { backend: string };
}

export type LoraErrorCode = keyof LoraErrorData;

export class LoraError<C extends LoraErrorCode = LoraErrorCode> extends Error {
  override name = 'LoraError';
  constructor(
    readonly code: C,
    readonly data: LoraErrorData[C],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
