/**
 * The vocabulary of the method: questions, tasks, proposals, attempts. Plain data that survives JSON. The types
 * come from the schemas, which a stranger's record is checked with.
 */
import * as v from 'valibot';
import { id, list, mean, name, number, text, textUpTo, whole } from './fields.ts';

/** The task of the student: write `f`, predict its output, or find an input (AZR's three modes). */
export const taskType = v.picklist(['induction', 'deduction', 'abduction']);
export type TaskType = v.InferOutput<typeof taskType>;

/** The part that changes along a lemma-lift pair: inputs and outputs, or the algorithm (GASP, section 3). */
export const axis = v.picklist(['io', 'f']);
export type Axis = v.InferOutput<typeof axis>;

/** Who is paid: the teacher in one of three roles, or the student. Advantages are grouped by role. */
const proposerRole = v.picklist(['lemma', 'lift', 'unguided']);
export type ProposerRole = v.InferOutput<typeof proposerRole>;
export const role = v.picklist([...proposerRole.options, 'solver']);
export type Role = v.InferOutput<typeof role>;

/** Characters of a benchmark's packed tests: LiveCodeBench has single problems with tens of megabytes of them. */
const LONGEST_TESTS = 1 << 26;

/** How a benchmark's problem is asked and judged: in its own form, by its own tests. */
const benchmark = v.object({
  /** The format of the file that it came in, such as `livecodebench`. */
  bank: name,
  /** The function, or method of `class Solution`, that an answer defines. Absent: a program that reads standard input. */
  entry: v.exactOptional(name),
  /** Code that comes with the statement: the head of that function, with imports perhaps. */
  starter: v.exactOptional(text),
  /** Tests that an answer is judged by; those that are shown are among them. */
  cases: whole,
  /** All of these, as `banks/packedTests.ts` writes them. Absent in what is shared without weights: nobody is asked there. */
  tests: v.exactOptional(textUpTo(LONGEST_TESTS)),
});

/**
 * A coding question in function form. `outputs[i]` is what the interpreter printed (`repr`) for
 * `f(inputs[i])`; nobody else's word is taken for it. The first `shown` pairs are the student's
 * examples; a program is judged on all of them.
 *
 * With `benchmark` it is a problem of a benchmark instead: `message` is its statement, and the pairs are its shown
 * tests, argument lists and values or standard input and output; answers are judged by its own tests.
 */
export const question = v.pipe(
  v.object({
    id,
    /** The question in words. May be shown to the teacher; the student gets `message` at most. */
    title: textUpTo(2000),
    /** A hint that the student reads in induction; empty where the title would give the program away. */
    message: text,
    /** Python source that defines `f`, or solves the benchmark's problem; empty where none is known. */
    program: text,
    /** Argument lists as Python source: `f(<input>)`. */
    inputs: list(text),
    /** `repr` of each value, same length as `inputs`. */
    outputs: list(text),
    shown: whole,
    benchmark: v.exactOptional(benchmark),
    /** Anything the bank knows about it and the method does not use, such as depth or source. */
    tags: v.exactOptional(v.record(name, v.union([text, number, v.boolean()]))),
  }),
  v.check(
    ({ inputs, outputs, shown }) => inputs.length === outputs.length && shown <= inputs.length,
    'a question whose inputs and outputs do not match',
  ),
);
export type Question = v.InferOutput<typeof question>;
export type Benchmark = v.InferOutput<typeof benchmark>;

/** A question as it is put to the student. `index` names the pair that deduction and abduction use. */
export type Task =
  | { type: 'induction'; question: Question }
  | { type: 'deduction'; question: Question; index: number }
  | { type: 'abduction'; question: Question; index: number };

/** Why a proposal never entered the buffer. */
const fault = v.object({
  kind: v.picklist([
    'unparsable', // the teacher's text is not a proposal
    'syntax', // the program is not Python
    'unsafe', // banned imports or names
    'raises', // fails on one of its own inputs
    'timeout',
    'nondeterministic', // two runs differ
    'degenerate', // too few distinct outputs
    'copy', // novelty filter
  ]),
  /** Written for a person. */
  message: text,
  /** The program's line that it is about, counted from 1. */
  line: v.exactOptional(whole),
});
export type Fault = v.InferOutput<typeof fault>;
export type FaultKind = Fault['kind'];

/** A teacher's text and its result. Exactly one of `question` and `fault` is set. */
export const proposal = v.pipe(
  v.object({
    id,
    role: proposerRole,
    /** Set for lemmas and lifts; unguided proposals have none. */
    axis: v.exactOptional(axis),
    goalpost: v.exactOptional(id),
    /** The proposal that a lift was made from. */
    parent: v.exactOptional(id),
    /** The teacher's text as sampled, after the words that its prompt began it with. */
    text,
    /** Largest cosine similarity with an accepted question, once computed. */
    similarity: v.exactOptional(mean),
    question: v.exactOptional(question),
    fault: v.exactOptional(fault),
  }),
  v.check(({ question, fault }) => !question !== !fault, 'a proposal that is neither usable nor at fault'),
);
export type Proposal = v.InferOutput<typeof proposal>;

/** The verdict on one answer. `passed` earns 1, `wrong` and its kin -0.5, `unparsable` -1 (AZR). */
const verdict = v.picklist(['passed', 'wrong', 'raised', 'timeout', 'unsafe', 'unparsable']);
export type Verdict = v.InferOutput<typeof verdict>;

/** One answer of the student. */
export const attempt = v.object({
  text,
  verdict,
  /** For a person: the first differing case, the exception with its line, and so on. */
  reason: text,
  reward: number,
});
export type Attempt = v.InferOutput<typeof attempt>;
