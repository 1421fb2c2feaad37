/** A token of the vocabulary that ends answers and is a part of their text, as the shipped model's is. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { loadTokenizer } from '../../../packages/onnx-lora/src/tokenizer/tokenizer.ts';

const micro = folderFiles(fileURLToPath(new URL('../../../public/models/foothold-micro-2', import.meta.url)));

test.each([true, false])('stays in the text, with chats: %s', async (chat) => {
  const tokenizer = await loadTokenizer(micro, undefined, { chat });
  const program = 'def f(x):\n    x = sorted(x)\n    return x\n';
  expect(tokenizer.decode(tokenizer.encode(program))).toBe(program);
});
