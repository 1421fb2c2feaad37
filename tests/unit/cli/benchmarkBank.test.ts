/** `lab mine`, `lab run` and `lab compare` on a benchmark's own file, by a real decoder. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bank } from '../../../src/gasp/bank.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { fixtureFolder } from '../../fixtures/models/folders.ts';
import { CONTEST_FILE, CONTEST_ROWS } from '../banks/contestRows.ts';
import { lacksShared, needs, sharedFolder, SMOLLM2 } from '../shared.ts';
import { lab } from './command.ts';

let folder: string;
/** The fixture, said to have a context that statements fit into: its positions are computed. */
let fixture: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-benchmark-'));
  fixture = join(folder, 'decoder');
  await cp(fixtureFolder('qwen2-optimum-fp32'), fixture, { recursive: true });
  const config = join(fixture, 'config.json');
  const fields = JSON.parse(await readFile(config, 'utf8')) as object;
  await writeFile(config, JSON.stringify({ ...fields, max_position_embeddings: 4096 }));
  await writeFile(join(folder, 'contest.jsonl'), CONTEST_FILE);
});
afterAll(() => rm(folder, { recursive: true }));

const file = () => join(folder, 'contest.jsonl');
const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Bank;
const last = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1)!);
const FEW = ['--heldout', '6', '--validation', '4'];

async function eventsOf(out: string): Promise<RunEvent[]> {
  const [run] = (await readdir(join(folder, out))).filter((name) => !name.startsWith('.'));
  const lines = (await readFile(join(folder, out, run!, 'events.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((event) => 'type' in event);
}

test('mining makes a bank of a file of 40 rows: goalposts, held-out and validation questions', async () => {
  const { code, stdout, stderr } = await lab([
    ...['mine', '--model', fixture, '--bank', file(), ...FEW, '--samples', '1', '--goalposts', '5'],
    ...['--out', join(folder, 'mined.json'), '--threads', '1', '--json'],
  ]);
  expect(code, stderr).toBe(0);
  // Random weights write no program.
  expect(last(stdout)).toMatchObject({ questions: 30, unsolved: 30, goalposts: 5, samples: 1 });
  const bank = await read('mined.json');
  expect([bank.goalposts, bank.questions, bank.heldout, bank.validation!].map((list) => list.length)).toEqual(
    [5, 30, 6, 4],
  );
  const all = [...bank.questions, ...bank.heldout, ...bank.validation!];
  expect(new Set(all.map(({ id }) => id)).size).toBe(CONTEST_ROWS.length);
  for (const { benchmark, shown, program } of all) {
    expect({ shown, program, cases: benchmark?.cases }).toEqual({ shown: 2, program: '', cases: 7 });
  }
  expect(all.filter(({ benchmark }) => benchmark?.entry !== undefined)).toHaveLength(20);
}, 600_000);

test('a run guides itself by them, trains on them, and is compared on the held-out ones', async () => {
  const few = [
    ...['--model', fixture, '--threads', '1', '--set', 'goalpostsPerIteration=2', '--set', 'rollouts=2'],
    ...['--bank', file(), ...FEW],
  ];
  const run = await lab([
    ...['run', '--method', 'gasp+real', '--iterations', '1', '--out', join(folder, 'run'), ...few],
    ...[
      '--set',
      'evaluateEvery=1',
      '--set',
      'evaluateSamples=1',
      '--set',
      'validateEvery=1',
      '--set',
      'validateAnswers=8',
    ],
    ...['--samples', '0', '--json'],
  ]);
  expect(run.code, run.stderr).toBe(0);
  const events = await eventsOf('run');
  const started = events.find((event) => event.type === 'run-started')!;
  expect(started).toMatchObject({
    goalposts: { length: 30 },
    questions: { length: 30 },
    validation: { length: 2 },
  });
  const evaluated = events.findLast((event) => event.type === 'evaluated')!;
  expect(Object.keys(evaluated.passed)).toHaveLength(30);
  // Without a program there is no reference answer: the share of tests tells how near they are.
  expect(evaluated.logprobs).toBeUndefined();
  expect(Object.keys(evaluated.cases!)).toHaveLength(30);
  const real = events.filter((event) => event.type === 'attempted' && event.question.startsWith('contest:'));
  expect(real.length).toBeGreaterThan(0);
  expect(events.at(-1)?.type).toBe('iteration-finished');

  const compared = await lab([
    ...['compare', '--methods', 'base,real', '--seeds', '1', '--iterations', '1', ...few],
    ...[
      '--out',
      join(folder, 'compared'),
      '--samples',
      '1',
      '--checkpoints',
      '0',
      '--questions',
      '3',
      '--json',
    ],
  ]);
  expect(compared.code, compared.stderr).toBe(0);
  expect(await readFile(join(folder, 'compared', 'report.html'), 'utf8')).toContain('pass@');
}, 600_000);

test('the embedded model says that it cannot read them; a split is refused where there is one', async () => {
  const mine = await lab([...['mine', '--bank', file(), '--out', join(folder, 'x.json'), '--samples', '1']]);
  expect(mine.code).toBe(1);
  expect(mine.stderr).toContain('it is a problem of a benchmark (livecodebench)');
  const split = await lab([...['mine', '--out', join(folder, 'y.json'), '--heldout', '3']]);
  expect(split.code).toBe(2);
  expect(split.stderr).toContain("--heldout and --validation split a benchmark's file");
  const none = await lab([
    ...['run', '--bank', file(), '--heldout', '40', '--validation', '0'],
    ...['--out', join(folder, 'none')],
  ]);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('none is left to aim at');
}, 600_000);

test.skipIf(lacksShared(SMOLLM2))(
  needs(SMOLLM2, 'a real model answers a few of them'),
  async () => {
    await writeFile(
      join(folder, 'easy.jsonl'),
      CONTEST_ROWS.filter(({ question_title }) => /^(?:total|largest) /.test(question_title))
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const { code, stdout, stderr } = await lab([
      ...['mine', '--model', sharedFolder + SMOLLM2, '--bank', join(folder, 'easy.jsonl'), '--samples', '8'],
      ...['--heldout', '0', '--validation', '0', '--out', join(folder, 'real.json'), '--json'],
    ]);
    expect(code, stderr).toBe(0);
    const { questions, unsolved } = last(stdout);
    expect(questions).toBe(4);
    expect(unsolved).toBeLessThan(4);
  },
  1_200_000,
);
