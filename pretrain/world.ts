/** Random problems of the embedded model's world: a program of list operations and inputs that show it. */
import {
  largestInteger,
  type ListExample,
  listSource,
  longestList,
  programSource,
  titleOf,
} from '../src/dialects/micro/microText.ts';
import { type Operation, operations, trace } from '../src/dialects/micro/operations.ts';
import type { Question } from '../src/gasp/question.ts';
import type { Random } from 'onnx-lora/random';

/** A program and what it does to five inputs; the first three are what a student sees. */
export interface MicroProblem {
  program: Operation[];
  inputs: number[][];
  outputs: number[][];
}
export const inputsPerProblem = 5;
export const shownInputs = 3;

export const integerBetween = (rng: Random, low: number, high: number): number =>
  low + rng.int(high - low + 1);
/** An index, with probability proportional to its weight. */
export function weightedIndex(rng: Random, weights: readonly number[]): number {
  let left = rng.uniform() * weights.reduce((total, w) => total + w, 0);
  for (const [i, w] of weights.entries()) {
    left -= w;
    if (left < 0) return i;
  }
  return weights.findLastIndex((w) => w > 0);
}

/**
 * How inputs look. `ordinary` is what questions have; `simple` (short, small) and `rich` (long, large)
 * are the two ends of the I/O axis.
 */
export type InputStyle = 'ordinary' | 'simple' | 'rich';

/** Draws one question's inputs: ranges are properties of the question, values and length of each input. */
export function sampleInputs(rng: Random, style: InputStyle, count = inputsPerProblem): number[][] {
  const range = sampleRange(rng, style);
  const longest = rng.uniform() < 0.3 ? 5 : 8;
  const repeats = rng.uniform() < 0.25 ? 0.3 : 0;
  const inputs: number[][] = [];
  for (let i = 0; i < count; i++) {
    const length = sampleLength(rng, style, longest);
    const input: number[] = [];
    for (let j = 0; j < length; j++) {
      input.push(
        j > 0 && rng.uniform() < repeats ? rng.pick(input) : integerBetween(rng, range[0], range[1]),
      );
    }
    inputs.push(input);
  }
  return inputs;
}

function sampleRange(rng: Random, style: InputStyle): [number, number] {
  const u = rng.uniform();
  if (style === 'simple') return u < 0.5 ? [0, 9] : [-5, 9];
  if (style === 'rich') return u < 0.5 ? [-9, 40] : [-30, 50];
  return u < 0.35 ? [-9, 9] : u < 0.8 ? [-9, 20] : [-30, 50];
}

function sampleLength(rng: Random, style: InputStyle, longest: number): number {
  if (style === 'simple') return integerBetween(rng, 2, 4);
  if (style === 'rich') return integerBetween(rng, 6, 8);
  return rng.uniform() < 0.12 ? integerBetween(rng, 2, 3) : integerBetween(rng, 4, longest);
}

const same = (a: readonly number[], b: readonly number[]): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};
const writable = (x: readonly number[]): boolean => {
  if (x.length > longestList) return false;
  for (const v of x) if (v > largestInteger || v < -largestInteger) return false;
  return true;
};
const run = (program: readonly Operation[], input: readonly number[]): readonly number[] => {
  let x = input;
  for (const operation of program) x = operation.apply(x);
  return x;
};
function distinct(lists: readonly (readonly number[])[]): number {
  return new Set(lists.map((x) => x.join())).size;
}

/**
 * Whether the examples pin the program down as far as can be checked cheaply. On the shown examples
 * every contiguous part of it must matter (so no line is idle and no lines cancel out), and no single
 * operation may do the whole; all states can be written, at most one is empty; inputs differ, at least
 * three of five outputs and two of the shown ones differ.
 */
export function isSound(program: readonly Operation[], inputs: readonly (readonly number[])[]): boolean {
  const traces = inputs.map((input) => trace(program, input));
  let empty = 0;
  for (const states of traces) {
    for (const state of states) {
      if (!writable(state)) return false;
      if (state.length === 0) empty++;
    }
  }
  if (empty > 1) return false;
  const outputs = traces.map((states) => states[states.length - 1]!);
  if (distinct(inputs) < inputs.length || distinct(outputs) < Math.min(3, inputs.length)) return false;
  const shown = traces.slice(0, shownInputs);
  const shownOutputs = outputs.slice(0, shownInputs);
  if (distinct(shownOutputs) < 2) return false;
  for (let from = 0; from < program.length; from++) {
    for (let to = from + 1; to <= program.length; to++) {
      const rest = program.slice(to);
      if (shown.every((states, i) => same(run(rest, states[from]!), shownOutputs[i]!))) return false;
    }
  }
  if (program.length > 1) {
    for (const operation of operations) {
      if (shown.every((states, i) => same(operation.apply(states[0]!), shownOutputs[i]!))) return false;
    }
  }
  return true;
}

function problemOf(program: readonly Operation[], inputs: number[][]): MicroProblem {
  return { program: [...program], inputs, outputs: inputs.map((input) => [...run(program, input)]) };
}

/** Fresh inputs for a given program, or null when none of `attempts` draws is sound. */
export function poseProgram(
  rng: Random,
  program: readonly Operation[],
  style: InputStyle,
  attempts = 12,
): MicroProblem | null {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const inputs = sampleInputs(rng, style);
    if (isSound(program, inputs)) return problemOf(program, inputs);
  }
  return null;
}

/**
 * A program of `depth` operations. The first is drawn uniformly and gets inputs that it fits, so that
 * operations which need short lists or small values are not rare; each later one is drawn uniformly
 * among those that fit the values so far.
 */
export function sampleProblem(rng: Random, depth: number, style: InputStyle = 'ordinary'): MicroProblem {
  for (;;) {
    const first = rng.pick(operations);
    for (let attempt = 0; attempt < 8; attempt++) {
      const inputs = sampleInputs(rng, style);
      const start = extend(inputs, first);
      const program = start && growProgram(rng, first, start, depth);
      if (program && isSound(program, inputs)) return problemOf(program, inputs);
    }
  }
}

/** The states after one more operation, or null where it does nothing or its values cannot be written. */
function extend(states: number[][], operation: Operation): number[][] | null {
  const next = states.map((x) => operation.apply(x));
  if (!next.every(writable) || next.filter((x) => x.length === 0).length > 1) return null;
  return next.every((x, i) => same(x, states[i]!)) ? null : next;
}

function growProgram(rng: Random, first: Operation, start: number[][], depth: number): Operation[] | null {
  const program = [first];
  let states = start;
  for (let tries = 0; tries < 8 * depth && program.length < depth; tries++) {
    const operation = rng.pick(operations);
    const next = extend(states, operation);
    if (!next) continue;
    program.push(operation);
    states = next;
  }
  return program.length === depth ? program : null;
}

/** Pairs of input and output, the first `count`. */
export function examplesOf(problem: MicroProblem, count: number): ListExample[] {
  return problem.inputs.slice(0, count).map((input, i) => ({ input, output: problem.outputs[i]! }));
}

/** The problem as the method sees it. */
export function questionOf(problem: MicroProblem, id: string, tags: Question['tags'] = {}): Question {
  return {
    id,
    title: titleOf(problem.program),
    message: '',
    program: programSource(problem.program),
    inputs: problem.inputs.map(listSource),
    outputs: problem.outputs.map(listSource),
    shown: shownInputs,
    tags: { depth: problem.program.length, ...tags },
  };
}
