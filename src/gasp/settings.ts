/** Everything that decides how a run goes, as plain data: it fits in a link and in a run's first event. */
import type { EstimatorName } from './estimators.ts';
import type { Axis } from './question.ts';

/** `methods.ts` says what each is. */
export type MethodName =
  | 'base'
  | 'azr'
  | 'real'
  | 'gasp'
  | 'gasp+real'
  | 'f-only'
  | 'io-only'
  | 'one-step-medium'
  | 'one-step-hard'
  | 'lift-sees-goalpost'
  | 'no-novelty'
  | 'dynamic'
  | 'chain-3';

export interface Settings {
  method: MethodName;
  seed: number;
  /**
   * First questions of an iteration: a lemma for each goalpost drawn, and in place of some of them, by the
   * shares below, unguided proposals and real questions.
   */
  goalpostsPerIteration: number;
  /** Student rollouts on each question. */
  rollouts: number;
  axes: Axis[];
  /** Share of an iteration's first proposals that are unguided (AZR's) instead of lemmas. */
  unguidedShare: number;
  /** Share of an iteration's first questions that are the bank's own: nobody proposes those, the student trains on them. */
  realShare: number;
  /** Lifts made one from another after the lemma; 0 stops at the lemma. */
  lifts: number;
  /**
   * Lifts written from each accepted lemma (the paper has one), and from each accepted lift where more
   * follow. Few lemmas fall into their band, so that lifts are what an iteration has least of.
   */
  liftsPerLemma: number;
  /** The band and reward of lemmas: their own, or a lift's where they are to be hard at once (ablation). */
  lemmaBand: 'lemma' | 'lift';
  /** Goalposts aimed at: the first so many that no trial has solved yet; 0 aims at all of them all along. */
  goalpostsAtOnce: number;
  /** The lemma's author reads a goalpost's title besides its examples. The student never does. */
  teacherReadsTitles: boolean;
  /** The lift's author sees the goalpost (ablation). */
  liftSeesGoalpost: boolean;
  /** Cosine similarity above which a proposal counts as a copy; 1 turns the filter off. */
  noveltyThreshold: number;
  /**
   * Most recently accepted questions that proposals are compared with; 0 compares with the whole run's, as
   * the paper does. Where programs are few and inputs many, an endless memory forbids practice.
   */
  noveltyWindow: number;
  /**
   * Questions accepted in earlier iterations that the student tries again in each one (AZR draws its
   * student's batch from such a buffer): what the novelty filter lets in once is practised until it is easy.
   */
  replay: number;
  /** Whether accepted questions may be turned into deduction and abduction for the student's update. */
  convertTasks: boolean;
  /** The student trains on questions in their band only, or on every valid one. */
  studentTrainsOn: 'accepted' | 'valid';
  /**
   * Scales the advantages of the teacher's proposals; 0 trains the student alone. A proposal's inputs are
   * random text, whose gradient is many times an answer's.
   */
  teacherWeight: number;
  temperature: number;
  topP: number;
  estimator: EstimatorName;
  learningRate: number;
  minibatch: number;
  epochs: number;
  clip: number;
  /** Of the KL divergence from the starting model, on the texts that are trained on. */
  klWeight: number;
  maxGradNorm: number;
  weightDecay: number;
  /**
   * Adam's epsilon, added to the root of the second moment. Of the size of a gradient's coordinates it
   * leaves those alone that hardly have one; near 0 Adam moves all coordinates equally far.
   */
  adamEpsilon: number;
  microbatchTokens: number;
  /** `lora` with a rank on every linear projection (of the last `layers` layers, where it is set), or `full`. */
  tuning: { kind: 'lora'; rank: number; alpha: number; layers?: number } | { kind: 'full' };
  /** Keep a checkpoint every so many iterations (the newest one is always kept). */
  checkpointEvery: number;
  /** Try all goalposts with this many samples every `evaluateEvery` iterations; 0 turns it off. */
  evaluateEvery: number;
  evaluateSamples: number;
}
