/** What harmless-looking programs leave behind reaches nobody: on Node, in one interpreter. */
import { afterAll, expect, test } from 'vitest';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import { callOf, PATIENCE } from './judgeContract.ts';
import { LEFT_BEHIND } from './leftBehind.ts';

const judge = new NodeJudge({ limits: { seconds: 2 } });
afterAll(() => judge.dispose());

test(`${LEFT_BEHIND.length} programs that look harmless leave nothing to those after them`, {
  timeout: PATIENCE,
}, async () => {
  const results = await judge.run(
    LEFT_BEHIND.flatMap(({ program, next }) =>
      [program, next].map((one) => ({ program: one, inputs: ['3'], python: '3.11' as const })),
    ),
  );
  const found = LEFT_BEHIND.map(({ name }, i) => [name, ...results.slice(2 * i, 2 * i + 2).map(callOf)]);
  // Each did what it came for.
  expect(found).toEqual(LEFT_BEHIND.map(({ name, value }) => [name, '1', value]));
});
