/** Training examples for every role that the embedded model plays, as token ids. */
import { answers, pieces, prompts, titleOf } from '../src/dialects/micro/microText.ts';
import { type Operation, operations } from '../src/dialects/micro/operations.ts';
import type { Random } from 'onnx-lora/random';
import { encode, tokenId } from './microTokenizer.ts';
import {
  examplesOf,
  integerBetween,
  poseProgram,
  type MicroProblem,
  sampleProblem,
  shownInputs,
  weightedIndex,
} from './world.ts';

export const exampleKinds = ['induction', 'deduction', 'abduction', 'lemma', 'lift', 'unguided'] as const;
export type ExampleKind = (typeof exampleKinds)[number];
export type Mixture = Record<ExampleKind, number>;

export const defaultMixture: Mixture = {
  induction: 0.56,
  deduction: 0.13,
  abduction: 0.07,
  lemma: 0.13,
  lift: 0.08,
  unguided: 0.03,
};

/** One sequence to train on: prompt, then answer. */
export interface TrainingExample {
  kind: ExampleKind;
  /** Token ids. */
  prompt: number[];
  answer: number[];
  /** Loss weight of predicting each token, over prompt and answer: `prompt.length + answer.length`. */
  weights: number[];
}

/** Weight of the outputs that an induction prompt's later examples already let one predict. */
const promptOutputWeight = 0.3;

/** Depth of the questions that teachers read, from depth 2: mostly 4, as goalposts are. */
const goalpostDepths = [0, 0.1, 0.2, 0.45, 0.15, 0.1];
/**
 * Lines of a lemma, from 1 to one less than its goalpost has. Mostly 2, which the student half knows; longer ones
 * are right answers close to the goalpost, which training on a proposal's own program makes use of.
 */
const lemmaDepths = [0.15, 0.4, 0.25, 0.2, 0.2];
/** Lines of the lemma that a lift starts from: of those that the student solves often enough for one. */
const liftedDepths = [0.15, 0.6, 0.2, 0.05];
/** Share of the lifts on the f axis that go on in the lemma's theme; the others add any operation. */
const themedShare = 0.6;
const unguidedDepths = [0.25, 0.45, 0.3];
/** Share of lemma prompts without a title: a setting lets the teacher read examples only. */
const untitledShare = 0.3;
/** Share of lift prompts with the goalpost's title: the ablation. */
const titledLiftShare = 0.1;

const representation = operations.filter((operation) => operation.kind === 'representation');
const sampleDepth = (rng: Random, weights: readonly number[]) => weightedIndex(rng, weights) + 1;
const sampleAxis = (rng: Random): 'f' | 'io' => (rng.uniform() < 0.5 ? 'f' : 'io');

/**
 * Draws one example. `depthWeights[d - 1]` weighs depth d of what the student is asked; the teacher's
 * questions have depths of their own.
 */
export function sampleExample(
  rng: Random,
  depthWeights: readonly number[],
  mixture: Mixture = defaultMixture,
): TrainingExample {
  const kind =
    exampleKinds[
      weightedIndex(
        rng,
        exampleKinds.map((name) => mixture[name]),
      )
    ]!;
  const [prompt, answer] = writers[kind](rng, depthWeights);
  const promptTokens = encode(prompt);
  const answerTokens = encode(answer);
  const promptWeights = kind === 'induction' ? inductionWeights(promptTokens) : promptTokens.map(() => 0);
  return {
    kind,
    prompt: promptTokens,
    answer: answerTokens,
    weights: [...promptWeights, ...answerTokens.map(() => 1)],
  };
}

/** Prompt and answer. */
type Pair = [prompt: string, answer: string];

const writers: Record<ExampleKind, (rng: Random, depthWeights: readonly number[]) => Pair> = {
  induction(rng, depthWeights) {
    const problem = sampleProblem(rng, sampleDepth(rng, depthWeights));
    const shown = examplesOf(problem, shownInputs);
    return [prompts.induction(shown), answers.traced(problem.program, shown[0]!.input)];
  },
  deduction(rng, depthWeights) {
    const { program, inputs } = sampleProblem(rng, sampleDepth(rng, depthWeights));
    return [prompts.deduction(program, inputs[0]!), answers.traced(program, inputs[0]!)];
  },
  abduction(rng, depthWeights) {
    const { program, inputs, outputs } = sampleProblem(rng, sampleDepth(rng, depthWeights));
    return [prompts.abduction(program, outputs[0]!), answers.backward(program, inputs[0]!)];
  },
  lemma(rng) {
    for (;;) {
      const axis = sampleAxis(rng);
      const goalpost = sampleProblem(rng, sampleDepth(rng, goalpostDepths));
      const depth = goalpost.program.length;
      const length = sampleDepth(rng, lemmaDepths.slice(0, depth - 1));
      const start = integerBetween(rng, 0, depth - length);
      const part = goalpost.program.slice(start, start + length);
      const lemma = poseProgram(rng, part, axis === 'f' ? 'ordinary' : 'simple');
      if (!lemma) continue;
      const title = rng.uniform() < untitledShare ? '' : titleOf(goalpost.program);
      return [prompts.lemma(axis, title, examplesOf(goalpost, 2)), proposal(lemma)];
    }
  },
  lift(rng) {
    for (;;) {
      const axis = sampleAxis(rng);
      const lemma = sampleProblem(rng, sampleDepth(rng, liftedDepths), axis === 'f' ? 'ordinary' : 'simple');
      const added = rng.pick(axis === 'f' ? operationsAfter(rng, lemma.program) : representation);
      const program = rng.uniform() < 0.6 ? [...lemma.program, added] : [added, ...lemma.program];
      const lift = poseProgram(rng, program, axis === 'f' ? 'ordinary' : 'rich');
      if (!lift) continue;
      const title =
        rng.uniform() < titledLiftShare
          ? titleOf(goalpostAround(rng, axis === 'f' ? program : lemma.program))
          : '';
      return [prompts.lift(axis, title, lemma.program, examplesOf(lemma, 2)), proposal(lift)];
    }
  },
  unguided(rng) {
    return [prompts.unguided(), proposal(sampleProblem(rng, sampleDepth(rng, unguidedDepths)))];
  },
};

/** Whether an operation goes on in a program's theme: it is of the kind of one of its operations. */
export const isOfTheme = (operation: Operation, program: readonly Operation[]): boolean =>
  program.some(({ kind }) => kind === operation.kind);

const proposal = (problem: MicroProblem): string => answers.proposal(problem.program, problem.inputs);

/** Operations that may be added to a lemma: those of its theme, or all. */
function operationsAfter(rng: Random, lemma: readonly Operation[]): readonly Operation[] {
  if (rng.uniform() >= themedShare) return operations;
  return operations.filter((operation) => isOfTheme(operation, lemma));
}

/** A program that a goalpost could have, with `part` somewhere in it. Only its title is read. */
function goalpostAround(rng: Random, part: readonly Operation[]): Operation[] {
  const program = [...part];
  const depth = Math.max(part.length + 1, sampleDepth(rng, goalpostDepths));
  while (program.length < depth) {
    if (rng.uniform() < 0.5) program.push(rng.pick(operations));
    else program.unshift(rng.pick(operations));
  }
  return program;
}

const mapsToken = tokenId(pieces.maps);
const newlineToken = tokenId(pieces.newline);

/** Weights the outputs of the second and later examples, their line ends included. */
function inductionWeights(prompt: readonly number[]): number[] {
  let example = 0;
  let inOutput = false;
  return prompt.map((token) => {
    const weight = inOutput && example > 1 ? promptOutputWeight : 0;
    if (token === mapsToken) {
      inOutput = true;
      example++;
    } else if (token === newlineToken) inOutput = false;
    return weight;
  });
}
