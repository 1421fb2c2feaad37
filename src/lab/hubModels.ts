/** Decoders from the Hub, from a host or from a folder, as a run's policy and the dialect that it speaks. */
import { chatDialect } from '../dialects/chat/dialect.ts';
import { microDialect } from '../dialects/micro/dialect.ts';
import type { Dialect, Policy } from '../gasp/ports.ts';
import { DTYPE_FILES, type HubDType } from '../lm/hub/hubModel.ts';
import { openHubPolicy } from '../lm/hub/hubPolicy.ts';
import { readJson, type RepositoryFiles } from '../lm/repository.ts';
import type { Runtime } from '../lm/runtime.ts';
import type { ModelOptions } from './ports.ts';
import { modelTitle } from './models.ts';
import { LabError } from './problems.ts';

/** Field of `config.json` by which a model trained here says what it speaks; instruct models have none. */
const DIALECT = 'foothold_dialect';

/** The dialect that a repository's model speaks. */
export async function readDialect(files: RepositoryFiles, signal?: AbortSignal): Promise<Dialect> {
  const config = await readJson(files, 'config.json', signal);
  return config[DIALECT] === 'micro' ? microDialect() : chatDialect();
}

export interface OpenHubOptions extends Omit<ModelOptions, 'backend'> {
  /** What the run's events call the model. */
  model: string;
  dtype?: string | undefined;
  runtime: Runtime;
  /** Bytes; absent: no bound. */
  memoryLimit?: number;
}

export async function openHubModel(
  files: RepositoryFiles,
  { model, dtype, runtime, tuning, seed, load, memoryLimit, signal, onProgress }: OpenHubOptions,
): Promise<{ policy: Policy; dialect: Dialect }> {
  if (dtype !== undefined && !(dtype in DTYPE_FILES)) {
    throw new LabError(
      `There is no dtype ${dtype}.`,
      `Choose one of ${Object.keys(DTYPE_FILES).join(', ')}.`,
    );
  }
  const dialect = await readDialect(files, signal);
  const policy = await openHubPolicy(files, {
    model,
    title: modelTitle(model),
    runtime,
    tuning,
    seed,
    signal,
    ...(load && { load }),
    ...(dtype !== undefined && { dtype: dtype as HubDType }),
    ...(memoryLimit !== undefined && { memoryLimit }),
    onProgress: (done, total) => onProgress(done, total, 'bytes'),
  });
  return { policy, dialect };
}
