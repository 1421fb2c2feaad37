/** Sessions of the page (`.foothold`) on the command line: read, and turned into the beginning of a run. */
import { readFile } from 'node:fs/promises';
import type { Settings } from '../src/gasp/settings.ts';
import { startOf } from '../src/lab/checks.ts';
import type { Journal, RecordedRun } from '../src/run/journal.ts';
import { ownCopy, resumable } from '../src/run/recorded.ts';
import { openFile } from '../src/share/link.ts';
import type { Recipe } from '../src/share/schema.ts';
import { newRun, readBank, SHIPPED_BANK } from './settings.ts';
import type { Play } from './terminalLab.ts';
import { UsageError } from './usage.ts';

export interface Session {
  model: string;
  settings: Settings;
  start: Play['start'];
  /** As far as its weights go; absent where none came along: then it begins at its start. */
  recorded?: RecordedRun;
}

/** The session in a file that the page or `lab export` wrote. Throws `UsageError` where there is no single one. */
export async function readSession(file: string): Promise<Session> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  });
  const shared = await openFile(new Blob([bytes]));
  if (shared.kind === 'recipe') return sessionOf(shared.recipe);
  const [run, ...others] = shared.runs;
  if (others.length > 0)
    throw new UsageError(`${file} holds ${shared.runs.length} runs: export the one to go on with alone.`);
  const start = startOf('in this file', run!.events);
  const recorded = resumable(run!, Number.POSITIVE_INFINITY);
  return { ...sessionOf(start, start.name), ...(recorded && { recorded }) };
}

function sessionOf(
  { model, settings, bank: name, goalposts, questions = [] }: Recipe,
  run?: string,
): Session {
  const { validation = [], validationRate, ...shipped } = readBank(SHIPPED_BANK);
  // A session has no unseen questions; those of the shipped bank are here.
  const unseen = { validation, ...(validationRate && { validationRate }) };
  const bank = { ...shipped, name, goalposts, questions, ...(shipped.name === name && unseen) };
  return { model, settings, start: () => newRun(settings, bank, run, model) };
}

/** Stores the session's run among those of the journal, which has none. Gives its id. */
export async function storeSession(journal: Journal, whole: RecordedRun): Promise<string> {
  const { run, recorded } = ownCopy(whole, new Set());
  await journal.importRun(run, recorded);
  return run;
}
