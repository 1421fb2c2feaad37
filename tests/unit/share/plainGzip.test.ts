/** gzip without compression streams gives, and refuses, what Node's own does. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { CutOffGzip, DamagedGzip, TooManyBytes } from '../../../src/util/gzipErrors.ts';
import { gunzipPlain, gzipPlain } from '../../../src/util/plainGzip.ts';

const text = new Uint8Array(new TextEncoder().encode('stepping stones '.repeat(20_000)));
const packed = new Uint8Array(gzipSync(text));

it('packs and unpacks', () => {
  expect(new Uint8Array(gunzipSync(gzipPlain(text)))).toEqual(text);
  expect(gunzipPlain(packed, 1e6)).toEqual(text);
});

it('refuses what is cut off, changed or too large', () => {
  for (const length of [20, 200, packed.length - 9, packed.length - 8, packed.length - 4, packed.length - 1])
    expect(() => gunzipPlain(packed.slice(0, length), 1e6), String(length)).toThrow(CutOffGzip);
  for (const at of [packed.length - 8, packed.length - 6, 100])
    expect(() => gunzipPlain(packed.with(at, packed[at]! ^ 1), 1e6)).toThrow(DamagedGzip);
  expect(() => gunzipPlain(packed, 100_000)).toThrow(TooManyBytes);
});
