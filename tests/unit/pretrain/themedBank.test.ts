import { expect, test } from 'vitest';
import { buildBank, candidateIdioms, chooseIdioms, type Idiom } from '../../../pretrain/themedBank.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { readListSource, readProgram } from '../../../src/dialects/micro/microText.ts';
import { trace } from '../../../src/dialects/micro/operations.ts';
import type { Question } from '../../../src/gasp/question.ts';

const idioms: Idiom[] = [
  ['keep-even', 'running-sums'],
  ['sort', 'adjacent-differences'],
  ['absolute', 'sort'],
  ['double', 'add-index'],
  ['drop-first', 'reverse'],
  ['negate', 'at-least-0'],
  ['modulo-3', 'mirror-sums'],
  ['every-second', 'append-sum'],
  ['rotate-left', 'adjacent-sums'],
  ['add-5', 'halve'],
  ['dedupe', 'append-length'],
  ['subtract-1', 'keep-odd'],
];
const bank = buildBank(idioms);
const ids = (question: Question) => readProgram(question.program)!.map((operation) => operation.id);
const has = (whole: string[], part: string[]) =>
  whole.some((_, i) => part.every((id, j) => whole[i + j] === id));

test('601 training and 216 held-out questions of depth 2 to 6, each with its own id', () => {
  expect(bank.questions).toHaveLength(601);
  expect(bank.heldout).toHaveLength(216);
  expect(bank.validation).toHaveLength(216);
  expect(new Set(bank.validation!.map((question) => ids(question).length))).toEqual(new Set([2, 3, 4, 5]));
  const all = [...bank.questions, ...bank.heldout, ...bank.validation!];
  expect(new Set(all.map((question) => question.id)).size).toBe(all.length);
  expect(new Set(bank.questions.map((question) => ids(question).length))).toEqual(new Set([2, 3, 4, 5, 6]));
  // The same program may come twice, the same question may not.
  expect(new Set(all.map((question) => question.program + question.inputs)).size).toBe(all.length);
});

test('every question is made of idioms, can be read by the model, and its outputs are right', () => {
  const dialect = microDialect();
  for (const question of [...bank.questions, ...bank.heldout, ...bank.validation!]) {
    expect(idioms.some((idiom) => has(ids(question), idiom))).toBe(true);
    expect(dialect.unreadable!(question)).toBeNull();
    for (const [i, input] of question.inputs.entries()) {
      const output = trace(readProgram(question.program)!, readListSource(input)!).at(-1);
      expect(readListSource(question.outputs[i]!)).toEqual(output);
    }
  }
});

test('no combination of idioms is in two parts', () => {
  const trained = bank.questions.map(ids);
  const combinations = bank.heldout.map(ids).filter((program) => program.length > 2);
  expect(combinations.length).toBe(180);
  for (const program of combinations) {
    expect(trained.filter((other) => has(other, program))).toEqual([]);
  }
  const tested = bank.heldout.map(ids);
  const validating = bank.validation!.map(ids).filter((program) => program.length > 2);
  expect(validating.length).toBe(192);
  for (const program of validating) {
    expect([...trained, ...tested].filter((other) => other.join() === program.join())).toEqual([]);
    // No longer question is one of three lines that is trained on, and more.
    const parts = program.map((_, i) => program.slice(i, i + 3)).filter((part) => part.length === 3);
    const themed = parts.filter((part) => idioms.some((idiom) => has(part, idiom)));
    expect(themed.flatMap((part) => trained.filter((other) => other.join() === part.join()))).toEqual([]);
  }
});

test('the same idioms give the same bank', () => {
  expect(buildBank(idioms)).toEqual(bank);
});

test('idioms come from the band, no operation twice, whatever the order of measurement', () => {
  const rates = candidateIdioms(1).map(({ idiom }, i) => ({ idiom, passRate: (i % 10) / 10 }));
  const chosen = chooseIdioms(rates);
  expect(chosen).toHaveLength(12);
  expect(new Set(chosen.flat()).size).toBe(24);
  for (const idiom of chosen) {
    const { passRate } = rates.find((rate) => rate.idiom === idiom)!;
    expect(passRate).toBeGreaterThanOrEqual(0.05);
    expect(passRate).toBeLessThanOrEqual(0.5);
  }
  expect(chooseIdioms(rates.toReversed())).toEqual(chosen);
  expect(() => chooseIdioms(rates.map(({ idiom }) => ({ idiom, passRate: 0.9 })))).toThrow(/Only 0 of 12/);
});
