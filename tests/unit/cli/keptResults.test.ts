import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { keepResults } from '../../../cli/keptResults.ts';
import type { ProgramResult, ProgramRun } from '../../../src/gasp/ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'kept-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (program: string): ProgramRun => ({ program, inputs: ['1'] });

test('what a program gave is kept; what was out of time or is damaged runs again', async () => {
  const asked: string[] = [];
  const judge = {
    async run(runs: ProgramRun[]): Promise<ProgramResult[]> {
      asked.push(...runs.map(({ program }) => program));
      return runs.map(({ program }) =>
        program === 'slow'
          ? { status: 'timeout', error: 'timed out' }
          : { status: 'ran', calls: [{ status: 'returned', value: `'${program}'`, ms: 3 }] },
      );
    },
  };
  const first = await keepResults(judge, folder).run([run('a'), run('slow'), run('b')]);
  expect(asked).toEqual(['a', 'slow', 'b']);
  const progress: number[] = [];
  const second = await keepResults(judge, folder).run([run('a'), run('slow'), run('b'), run('c')], {
    onProgress: (done) => progress.push(done),
  });
  expect(asked.slice(3)).toEqual(['slow', 'c']);
  expect(second.slice(0, 3)).toEqual(first);
  expect(progress).toEqual([3, 4]);
  for (const file of readdirSync(folder)) writeFileSync(join(folder, file), '{"status":');
  expect(await keepResults(judge, folder).run([run('a')])).toEqual([first[0]]);
  expect(asked.at(-1)).toBe('a');
  // Other inputs or limits are another run.
  await keepResults(judge, folder).run([{ ...run('a'), inputs: ['2'] }]);
  expect(asked.slice(-2)).toEqual(['a', 'a']);
});
