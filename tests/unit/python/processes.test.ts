/** Programs print here what they print as processes of CPython 3.11, whose input is piped in. */
import { afterAll, expect, test } from 'vitest';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import processes from './cpython/processes.json' with { type: 'json' };
import { PATIENCE } from './judgeContract.ts';
import { fared, processRuns } from './processes.ts';

const judge = new NodeJudge({ size: 2 });
afterAll(() => judge.dispose());

test(`${processes.length} programs print what CPython 3.11 prints`, { timeout: PATIENCE }, async () => {
  const results = await judge.run(processRuns(processes));
  expect(processes.map(({ name }, i) => [name, fared(results[i]!)])).toEqual(
    processes.map(({ name, prints, raises }) => [name, prints ?? { raises }]),
  );
});
