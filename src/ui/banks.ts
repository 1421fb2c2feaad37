/** Banks of questions that are shipped with the page, as plain files. */
import type { Question } from '../gasp/question.ts';

export interface Bank {
  name: string;
  title: string;
  description: string;
  /** Questions of `questions` that the shipped model has no success on: a run starts with some of them. */
  goalposts: Question[];
  questions: Question[];
  heldout: Question[];
}

/** Loads `banks/<name>.json`. Throws with a sentence for a person. */
export async function loadBank(name: string, signal?: AbortSignal): Promise<Bank> {
  const address = `${import.meta.env.BASE_URL}banks/${name}.json`;
  const response = await fetch(address, signal ? { signal } : {});
  if (!response.ok) throw new Error(`The bank "${name}" did not load (${response.status} for ${address}).`);
  try {
    return (await response.json()) as Bank;
  } catch {
    throw new Error(`The bank "${name}" is not JSON: the file at ${address} is damaged or incomplete.`);
  }
}

/** The questions of a bank with these ids. */
export function chosenQuestions(bank: Bank | null, chosen: ReadonlySet<string>): Question[] {
  return bank ? bankQuestions(bank).filter((question) => chosen.has(question.id)) : [];
}

/** All questions that can be goalposts: the shipped goalposts first, each question once. */
export function bankQuestions(bank: Bank): Question[] {
  const seen = new Set<string>();
  return [...bank.goalposts, ...bank.questions].filter((question) => {
    if (seen.has(question.id)) return false;
    seen.add(question.id);
    return true;
  });
}
