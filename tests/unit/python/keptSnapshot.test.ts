/** A started Python on disk. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { KeptSnapshot } from '../../../src/python/keptSnapshot.ts';

const folder = mkdtempSync(join(tmpdir(), 'kept-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 256);

test('what is kept is what is read; anything else counts as nothing', () => {
  const kept = new KeptSnapshot(join(folder, 'new'), ['3.14', 'def judge(): ...']);
  expect([kept.exists, kept.read()]).toEqual([false, undefined]);
  kept.write(bytes);
  expect([kept.exists, Uint8Array.from(kept.read()!)]).toEqual([true, bytes]);
  expect(readdirSync(join(folder, 'new'))).toHaveLength(1);

  const whole = readFileSync(kept.path);
  for (const damaged of [whole.subarray(0, 500), whole.map((byte, i) => (i === 400 ? byte ^ 1 : byte)), '']) {
    writeFileSync(kept.path, damaged);
    expect(kept.read()).toBeUndefined();
  }
});

test('one made of something else takes its place', () => {
  const before = new KeptSnapshot(folder, ['3.14', 'one harness']);
  before.write(bytes);
  const after = new KeptSnapshot(folder, ['3.14', 'another harness']);
  expect(after.read()).toBeUndefined();
  after.write(bytes);
  expect([before.exists, after.exists]).toEqual([false, true]);
});

test('where nothing can be written, nothing is kept and nothing breaks', () => {
  const kept = new KeptSnapshot('/dev/null/python', ['3.14']);
  kept.write(bytes);
  expect(kept.read()).toBeUndefined();
});
