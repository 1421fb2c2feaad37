/** `lab adapter`: the adapter of a run's checkpoint in PEFT's format. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { exportAdapter } from '../src/lab/adapters.ts';
import { baseModelName } from '../src/lab/models.ts';
import { openFolderJournal } from '../src/run/folderJournal.ts';
import { foldEvents } from '../src/run/state.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

export const adapterUsage = `lab adapter --run DIR --out DIR [options]
  Writes the LoRA adapter of a checkpoint as PEFT reads it (adapter_config.json, adapter_model.safetensors).
  lab run --adapter DIR starts a run from one.
  --run DIR         folder of the run, as given to lab run --out
  --checkpoint N    the checkpoint of iteration N; 0 is the start (default: the newest)
  --out DIR         where the two files go
  --json            the last line is {"out", "iteration", "model"}
`;

const OPTIONS = {
  run: { type: 'string' },
  checkpoint: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export async function adapterCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.run || !values.out) throw new UsageError('--run DIR and --out DIR are needed.');
  const journal = await openFolderJournal(resolve(values.run));
  try {
    const [stored] = await journal.list();
    if (!stored) throw new UsageError(`${values.run} holds no run.`);
    const state = foldEvents(await journal.read(stored.run))!;
    const { checkpoints } = state;
    const wanted =
      values.checkpoint === undefined ? undefined : numberOption('checkpoint', values.checkpoint);
    const checkpoint =
      wanted === undefined ? checkpoints.at(-1) : checkpoints.findLast((c) => c.iteration === wanted);
    const snapshot = checkpoint && (await journal.getCheckpoint(stored.run, checkpoint.blob));
    if (!checkpoint || !snapshot) {
      const kept = [...new Set(checkpoints.map((c) => c.iteration))].join(', ');
      throw new UsageError(
        `The run has no checkpoint of iteration ${wanted ?? 0}. Stored are those of: ${kept || 'none'}.`,
      );
    }
    const model = baseModelName(state.model);
    const files = exportAdapter(state.policy, snapshot, model);
    await mkdir(values.out, { recursive: true });
    for (const [name, bytes] of files) await writeFile(join(values.out, name), bytes);
    const { iteration } = checkpoint;
    const say = values.json ? console.error : console.log;
    say(`${values.out}: the adapter of iteration ${iteration}, for ${model}`);
    if (values.json) console.log(JSON.stringify({ out: values.out, iteration, model }));
    return 0;
  } finally {
    await journal.close();
  }
}
