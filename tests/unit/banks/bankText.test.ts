import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readBankText } from '../../../src/banks/bankText.ts';

const stream = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]).stream();
const text = '{"id": "é😀"}\n'.repeat(1000);

test('plain and compressed files give the same text', async () => {
  const plain = new TextEncoder().encode(text);
  expect(await readBankText(stream(plain), 'a.jsonl')).toBe(text);
  expect(await readBankText(stream(gzipSync(plain)), 'a.jsonl.gz')).toBe(text);
  const wide = new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le'));
  expect(await readBankText(stream(wide), 'windows.jsonl')).toBe(text);
  expect(await readBankText(stream(new Uint8Array()), 'empty')).toBe('');
});

test('what is too large is given up, unpacked too, and what is cut off is named', async () => {
  const bomb = gzipSync(new Uint8Array(50 * 2 ** 20));
  expect(bomb.length).toBeLessThan(100_000);
  await expect(readBankText(stream(bomb), 'bomb.gz', 2 ** 20)).rejects.toThrow(/bomb\.gz has more than 1 MB/);
  await expect(readBankText(stream(new Uint8Array(2 ** 21)), 'long', 2 ** 20)).rejects.toThrow(
    /more than 1 MB/,
  );
  const cut = gzipSync(text).subarray(0, 60);
  await expect(readBankText(stream(cut), 'cut.gz')).rejects.toThrow(
    /cut\.gz is gzip, and damaged or cut off/,
  );
});
