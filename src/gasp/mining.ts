/**
 * Mining goalposts as the paper does it: a question stays while no answer of any checkpoint passes. In parts
 * that can be stored as they come, so that mining for hours survives an interruption without a trace.
 */
import { measure } from './measuring.ts';
import type { Question } from './question.ts';
import { deriveSeed } from 'onnx-lora/random';
import type { SolveOptions, Tools } from './solving.ts';

/** The result of one part of a round: a digit for each answer, 1 where it passed. */
export interface MinedPart {
  /** The weights that answered, by the name that the caller gives them. */
  stage: string;
  /** Answers to each question in this stage before this round. */
  tried: number;
  answers: Record<string, string>;
}

/** Answers in the round after `tried` of them: few at first, since most questions need few. */
function roundSize(tried: number, samples: number): number {
  return Math.min(Math.max(8, tried * 2), samples - tried);
}

const solvedIn = (answers: Readonly<Record<string, string>>, id: string) =>
  answers[id]?.includes('1') ?? false;

/**
 * Mines with one checkpoint: rounds of answers to the questions that nothing has solved yet, `samples` in all.
 * Parts in `known` are taken as they are; the others are yielded, each to be stored before the next is asked
 * for. Returns the questions that are still without a right answer.
 */
export async function* mineStage(
  stage: string,
  questions: readonly Question[],
  options: Omit<SolveOptions, 'stage'>,
  tools: Tools,
  known: readonly MinedPart[],
): AsyncGenerator<MinedPart, Question[]> {
  let open = questions.slice();
  for (let tried = 0; tried < options.samples && open.length > 0; ) {
    const samples = roundSize(tried, options.samples);
    const answers: Record<string, string> = {};
    for (const part of known) {
      if (part.stage === stage && part.tried === tried) Object.assign(answers, part.answers);
    }
    const seed = deriveSeed(options.seed, 'mining', stage, tried);
    const round = { ...options, samples, seed, stage: 'mining' } as const;
    for await (const part of measure(open, round, tools, new Set(Object.keys(answers)))) {
      Object.assign(answers, part);
      yield { stage, tried, answers: part };
    }
    tried += samples;
    open = open.filter(({ id }) => !solvedIn(answers, id));
  }
  return open;
}
