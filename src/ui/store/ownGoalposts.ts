/** Goalposts that the person wrote or imported, kept in this browser's database whatever their size. */
import { type IDBPDatabase, openDB } from 'idb';
import type { Bank } from '../../gasp/bank.ts';
import type { Question } from '../../gasp/question.ts';

const DATABASE = 'foothold-questions';
const STORE = 'questions';
const KEY = 'own';
/** Where they were until they outgrew it. */
const OLD_KEY = 'foothold-own-goalposts';
/** Milliseconds until the page goes on without them. */
const PATIENCE = 3000;

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function isQuestion(value: unknown): value is Question {
  const q = value as Question;
  return (
    typeof q === 'object' &&
    q !== null &&
    [q.id, q.title, q.message, q.program].every((text) => typeof text === 'string') &&
    isTexts(q.inputs) &&
    isTexts(q.outputs) &&
    q.inputs.length === q.outputs.length &&
    typeof q.shown === 'number'
  );
}

/** Null unless they were read in time: what the page does not have must not be written over. */
let database: IDBPDatabase | null = null;

/** Empty where there are none, or where this browser keeps nothing. */
export async function ownGoalposts(): Promise<Question[]> {
  const late = new Promise<never>((_, reject) => setTimeout(reject, PATIENCE, new Error('no answer')));
  try {
    const { opened, questions } = await Promise.race([read(), late]);
    database = opened;
    return questions;
  } catch {
    return [];
  }
}

async function read(): Promise<{ opened: IDBPDatabase; questions: Question[] }> {
  const opened = await openDB(DATABASE, 1, {
    upgrade: (created) => void created.createObjectStore(STORE),
  });
  const stored: unknown = (await opened.get(STORE, KEY)) ?? (await takeOld(opened));
  // Also what a page that was left in the middle of this had stored already.
  globalThis.localStorage?.removeItem(OLD_KEY);
  return { opened, questions: Array.isArray(stored) ? stored.filter(isQuestion) : [] };
}

/** Those of an earlier version of the page. */
async function takeOld(opened: IDBPDatabase): Promise<unknown> {
  const old = globalThis.localStorage?.getItem(OLD_KEY);
  if (!old) return [];
  const questions: unknown = JSON.parse(old);
  await opened.put(STORE, questions, KEY);
  return questions;
}

/** False where this browser keeps nothing: they last as long as the page. */
export async function storeOwnGoalposts(questions: readonly Question[]): Promise<boolean> {
  try {
    if (!database) return false;
    await database.put(STORE, questions, KEY);
    return true;
  } catch {
    return false;
  }
}

/** A bank with questions that are kept, each in its part; they take the place of those with the same ids. */
export function withKept(bank: Bank, kept: readonly Question[]): Bank {
  const ids = new Set(kept.map(({ id }) => id));
  const [questions, heldout, validation] = (['questions', 'heldout', 'validation'] as const).map((part) => [
    ...kept.filter(({ tags }) => (tags?.split ?? 'questions') === part),
    ...(bank[part] ?? []).filter(({ id }) => !ids.has(id)),
  ]);
  return {
    ...bank,
    questions: questions!,
    heldout: heldout!,
    ...((bank.validation || validation!.length > 0) && { validation: validation! }),
  };
}

/** Those of a bank that are kept in this browser. */
export const keptIn = ({ questions, heldout, validation = [] }: Bank): Question[] =>
  [...questions, ...heldout, ...validation].filter(isKept);

export const isOwn = (question: Question): boolean => question.tags?.source === 'own';

/** Not the page's own bank: kept in this browser. */
export const isKept = (question: Question): boolean =>
  isOwn(question) || question.tags?.source === 'imported';
