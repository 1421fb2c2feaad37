import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  checkpointBytes,
  crc32,
  DamagedCheckpointError,
  parseCheckpoint,
  serializeCheckpoint,
} from '../../../src/run/checkpointFormat.ts';
import { snapshot } from './journalSamples.ts';

test('crc32 equals zlib for every length around its step', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926); // The standard's check value
  const bytes = Uint8Array.from({ length: 70 }, (_, i) => (i * 97 + 13) & 0xff);
  for (let length = 0; length <= bytes.length; length++) {
    expect(crc32(bytes.subarray(0, length))).toBe(zlibCrc32(bytes.subarray(0, length)));
  }
});

test('a snapshot survives, also from the middle of a larger buffer and with an empty layout name', () => {
  for (const length of [0, 5, 1000]) {
    const original = { ...snapshot(4, Math.max(length, 4)), layout: length ? 'modèle × 8' : '' };
    const bytes = serializeCheckpoint(original);
    expect(bytes.length).toBe(checkpointBytes(original));
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(parseCheckpoint(shifted.subarray(3))).toEqual(original);
  }
});

test('what is parsed does not share memory with the bytes', () => {
  const bytes = serializeCheckpoint(snapshot(1));
  const parsed = parseCheckpoint(bytes);
  bytes.fill(0);
  expect(parsed).toEqual(snapshot(1));
});

test('every truncation is noticed', () => {
  const bytes = serializeCheckpoint(snapshot(1, 8));
  for (let length = 0; length < bytes.length; length++) {
    expect(() => parseCheckpoint(bytes.subarray(0, length)), `cut to ${length}`).toThrow(
      DamagedCheckpointError,
    );
  }
  expect(() => parseCheckpoint(bytes.subarray(0, bytes.length - 4))).toThrow(/cut off/);
});

test('every changed byte is noticed', () => {
  const bytes = serializeCheckpoint(snapshot(1, 8));
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at]! ^= 0x10;
    expect(() => parseCheckpoint(changed), `byte ${at}`).toThrow(DamagedCheckpointError);
  }
});
