/** Models that are known to work, with what decides their size: nothing has to be asked to show it. */
import type { DecoderSize, Dtype } from 'onnx-lora';

export interface Preset {
  /** Name of the repository on the Hub. */
  id: string;
  title: string;
  licence: string;
  /** Its use, in a few words. */
  note: string;
  size: DecoderSize;
  dtypes: readonly Dtype[];
}

const ALL: readonly Dtype[] = ['q4f16', 'q4', 'fp16', 'fp32'];

function size(
  vocabulary: number,
  width: number,
  layers: number,
  [heads, keyValueHeads, headDim]: [number, number, number],
  feedForward: number,
): DecoderSize {
  return { vocabulary, width, layers, heads, keyValueHeads, headDim, feedForward };
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'onnx-community/Qwen2.5-Coder-0.5B-Instruct',
    title: 'Qwen2.5-Coder 0.5B Instruct',
    licence: 'Apache 2.0',
    note: 'A real coder, the one to take with a GPU',
    size: size(151_936, 896, 24, [14, 2, 64], 4864),
    dtypes: ALL,
  },
  {
    id: 'onnx-community/Qwen2.5-Coder-1.5B-Instruct',
    title: 'Qwen2.5-Coder 1.5B Instruct',
    licence: 'Apache 2.0',
    note: 'A better coder, for a GPU with much memory',
    size: size(151_936, 1536, 28, [12, 2, 128], 8960),
    dtypes: ALL,
  },
  {
    id: 'onnx-community/Qwen3-0.6B-ONNX',
    title: 'Qwen3 0.6B',
    licence: 'Apache 2.0',
    note: 'An all-rounder, asked not to think aloud',
    size: size(151_936, 1024, 28, [16, 8, 128], 3072),
    dtypes: ALL,
  },
  {
    id: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    title: 'SmolLM2 135M Instruct',
    licence: 'Apache 2.0',
    note: 'The smallest: runs without a GPU, a weak coder',
    size: size(49_152, 576, 30, [9, 3, 64], 1536),
    dtypes: ALL,
  },
  {
    id: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    title: 'SmolLM2 360M Instruct',
    licence: 'Apache 2.0',
    note: 'Small, and a little better',
    size: size(49_152, 960, 32, [15, 5, 64], 2560),
    dtypes: ALL,
  },
  {
    id: 'onnx-community/Llama-3.2-1B-Instruct',
    title: 'Llama 3.2 1B Instruct',
    licence: 'Llama 3.2 Community License',
    note: 'Well known, no coder in particular',
    size: size(128_256, 2048, 16, [32, 8, 64], 8192),
    dtypes: ALL,
  },
];
