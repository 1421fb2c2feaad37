/** A checkpoint's adapter as a zip of the two files that PEFT reads. */
import { exportAdapter } from '../../lab/adapters.ts';
import { baseModelName } from '../../lab/models.ts';
import { goneCheckpoint } from '../../lab/checks.ts';
import type { CheckpointState, RunState } from '../../run/state.ts';
import { download } from '../parts/download.ts';
import type { RunStore } from './shelf.ts';

/** Throws for a checkpoint that is not stored, and for a run that trains all weights. */
export async function saveAdapter(
  store: RunStore,
  { run, name, policy, model }: RunState,
  { blob, iteration }: CheckpointState,
): Promise<void> {
  const snapshot = await store.getCheckpoint(run, blob);
  if (!snapshot) throw goneCheckpoint(`the checkpoint of iteration ${iteration}`);
  const files = exportAdapter(policy, snapshot, baseModelName(model));
  const { zipSync } = await import('fflate');
  // Weights are as good as random to a compressor: it would only take time.
  const zip = zipSync(Object.fromEntries(files), { level: 0 });
  download(`${name}, iteration ${iteration}, adapter.zip`, zip as Uint8Array<ArrayBuffer>, 'application/zip');
}
