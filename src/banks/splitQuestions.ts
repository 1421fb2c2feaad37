/** A benchmark's questions in three parts: to aim at and train on, held out, and for choosing checkpoints. */
import { Random } from 'onnx-lora/random';
import type { Question } from '../gasp/question.ts';

export interface SplitQuestions {
  questions: Question[];
  heldout: Question[];
  validation: Question[];
}

/** Below this nothing is held out unless somebody asks: a few questions were picked by hand. */
const ENOUGH = 20;

/** The same questions are held out whatever the order of the rows: a fifth, and a tenth for choosing checkpoints. */
export function splitQuestions(
  all: readonly Question[],
  sizes: { heldout?: number; validation?: number } = {},
): SplitQuestions {
  const share = (of: number) => (all.length < ENOUGH ? 0 : Math.floor(all.length * of));
  const { heldout = share(1 / 5), validation = share(1 / 10) } = sizes;
  const drawn = Random.for(0, 'split').shuffle(all.map(({ id }) => id).sort());
  const out = new Set(drawn.slice(0, heldout));
  const unseen = new Set(drawn.slice(heldout, heldout + validation));
  return {
    questions: all.filter(({ id }) => !out.has(id) && !unseen.has(id)),
    heldout: all.filter(({ id }) => out.has(id)),
    validation: all.filter(({ id }) => unseen.has(id)),
  };
}
