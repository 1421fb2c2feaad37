/** Numbers of config.json as architectures name them; expected values are those of the models' own code. */
import { expect, test } from 'vitest';
import { openHubPolicy } from '../../../src/local/hubPolicy.ts';
import { MissingFileError } from '../../../packages/onnx-lora/src/repository/repository.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { type DecoderSize, decoderNumbers } from '../../../packages/onnx-lora/src/model/decoderNumbers.ts';

const size = (
  vocabulary: number,
  width: number,
  layers: number,
  [heads, keyValueHeads, headDim]: [number, number, number],
  feedForward: number,
): DecoderSize => ({ vocabulary, width, layers, heads, keyValueHeads, headDim, feedForward });

const mpt = { d_model: 64, n_heads: 4, n_layers: 3, vocab_size: 100, max_seq_len: 256 };
const gpt2 = { n_embd: 64, n_head: 4, n_layer: 3, n_positions: 128, vocab_size: 100 };
const falcon = { hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 3, vocab_size: 100 };
const llama = { ...falcon, num_key_value_heads: 2, intermediate_size: 96, max_position_embeddings: 64 };

test.each<[string, Record<string, unknown>, DecoderSize, number | undefined]>([
  ['MPT', { ...mpt, expansion_ratio: 2 }, size(100, 64, 3, [4, 4, 16], 128), 256],
  [
    'MPT with grouped queries',
    { ...mpt, attn_config: { kv_n_heads: 2 } },
    size(100, 64, 3, [4, 2, 16], 256),
    256,
  ],
  [
    'MPT with one key head',
    { ...mpt, attn_config: { attn_type: 'multiquery_attention' } },
    size(100, 64, 3, [4, 1, 16], 256),
    256,
  ],
  ['GPT-2', { ...gpt2, n_inner: null }, size(100, 64, 3, [4, 4, 16], 256), 128],
  ['GPT-BigCode', { ...gpt2, multi_query: true, n_inner: 200 }, size(100, 64, 3, [4, 1, 16], 200), 128],
  [
    'GPT-Neo',
    {
      hidden_size: 64,
      num_heads: 4,
      num_layers: 3,
      vocab_size: 100,
      intermediate_size: null,
      max_position_embeddings: 32,
    },
    size(100, 64, 3, [4, 4, 16], 256),
    32,
  ],
  [
    'BLOOM',
    { n_embed: 64, n_head: 4, n_layer: 3, vocab_size: 100, seq_length: 99 },
    size(100, 64, 3, [4, 4, 16], 256),
    99,
  ],
  [
    'OPT',
    { ...falcon, ffn_dim: 80, word_embed_proj_dim: 32, max_position_embeddings: 50 },
    size(100, 64, 3, [4, 4, 16], 80),
    50,
  ],
  [
    'Falcon 7B',
    { ...falcon, multi_query: true, new_decoder_architecture: false, num_kv_heads: 4 },
    size(100, 64, 3, [4, 1, 16], 256),
    undefined,
  ],
  [
    'Falcon 40B',
    { ...falcon, multi_query: true, new_decoder_architecture: true, num_kv_heads: 2 },
    size(100, 64, 3, [4, 2, 16], 256),
    undefined,
  ],
  [
    'ChatGLM',
    {
      hidden_size: 64,
      num_attention_heads: 4,
      num_layers: 3,
      padded_vocab_size: 100,
      ffn_hidden_size: 90,
      kv_channels: 16,
      multi_query_attention: true,
      multi_query_group_num: 2,
      seq_length: 64,
    },
    size(100, 64, 3, [4, 2, 16], 90),
    64,
  ],
  ['Llama', llama, size(100, 64, 3, [4, 2, 16], 96), 64],
  ['Qwen3, whose heads are wider', { ...llama, head_dim: 32 }, size(100, 64, 3, [4, 2, 32], 96), 64],
  [
    'the decoder of several parts',
    { hidden_size: 8, text_config: llama },
    size(100, 64, 3, [4, 2, 16], 96),
    64,
  ],
])('%s', (_, config, expected, context) => {
  const numbers = decoderNumbers(config);
  expect(numbers.size).toEqual(expected);
  expect(numbers.missing).toEqual([]);
  expect(numbers.context).toBe(context);
});

test.each<[string, Record<string, unknown>, RegExp[]]>([
  [
    'no attention',
    { vocab_size: 8, hidden_size: 4, num_hidden_layers: 1, model_type: 'mamba' },
    [/num_attention_heads/],
  ],
  [
    'nothing',
    {},
    [/vocab_size/, /hidden_size or n_embd or d_model/, /num_hidden_layers/, /num_attention_heads/],
  ],
  ['experts', { ...llama, num_local_experts: 8 }, [/num_local_experts says that it mixes experts/]],
  ['uneven layers', { ...llama, intermediate_size: [96, 80, 64] }, [/intermediate_size is a list/]],
])('a config with %s says what it lacks', (_, config, missing) => {
  const numbers = decoderNumbers(config);
  expect(numbers.size).toBeUndefined();
  expect(numbers.missing).toHaveLength(missing.length);
  missing.forEach((name, i) => {
    expect(numbers.missing[i]).toMatch(name);
  });
});

test('where the size cannot be told, that is said before anything else is read', async () => {
  const asked: string[] = [];
  const read = async (path: string) => {
    asked.push(path);
    if (path !== 'config.json') throw new MissingFileError(`${path} is not there`);
    return new TextEncoder().encode('{"vocab_size": 8, "model_type": "mamba"}');
  };
  const said: string[][] = [];
  const opening = openHubPolicy(
    { read },
    {
      model: 'm',
      runtime: nodeRuntime(1),
      tuning: { kind: 'lora', rank: 4, alpha: 8 },
      seed: 1,
      memoryLimit: 1e9,
      onUnknownSize: (missing) => {
        expect(asked).toEqual(['config.json']);
        said.push([...missing]);
      },
    },
  );
  await expect(opening).rejects.toThrow('is not there');
  expect(said).toEqual([
    [
      'hidden_size or n_embd or d_model',
      'num_hidden_layers or n_layer or n_layers',
      'num_attention_heads or n_head or n_heads',
    ],
  ]);
});
