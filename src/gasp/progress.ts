/** Progress reports of the method. They carry no time: the listener decides how often to read them. */
import type { SampleProgress } from './ports.ts';
import type { Role } from './question.ts';

export type Stage =
  | 'proposing-lemmas'
  | 'proposing-lifts'
  | 'proposing-questions'
  | 'validating'
  | 'solving-lemmas'
  | 'solving-lifts'
  | 'solving-questions'
  | 'solving-tasks'
  | 'updating'
  | 'evaluating'
  | 'validating-unseen'
  | 'trying-kept'
  | 'mining'
  | 'measuring';

export interface Progress {
  /** `done` of `total` in `unit`. Called often. */
  stage(stage: Stage, done: number, total: number, unit: string): void;
  /** After each decoding step. `idOf` names the proposal or question that a request is about. */
  sampling(role: Role, progress: SampleProgress, idOf: (request: number) => string): void;
}

/** Reports the progress of a part as progress of the whole, `total`, of which `before` was done earlier. */
export function partOf(progress: Progress, before: number, total: number): Progress {
  return {
    stage: (stage, done, _, unit) => progress.stage(stage, before + done, total, unit),
    sampling: (...report) => progress.sampling(...report),
  };
}
