/**
 * A session as bytes, the same in a link and in a file: gzip of
 *
 *     one line of JSON   { foothold: 'recipe' | 'replay', version: 1, ... } as `schema.ts` says
 *     after it           the bytes of the checkpoints that the line announces, one after the other
 *
 * `version` grows when older readers could not make sense of what is written; each version that ever
 * was stays readable.
 */
import { DamagedCheckpointError, parseCheckpoint } from '../run/checkpointFormat.ts';
import type { Question } from '../gasp/question.ts';
import type { EventOf, RunEvent } from '../run/events.ts';
import { validEvents } from '../run/history.ts';
import type { RecordedRun } from '../run/journal.ts';
import { gzip, isGzip } from '../util/gzip.ts';
import { logFault } from './log.ts';
import { unzip } from './packing.ts';
import { ShareError } from './shareError.ts';
import { check, type Recipe, recipeSchema, replaySchema } from './schema.ts';

export const SHARE_VERSION = 1;

export type Shared = { kind: 'recipe'; recipe: Recipe } | { kind: 'replay'; runs: RecordedRun[] };

const NEWLINE = 0x0a;

/** Runs as one file's bytes: their valid events, and the checkpoints that they come with. */
export async function packRuns(runs: readonly RecordedRun[]): Promise<Uint8Array<ArrayBuffer>> {
  const entries = runs.map(({ events, checkpoints }) => {
    const valid = validEvents(events);
    const named = new Set(valid.flatMap((event) => (event.type === 'checkpoint' ? [event.blob] : [])));
    const kept = checkpoints.filter(({ blob }) => named.has(blob));
    return {
      events: valid.map(({ seq: _, ...event }) => (kept.length === 0 ? withoutUnseen(event) : event)),
      checkpoints: kept,
    };
  });
  const line = JSON.stringify({
    foothold: 'replay',
    version: SHARE_VERSION,
    runs: entries.map(({ events, checkpoints }) => ({
      events,
      checkpoints: checkpoints.map(({ blob, bytes }) => ({ blob, bytes: bytes.length })),
    })),
  });
  return gzip([line, '\n', ...entries.flatMap(({ checkpoints }) => checkpoints.map(({ bytes }) => bytes))]);
}

/**
 * Unseen questions and the tests of benchmarks serve a run that goes on, which one without weights cannot: most of a
 * link is saved. How they went is in other events.
 */
function withoutUnseen(event: Omit<RunEvent, 'seq'>): Omit<RunEvent, 'seq'> {
  if (event.type !== 'run-started') return event;
  const { validation: _, goalposts, questions, ...rest } = event as Omit<EventOf<'run-started'>, 'seq'>;
  const kept = {
    ...rest,
    goalposts: goalposts.map(withoutTests),
    ...(questions && { questions: questions.map(withoutTests) }),
  };
  return kept;
}

function withoutTests(question: Question): Question {
  if (!question.benchmark) return question;
  const { tests: _, ...benchmark } = question.benchmark;
  return { ...question, benchmark };
}

export function packRecipe(recipe: Recipe): Promise<Uint8Array<ArrayBuffer>> {
  return gzip([JSON.stringify({ foothold: 'recipe', version: SHARE_VERSION, ...recipe }), '\n']);
}

/** What bytes of unknown origin hold, once all of it is known to be sound. Throws `ShareError`. */
export async function unpack(packed: Uint8Array<ArrayBuffer>, limit: number): Promise<Shared> {
  if (!isGzip(packed)) throw new ShareError('This is not a Foothold session.');
  const bytes = await unzip(packed, limit);
  const end = bytes.indexOf(NEWLINE);
  const head = parse(bytes.subarray(0, end < 0 ? bytes.length : end));
  if (head.foothold !== 'recipe' && head.foothold !== 'replay')
    throw new ShareError('This is not a Foothold session.');
  if (head.version !== SHARE_VERSION) {
    const format = String(head.version).slice(0, 20);
    throw new ShareError(
      `The session was made by another version of Foothold (format ${format}; this one reads ${SHARE_VERSION}).`,
      'share-version',
      { format, reads: SHARE_VERSION },
    );
  }
  if (head.foothold === 'recipe') {
    const recipe = check(recipeSchema, head);
    if (!recipe.ok) throw new ShareError(`The session holds what no recipe does (${recipe.reason}).`);
    if (new Set(recipe.value.goalposts.map(({ id }) => id)).size < recipe.value.goalposts.length)
      throw new ShareError('The session holds what no recipe does (two goalposts with the same id).');
    return { kind: 'recipe', recipe: recipe.value };
  }
  const read = check(replaySchema, head);
  if (!read.ok) throw new ShareError(`The session holds what no run does (${read.reason}).`);
  let at = end < 0 ? bytes.length : end + 1;
  const runs = read.value.runs.map((run): RecordedRun => {
    const events = run.events.map((event, seq) => ({ ...event, seq }) as RunEvent);
    const fault = logFault(events);
    if (fault) throw new ShareError(`The session holds what no run does: ${fault}.`);
    const checkpoints = run.checkpoints.map(({ blob, bytes: length }) => {
      if (!events.some((event) => event.type === 'checkpoint' && event.blob === blob))
        throw new ShareError('The session holds a checkpoint that its run does not have.');
      const part = bytes.slice(at, at + length);
      at += length;
      assertWhole(part);
      return { blob, bytes: part };
    });
    if (new Set(checkpoints.map(({ blob }) => blob)).size < checkpoints.length)
      throw new ShareError('The session holds the same checkpoint twice.');
    return { events, checkpoints };
  });
  if (at !== bytes.length) throw new ShareError('The session holds more than it says, or less.');
  return { kind: 'replay', runs };
}

function parse(line: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    throw new ShareError('This is not a Foothold session: what it holds cannot be read.');
  }
  if (typeof value !== 'object' || value === null) throw new ShareError('This is not a Foothold session.');
  return value as Record<string, unknown>;
}

function assertWhole(bytes: Uint8Array): void {
  try {
    parseCheckpoint(bytes);
  } catch (error) {
    if (error instanceof DamagedCheckpointError) throw new ShareError(error.message);
    throw error;
  }
}
