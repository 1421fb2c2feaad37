/** Decoders from the Hub, from a host or from a folder, as a run's policy and the dialect that it speaks. */
import { CodedError } from '../util/codedError.ts';
import { chatDialect } from '../dialects/chat/dialect.ts';
import { microDialect } from '../dialects/micro/dialect.ts';
import type { Dialect, Policy } from '../gasp/ports.ts';
import {
  DTYPE_FILES,
  HUB_DTYPES,
  type HubDType,
  decoderNumbers,
  ModelTooBigError,
  readJson,
  type RepositoryFiles,
  type Runtime,
} from 'onnx-lora';
import { openHubPolicy } from '../local/hubPolicy.ts';
import { fittingSettings, memorySettings, runLoad } from './hubRun.ts';
import type { ModelOptions } from './labPorts.ts';
import { modelTitle } from './models.ts';

/** Field of `config.json` that names the dialect of a model trained here; instruct models have none. */
const DIALECT = 'foothold_dialect';

/** The dialect that a repository's model speaks. */
export async function readDialect(files: RepositoryFiles, signal?: AbortSignal): Promise<Dialect> {
  const config = await readJson(files, 'config.json', signal);
  return config[DIALECT] === 'micro' ? microDialect() : chatDialect();
}

export interface OpenHubOptions extends Omit<ModelOptions, 'backend'> {
  /** The model's name in the run's events. */
  model: string;
  dtype?: string | undefined;
  runtime: Runtime;
  /** Bytes; absent: no bound. */
  memoryLimit?: number;
  /** Dtypes that the repository is known to have, besides `dtype`. */
  dtypes?: readonly HubDType[];
  /** Called before any large file is loaded where memory is limited and config.json lacks fields that the estimate needs. */
  onUnknownSize?: (missing: readonly string[]) => void;
}

export async function openHubModel(
  files: RepositoryFiles,
  options: OpenHubOptions,
): Promise<{ policy: Policy; dialect: Dialect }> {
  const { model, dtype, runtime, tuning, seed, settings, memoryLimit, signal, onProgress } = options;
  const { onUnknownSize } = options;
  if (dtype !== undefined && !(dtype in DTYPE_FILES)) {
    throw new CodedError(
      'dtype-unknown',
      { dtype, known: HUB_DTYPES },
      `There is no dtype ${dtype}: known are ${HUB_DTYPES.join(', ')}.`,
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
    ...(settings && { load: runLoad(settings) }),
    ...(dtype !== undefined && { dtype: dtype as HubDType }),
    ...(memoryLimit !== undefined && { memoryLimit }),
    ...(onUnknownSize && { onUnknownSize }),
    onProgress: (done, total) => onProgress(done, total, 'bytes'),
  }).catch(async (error: unknown) => {
    throw error instanceof ModelTooBigError ? await withFitting(error, files, options) : error;
  });
  return { policy, dialect };
}

/** The refusal, with the largest run that would fit. */
async function withFitting(
  error: ModelTooBigError,
  files: RepositoryFiles,
  { dtype, dtypes = [], settings, memoryLimit, signal }: OpenHubOptions,
): Promise<ModelTooBigError> {
  const { size } = decoderNumbers(await readJson(files, 'config.json', signal));
  if (!size || !settings || memoryLimit === undefined) return error;
  const wanted = (dtype as HubDType | undefined) ?? 'q4';
  const found = fittingSettings(size, settings, memoryLimit, [...new Set([wanted, ...dtypes])]);
  const data = {
    ...error.data,
    wanted: { dtype: wanted, settings: memorySettings(settings) },
    fitting: found
      ? { dtype: found.dtype, settings: memorySettings(found.settings), needed: found.estimate.total }
      : null,
  };
  return new ModelTooBigError('model-too-big', data, error.message);
}
