/** A run's adapter to and from PEFT's format: the stored checkpoint is enough, the model is not loaded. */
import type { PolicyInfo } from '../gasp/policyRecord.ts';
import type { Policy, PolicySnapshot } from '../gasp/ports.ts';
import {
  adapterOfVector,
  vectorOfAdapter,
  type LoraAdapter,
  readPeft,
  writePeft,
  PeftError,
} from 'onnx-lora';

/** The two files of an adapter as they came from somewhere. */
export interface AdapterFiles {
  /** The name for people: of a folder or a repository. */
  name: string;
  /** `adapter_config.json` and `adapter_model.safetensors`. */
  config: string;
  weights: Uint8Array;
}

/**
 * The adapter that a checkpoint of a run holds, as PEFT's two files by name. `policy` is what the run's
 * log says of its policy. Throws `PeftError` where the run trains no adapter, or does not say which.
 */
export function exportAdapter(
  policy: PolicyInfo | undefined,
  snapshot: PolicySnapshot,
  baseModel: string,
): Map<string, Uint8Array<ArrayBuffer>> {
  if (!policy?.adapter) {
    throw policy && policy.trainable >= policy.parameters
      ? new PeftError('This run trains all weights of its model, so there is no adapter to export.', {
          code: 'adapter-none',
        })
      : new PeftError('This run was recorded before adapters could be exported.', {
          code: 'adapter-unrecorded',
        });
  }
  return writePeft(adapterOfVector(policy.adapter, snapshot.weights, baseModel));
}

/** Puts an adapter into a policy that has not trained yet. Throws `PeftError` where it does not fit. */
export async function startFromAdapter(policy: Policy, files: AdapterFiles): Promise<void> {
  const adapter = readPeft(files.config, files.weights);
  const shape = policy.info.adapter;
  if (!shape) {
    throw new PeftError('This run trains all weights of its model, and so cannot start from an adapter.', {
      code: 'adapter-tuning',
    });
  }
  const snapshot = await policy.snapshot();
  await policy.restore({ ...snapshot, weights: vectorOfAdapter(shape, adapter, snapshot.weights) });
}

/** LoRA settings under which an adapter goes on training as it is: its highest rank, and its scale. */
export function tuningOfAdapter({ pairs }: LoraAdapter): { kind: 'lora'; rank: number; alpha: number } {
  const all = [...pairs.values()];
  const rank = Math.max(...all.map((pair) => pair.rank));
  // A scale of 0 says nothing, and could not be made up for in B.
  const scale = Math.max(...all.map((pair) => pair.scale)) || 1;
  return { kind: 'lora', rank, alpha: Number((scale * rank).toPrecision(12)) };
}
