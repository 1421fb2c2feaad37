/** The page's half of `bench/account.ts`. */
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import * as transformers from '@huggingface/transformers';
import { httpFiles } from 'onnx-lora';
import { type BackendChoice, webRuntime } from '../src/backends/runtime.web.ts';
import type { Bank } from '../src/gasp/bank.ts';
import { countGpu } from './gpuCounter.ts';
import {
  type AccountSize,
  type CountAccount,
  HubAccount,
  type SamplingAccount,
  type StepAccount,
  type UpdateAccount,
} from './hubAccount.ts';
import type { PromptKind } from './accountWork.ts';

export interface PageAccountOptions {
  /** Address of the folder that the repository is in, and its name there. */
  base: string;
  name: string;
  backend: BackendChoice;
  size: AccountSize;
  /** transformers.js's session of this dtype; whether weights lie beside its graph's file, which it cannot tell. */
  dtype: string;
  externalData: boolean;
}

/** What the page offers, in the order in which it is called. */
export interface PageAccount {
  openAccount(options: PageAccountOptions): Promise<{ backend: string; parameters: number }>;
  sampling(kind: PromptKind): Promise<SamplingAccount>;
  step(): Promise<StepAccount>;
  update(): Promise<UpdateAccount>;
  counts(): Promise<CountAccount>;
}

let account: HubAccount;

const page: PageAccount = {
  async openAccount({ base, name, backend, size, dtype, externalData }) {
    const count = backend === 'wasm' ? {} : { countGpu: countGpu() };
    const runtime = await webRuntime(backend);
    const device = runtime.name.startsWith('webgpu') ? 'webgpu' : 'wasm';
    const openReference = async () => {
      const { env } = transformers;
      Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, useBrowserCache: false });
      env.localModelPath = base;
      const { wasm } = env.backends.onnx;
      if (wasm) Object.assign(wasm, { wasmPaths: { wasm: wasmUrl }, numThreads: 1, proxy: false });
      return transformers.AutoModelForCausalLM.from_pretrained(name, {
        ...{ dtype, device, use_external_data_format: externalData },
      } as never);
    };
    const bank = (await (await fetch('/banks/first-steps.json')).json()) as Bank;
    const files = httpFiles(`${base}${name}/`);
    account = await HubAccount.open({ runtime, files, bank, transformers, openReference, ...count }, size);
    return { backend: runtime.name, parameters: account.parameters };
  },
  sampling: (kind) => account.sampling(kind),
  step: () => account.step(),
  update: () => account.update(),
  counts: () => account.counts(),
};

Object.assign(globalThis, page);
