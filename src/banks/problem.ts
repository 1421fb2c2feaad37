/** A benchmark's problem, whichever file it came from: its statement, the form of its answers, and its tests. */

import type { EvalPlusBenchmark } from './specialRules.ts';

export type BankFormat = 'humaneval' | 'mbpp' | 'evalplus' | 'cruxeval' | 'livecodebench' | 'foothold';

export interface Problem {
  id: string;
  format: BankFormat;
  title: string;
  /** The task in words, for a person or a model. */
  statement: string;
  /** A whole program that solves it, where the bank has one. */
  solution?: string;
  /** Code that an answer goes on from, in a block of its own: the head of a function. It is no part of the statement. */
  starter?: string;
  /** The first so many cases of the first suite are shown to whoever has to answer; absent: the bank does not say. */
  shown?: number;
  /** Where answers may be given without it (OpenAI's `completion`): what goes before them. */
  prompt?: string;
  /** The tests of a program. Suites are judged apart; it passes where all that have cases do, and one has. */
  suites: Suite[];
  /** Tests of the row that are not run, and why. */
  leftOut?: string;
  /** The pairs that predictions are compared with: `f(inputs[i])` of `program` is `outputs[i]`. */
  prediction?: Prediction;
}

export interface Prediction {
  program: string;
  /** Argument lists as Python source. */
  inputs: string[];
  /** Literals. */
  outputs: string[];
}

export interface Suite {
  /** As verdicts of the reference name it: `base`, `plus`, or `tests`. */
  name: string;
  tests: Tests;
  /** Suites whose cases are among these too: a reference that judges them apart passes this one where it passes all. */
  repeats?: readonly string[];
}

export type Tests =
  /** `entry` is called on each input and its value is compared outside of the sandbox; `afresh`: after running the program again. */
  | {
      kind: 'calls';
      entry: string;
      cases: CallCase[];
      rules: Rules;
      scope?: 'program';
      prelude?: boolean;
      afresh?: true;
    }
  /** The program reads standard input; what it prints is compared outside of the sandbox. */
  | { kind: 'stdin'; cases: StdinCase[] }
  /**
   * Tests that could not be turned into inputs and values. The script runs in an interpreter of its own; what
   * it does with what the program defines is done in another one. `setup` is the part of it that the program
   * is given too, such as classes of its arguments.
   */
  | { kind: 'script'; entry: string; script: string; setup?: string; why: string };

/** Whose idea of equal values. */
export type Rules =
  | { kind: 'python' }
  /** EvalPlus: `entry` names the tasks with rules of their own; `atol` 0 means 1e-6 once floats are expected. */
  | { kind: 'evalplus'; benchmark: EvalPlusBenchmark; entry: string; atol: number }
  /** A tuple will do for a list at the top. */
  | { kind: 'livecodebench' };

export interface CallCase {
  /** Argument list as Python source. */
  input: string;
  /** The expression to evaluate, where it is not the call alone: `set(entry(<input>))`, an expression. */
  asked?: string;
  expected: Expected;
  check: Check;
}

export type Expected =
  | { literal: string }
  /** An expression; `solution` where it uses what the bank's solution defines. */
  | { source: string; context: 'none' | 'solution' }
  /** The value that the bank's solution gives. */
  | 'solution';

export type Check =
  | { kind: 'equal' }
  /** `is True` and its kin. */
  | { kind: 'is' }
  | { kind: 'truth'; wanted: boolean }
  /** `abs(value - expected) < tolerance`. */
  | { kind: 'within'; tolerance: number };

export interface StdinCase {
  input: string;
  output: string;
}

/** A row that could not be read. `field` is empty where the whole line is to blame. */
export interface RowFault {
  line: number;
  field: string;
  message: string;
}

/** The message for a person about a bad row. */
export function describeFault({ line, field, message }: RowFault): string {
  return `Line ${line}${field ? `, field "${field}"` : ''}: ${message}`;
}
