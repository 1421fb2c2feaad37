/** With which unseen questions a run begins, to tell over time what got better. */
import { type Bank, evenly } from '../gasp/bank.ts';
import type { Settings } from '../gasp/settings.ts';
import type { Command } from './protocol.ts';

type Start = Extract<Command, { type: 'start' }>;

/** Beyond this, more answers to each say more than more questions. */
const MOST = 128;
/** Answers to each question of a trial, about. */
const EACH = 4;

/**
 * Validation questions of the bank, evenly spread, and how the model does on them where the bank says so. Nothing
 * where the bank has none, or the settings try none.
 */
export function unseenQuestions(
  { validation = [], validationRate: known }: Bank,
  model: string,
  { validateEvery, validateAnswers, temperature, topP, topK }: Settings,
): Pick<Start, 'validation' | 'startRate'> {
  if (validateEvery === 0 || validation.length === 0) return {};
  const questions = evenly(validation, Math.min(MOST, Math.ceil(validateAnswers / EACH)));
  const ids = questions.map(({ id }) => id);
  const isKnown =
    known?.model === model &&
    ids.every((id) => id in known.passed) &&
    temperature === 1 &&
    topP === 1 &&
    topK === 0;
  if (!isKnown) return { validation: questions };
  const passed = Object.fromEntries(ids.map((id) => [id, known.passed[id]!]));
  return { validation: questions, startRate: { samples: known.samples, passed } };
}
