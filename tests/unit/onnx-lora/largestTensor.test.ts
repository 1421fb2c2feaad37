/** What a GPU must take in one buffer: told from config.json alone, and refused before anything large is read. */
import { expect, test } from 'vitest';
import {
  checkTensors,
  type DecoderSize,
  largestTensor,
  LoraError,
  prefillWithin,
  type RepositoryFiles,
  rowTokensWithin,
} from 'onnx-lora';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { openHubPolicy } from '../../../src/local/hubPolicy.ts';
import { PRESETS } from '../../../src/local/presets.ts';

const MB = 2 ** 20;
const LIMITS = [128 * MB, 1024 * MB] as const;
const plan = { rank: 8, adaptedLayers: 12, rows: 32, rowTokens: 960, microbatchTokens: 512 };
/** Qwen2.5-Coder-7B. */
const large: DecoderSize = {
  ...{ vocabulary: 152_064, width: 3584, layers: 28 },
  ...{ heads: 28, keyValueHeads: 4, headDim: 128, feedForward: 18_944 },
};

test('models of the page fit a GPU of the least limits, since tables and heads are cut', () => {
  for (const { title, size } of PRESETS) {
    for (const limit of LIMITS) expect(() => checkTensors(title, size, plan, limit), title).not.toThrow();
  }
});

test('weights of a layer that one buffer cannot hold are named with their size', () => {
  // 18,944 x 3584 numbers of 4 bytes.
  expect(largestTensor(large, plan)).toEqual({ part: 'layer', bytes: 271_581_184 });
  expect(() => checkTensors('Qwen 7B', large, plan, LIMITS[0])).toThrow(
    'Qwen 7B needs 272 MB in one buffer (the weights of a layer), and this GPU takes at most 134 MB.',
  );
  checkTensors('Qwen 7B', large, plan, LIMITS[1]);
});

test('long rows are bounded by their attention scores, and prompts computed in one go too', () => {
  const { size } = PRESETS[0]!;
  const rows = rowTokensWithin(size, 4000, LIMITS[0]);
  expect(4 * size.heads * rows ** 2).toBeLessThanOrEqual(LIMITS[0]);
  expect(4 * size.heads * (rows + 1) ** 2).toBeGreaterThan(LIMITS[0]);
  expect(rowTokensWithin(size, 4000)).toBe(4000);
  const tokens = prefillWithin(size, 4096, 960, LIMITS[0]);
  expect(4 * size.heads * 960 * tokens).toBeLessThanOrEqual(LIMITS[0]);
  expect(tokens).toBeGreaterThan(960);
  expect(prefillWithin(size, 4096, 960, LIMITS[1])).toBe(4096);
  const wordy = { ...plan, rowTokens: 4096, microbatchTokens: 4096 };
  expect(() => checkTensors('It', size, wordy, LIMITS[0])).toThrow(/the attention of a row/);
});

test('a model is refused before its weights are read', async () => {
  const read: string[] = [];
  const config = {
    ...{ model_type: 'qwen2', vocab_size: large.vocabulary, hidden_size: large.width },
    ...{ num_hidden_layers: large.layers, num_attention_heads: large.heads },
    ...{ num_key_value_heads: large.keyValueHeads, intermediate_size: large.feedForward },
  };
  const files: RepositoryFiles = {
    async read(path) {
      read.push(path);
      if (path !== 'config.json') throw new Error(`${path} is large`);
      return new TextEncoder().encode(JSON.stringify(config));
    },
  };
  const open = (largestTensor: number) =>
    openHubPolicy(files, {
      model: 'hub:qwen',
      title: 'Qwen 7B',
      runtime: { ...nodeRuntime(1), largestTensor },
      tuning: { kind: 'lora', rank: 8, alpha: 16, layers: 12 },
      seed: 1,
    });
  const error = await open(LIMITS[0]).catch((e: unknown) => e as LoraError);
  expect(error).toBeInstanceOf(LoraError);
  expect(error).toMatchObject({
    code: 'tensor-too-big',
    data: { part: 'layer', needed: 271_581_184, limit: LIMITS[0] },
  });
  expect(read).toEqual(['config.json']);
  // With room for it what comes next is read.
  await expect(open(LIMITS[1])).rejects.toThrow();
  expect(read.length).toBeGreaterThan(1);
});
