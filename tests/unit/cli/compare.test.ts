/** `lab compare` as a person calls it: a process of its own on the shipped model. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Comparison } from '../../../src/compare/comparison.ts';
import { lab } from './command.ts';

const SMALL = [
  ...['--set', 'goalpostsPerIteration=6', '--set', 'rollouts=4', '--set', 'checkpointEvery=1'],
  ...['--questions', '8', '--samples', '4', '--checkpoints', '1', '--threads', '1', '--json'],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-compare-'));
});
afterAll(() => rm(folder, { recursive: true }));

const compare = (out: string, methods: string, seeds: string) => [
  ...['compare', '--out', join(folder, out), '--methods', methods, '--seeds', seeds],
  ...['--tokens', '4000', ...SMALL],
];
const lastLine = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1)!) as Comparison;
/** Everything but clocks and the random ends of runs' names. */
function essence({ methods, runs, ...rest }: Comparison): unknown {
  return {
    ...rest,
    methods: Object.entries(methods).map(([name, { seconds, ...method }]) => [name, method]),
    runs: runs.map(({ run, seconds, ...own }) => own),
  };
}

describe('a comparison', () => {
  let straight: Comparison;

  test('runs every method at the same budget, and its last line is the report', async () => {
    const { code, stdout, stderr } = await lab(compare('straight', 'base,gasp,real', '1'));
    expect(code, stderr).toBe(0);
    straight = lastLine(stdout);
    expect(Object.keys(straight.methods)).toEqual(['base', 'gasp', 'real']);
    for (const [name, method] of Object.entries(straight.methods)) {
      expect(method.seeds).toEqual([1]);
      expect(method.heldout).toMatchObject({ n: 4, questions: 8 });
      expect(Object.keys(method.heldout.pass)).toEqual(['1', '2']);
      for (const { mean, sd } of Object.values(method.heldout.pass)) {
        expect(mean).toBeGreaterThanOrEqual(0);
        expect(mean).toBeLessThanOrEqual(1);
        expect(sd).toBe(0);
      }
      expect(method.goalposts.total).toBe(8);
      expect(method.goalposts.solved_only_here).toBeLessThanOrEqual(method.goalposts.solved);
      if (name === 'base') expect([method.iterations, method.tokens]).toEqual([0, 0]);
      else {
        expect(method.tokens).toBeGreaterThanOrEqual(4000);
        // The budget ends a run with an iteration; one of these takes about a thousand tokens.
        expect(method.tokens).toBeLessThan(8000);
        expect(method.iterations).toBeGreaterThan(1);
      }
    }
    expect(JSON.parse(await readFile(join(folder, 'straight/report.json'), 'utf8'))).toEqual(straight);
    const page = await readFile(join(folder, 'straight/report.html'), 'utf8');
    expect(page).toContain('Real-data RL');
    expect(page, 'it needs nothing from elsewhere').not.toMatch(/(src|href)="(?!data:|https:\/\/arxiv\.org)/);
  }, 300_000);

  test('killed twice, while it trains and while it measures, the same command comes to the same', async () => {
    const command = compare('killed', 'base,gasp,real', '1');
    const first = await lab(command, (said, child) => {
      if (/^ +1 +lemma/m.test(said)) child.kill('SIGKILL');
    });
    expect(first.code).toBeNull();
    const second = await lab(command, (said, child) => {
      if (said.includes('with the checkpoint') && said.includes('gasp, seed 1')) child.kill('SIGKILL');
    });
    expect(second.code).toBeNull();
    const last = await lab(command);
    expect(last.code, last.stderr).toBe(0);
    expect(essence(lastLine(last.stdout))).toEqual(essence(straight));
  }, 300_000);

  test('is not made again, and other budgets and settings are refused', async () => {
    const again = await lab(compare('straight', 'base,gasp,real', '1'));
    expect(again.stderr).not.toMatch(/^ +\d+ +(lemma|real)/m);
    expect(essence(lastLine(again.stdout))).toEqual(essence(straight));
    const shorter = await lab([...compare('straight', 'gasp', '1'), '--tokens', '1000']);
    expect(shorter.code).toBe(2);
    expect(shorter.stderr).toContain('has run for longer than this budget');
  }, 300_000);
});

test.each([
  [['--methods', 'gasp,ppo', '--minutes', '1'], '--methods takes some of base, azr, real'],
  [['--methods', 'gasp,gasp', '--minutes', '1'], 'names gasp twice'],
  [['--methods', 'azr:lifts=2', '--minutes', '1'], 'AZR fixes lifts at 0'],
  [['--methods', 'gasp:colour=red', '--minutes', '1'], '--set takes KEY=VALUE'],
  [['--seeds', '1,x', '--minutes', '1'], '--seeds takes whole numbers'],
  [[], 'A budget is missing'],
])('%j is refused with the usage', async (args, message) => {
  const { code, stdout, stderr } = await lab(['compare', '--out', join(tmpdir(), 'never'), ...args]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
});
