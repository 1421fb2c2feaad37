/** The page's half of `bench/page.ts`: races the sampler and `generate` on one backend. */
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import * as transformers from '@huggingface/transformers';
import type { Bank } from '../src/gasp/bank.ts';
import { httpFiles } from 'onnx-lora';
import { webReplicas } from '../src/embedded/replicas/start.web.ts';
import { webRuntime } from '../src/backends/runtime.web.ts';
import { type RolloutRaceOptions, type RolloutRates, rolloutRace } from './rolloutRace.ts';

export type PageRaceOptions = Pick<
  RolloutRaceOptions,
  'work' | 'prompts' | 'samples' | 'newTokens' | 'batches' | 'turns'
> & {
  backend: 'wasm' | 'webgpu';
  /** Cores of the sampler; absent: as many as a run takes. */
  cores?: number;
  /** Folder of the repository on this origin, and its name in there. */
  base: string;
  name: string;
};

async function raceInPage({
  base,
  name,
  backend,
  cores,
  ...options
}: PageRaceOptions): Promise<RolloutRates> {
  const { env } = transformers;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = base;
  env.useBrowserCache = false;
  const runtime = await webRuntime(backend);
  const wasm = env.backends.onnx.wasm;
  if (wasm) Object.assign(wasm, { wasmPaths: { wasm: wasmUrl }, numThreads: 1, proxy: false });
  const model = await transformers.AutoModelForCausalLM.from_pretrained(name, {
    dtype: 'fp32',
    device: backend,
  });
  const files = httpFiles(new URL(`${base}${name}`, location.href).href);
  const bank = (await (await fetch('/banks/micro.json')).json()) as Bank;
  const replicas = { ...webReplicas(runtime), ...(cores && { cores }) };
  return rolloutRace({ ...options, bank, runtime, replicas, files, model, transformers });
}

Object.assign(globalThis, { raceInPage });
