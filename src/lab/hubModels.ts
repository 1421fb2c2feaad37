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
  /** Dtypes that the repository is known to have, besides `dtype`. */
  dtypes?: readonly HubDType[];
  /** Told before anything large is loaded where there is a bound and config.json lacks what is needed to keep it. */
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
