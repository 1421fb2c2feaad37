/** The lab's ports on Node: ONNX Runtime's CPU provider, judges in child processes, a folder. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError, hasCode } from '../src/util/codedError.ts';
import type { LabPorts } from '../src/lab/labPorts.ts';
import { openHubModel, readDialect } from '../src/lab/hubModels.ts';
import {
  embeddedIn,
  modelFolderNeeded,
  modelName,
  type ModelSource,
  modelSource,
} from '../src/lab/models.ts';
import { folderFiles } from 'onnx-lora/node';
import { DTYPE_FILES, TRAINABLE_DTYPES, httpFiles, type RepositoryFiles, type Runtime } from 'onnx-lora';
import { PRESETS } from '../src/local/presets.ts';
import { openLocalPolicy } from '../src/local/localPolicy.ts';
import { startReplica } from '../src/embedded/replicas/start.node.ts';
import { nodeRuntime } from '../src/backends/runtime.node.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';
import { openFolderJournal } from '../src/run/folderJournal.ts';
import { UsageError } from './usage.ts';

/** The folder that the page serves as it is: models and banks. */
export const publicFolder = fileURLToPath(new URL('../public/', import.meta.url));

export interface NodePortsOptions {
  /** Folder of runs. */
  out: string;
  /** Folder of a model repository: in place of the shipped one, or of what a run's model name stands for. */
  model?: string;
  /** Bytes that a model from the Hub may take; absent: no bound. */
  memoryLimit?: number;
  runtime: Runtime;
}

export async function nodePorts(options: NodePortsOptions): Promise<Omit<LabPorts, 'send'>> {
  return {
    journal: await openFolderJournal(options.out),
    loadModel: modelPort(options),
    loadJudge: async () => new NodeJudge(),
  };
}

/** Loads models by their names in a run's events. */
export function modelPort({
  model,
  memoryLimit,
  runtime,
}: Omit<NodePortsOptions, 'out'>): LabPorts['loadModel'] {
  return async (name, options) => {
    const source = modelSource(name);
    if (source.kind !== 'embedded') {
      return openHubModel(hubFiles(source, model), {
        ...options,
        model: name,
        dtype: source.dtype,
        runtime,
        dtypes: knownDtypes(source, model),
        ...(memoryLimit !== undefined && { memoryLimit }),
        onUnknownSize: (missing) =>
          console.error(
            `Whether the model fits into --memory cannot be told: its config.json lacks ${missing.join(', ')}.`,
          ),
      });
    }
    const { path, dialect } = source;
    const { tuning, seed, signal, onProgress } = options;
    const folder = model ?? join(publicFolder, path);
    if (!(await isFolder(folder))) {
      throw new CodedError('model-folder-wrong', {}, `There is no folder ${folder}.`);
    }
    // An operation on a model this small is too little to be shared by threads: cores share rows instead.
    const cores = runtime.name === 'cpu' ? runtime.threads : 1;
    const policy = await openLocalPolicy(folderFiles(folder), {
      model: name,
      runtime: cores > 1 ? nodeRuntime(1) : runtime,
      replicas: { cores, start: startReplica },
      tuning,
      seed,
      signal,
      onProgress: (done, total) => onProgress(done, total, 'bytes'),
    });
    return { policy, dialect };
  };
}

/** Dtypes of a folder, or of a repository that is known. */
function knownDtypes(source: Exclude<ModelSource, { kind: 'embedded' }>, folder: string | undefined) {
  if (folder === undefined) {
    return PRESETS.find(({ id }) => source.kind === 'hub' && id === source.title)?.dtypes ?? [];
  }
  return TRAINABLE_DTYPES.filter((name) => existsSync(join(folder, `onnx/model${DTYPE_FILES[name]}.onnx`)));
}

function hubFiles(
  source: Exclude<ModelSource, { kind: 'embedded' }>,
  folder: string | undefined,
): RepositoryFiles {
  if (folder !== undefined) return folderFiles(folder);
  if (source.kind !== 'folder') return httpFiles(source.base);
  throw modelFolderNeeded(source.title);
}

export interface ModelOption {
  /** The model's name in the run's events. */
  name: string;
  /** Where it lies on disk, if it does. */
  folder?: string;
}

/** What `--model` and `--dtype` name: a folder, a repository on the Hub (`owner/name`) or an address. */
export async function readModelOption(value: string, dtype: string | undefined): Promise<ModelOption> {
  const suffix = dtype === undefined ? '' : `#${dtype}`;
  if (await isFolder(value)) {
    const folder = resolve(value);
    const dialect = await readDialect(folderFiles(folder));
    // One that speaks the embedded model's dialect runs as the embedded model does.
    return {
      name: dialect.name === 'micro' ? embeddedIn(basename(folder)) : `folder:${basename(folder)}${suffix}`,
      folder,
    };
  }
  try {
    return { name: modelName(value, dtype) };
  } catch (error) {
    if (!hasCode(error)) throw error;
    throw new UsageError(
      `--model takes a folder, owner/name on the Hub, or an address; there is no "${value}".`,
    );
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
