/** What is still to be measured of a run. */
import type { Question } from '../gasp/question.ts';
import type { Split } from './events.ts';

/** Questions to try with the weights at the end of an iteration that has a checkpoint. */
export interface MeasurementPlan {
  iteration: number;
  split: Split;
  samples: number;
  questions: Question[];
}
