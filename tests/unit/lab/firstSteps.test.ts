/** The bank for models too small for any other: its outputs are what its programs give. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publicFolder } from '../../../cli/nodePorts.ts';
import { readBank } from '../../../cli/settings.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';

test('first steps', async () => {
  const { goalposts } = readBank(join(publicFolder, 'banks/first-steps.json'));
  const judge = new NodeJudge();
  try {
    const results = await judge.run(goalposts.map(({ program, inputs }) => ({ program, inputs })));
    const values = results.map((r) => (r.status === 'ran' ? r.calls.map((c) => 'value' in c && c.value) : r));
    expect(values).toEqual(goalposts.map(({ outputs }) => outputs));
  } finally {
    await judge.dispose();
  }
  expect(new Set(goalposts.map(({ id }) => id)).size).toBe(goalposts.length);
  // None can be answered with one value for all.
  for (const { title, outputs } of goalposts) expect(new Set(outputs).size, title).toBeGreaterThan(2);
});
