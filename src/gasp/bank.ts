/** A bank: the questions that goalposts are chosen from, as it is stored in a JSON file. */
import { nearestFirst } from './distance.ts';
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
  /** For choosing checkpoints and settings: neither trained on nor reported. Older banks have none. */
  validation?: Question[];
  /**
   * Natural log-probabilities of the goalposts' own programs under the shipped model, by id: how near each is. Of the
   * shipped bank only.
   */
  distances?: Record<string, number>;
  /**
   * How a model does on the validation questions before any training, as the bank's makers measured it: answers that
   * passed out of `samples` each at temperature 1, by id.
   */
  validationRate?: { model: string; samples: number; passed: Record<string, number> };
}

/** The file that a question was imported from; undefined for the bank's own, and those that a person wrote. */
const fileOf = ({ id, tags }: Question): string | undefined =>
  tags?.source === 'imported' ? id.slice(0, id.indexOf(':')) : undefined;

/**
 * What goes with some goalposts, of a bank that grew by imports: the questions of their own files, for training and
 * for measuring. Where these files have none, those of the bank itself.
 */
export function bankFor(bank: Bank, goalposts: readonly Question[]): Bank {
  const files = new Set(goalposts.map(fileOf));
  const among = (questions: readonly Question[]) => {
    const theirs = questions.filter((question) => files.has(fileOf(question)));
    return theirs.length > 0 ? theirs : questions.filter((question) => fileOf(question) === undefined);
  };
  return {
    ...bank,
    questions: among(bank.questions),
    heldout: among(bank.heldout),
    ...(bank.validation && { validation: among(bank.validation) }),
  };
}

/** The questions of a bank with these ids. */
export function chosenQuestions(bank: Bank | null, chosen: ReadonlySet<string>): Question[] {
  return bank ? bankQuestions(bank).filter((question) => chosen.has(question.id)) : [];
}

/** Goalposts that a first run takes: enough to aim at, few enough to try them all every few iterations. */
const A_FEW = 24;

/**
 * The goalposts of a first run: of all that the bank's mining left unsolved the nearest few, where it says which they
 * are, else a few spread evenly over its list.
 */
export function firstGoalposts({ goalposts, distances }: Bank, count = A_FEW): Question[] {
  if (!distances) return evenly(goalposts, count);
  return nearestFirst(goalposts, { logprobs: distances, cases: {} }).slice(0, count);
}

/** At most `count` of the questions, spread evenly over the list. */
export function evenly(questions: readonly Question[], count: number): Question[] {
  const taken = Math.min(count, questions.length);
  return Array.from({ length: taken }, (_, i) => questions[Math.floor((i * questions.length) / taken)]!);
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
