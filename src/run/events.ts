/**
 * A run is its event log: everything a person sees is a fold over these (`state.ts`). Events are
 * plain JSON, appended and never changed. An iteration counts once its `iteration-finished` is in;
 * `resumed` voids what an interrupted iteration left behind.
 *
 * The types come from the schemas. Only `share/schema.ts` runs these; all other code imports types.
 */
import * as v from 'valibot';
import { iterationEvents } from '../gasp/events.ts';
import { id, list, LONGEST_TEXT, name, number, share, text, whole } from '../gasp/fields.ts';
import { policyInfo } from '../gasp/policyRecord.ts';
import { attempt, proposal, question } from '../gasp/question.ts';
import { storedSettings } from '../gasp/storedSettings.ts';
import { EVENT_VERSION } from './eventVersion.ts';

/** Which questions were measured: a run's goalposts, or those that nobody trains on. */
const split = v.picklist(['goalposts', 'heldout', 'validation']);
export type Split = v.InferOutput<typeof split>;

const amount = v.pipe(number, v.minValue(0));
/** Totals of the run; budgets and the transport bar read them. */
const counters = v.object({ tokensSampled: amount, tokensTrained: amount, seconds: amount });
export type Counters = v.InferOutput<typeof counters>;

/** Names of checkpoints become names of files. */
export const blob = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/));
const samples = v.pipe(whole, v.minValue(1));
const logprob = v.pipe(number, v.maxValue(1e-3));
const logprobs = v.exactOptional(v.record(id, logprob));

export const events = [
  ...iterationEvents,
  v.object({
    type: v.literal('run-started'),
    version: v.literal(EVENT_VERSION),
    /** Unique for good; the name is for people and can change (`renamed`). */
    run: id,
    name,
    settings: storedSettings,
    /** Model repository or `embedded`; a checkpoint of another model is refused. */
    model: name,
    bank: name,
    goalposts: list(question),
    /** The bank's own training questions, for methods that train on them. */
    questions: v.exactOptional(list(question)),
    /** Of the bank's validation questions those that tell what got better: nobody trains on them. */
    validation: v.exactOptional(list(question)),
    /** Set when this run started from an imported adapter: what that one is called. */
    adapter: v.exactOptional(name),
    /** Set when this run branched off another one's checkpoint. */
    branchedFrom: v.exactOptional(v.object({ run: name, iteration: whole })),
  }),
  v.object({ type: v.literal('renamed'), name }),
  /** A person's notes on the run; the newest ones replace the others, empty ones remove them. */
  v.object({ type: v.literal('noted'), text }),
  /** A lab took the run up (again): everything after the end of iteration `after` is void. */
  v.object({ type: v.literal('resumed'), after: whole, policy: policyInfo }),
  /**
   * A person played the teacher between iteration `iteration` and the next one, and kept what they wrote:
   * the student trains on it in the next one. `attempts` are those of the trial that they saw.
   */
  v.object({
    type: v.literal('taught'),
    iteration: whole,
    proposal: v.pipe(
      proposal,
      v.check(({ question }) => question !== undefined, 'a kept proposal without its question'),
    ),
    attempts: list(attempt),
    passRate: share,
    reward: number,
    accepted: v.boolean(),
    /** As in `rewarded`. */
    startPassRate: v.exactOptional(share),
  }),
  /** Goalposts tried afresh with `samples` answers each; `passed` counts by goalpost id. */
  v.object({
    type: v.literal('evaluated'),
    iteration: whole,
    samples,
    passed: v.record(id, whole),
    /** Natural log-probabilities of reference answers, of goalposts that have one; also of some that were not tried. */
    logprobs,
    /** The mean share of cases that an answer passes, of goalposts without a reference answer. */
    cases: v.exactOptional(v.record(id, share)),
    /** The first right answer to each goalpost that no earlier trial after training had one to. */
    right: v.exactOptional(v.record(id, text)),
  }),
  /**
   * What a kept question did, right after the iteration that trained on it: fresh answers to it, which nothing
   * trains on, and the log-probability of its goalpost's reference answer around that iteration.
   */
  v.object({
    type: v.literal('taught-tried'),
    iteration: whole,
    question: id,
    samples,
    passed: whole,
    goalpost: v.exactOptional(v.object({ before: logprob, after: logprob })),
  }),
  /** The run's validation questions tried afresh with `samples` answers each, as in `evaluated`; 0 is its start. */
  v.object({ type: v.literal('validated'), iteration: whole, samples, passed: v.record(id, whole) }),
  /**
   * Questions tried after the fact with the weights at the end of `iteration`, `samples` answers each.
   * Events that agree in iteration, split and samples complete each other.
   */
  v.object({
    type: v.literal('measured'),
    iteration: whole,
    split,
    samples,
    /** By question id: a digit for each answer, in order, 1 where it passed. */
    answers: v.record(id, v.pipe(v.string(), v.regex(/^[01]*$/), v.maxLength(LONGEST_TEXT))),
    /** As in `evaluated`, of goalposts. */
    logprobs,
  }),
  v.object({ type: v.literal('checkpoint'), iteration: whole, blob, bytes: whole, kept: v.boolean() }),
  v.object({ type: v.literal('iteration-finished'), iteration: whole, counters }),
] as const;

export type RunEventBody = v.InferOutput<(typeof events)[number]>;
/** `seq` counts from 0 without gaps; `at` is milliseconds since the epoch and carries no meaning for the method. */
export type RunEvent = RunEventBody & { seq: number; at: number };
export type EventOf<T extends RunEventBody['type']> = Extract<RunEvent, { type: T }>;
