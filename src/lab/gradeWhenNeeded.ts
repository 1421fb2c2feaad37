/** The judge of benchmarks' tests, loaded with the first answer to one of their questions: most runs have none. */
import type { Grade } from '../gasp/ports.ts';

export const gradeWhenNeeded: Grade = async (...given) =>
  (await import('../banks/gradeQuestions.ts')).gradeQuestions(...given);
