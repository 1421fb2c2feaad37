/** A command that does not get through: what scripts that read `--json` find, and the exit status. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lab } from './command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-failure-'));
  await writeFile(join(folder, 'empty.jsonl'), '');
  await writeFile(join(folder, 'config.json'), '{"model_type": "llama"}');
  const tokenizer = new URL('../../../public/models/foothold-micro-2/tokenizer.json', import.meta.url);
  await cp(tokenizer, join(folder, 'tokenizer.json'));
});
afterAll(() => rm(folder, { recursive: true }));

const files = (...options: string[]) => options.flatMap((o) => [`--${o}`, join(folder, 'empty.jsonl')]);

test.each<[string, number, RegExp, () => string[]]>([
  ['a command that is not there', 2, /no command "fly"/, () => ['fly']],
  ['a missing option', 2, /--out DIR is missing/, () => ['run']],
  ['an unknown option', 2, /Unknown option '--nothing'/, () => ['compare', '--nothing', '1']],
  ['a missing run', 2, /holds no run/, () => ['adapter', '--run', folder, '--out', folder]],
  ['nothing to judge', 1, /holds no problem/, () => ['judge', ...files('problems', 'answers')]],
  [
    'a damaged fixture',
    1,
    /empty\.jsonl cannot be read: it has 0 bytes/i,
    () => ['gradcheck', '--model', folder, ...files('fixture')],
  ],
  ['a missing graph', 1, /no graph of the dtype/, () => ['generate', '--model', folder, '--prompt', 'x']],
])('%s: exit status %d, the reason in the last line', async (_what, status, reason, args) => {
  const { code, stdout, stderr } = await lab([...args(), '--json']);
  expect(code).toBe(status);
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!);
  expect(Object.keys(report)).toEqual(['error', 'code']);
  expect(report.error).toMatch(reason);
  // People read the same on the other channel, without a stack.
  expect(stderr).toContain(report.error);
  expect(stderr).not.toMatch(/^ +at /m);
});
