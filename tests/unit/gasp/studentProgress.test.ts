/** SOAR's pay, by hand. */
import { expect, test } from 'vitest';
import type { PolicySnapshot } from '../../../src/gasp/ports.ts';
import type { Solved } from '../../../src/gasp/solving.ts';
import { payByProgress } from '../../../src/gasp/studentProgress.ts';

/** Its standing is a number, to which each question adds that in its id. */
function student(teaches: (id: string) => number) {
  let now = 5;
  const restored: number[] = [];
  return {
    restored,
    now: () => now,
    policy: {
      snapshot: async () => ({ step: now }) as PolicySnapshot,
      restore: async ({ step }: PolicySnapshot) => {
        restored.push(now);
        now = step;
      },
    },
    learn: async (solved: readonly Solved[]) => {
      const gains = solved.map(({ task }) => teaches(task.question.id));
      if (gains.every((gain) => gain === 0)) return false;
      now += gains.reduce((a, b) => a + b, 0);
      return true;
    },
    measure: async () => now,
  };
}
const dealt = (...groups: number[]) =>
  groups.map((group, i) => ({ group, solved: { task: { question: { id: String(i) } } } as Solved }));

test('each group gains by itself, from the same start, and all of it is paid', async () => {
  const gains = [1, -2, 0.5, 0.25, 0];
  const one = student((id) => gains[Number(id)]!);
  expect(await payByProgress(dealt(0, 1, 0, 1, 2), one)).toEqual([
    { reward: 1.5, accepted: true },
    { reward: -1.75, accepted: false },
    { reward: 1.5, accepted: true },
    { reward: -1.75, accepted: false },
    { reward: 0, accepted: false },
  ]);
  expect(one.restored).toEqual([6.5, 3.25]);
  expect(one.now()).toBe(5);
});

test('where nothing gains, nothing is accepted; where nothing was tried, nothing is measured', async () => {
  expect(
    await payByProgress(
      dealt(0, 1),
      student(() => -1),
    ),
  ).toEqual([
    { reward: -1, accepted: false },
    { reward: -1, accepted: false },
  ]);
  const none = { ...student(() => 0), measure: () => Promise.reject(new Error('measured')) };
  expect(await payByProgress([], none)).toEqual([]);
});
