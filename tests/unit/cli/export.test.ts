/** `lab export` and `lab run --from`: a run goes into a file that the page opens, and goes on from it elsewhere. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import type { Bank } from '../../../src/gasp/bank.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { openFolderJournal } from '../../../src/run/folderJournal.ts';
import { validEvents } from '../../../src/run/history.ts';
import { packRecipe, packRuns } from '../../../src/share/bundle.ts';
import { openFile } from '../../../src/share/link.ts';
import { lab } from './command.ts';

const SMALL = ['goalpostsPerIteration=4', 'rollouts=2', 'evaluateEvery=0', 'validateEvery=0'];
const BRIEF = ['--samples', '0', '--threads', '1'];
const straight = ['--seed', '5', ...SMALL.flatMap((one) => ['--set', one]), ...BRIEF];

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-export-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function runIn(out: string): Promise<RunEvent[]> {
  const journal = await openFolderJournal(out);
  const [run] = await journal.list();
  const events = await journal.read(run!.run);
  await journal.close();
  return events;
}
async function sessionIn(file: string) {
  const shared = await openFile(new Blob([await readFile(file)]));
  if (shared.kind !== 'replay') throw new Error('expected a run');
  return shared.runs;
}
/** What an iteration did, without clocks and the record of resuming. */
const deeds = (events: readonly RunEvent[], iteration: number) =>
  validEvents(events).flatMap(({ seq: _, at: __, ...event }): unknown[] => {
    if (!('iteration' in event) || event.iteration !== iteration) return [];
    return event.type === 'iteration-finished'
      ? [{ ...event, counters: { ...event.counters, seconds: 0 } }]
      : [event];
  });

test('a run is exported, goes on from the file as it would have, and is refused other settings', async () => {
  expect(await lab(['run', '--out', at('first'), '--iterations', '1', ...straight])).toMatchObject({
    code: 0,
  });
  const exported = [
    'export',
    '--run',
    at('first'),
    '--as',
    'foothold',
    '--out',
    at('first.foothold'),
    '--json',
  ];
  const { code, stdout } = await lab(exported);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ runs: [{ iterations: 1 }], bytes: expect.any(Number) });
  const [run, ...others] = await sessionIn(at('first.foothold'));
  expect(others).toEqual([]);
  expect(run!.checkpoints.map(({ blob }) => blob)).toEqual(['iteration-0', 'iteration-1']);
  expect(run!.events).toEqual(validEvents(await runIn(at('first'))));

  // On where it was, and the very same that the folder's own run does.
  const goOn = ['run', '--from', at('first.foothold'), '--out', at('on'), '--iterations', '2', ...BRIEF];
  const on = await lab(goOn);
  expect(on).toMatchObject({ code: 0, stderr: '' });
  expect(await lab(['run', '--out', at('first'), '--iterations', '2', ...straight])).toMatchObject({
    code: 0,
  });
  const second = deeds(await runIn(at('on')), 2);
  expect(second.length).toBeGreaterThan(10);
  expect(second).toEqual(deeds(await runIn(at('first')), 2));
  // The same command again has nothing left to do.
  const again = await lab(goOn);
  expect(again).toMatchObject({ code: 0 });
  expect(again.stdout).toContain('2 iterations are done');

  const other = await lab(['run', '--from', at('first.foothold'), '--out', at('other'), '--seed', '6']);
  expect(other).toMatchObject({ code: 2 });
  expect(other.stderr).toContain('leave out --seed');
}, 300_000);

test('a run without weights and a recipe begin at their start', async () => {
  const [run] = await sessionIn(at('first.foothold'));
  await writeFile(at('log.foothold'), await packRuns([{ ...run!, checkpoints: [] }]));
  const anew = await lab([
    'run',
    '--from',
    at('log.foothold'),
    '--out',
    at('anew'),
    '--iterations',
    '1',
    ...BRIEF,
  ]);
  expect(anew).toMatchObject({ code: 0, stderr: '' });
  expect(deeds(await runIn(at('anew')), 1)).toEqual(deeds(run!.events, 1));

  const micro = fileURLToPath(new URL('../../../public/banks/micro.json', import.meta.url));
  const { goalposts } = JSON.parse(await readFile(micro, 'utf8')) as Bank;
  const settings = { ...DEFAULT_SETTINGS, rollouts: 2, goalpostsPerIteration: 4, evaluateEvery: 0, seed: 9 };
  const recipe = { model: 'embedded', bank: 'micro', settings, goalposts: goalposts.slice(0, 2) };
  await writeFile(at('recipe.foothold'), await packRecipe(recipe));
  const begun = await lab([
    'run',
    '--from',
    at('recipe.foothold'),
    '--out',
    at('begun'),
    '--iterations',
    '0',
    ...BRIEF,
  ]);
  expect(begun).toMatchObject({ code: 0, stderr: '' });
  const [start] = await runIn(at('begun'));
  expect(start).toMatchObject({ goalposts: recipe.goalposts, settings: { rollouts: 2, seed: 9 } });
  expect(start).toHaveProperty('validation');
}, 300_000);

test.each([
  [['export', '--run', '.'], '--out FILE are needed'],
  [['export', '--run', '.', '--out', 'x', '--as', 'onnx'], '--as takes foothold'],
  [['export', '--run', '.', '--out', 'x', '--weights', 'some'], '--weights takes newest, all, none'],
  [['run', '--from', 'nowhere.foothold', '--out', 'x'], 'nowhere.foothold cannot be read'],
])('%j is refused', async (args, message) => {
  const { code, stderr } = await lab(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test('what is no session is told as such', async () => {
  await writeFile(at('notes.foothold'), 'notes');
  const { code, stderr } = await lab(['run', '--from', at('notes.foothold'), '--out', at('no')]);
  expect(code).toBe(1);
  expect(stderr).toContain('This is not a Foothold session.');
});
