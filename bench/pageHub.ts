/** The page's half of `bench/hubPage.ts`: loads a decoder, has it answer, and takes one LoRA step. */
import type { Completion } from '../src/gasp/ports.ts';
import { openHubPolicy } from '../src/local/hubPolicy.ts';
import type { LocalPolicy } from '../src/local/localPolicy.ts';
import { memoryLimit } from '../src/backends/memoryLimit.web.ts';
import { httpFiles } from 'onnx-lora';
import { webRuntime } from '../src/backends/runtime.web.ts';

export interface HubPageOptions {
  /** Address of the repository. */
  base: string;
  backend: 'wasm' | 'webgpu';
  /** LoRA on the last so many layers; absent: on all. */
  layers?: number;
}

/** Stages in the order in which they are called. */
export interface HubPageStages {
  /** Reads the repository; how often progress was heard of, and the last of it. */
  load(options: HubPageOptions): Promise<{ heard: number; done: number; total: number; backend: string }>;
  /** So many answers to one question: a single one is greedy. */
  generate(
    prompt: string,
    maxTokens: number,
    samples: number,
  ): Promise<{ text: string; tokens: number; promptTokens: number }>;
  /** One optimizer step on `rows` copies of the answer, in passes of at most `microbatchTokens` tokens. */
  step(rows: number, microbatchTokens: number): Promise<{ tokens: number; moved: number; gradNorm: number }>;
}

let policy: LocalPolicy | undefined;
let answer: Completion | undefined;

const stages: HubPageStages = {
  async load({ base, backend, layers }) {
    const progress = { heard: 0, done: 0, total: 0 };
    const runtime = await webRuntime(backend);
    policy = await openHubPolicy(httpFiles(base), {
      model: base,
      runtime,
      tuning: { kind: 'lora', rank: 8, alpha: 16, ...(layers !== undefined && { layers }) },
      seed: 1,
      memoryLimit: memoryLimit(backend),
      onProgress: (done, total) => Object.assign(progress, { heard: progress.heard + 1, done, total }),
    });
    return { ...progress, backend: runtime.name };
  },
  async generate(prompt, maxTokens, samples) {
    const [completions] = (await policy!.sample(
      [{ prompt: [{ role: 'user', content: prompt }], samples, maxTokens }],
      { temperature: samples > 1 ? 1 : 0, topP: 1, seed: 1 },
    )) as [Completion[]];
    const completion = completions[0]!;
    answer = completion;
    return {
      text: completion.text,
      tokens: completions.reduce((n, { tokens }) => n + tokens.length, 0),
      promptTokens: completion.promptTokens.length,
    };
  },
  async step(rows, microbatchTokens) {
    const { promptTokens, tokens, logprobs } = answer!;
    const sequence = { promptTokens, tokens, logprobs, advantage: 1 };
    const stats = await policy!.update(
      Array.from({ length: rows }, () => sequence),
      {
        ...{ learningRate: 1e-4, weightDecay: 0, maxGradNorm: 1, adamEpsilon: 1e-8, clip: 0.2, klWeight: 0 },
        ...{ epochs: 1, minibatch: rows, microbatchTokens, seed: 1 },
      },
    );
    return { ...stats, tokens: rows * (promptTokens.length + tokens.length) };
  },
};

Object.assign(globalThis, stages);
