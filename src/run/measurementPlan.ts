/** A measurement of a run that is still to be made. */
import type { Question } from '../gasp/question.ts';
import type { Split } from './events.ts';

/** Questions to try with the weights at the end of an iteration that has a checkpoint. */
export interface MeasurementPlan {
  iteration: number;
  split: Split;
  samples: number;
  questions: Question[];
}
