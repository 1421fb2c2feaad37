/** The dtypes in which a repository on the Hub may have a model, and their files. */
import type { Dtype } from './memory.ts';

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
export const HUB_DTYPES = Object.keys(DTYPE_FILES) as HubDType[];

/** Of these most exports round activations too, and cannot be trained through. */
export const ROUNDING_DTYPES: ReadonlySet<HubDType> = new Set(['q8', 'int8', 'uint8']);
export const TRAINABLE_DTYPES = HUB_DTYPES.filter((dtype) => !ROUNDING_DTYPES.has(dtype));

/** Dtypes whose memory is not counted by itself, as the next larger one that is. */
const SIZED_AS: Partial<Record<HubDType, Dtype>> = {
  ...{ int8: 'q8', uint8: 'q8' },
  ...{ q2: 'q4', q1: 'q4', q2f16: 'q4f16', q1f16: 'q4f16' },
};

/** The dtype that a dtype, or none, is counted as. */
export const sizedAs = (dtype: HubDType = 'q4'): Dtype => SIZED_AS[dtype] ?? (dtype as Dtype);
