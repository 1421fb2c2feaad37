/** A bank: the questions that goalposts are chosen from, as it is stored in a JSON file. */
import type { Question } from './question.ts';

export interface Bank {
  name: string;
  title: string;
  description: string;
  /** Questions of `questions` that the shipped model has no success on: a run starts with them. */
  goalposts: Question[];
  questions: Question[];
  /** For pass@k only: nobody trains on them. */
  heldout: Question[];
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
