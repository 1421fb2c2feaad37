/** The lab's ports on Node: ONNX Runtime's CPU provider, judges in child processes, a folder. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabPorts } from '../src/lab/lab.ts';
import { modelSource } from '../src/lab/models.ts';
import { folderFiles } from '../src/lm/folderFiles.ts';
import { openLocalPolicy } from '../src/lm/localPolicy.ts';
import { nodeRuntime } from '../src/lm/runtime.node.ts';
import { NodeJudge } from '../src/python/nodeJudge.ts';
import { openFolderJournal } from '../src/run/folderJournal.ts';

/** What the page serves as it is: models and banks. */
export const publicFolder = fileURLToPath(new URL('../public/', import.meta.url));

export interface NodePortsOptions {
  /** Folder of runs. */
  out: string;
  /** Folder of a model repository to use in place of the shipped one. */
  model?: string;
  threads: number;
}

export async function nodePorts({ out, model, threads }: NodePortsOptions): Promise<Omit<LabPorts, 'send'>> {
  return {
    journal: await openFolderJournal(out),
    async loadModel(name, { tuning, seed, signal, onProgress }) {
      const { path, dialect } = modelSource(name);
      const folder = model ?? join(publicFolder, path);
      await stat(folder); // Fails with the folder's name, before anything is loaded.
      const policy = await openLocalPolicy(folderFiles(folder), {
        model: name,
        runtime: nodeRuntime(threads),
        tuning,
        seed,
        signal,
        onProgress: (done, total) => onProgress(done, total, 'bytes'),
      });
      return { policy, dialect };
    },
    loadJudge: async () => new NodeJudge(),
  };
}
