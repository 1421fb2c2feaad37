/**
 * The vocabulary of the method: questions, tasks, proposals, attempts. Plain data that survives JSON.
 */

/** What the student is asked: write `f`, predict its output, or find an input (AZR's three modes). */
export type TaskType = 'induction' | 'deduction' | 'abduction';

/** What changes along a lemma-lift pair: inputs and outputs, or the algorithm (GASP, section 3). */
export type Axis = 'io' | 'f';

/** Who is paid: the teacher in one of three roles, or the student. Advantages are grouped by role. */
export type ProposerRole = 'lemma' | 'lift' | 'unguided';
export type Role = ProposerRole | 'solver';

/**
 * A coding question in function form. `outputs[i]` is what the interpreter printed (`repr`) for
 * `f(inputs[i])`; nobody else's word is taken for it. The first `shown` pairs are the student's
 * examples; a program is judged on all of them.
 */
export interface Question {
  id: string;
  /** What it asks, in words. May be shown to the teacher; the student gets `message` at most. */
  title: string;
  /** A hint that the student reads in induction; empty where the title would give the program away. */
  message: string;
  /** Python source that defines `f`. */
  program: string;
  /** Argument lists as Python source: `f(<input>)`. */
  inputs: string[];
  /** `repr` of each value, same length as `inputs`. */
  outputs: string[];
  shown: number;
  /** Anything the bank knows about it and the method does not use, such as depth or source. */
  tags?: Record<string, string | number | boolean>;
}

/** A question as it is put to the student. `index` names the pair that deduction and abduction use. */
export type Task =
  | { type: 'induction'; question: Question }
  | { type: 'deduction'; question: Question; index: number }
  | { type: 'abduction'; question: Question; index: number };

/** Why a proposal never entered the buffer. `message` is written for a person. */
export type FaultKind =
  | 'unparsable' // the teacher's text is not a proposal
  | 'syntax' // the program is not Python
  | 'unsafe' // banned imports or names
  | 'raises' // fails on one of its own inputs
  | 'timeout'
  | 'nondeterministic' // two runs differ
  | 'degenerate' // too few distinct outputs
  | 'copy'; // novelty filter
export interface Fault {
  kind: FaultKind;
  message: string;
  /** The program's line that it is about, counted from 1. */
  line?: number;
}

/** What the teacher wrote, and what became of it. Exactly one of `question` and `fault` is set. */
export interface Proposal {
  id: string;
  role: ProposerRole;
  /** Set for lemmas and lifts; unguided proposals have none. */
  axis?: Axis;
  goalpost?: string;
  /** The proposal that a lift was made from. */
  parent?: string;
  /** The teacher's text as sampled, after the words that its prompt began it with. */
  text: string;
  /** Largest cosine similarity with an accepted question, once computed. */
  similarity?: number;
  question?: Question;
  fault?: Fault;
}

/** How one answer fared. `passed` earns 1, `wrong` and its kin -0.5, `unparsable` -1 (AZR). */
export type Verdict = 'passed' | 'wrong' | 'raised' | 'timeout' | 'unsafe' | 'unparsable';

/** One answer of the student. */
export interface Attempt {
  text: string;
  verdict: Verdict;
  /** For a person: the first differing case, the exception with its line, and so on. */
  reason: string;
  reward: number;
}
