/** The lab in the page's worker: puts it on ONNX Runtime, the sandboxed judge and IndexedDB. */
import { CodedError, tellError } from '../util/codedError.ts';
import { blobFiles, type FolderContent, httpFiles, type RepositoryFiles, storedFiles } from 'onnx-lora';
import { SandboxJudge } from '../python/sandboxJudge.ts';
import { openIndexedDbJournal } from '../run/indexedDbJournal.ts';
import type { Journal } from '../run/journal.ts';
import { journalOver } from '../run/portJournal.ts';
import { Lab } from './lab.ts';
import type { LoadOptions, ModelOptions } from './labPorts.ts';
import { modelFolderNeeded, type ModelSource, modelSource } from './models.ts';
import type { Command, Message } from './protocol.ts';

const send = (message: Message) => postMessage(message);
let lab: Promise<Lab> | undefined;
/** Folders on disk that a person chose, by name. */
const folders = new Map<string, FolderContent>();

addEventListener('message', ({ data }: MessageEvent<Command>) => {
  if (data.type === 'connect') {
    lab = openLab(data);
    lab.catch((error: unknown) => {
      send({ type: 'error', ...tellError(error) });
      send({ type: 'status', status: 'failed' });
    });
    return;
  }
  if (data.type === 'folder') {
    folders.set(data.name, data.content);
    return;
  }
  lab?.then(
    (opened) => void opened.handle(data),
    () => {}, // It was told above.
  );
});

// A promise that nobody awaited failed: the page shows it rather than the console alone.
addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  send({ type: 'error', ...tellError(event.reason) });
});

async function openLab({ judge, base, journal }: Extract<Command, { type: 'connect' }>): Promise<Lab> {
  return new Lab({
    journal: journal ? journalOver(journal) : await openDatabase(),
    async loadModel(model, options) {
      const source = modelSource(model);
      if (source.kind !== 'embedded') return loadHubModel(model, source, options);
      const { path, dialect } = source;
      const { tuning, seed, backend, signal, onProgress } = options;
      // With them come transformers.js and ONNX Runtime: not before somebody asks for a model.
      const [{ openLocalPolicy }, { webRuntime }, { webReplicas }] = await Promise.all([
        import('../local/localPolicy.ts'),
        import('../backends/runtime.web.ts'),
        import('../embedded/replicas/start.web.ts'),
      ]);
      // A step of a model this small is over before a GPU has been told of it: on an H100, through
      // WebGPU, the first iteration took ten times as long as on two cores (docs/gpu.md).
      const runtime = await webRuntime(backend === 'auto' ? 'wasm' : backend);
      const policy = await openLocalPolicy(httpFiles(new URL(path, base).href), {
        model,
        runtime,
        replicas: webReplicas(runtime),
        tuning,
        seed,
        signal,
        onProgress: (done, total) => onProgress(done, total, 'bytes'),
      });
      return { policy, dialect };
    },
    loadJudge: judgeLoader(judge),
    send,
  });
}

/** The page has reached it: what goes wrong here is new. */
async function openDatabase(): Promise<Journal> {
  try {
    return await openIndexedDbJournal();
  } catch (error) {
    throw new CodedError('lab-ended', {}, 'The browser’s storage does not answer any more.', {
      cause: error,
    });
  }
}

async function loadHubModel(
  model: string,
  source: Exclude<ModelSource, { kind: 'embedded' }>,
  { backend, ...options }: ModelOptions,
) {
  const [{ openHubModel }, { webRuntime }, { memoryLimit }] = await Promise.all([
    import('./hubModels.ts'),
    import('../backends/runtime.web.ts'),
    import('../backends/memoryLimit.web.ts'),
  ]);
  const runtime = await webRuntime(backend);
  return openHubModel(repositoryFiles(source), {
    ...options,
    model,
    dtype: source.dtype,
    runtime,
    memoryLimit: memoryLimit(runtime.name.startsWith('webgpu') ? 'webgpu' : 'wasm'),
  });
}

function repositoryFiles(source: Exclude<ModelSource, { kind: 'embedded' }>): RepositoryFiles {
  if (source.kind !== 'folder') return storedFiles(source.base);
  const content = folders.get(source.title);
  if (content) return blobFiles(content);
  throw modelFolderNeeded(source.title);
}

/** A port serves one judge, so there is one for good; loading it can be called off and tried again. */
function judgeLoader(port: MessagePort) {
  let report: LoadOptions['onProgress'] | undefined;
  const judge = new SandboxJudge(port, { onLoad: (done, total) => report?.(done, total, 'bytes') });
  return async ({ signal, onProgress }: LoadOptions): Promise<SandboxJudge> => {
    report = onProgress;
    try {
      await judge.load();
      // Python itself starts with its first program.
      await judge.run([{ program: 'def f(x):\n    return x', inputs: ['1'] }], { signal });
    } finally {
      report = undefined;
    }
    return judge;
  };
}
