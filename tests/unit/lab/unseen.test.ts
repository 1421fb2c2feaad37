/** Which unseen questions a run begins with, and what is known of them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Bank } from '../../../src/gasp/bank.ts';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { EMBEDDED_MODEL } from '../../../src/lab/models.ts';
import { unseenQuestions } from '../../../src/lab/unseen.ts';

const bank = JSON.parse(
  readFileSync(new URL('../../../public/banks/micro.json', import.meta.url), 'utf8'),
) as Bank;

test('validation questions of the bank, never its held-out ones, with the shipped model’s measured rate', () => {
  const { validation, startRate } = unseenQuestions(bank, EMBEDDED_MODEL, DEFAULT_SETTINGS);
  expect(validation).toHaveLength(128);
  const known = new Set(bank.validation!.map(({ id }) => id));
  const others = new Set([...bank.heldout, ...bank.questions].map(({ program }) => program));
  for (const { id, program, tags } of validation!) {
    expect(known.has(id)).toBe(true);
    // The idioms by themselves are asked in every part of the bank, with other inputs.
    if (tags!.shape !== 'idiom') expect(others.has(program)).toBe(false);
  }
  expect(startRate!.samples).toBe(100);
  expect(Object.keys(startRate!.passed).sort()).toEqual(validation!.map(({ id }) => id).sort());
});

test('the measured rate is that of one model at one temperature only', () => {
  const rateOf = (model: string, changes = {}) =>
    unseenQuestions(bank, model, { ...DEFAULT_SETTINGS, ...changes }).startRate;
  expect(rateOf('embedded')).toBeUndefined();
  expect(rateOf(EMBEDDED_MODEL, { temperature: 0.8 })).toBeUndefined();
  expect(rateOf(EMBEDDED_MODEL, { topP: 0.9 })).toBeUndefined();
});

test('fewer answers take fewer questions; never, or a bank without such questions, takes none', () => {
  const some = unseenQuestions(bank, EMBEDDED_MODEL, { ...DEFAULT_SETTINGS, validateAnswers: 64 });
  expect(some.validation).toHaveLength(16);
  expect(unseenQuestions(bank, EMBEDDED_MODEL, { ...DEFAULT_SETTINGS, validateEvery: 0 })).toEqual({});
  const { validation: _, ...without } = bank;
  expect(unseenQuestions(without, EMBEDDED_MODEL, DEFAULT_SETTINGS)).toEqual({});
});
