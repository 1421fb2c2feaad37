import { expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { answers } from '../../../src/dialects/micro/microText.ts';
import { type MinedPart, mineStage } from '../../../src/gasp/mining.ts';
import { MicroJudge, program, question, ScriptedPolicy } from './microWorld.ts';

const inputs = [
  [2, 3, 1],
  [5, 3, 4],
  [1, 0],
  [7, 9],
  [0, -1],
];
/** q0 to q79: sorted lists. The policy sorts for some prompts, now and then; what it says depends on the seed. */
const questions = Array.from({ length: 80 }, (_, i) =>
  question(
    `q${i}`,
    program('sort'),
    inputs.map((list) => list.map((v) => v + (i % 40))),
  ),
);
const tools = () => ({
  policy: new ScriptedPolicy(
    () => (_, __, seed) =>
      seed % 200 === 0 ? answers.traced(program('sort'), [1]) : answers.traced(program('reverse'), [1]),
  ),
  judge: new MicroJudge(),
  dialect: microDialect(),
});
const options = { samples: 100, temperature: 1, topP: 1, seed: 3 };

async function mine(
  known: MinedPart[],
  stopAfter = Infinity,
): Promise<{ parts: MinedPart[]; left?: string[] }> {
  const parts = [...known];
  const mining = mineStage('start', questions, options, tools(), known);
  for (let i = 0; i < stopAfter; i++) {
    const next = await mining.next();
    if (next.done) return { parts, left: next.value.map(({ id }) => id) };
    parts.push(next.value);
  }
  return { parts };
}

test('what is left has no right answer in all rounds; the solved ones are not tried on', async () => {
  const { parts, left } = await mine([]);
  const digits = new Map<string, string>();
  for (const part of parts) {
    for (const [id, more] of Object.entries(part.answers)) digits.set(id, (digits.get(id) ?? '') + more);
  }
  expect([...digits.keys()].sort()).toEqual(questions.map(({ id }) => id).sort());
  expect(left!.length).toBeGreaterThan(10);
  expect(left!.length).toBeLessThan(70);
  for (const [id, tried] of digits) {
    expect(tried.includes('1')).toBe(!left!.includes(id));
    if (left!.includes(id)) expect(tried).toHaveLength(100);
    else expect([8, 24, 72, 100]).toContain(tried.length);
  }
});

test('stopped after any part, it goes on to the same', async () => {
  const straight = await mine([]);
  for (const after of [1, 2, 5, straight.parts.length]) {
    const { parts } = await mine([], after);
    const resumed = await mine(JSON.parse(JSON.stringify(parts)) as MinedPart[]);
    expect(resumed).toEqual(straight);
  }
  const other = await mine(straight.parts.map((part) => ({ ...part, stage: 'other' })));
  expect(other.parts.length).toBe(2 * straight.parts.length);
});
