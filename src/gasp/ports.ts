/**
 * The ports of the method. Each port has a browser and a Node adapter; the method
 * itself knows neither ONNX nor Python nor a clock.
 */
import type { PolicySnapshot, Prompt } from 'onnx-lora';
import type { PolicyInfo, UpdateStats } from './policyRecord.ts';
import type { Axis, Question, Task, Verdict } from './question.ts';

export type { ChatMessage, PolicySnapshot, Prompt } from 'onnx-lora';

export interface SampleRequest {
  prompt: Prompt;
  /** Completions wanted for this prompt. */
  samples: number;
  maxTokens: number;
}

/** Which distribution tokens are drawn from. */
export interface TokenDraws {
  temperature: number;
  /** Nucleus sampling: 1 keeps the whole distribution. */
  topP: number;
  /** Draws from so many of the most likely tokens only, before the nucleus; absent or 0: from all. */
  topK?: number;
}

export interface SampleOptions extends TokenDraws {
  /** Same seed, same weights, same backend: same completions. */
  seed: number;
  signal?: AbortSignal;
  /** Called after each decoding step, for progress and streaming. */
  onProgress?: (progress: SampleProgress) => void;
  /** Called once for each completion soon after it has ended, while others go on, in no set order. */
  onCompletion?: (request: number, sample: number, completion: Completion) => void;
}

export interface SampleProgress {
  /** Tokens sampled so far in this call. */
  tokens: number;
  finished: number;
  total: number;
  /** Partial text of the first few rows, for streaming; computed only when read. */
  peek: (row: number) => { request: number; sample: number; text: string };
}

/** One sampled continuation. Arrays run over its tokens; `logprobs` are of the whole distribution at temperature 1. */
export interface Completion {
  promptTokens: number[];
  tokens: number[];
  logprobs: number[];
  text: string;
  /** `stop`: ended by a stop token (the last of `tokens`); `length`: cut at maxTokens. */
  ended: 'stop' | 'length';
}

/** One sequence of a policy-gradient batch: every token of the completion shares the advantage. */
export interface WeightedSequence {
  promptTokens: number[];
  tokens: number[];
  /** Log-probabilities under the policy that sampled them: the denominator of PPO's ratio. */
  logprobs: number[];
  advantage: number;
}

export type Clipping = 'ppo' | 'cispo';

export interface UpdateOptions {
  learningRate: number;
  /** Sequences in one optimizer step, about: an iteration is cut into nearly equal parts. */
  minibatch: number;
  /** Passes over the batch. */
  epochs: number;
  /** PPO's clip; 0 turns the ratio off (plain policy gradient). */
  clip: number;
  /** How far the ratio may rise; 0: as far as it may fall, `clip`. */
  clipHigh: number;
  /** `cispo`: texts beyond the clip are weighed by the clipped ratio in place of dropping out. */
  clipping: Clipping;
  /** The divisor of the sum over a mini-batch's tokens: their number; that of texts times a text's own; that of texts times this many. */
  lossMean: 'tokens' | 'texts' | { tokensOfText: number };
  /** Weight of the KL penalty towards the weights the run started from; 0 turns it off. */
  klWeight: number;
  /** Global norm at which gradients are clipped. */
  maxGradNorm: number;
  weightDecay: number;
  adamEpsilon: number;
  /** Upper bound on tokens (rows x padded length) in one forward-backward pass: the bound on memory. */
  microbatchTokens: number;
  /** Shuffles mini-batches. */
  seed: number;
  signal?: AbortSignal;
  onProgress?: (step: number, steps: number) => void;
}

export interface Policy {
  readonly info: PolicyInfo;
  /** Cores that share its work, where it knows of several. */
  readonly cores?: number;
  /** One array of `samples` completions for each request, in order. */
  sample(requests: SampleRequest[], options: SampleOptions): Promise<Completion[][]>;
  /**
   * The tokens of this answer as they would be sampled, with the one that ends it. Undefined where the model's tokens
   * do not split between prompt and answer.
   */
  encodeAnswer(prompt: Prompt, answer: string): { promptTokens: number[]; tokens: number[] } | undefined;
  /** Log-probabilities of each completion's tokens under the current weights, or under those before any training. */
  score(
    sequences: { promptTokens: number[]; tokens: number[] }[],
    signal?: AbortSignal,
    under?: 'now' | 'start',
  ): Promise<number[][]>;
  update(batch: WeightedSequence[], options: UpdateOptions): Promise<UpdateStats>;
  snapshot(): Promise<PolicySnapshot>;
  restore(snapshot: PolicySnapshot): Promise<void>;
  dispose(): Promise<void>;
}

/** A program to run: defines `f`; each input is the source of an argument list. */
export interface ProgramRun {
  program: string;
  inputs: string[];
  /** Absent: the program runs afresh for each input. */
  how?: HowToRun;
  /** Absent: as the judge's own Python has it. `3.11`: `sum` adds floats one by one, as before Python 3.12. */
  python?: '3.11';
  limits?: RunLimits;
  /** Of its random numbers. Absent: its place in the call, so that runs of one program show what is random in it. */
  seed?: number;
}

/**
 * How the harnesses of benchmarks run programs. Inputs after the first failing one are not run, so that there
 * may be fewer calls than inputs.
 */
export type HowToRun =
  /** The program runs once, then its function `entry` (or LeetCode's `Solution().entry`) is called on each input. */
  | { kind: 'once'; entry: string; scope?: 'program'; prelude?: boolean }
  /** The same with inputs that are expressions about `entry`, such as `set(entry(1))`. */
  | { kind: 'asked'; entry: string; scope?: 'program' }
  /** Each input is a text on standard input; the value is what is printed. */
  | { kind: 'stdin'; prelude?: boolean }
  /** The program runs once, then each input, a step of a script of tests, beside it; the value is its result as JSON. */
  | { kind: 'steps' }
  /**
   * No program: each input is a script of tests as JSON, with its steps so far and their results beside an answer,
   * or with a solution in the answer's place; the value is JSON: how the script ended, or the steps that it asks for.
   */
  | { kind: 'tests' };

/** Limits of one program that replace the judge's own. */
export interface RunLimits {
  /** Seconds for each input, or one number for all; the program itself may take as long as one input. */
  seconds: number | number[];
  /** Seconds for the program with all its inputs. */
  total: number;
  valueChars?: number;
  printChars?: number;
}

/** The result of calling `f` on one input. `value` is Python's `repr`, normalized by the judge. */
export type CallResult =
  | { status: 'returned'; value: string; ms?: number }
  /** `ofInput`: its arguments are no Python, so that `f` was never called. */
  | { status: 'raised'; error: string; line?: number; ofInput?: true }
  | { status: 'timeout' }
  | { status: 'too-big'; error: string };

export type ProgramResult =
  | { status: 'ran'; calls: CallResult[] }
  /** No call was reached. The message of `syntax` names the line, that of `unsafe` the banned construct. */
  | { status: 'syntax' | 'unsafe' | 'raised' | 'timeout'; error: string; line?: number }
  /** `exit`: the status with which the program ended its whole interpreter. */
  | { status: 'crashed'; error: string; line?: undefined; exit?: number };

export interface JudgeOptions {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Runs untrusted Python. A sandbox never learns an expected value: what comes out is compared by
 * `sameValue`, outside.
 */
export interface Judge {
  /** One result a run, in order. A hanging program delays nobody else's verdict for long. */
  run(runs: ProgramRun[], options?: JudgeOptions): Promise<ProgramResult[]>;
  /** Python's `==` on two `repr`s (`1 == 1.0`, dict order ignored); false where either cannot be read. */
  sameValue(a: string, b: string): boolean;
  dispose(): Promise<void>;
}

/** An answer to a benchmark's question, judged by all of its tests. */
export interface Graded {
  verdict: Verdict;
  /** For a person. */
  reason: string;
  /** The share of the tests that it passes. */
  share: number;
}

/** Judges answers, whole programs, to questions that have `benchmark`, as their benchmarks do; one result each, in order. */
export type Grade = (
  answers: readonly { question: Question; program: string }[],
  judge: Judge,
  options?: JudgeOptions,
) => Promise<Graded[]>;

export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

/** A teacher's text, parsed; nothing has run yet. */
export interface ProposalDraft {
  title: string;
  message: string;
  program: string;
  inputs: string[];
}

/** The prompts for one family of models, and the parsing of its answers. */
export interface Dialect {
  readonly name: string;
  /** Inputs that a proposal is asked for, and how many of them the student sees. */
  readonly inputs: number;
  readonly shown: number;
  /** With how many inputs a proposal is taken all the same. Absent: with no fewer than it is asked for. */
  readonly leastInputs?: number;
  /** `benchmark`: of an answer to a benchmark's question; absent: none can be put to the model. */
  readonly maxTokens: { proposal: number; answer: number; benchmark?: number };
  lemmaPrompt(goalpost: Question, axis: Axis): Prompt;
  /** `goalpost` is set only in the ablation where the lift's author sees it. */
  liftPrompt(lemma: Question, axis: Axis, goalpost?: Question): Prompt;
  /** AZR's proposer: no goalpost, a few earlier questions to be different from. */
  unguidedPrompt(references: Question[]): Prompt;
  solvePrompt(task: Task): Prompt;
  /** A question has few right answers as texts, so that their probabilities tell its pass rate. */
  readonly fewRightAnswers?: true;
  /**
   * The question's own program as the text with which a student would answer its induction prompt: what follows the
   * prompt, without a token that ends it unless that is a part of the text. Undefined where it cannot be written so.
   */
  referenceAnswer(question: Question): string | undefined;
  /** `prompt`, where it is at hand: a text goes on from the beginning that its prompt gave it. */
  parseProposal(text: string, prompt?: Prompt): Parsed<ProposalDraft>;
  /**
   * How many of a proposal's leading tokens take the teacher's advantage. Absent: all do, as in the paper.
   * Where a program is a few tokens and its inputs are many random ones, those say little about the reward,
   * and their gradient drowns that of the tokens that do.
   */
  creditedTokens?(proposal: string): number;
  /** Induction: a program. Deduction: an output's source. Abduction: an argument list's source. */
  parseAnswer(task: Task, text: string): Parsed<string>;
  /** Why a question cannot be put to this model (a value that it has no tokens for), or null. Absent: all can. */
  unreadable?(question: Question): string | null;
}
