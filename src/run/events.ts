/**
 * A run is its event log: everything a person sees is a fold over these (`state.ts`). Events are
 * plain JSON, appended and never changed. An iteration counts once its `iteration-finished` is in;
 * `resumed` voids what an interrupted iteration left behind.
 */
import type { IterationEvent } from '../gasp/events.ts';
import type { PolicyInfo } from '../gasp/ports.ts';
import type { Attempt, Proposal, Question } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';

export const EVENT_VERSION = 1;

/** Which questions were measured: a run's goalposts, or those that nobody trains on. */
export type Split = 'goalposts' | 'heldout' | 'validation';

/** Which tokens, seconds: budgets and the transport bar read these. */
export interface Counters {
  tokensSampled: number;
  tokensTrained: number;
  seconds: number;
}

export type RunEventBody =
  | IterationEvent
  | {
      type: 'run-started';
      version: typeof EVENT_VERSION;
      /** Unique for good; the name is for people and can change (`renamed`). */
      run: string;
      name: string;
      settings: Settings;
      /** Model repository or `embedded`; a checkpoint of another model is refused. */
      model: string;
      bank: string;
      goalposts: Question[];
      /** The bank's own training questions, for methods that train on them. */
      questions?: Question[];
      /** Set when this run started from an imported adapter: what that one is called. */
      adapter?: string;
      /** Set when this run branched off another one's checkpoint. */
      branchedFrom?: { run: string; iteration: number };
    }
  | { type: 'renamed'; name: string }
  /** What a person writes about the run; the newest counts, empty takes it back. */
  | { type: 'noted'; text: string }
  /** A lab took the run up (again): everything after the end of iteration `after` is void. */
  | { type: 'resumed'; after: number; policy: PolicyInfo }
  /**
   * A person played the teacher between iteration `iteration` and the next one, and kept what they wrote:
   * the student trains on it in the next one. `attempts` are those of the trial that they saw.
   */
  | {
      type: 'taught';
      iteration: number;
      proposal: Proposal;
      attempts: Attempt[];
      passRate: number;
      reward: number;
      accepted: boolean;
    }
  /** Goalposts tried afresh with `samples` answers each; `passed` counts by goalpost id. */
  | {
      type: 'evaluated';
      iteration: number;
      samples: number;
      passed: Record<string, number>;
    }
  /**
   * Questions tried after the fact with the weights at the end of `iteration`, `samples` answers each.
   * Events that agree in iteration, split and samples complete each other.
   */
  | {
      type: 'measured';
      iteration: number;
      split: Split;
      samples: number;
      /** By question id: a digit for each answer, in order, 1 where it passed. */
      answers: Record<string, string>;
    }
  | { type: 'checkpoint'; iteration: number; blob: string; bytes: number; kept: boolean }
  | { type: 'iteration-finished'; iteration: number; counters: Counters };

/** `seq` counts from 0 without gaps; `at` is milliseconds since the epoch and carries no meaning for the method. */
export type RunEvent = RunEventBody & { seq: number; at: number };
export type EventOf<T extends RunEventBody['type']> = Extract<RunEvent, { type: T }>;

/** A person's words about the run, which is as old as before. */
export const aboutTheRun = ({ type }: RunEventBody): boolean => type === 'renamed' || type === 'noted';
