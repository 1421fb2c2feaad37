/** Goalposts that the person wrote or imported, kept in this browser. */
import type { Question } from '../../gasp/question.ts';

const key = 'foothold-own-goalposts';

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

/** Empty where there are none, or where this browser keeps nothing. */
export function ownGoalposts(): Question[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isQuestion) : [];
  } catch {
    return [];
  }
}

/** False where this browser keeps nothing: they last as long as the page. */
export function storeOwnGoalposts(questions: readonly Question[]): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(questions));
    return true;
  } catch {
    return false;
  }
}

export const isOwn = (question: Question): boolean => question.tags?.source === 'own';

/** Not the page's own bank: kept in this browser. */
export const isKept = (question: Question): boolean =>
  isOwn(question) || question.tags?.source === 'imported';
