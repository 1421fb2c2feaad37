/** `lab export`: runs of the command line as a file that the page opens. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openFolderJournal } from '../src/run/folderJournal.ts';
import { finishedIterations, foldEvents } from '../src/run/state.ts';
import { packRuns } from '../src/share/bundle.ts';
import { FILE_ENDING } from '../src/share/address.ts';
import { readOptions, UsageError } from './usage.ts';

/** What comes along of a run's checkpoints. */
const WEIGHTS = ['newest', 'all', 'none'] as const;
type Weights = (typeof WEIGHTS)[number];

export const exportUsage = `lab export --run DIR --out FILE [options]
  Writes a run as a session file: Foothold shows it wherever it is opened, and lab run --from goes on with it.
  --run DIR         folder of the run, as given to lab run --out (of lab compare: DIR/runs); where it holds several, all of them
  --as foothold     the format; there is one
  --out FILE        the file, such as first${FILE_ENDING}
  --weights WHICH   newest: with the first ones, so that the run can go on where it ended (default); all: from every
                    checkpoint; none: to look at only
  --json            the last line is {"out", "bytes", "runs": [{"name", "iterations"}]}
`;

const OPTIONS = {
  run: { type: 'string' },
  as: { type: 'string', default: 'foothold' },
  out: { type: 'string' },
  weights: { type: 'string', default: 'newest' },
  json: { type: 'boolean', default: false },
} as const;

export async function exportCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.run || !values.out) throw new UsageError('--run DIR and --out FILE are needed.');
  if (values.as !== 'foothold') throw new UsageError(`--as takes foothold; got "${values.as}".`);
  const weights = WEIGHTS.find((one) => one === values.weights);
  if (!weights) throw new UsageError(`--weights takes ${WEIGHTS.join(', ')}; got "${values.weights}".`);
  const out = values.out.endsWith(FILE_ENDING) ? values.out : `${values.out}${FILE_ENDING}`;
  const runs = await readRuns(values.run, weights);
  const packed = await packRuns(runs);
  await writeFile(out, packed);
  const told = runs.map(({ events }) => {
    const state = foldEvents(events)!;
    return { name: state.name, iterations: finishedIterations(state) };
  });
  const say = values.json ? console.error : console.log;
  for (const { name, iterations } of told) say(`${name}: ${iterations} iterations`);
  say(`${out}: ${Math.ceil(packed.length / 1e3)} kB`);
  if (values.json) console.log(JSON.stringify({ out, bytes: packed.length, runs: told }));
  return 0;
}

async function readRuns(folder: string, weights: Weights) {
  const journal = await openFolderJournal(resolve(folder));
  try {
    const stored = await journal.list();
    if (stored.length === 0) throw new UsageError(`${folder} holds no run.`);
    return await Promise.all(
      stored.map(async ({ run }) => {
        const there = await journal.checkpoints(run);
        const named = (await journal.read(run)).flatMap((e) => (e.type === 'checkpoint' ? [e.blob] : []));
        const ends = [named[0], named.findLast((blob) => there.includes(blob))];
        return journal.exportRun(
          run,
          (blob) => weights === 'all' || (weights === 'newest' && ends.includes(blob)),
        );
      }),
    );
  } finally {
    await journal.close();
  }
}
