/** `lab mine` as a person calls it. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bank, evenly } from '../../../src/gasp/bank.ts';
import { lab } from './command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-mine-'));
  const shipped = fileURLToPath(new URL('../../../public/banks/micro.json', import.meta.url));
  const bank = JSON.parse(await readFile(shipped, 'utf8')) as Bank;
  await writeFile(
    join(folder, 'small.json'),
    JSON.stringify({ ...bank, questions: evenly(bank.questions, 24) }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const command = (out: string) => [
  ...['mine', '--bank', join(folder, 'small.json'), '--out', join(folder, out)],
  ...['--samples', '16', '--goalposts', '5', '--threads', '1', '--json'],
];
const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Bank;

test('writes a bank of what nothing solves; killed, the same command comes to the same', async () => {
  const straight = await lab(command('straight.json'));
  expect(straight.code, straight.stderr).toBe(0);
  const summary = JSON.parse(straight.stdout.trim().split('\n').at(-1)!) as Record<string, number>;
  expect(summary).toMatchObject({ questions: 24, goalposts: 5, samples: 16, stages: ['shipped model'] });
  expect(summary.unsolved).toBeGreaterThan(5);
  expect(summary.unsolved).toBeLessThan(24);
  const bank = await read('straight.json');
  expect(bank.goalposts).toHaveLength(5);
  expect(bank.questions).toHaveLength(24);
  await expect(stat(join(folder, 'straight.json.part'))).rejects.toThrow();

  const killed = await lab(command('killed.json'), (said, child) => {
    if (said.includes('tries of a question')) child.kill('SIGKILL');
  });
  expect(killed.code).toBeNull();
  const other = await lab([...command('killed.json'), '--samples', '8']);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('belongs to mining with other options');
  const again = await lab(command('killed.json'));
  expect(again.code, again.stderr).toBe(0);
  expect(await read('killed.json')).toEqual(bank);
}, 300_000);

test('goes on with the checkpoints of runs: those at every so many iterations, and the newest', async () => {
  const run = await lab([
    ...['run', '--method', 'real', '--iterations', '3', '--seed', '4', '--threads', '1'],
    ...['--set', 'goalpostsPerIteration=2', '--set', 'rollouts=2', '--set', 'checkpointEvery=1'],
    ...['--set', 'evaluateEvery=0', '--samples', '0', '--out', join(folder, 'run')],
  ]);
  expect(run.code, run.stderr).toBe(0);
  const mined = await lab([
    ...command('against.json'),
    ...['--samples', '2', '--against', join(folder, 'run'), '--every', '2'],
  ]);
  expect(mined.code, mined.stderr).toBe(0);
  const { stages } = JSON.parse(mined.stdout.trim().split('\n').at(-1)!) as { stages: string[] };
  expect(stages.map((stage) => stage.replace(/.*\//, ''))).toEqual([
    'shipped model',
    'iteration-2',
    'iteration-3',
  ]);
}, 300_000);

test('a folder without runs is named', async () => {
  const { code, stderr } = await lab([...command('x.json'), '--against', join(folder, 'nowhere')]);
  expect(code).toBe(2);
  expect(stderr).toContain('nowhere: there is no such folder');
});
