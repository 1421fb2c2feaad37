/** `lab probe`, and `lab run` on a repository that is not the shipped one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureFolder } from '../../fixtures/models/folders.ts';
import { lab } from './command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-hub-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('probe counts what a model writes, step by step', async () => {
  const { code, stdout } = await lab([
    ...['probe', '--model', 'public/models/foothold-micro-2', '--count', '6', '--temperature', '1'],
    ...['--threads', '1', '--json'],
  ]);
  expect(code).toBe(0);
  const { proposals, answers } = JSON.parse(stdout.trim().split('\n').at(-1)!);
  for (const kind of ['lemma, io', 'lemma, f', 'lift, io', 'lift, f', 'unguided']) {
    const { asked, parsed, ran, fresh, faults } = proposals[kind];
    expect(asked).toBe(6);
    expect(parsed).toBeGreaterThan(2);
    expect(ran).toBeLessThanOrEqual(parsed);
    expect(fresh).toBeLessThanOrEqual(ran);
    const all = Object.values(faults as Record<string, number>).reduce((a, b) => a + b, 0);
    expect(fresh + all).toBe(6);
  }
  for (const type of ['induction', 'deduction', 'abduction']) {
    expect(answers[type].asked).toBe(6);
    expect(answers[type].parsed).toBeGreaterThanOrEqual(answers[type].passed);
  }
  expect(stdout).toContain('| lemma, io | 6 |');
});

const fixture = fixtureFolder('qwen2-optimum-fp32');
test('a model that would not fit is refused with the numbers, before it is read', async () => {
  const out = join(folder, 'big');
  const { code, stderr } = await lab(['run', '--model', fixture, '--memory', '0.001', '--out', out]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^qwen2-optimum-fp32 needs about .* GB \(weights .* are allowed\./im);
});

test('what is no model says what is one', async () => {
  const { code, stderr } = await lab(['run', '--model', 'no/such/place', '--out', join(folder, 'none')]);
  expect(code).toBe(2);
  expect(stderr).toContain('--model takes a folder, owner/name on the Hub, or an address');
});
