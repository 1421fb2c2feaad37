import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AutoTokenizer, env } from '@huggingface/transformers';
import { beforeAll, expect, test } from 'vitest';
import { type defaultMixture, exampleKinds, sampleExample } from '../../../pretrain/mixture.ts';
import {
  decode,
  encode,
  endToken,
  padToken,
  tokenId,
  tokenizerFiles,
  unknownToken,
  vocabularySize,
} from '../../../pretrain/microTokenizer.ts';
import { UnencodableError, vocabulary } from '../../../src/dialects/micro/microText.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';

const models = fileURLToPath(new URL('../../../public/models/', import.meta.url));
type Tokenizer = Awaited<ReturnType<typeof AutoTokenizer.from_pretrained>>;
let shipped: Tokenizer;

beforeAll(async () => {
  env.allowRemoteModels = false;
  env.localModelPath = models;
  shipped = await AutoTokenizer.from_pretrained('foothold-micro-2');
});

test('the shipped files are the ones that the format gives', () => {
  for (const [name, content] of Object.entries(tokenizerFiles())) {
    expect(JSON.parse(readFileSync(`${models}foothold-micro-2/${name}`, 'utf8'))).toEqual(content);
  }
});

test('transformers.js encodes and decodes as pretraining does', () => {
  const rng = new Random(1);
  const even = Object.fromEntries(exampleKinds.map((kind) => [kind, 1])) as typeof defaultMixture;
  for (let i = 0; i < 300; i++) {
    const { prompt, answer } = sampleExample(rng, [1, 1, 1, 1, 1], even);
    const tokens = [...prompt, ...answer];
    const text = decode(tokens);
    expect(encode(text)).toEqual(tokens);
    expect(shipped.encode(text)).toEqual(tokens);
    expect(shipped.decode(tokens, { skip_special_tokens: true })).toBe(text);
  }
});

test('every piece is one token of its own, and padding is 0', () => {
  expect(vocabulary.length).toBe(vocabularySize);
  for (const [id, piece] of vocabulary.entries()) {
    expect(shipped.encode(piece)).toEqual([id]);
    if (id !== padToken && id !== unknownToken) expect(encode(piece)).toEqual([id]);
  }
  expect(padToken).toBe(0);
  expect(shipped.pad_token_id).toBe(padToken);
  expect(shipped.eos_token_id).toBe(endToken);
  expect(endToken).toBe(tokenId('    return x\n'));
});

test.each([' 100', ' -0', ' 07', '3', ' 1 2 x', 'Write a function', '   x = sorted(x)', ' 1  2', ' é'])(
  'what has no token is an error here and <unk> there: %j',
  (text) => {
    expect(() => encode(text)).toThrow(UnencodableError);
    expect(shipped.encode(text)).toContain(unknownToken);
  },
);
