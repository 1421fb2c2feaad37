/** The events of one iteration: its proposals, the student's answers, their rewards, and the update. */
import * as v from 'valibot';
import { id, list, mean, number, share, whole } from './fields.ts';
import { updateStats } from './policyRecord.ts';
import { attempt, axis, proposal, role, taskType } from './question.ts';

export const iterationEvents = [
  v.object({
    type: v.literal('iteration-started'),
    iteration: whole,
    goalposts: list(id),
    axes: list(v.nullable(axis)),
  }),
  v.object({ type: v.literal('proposed'), iteration: whole, proposal }),
  /** The student's rollouts on one question: a proposal's induction question, or a converted task. */
  v.object({
    type: v.literal('attempted'),
    iteration: whole,
    question: id,
    task: taskType,
    /** The pair that deduction and abduction ask about. */
    index: v.exactOptional(whole),
    attempts: list(attempt),
    passRate: share,
  }),
  /** A valid proposal's reward from its induction pass rate, and whether it lies in its band. */
  v.object({
    type: v.literal('rewarded'),
    iteration: whole,
    proposal: id,
    passRate: share,
    reward: number,
    accepted: v.boolean(),
    /** Goalposts of the run that its program answers: on all of their inputs it gives their outputs. */
    reaches: v.exactOptional(list(id)),
    /** The pass rate that the weights before any training have on it, as `startRates.ts` tells it. */
    startPassRate: v.exactOptional(share),
  }),
  /** Right answers that nobody sampled now, and that the update trains on all the same (`hindsight.ts`). */
  v.object({
    type: v.literal('hindsight'),
    iteration: whole,
    sequences: whole,
    /** Answers of earlier iterations among those scored. */
    replayed: whole,
    /** Of the sequences, each counted once, however often the update passes over them. */
    tokens: whole,
    /** Mean log-probability of a whole answer before the update, in nats. */
    logprob: mean,
    /** Questions that later iterations replay, and those that they need not any more. */
    remembered: list(id),
    mastered: list(id),
  }),
  v.object({
    type: v.literal('updated'),
    iteration: whole,
    stats: updateStats,
    /** Mean reward and number of rollouts by (task type, role). */
    groups: list(
      v.object({
        role,
        task: v.picklist([...taskType.options, 'proposal']),
        rollouts: whole,
        meanReward: mean,
      }),
    ),
    sequences: whole,
  }),
] as const;

export type IterationEvent = v.InferOutput<(typeof iterationEvents)[number]>;
