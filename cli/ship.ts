/** `lab ship`: the sessions that come with the page, from runs of the command line. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openFolderJournal } from '../src/run/folderJournal.ts';
import { packRuns, unpack } from '../src/share/bundle.ts';
import { SHIPPED } from '../src/share/shipped.ts';
import { trimmed } from '../src/share/trimmed.ts';
import { readOptions, UsageError } from './usage.ts';

export const shipUsage = `lab ship --runs DIR --out DIR [options]
  Writes the sessions that ship (src/share/shipped.ts), trimmed, without weights.
  --runs DIR        folder that holds the runs' folders, as given to lab run --out
  --out DIR         where the files go: public/sessions
  --only ID         one of the sessions
  --json            the last line is {"sessions": [{"id", "bytes", "iterations"}]}
`;

const OPTIONS = {
  runs: { type: 'string' },
  out: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** Bytes that a session is allowed: it is fetched on a phone, and kept for use without network. */
const LIMIT = 300e3;

export async function shipCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.runs || !values.out) throw new UsageError('--runs DIR and --out DIR are needed.');
  const wanted = SHIPPED.filter(({ id }) => values.only === undefined || id === values.only);
  if (wanted.length === 0)
    throw new UsageError(
      `There is no session "${values.only}". There are: ${SHIPPED.map(({ id }) => id).join(', ')}.`,
    );
  const say = values.json ? console.error : console.log;
  await mkdir(values.out, { recursive: true });
  const sessions: { id: string; bytes: number; iterations: number[] }[] = [];
  for (const { id, runs, note, tokens, answersUpTo } of wanted) {
    const cut = await Promise.all(
      runs.map(async ({ folder, name }) => ({
        events: trimmed(await readRun(join(resolve(values.runs!), folder)), {
          ...{ name, note, tokens, answersUpTo },
        }),
        checkpoints: [],
      })),
    );
    const bytes = await packRuns(cut);
    await unpack(bytes, 64e6);
    if (bytes.length > LIMIT)
      throw new UsageError(`${id} has ${bytes.length} bytes, more than ${LIMIT}: lower its tokens.`);
    await writeFile(join(values.out, `${id}.foothold`), bytes);
    const iterations = cut.map(
      ({ events }) => events.filter(({ type }) => type === 'iteration-finished').length,
    );
    say(`${id}: ${Math.round(bytes.length / 1e3)} kB, ${iterations.join(' and ')} iterations`);
    sessions.push({ id, bytes: bytes.length, iterations });
  }
  if (values.json) console.log(JSON.stringify({ sessions }));
  return 0;
}

async function readRun(folder: string) {
  const journal = await openFolderJournal(folder);
  try {
    const [stored] = await journal.list();
    if (!stored) throw new UsageError(`${folder} holds no run.`);
    return await journal.read(stored.run);
  } finally {
    await journal.close();
  }
}
