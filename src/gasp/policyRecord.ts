/** A policy's description of itself and of each update, in the form that a log keeps. */
import * as v from 'valibot';
import { list, mean, name, number, whole } from './fields.ts';

/** Means over the optimizer steps of one update, except where said. */
export const updateStats = v.object({
  loss: mean,
  /** Before clipping. */
  gradNorm: mean,
  /** Mean over tokens of the KL estimate `exp(d) - d - 1`, d = logprob now - logprob at sampling. */
  kl: mean,
  /** Share of tokens whose ratio was clipped. */
  clipped: mean,
  /** Mean negative log-probability of the trained tokens: an estimate of entropy, in nats. */
  entropy: mean,
  steps: whole,
  /** Tokens that carried a loss. */
  tokens: whole,
  /** Norm of the change of the trained weights over the whole update, over their norm before it. */
  moved: mean,
});
export type UpdateStats = v.InferOutput<typeof updateStats>;

/** `AdapterShape` of `onnx-lora`. */
const adapterShape = v.object({
  modules: list(v.object({ name, in: whole, out: whole, rank: whole, scale: number })),
});

export const policyInfo = v.object({
  model: name,
  /** The runtime and its device: `cpu`, `wasm`, `wasm x 4`, `webgpu (adapter)`, `remote`. */
  backend: name,
  parameters: whole,
  trainable: whole,
  /** Set where an adapter trains: with it, a stored snapshot can be exported without the model. */
  adapter: v.exactOptional(adapterShape),
});
export type PolicyInfo = v.InferOutput<typeof policyInfo>;
