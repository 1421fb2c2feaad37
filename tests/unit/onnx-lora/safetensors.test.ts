import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  readSafetensors,
  SafetensorsError,
  safeFloat32,
  safeTensorValues,
  type SafeTensor,
  writeSafetensors,
} from '../../../packages/onnx-lora/src/adapters/safetensors.ts';

/** A file with this header, put together by hand. */
function file(header: unknown, data = new Uint8Array()): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  out.set(data, 8 + json.length);
  return out;
}

const bytesOf = (values: { buffer: ArrayBufferLike }) => new Uint8Array(values.buffer as ArrayBuffer);

test('every element type reads as the numbers that its bits stand for', () => {
  const cases: [SafeTensor['dtype'], Uint8Array, number[]][] = [
    ['BOOL', Uint8Array.of(0, 1), [0, 1]],
    ['U8', Uint8Array.of(0, 255), [0, 255]],
    ['I8', Uint8Array.of(0x80, 0x7f), [-128, 127]],
    // Extremes named in the formats' paper (Micikevicius et al. 2022, table 1).
    ['F8_E5M2', Uint8Array.of(0x7b, 0x01, 0xbc, 0x7c), [57344, 2 ** -16, -1, Number.POSITIVE_INFINITY]],
    ['F8_E4M3', Uint8Array.of(0x7e, 0x01, 0xb8, 0x7f), [448, 2 ** -9, -1, Number.NaN]],
    ['I16', bytesOf(Int16Array.of(-32768, 32767)), [-32768, 32767]],
    ['U16', bytesOf(Uint16Array.of(0, 65535)), [0, 65535]],
    ['F16', bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001)), [1, -2, 65504, 2 ** -24]],
    ['BF16', bytesOf(Uint16Array.of(0x3f80, 0xc049, 0xff80)), [1, -3.140625, Number.NEGATIVE_INFINITY]],
    ['I32', bytesOf(Int32Array.of(-(2 ** 31), 7)), [-(2 ** 31), 7]],
    ['U32', bytesOf(Uint32Array.of(2 ** 32 - 1)), [2 ** 32 - 1]],
    ['F32', bytesOf(Float32Array.of(0.5, -1e30)), [0.5, Math.fround(-1e30)]],
    ['F64', bytesOf(Float64Array.of(Math.PI)), [Math.PI]],
    ['I64', bytesOf(BigInt64Array.of(-(2n ** 53n), 42n)), [-(2 ** 53), 42]],
    ['U64', bytesOf(BigUint64Array.of(2n ** 53n)), [2 ** 53]],
  ];
  const tensors = new Map(
    cases.map(([dtype, bytes, values]) => [`a ${dtype}`, { dtype, dims: [values.length], bytes }]),
  );
  const back = readSafetensors(writeSafetensors(tensors, { format: 'pt' }));
  expect(back.metadata).toEqual({ format: 'pt' });
  for (const [dtype, , values] of cases) {
    const tensor = back.tensors.get(`a ${dtype}`)!;
    expect([...safeTensorValues(tensor)], dtype).toEqual(values);
  }
});

test('scalars, empty tensors and an empty file', () => {
  const tensors = new Map([
    ['scalar', safeFloat32([], Float32Array.of(3))],
    ['none', safeFloat32([0, 4], new Float32Array())],
  ]);
  const back = readSafetensors(writeSafetensors(tensors));
  expect([...safeTensorValues(back.tensors.get('scalar')!)]).toEqual([3]);
  expect(back.tensors.get('none')!.dims).toEqual([0, 4]);
  expect(readSafetensors(writeSafetensors(new Map())).tensors.size).toBe(0);
});

const tensor = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
const four = new Uint8Array(8);
test.each([
  ['nothing', new Uint8Array(), /0 bytes/],
  ['a header longer than any', file('{}').fill(0xff, 0, 8), /not a safetensors file/],
  ['half a header', file({ a: tensor }, four).subarray(0, 20), /cut off within its header/],
  ['half the data', file({ a: tensor }, four.subarray(4)), /bytes 0 to 8 of 4: the file is cut off/],
  ['no JSON', file('hello'), /not JSON/],
  ['broken text', file('{"\u0000'), /not JSON/],
  ['a list', file([]), /not a JSON object/],
  ['an unknown type', file({ a: { ...tensor, dtype: 'F4' } }, four), /a has the type F4; BOOL, /],
  ['a type from the prototype', file({ a: { ...tensor, dtype: 'toString' } }, four), /has the type toString/],
  ['an entry that is none', file({ a: null }), /has the type undefined/],
  ['a negative shape', file({ a: { ...tensor, shape: [-2] } }, four), /no shape of whole numbers/],
  ['a fraction', file({ a: { ...tensor, shape: [0.5] } }, four), /no shape of whole numbers/],
  ['a shape beyond all memory', file({ a: { ...tensor, shape: [2 ** 40, 2 ** 40] } }, four), /takes/],
  [
    'a shape that is not its bytes',
    file({ a: { ...tensor, shape: [3] } }, four),
    /has 8 bytes where F32 \[3\] takes 12/,
  ],
  ['offsets backwards', file({ a: { ...tensor, data_offsets: [8, 0] } }, four), /bytes 8 to 0/],
  ['no offsets', file({ a: { dtype: 'F32', shape: [2] } }, four), /no pair of data offsets/],
  [
    'an overlap',
    file({ a: tensor, b: { ...tensor, data_offsets: [0, 8] } }, four),
    /begins at byte 0, but .* end at 8/,
  ],
  ['a gap', file({ a: { ...tensor, data_offsets: [4, 12] } }, new Uint8Array(12)), /begins at byte 4/],
  ['more data than tensors', file({ a: tensor }, new Uint8Array(9)), /1 bytes follow/],
  ['metadata that are not texts', file({ __metadata__: { a: 1 } }), /metadata are not texts/],
])('%s is refused', (_, bytes, message) => {
  expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
  expect(() => readSafetensors(bytes)).toThrow(message);
});

test('a name that JavaScript knows is a name like any other', () => {
  const bytes = file('{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', four);
  expect([...readSafetensors(bytes).tensors.keys()]).toEqual(['__proto__']);
});

const model = new URL('../../fixtures/models/qwen2-optimum-fp32/', import.meta.url);

test('what the reference implementation wrote is written again byte for byte', () => {
  const original = readFileSync(new URL('adapter/adapter_model.safetensors', model));
  const { tensors, metadata } = readSafetensors(original);
  expect(Buffer.compare(writeSafetensors(tensors, metadata), original)).toBe(0);
});

test('a fixture with mixed types reads whole, at any alignment', () => {
  const original = readFileSync(new URL('fixture.safetensors', model));
  const shifted = new Uint8Array(original.length + 1);
  shifted.set(original, 1);
  const { tensors } = readSafetensors(shifted.subarray(1));
  const mask = tensors.get('attention_mask')!;
  expect([mask.dtype, mask.dims]).toEqual(['I64', [3, 24]]);
  expect([...safeTensorValues(mask)].filter((x) => x === 1)).toHaveLength(24 + 17 + 9);
  expect(tensors.get('base.logits')!.dims).toEqual([3, 24, 512]);
});
