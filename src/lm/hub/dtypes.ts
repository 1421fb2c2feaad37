/** The dtypes in which a repository on the Hub may have a model, and their files. */

/** transformers.js's dtypes, with the end of the file's name. */
export const DTYPE_FILES = {
  fp32: '',
  fp16: '_fp16',
  q4: '_q4',
  q4f16: '_q4f16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  bnb4: '_bnb4',
  q2: '_q2',
  q2f16: '_q2f16',
  q1: '_q1',
  q1f16: '_q1f16',
} as const;
export type HubDType = keyof typeof DTYPE_FILES;
