/** End tokens as transformers' `generate` has them (5.24, on a folder with these files), else the tokenizer's own. */
import { describe, expect, test } from 'vitest';
import { endTokens, readEndTokens } from '../../../packages/onnx-lora/src/tokenizer/endTokens.ts';
import {
  MissingFileError,
  ModelFileError,
  type RepositoryFiles,
} from '../../../packages/onnx-lora/src/repository/repository.ts';

const repository = (generation?: string): RepositoryFiles => ({
  async read(path) {
    if (generation === undefined) throw new MissingFileError(`${path} is not there`);
    return new TextEncoder().encode(generation);
  },
});

describe('an answer ends', () => {
  test.each<[string, Record<string, unknown>, string | undefined, number[]]>([
    [
      'where generation_config.json says, and not where config.json does',
      { eos_token_id: 99 },
      '{"eos_token_id": 1}',
      [1],
    ],
    ['at each of several tokens', { eos_token_id: 99 }, '{"eos_token_id": [7, 8]}', [7, 8]],
    ['where config.json says, without the other file', { eos_token_id: [3, 4] }, undefined, [3, 4]],
    ['nowhere, if generation_config.json is there and does not say', { eos_token_id: 3 }, '{}', []],
    ['nowhere, if it says null', { eos_token_id: 3 }, '{"eos_token_id": null}', []],
    ["where the decoder's part of config.json says", { text_config: { eos_token_id: 5 } }, undefined, [5]],
    ['nowhere, if nothing is said', { eos_token_id: -1 }, '{"eos_token_id": []}', []],
  ])('%s', async (_, config, generation, tokens) => {
    expect([...(await readEndTokens(repository(generation), config, undefined))]).toEqual(tokens);
  });

  test("at the tokenizer's own end of a text where there is no other", () => {
    expect([...endTokens({ eos_token_id: 9 }, { generation: { eos_token_id: 1 }, own: 2 })]).toEqual([1]);
    expect([...endTokens({ eos_token_id: 9 }, { own: 2 })]).toEqual([9]);
    expect([...endTokens({}, { own: 2 })]).toEqual([2]);
    expect([...endTokens({ eos_token_id: 9 }, { generation: {}, own: 2 })]).toEqual([2]);
  });

  test('nobody knows where, if generation_config.json is damaged or out of reach', async () => {
    await expect(readEndTokens(repository('{"eos'), {}, 1)).rejects.toThrow(
      /generation_config.json is not JSON/,
    );
    const read = () => Promise.reject(new ModelFileError('the network is down'));
    await expect(readEndTokens({ read }, {}, 1)).rejects.toThrow('the network is down');
  });
});
