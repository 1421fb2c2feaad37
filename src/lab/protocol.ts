/** Everything the page and the lab's worker say to each other. */
import type { BackendChoice } from '../backends/runtime.web.ts';
import type { ToldError } from '../util/codedError.ts';
import type { Mined } from '../gasp/goalposts.ts';
import type { Stage } from '../gasp/progress.ts';
import type { Fault, Question } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';
import type { GoalpostDraft, PersonDraft, TeachingTrial } from '../gasp/teaching.ts';
import type { FolderContent } from 'onnx-lora';
import type { AdapterFiles } from './adapters.ts';
import type { RunEvent } from '../run/events.ts';
import type { MeasurementPlan } from '../run/measurementPlan.ts';

export type { BackendChoice };

/** Answers that passed, out of `samples` to each question, by question id. */
export interface StartRate {
  samples: number;
  passed: Record<string, number>;
}

/** When a run pauses by itself; absent parts: never. */
export interface Limit {
  /** So many more. */
  iterations?: number;
  /** After the iteration in which so many tokens are spent, sampled plus trained since the run began. */
  tokens?: number;
  /** After the iteration in which so many seconds of self-play are over since the run began. */
  seconds?: number;
}

export type Command =
  /**
   * First message. `judge` is the port into the sandboxed frame that the page owns; `base` is the
   * address that the page's own files (models among them) lie below. `journal`: the port to the one that the
   * page keeps, where the database cannot be had.
   */
  | { type: 'connect'; judge: MessagePort; base: string; journal?: MessagePort }
  /** A folder on disk that holds a model, which `folder:<name>` then stands for. */
  | { type: 'folder'; name: string; content: FolderContent }
  | ({
      type: 'start';
      name: string;
      settings: Settings;
      model: string;
      bank: string;
      goalposts: Question[];
      /** The bank's own training questions; needed by methods that train on them. */
      questions?: Question[];
      /** Questions that nothing trains on, tried now and then to tell what got better. */
      validation?: Question[];
      /** How the starting weights do on these, where that is known. */
      startRate?: StartRate;
      /** A LoRA adapter in PEFT's format to start from, in place of one that changes nothing yet. */
      adapter?: AdapterFiles;
      backend: BackendChoice;
    } & Limit)
  /** Take up a stored run where it stopped. */
  | ({ type: 'resume'; run: string; backend: BackendChoice } & Limit)
  /** A new run that starts from a checkpoint of an old one. */
  | {
      type: 'branch';
      run: string;
      blob: string;
      name: string;
      settings: Settings;
      /** Absent: those of the run that it branches off. */
      goalposts?: Question[];
      backend: BackendChoice;
    }
  /**
   * Tries questions with stored checkpoints of runs and appends how they went to their logs. What is there
   * already is not tried again.
   */
  | { type: 'measure'; runs: { run: string; plans: MeasurementPlan[] }[]; backend: BackendChoice }
  /** `now` abandons the iteration in progress; otherwise it is finished first. */
  | { type: 'pause'; now: boolean }
  /**
   * Find goalposts among these questions: no success in `samples` answers of the shipped model, or of a stored
   * run's newest weights.
   */
  | {
      type: 'mine';
      questions: Question[];
      samples: number;
      backend: BackendChoice;
      seed: number;
      /** Absent: the shipped one. */
      model?: string;
      /** Whose newest weights; absent: the model as it is. */
      run?: string;
    }
  | { type: 'cancel-mining' }
  /**
   * A person plays the teacher: the student tries what they wrote, with the weights of the last finished
   * iteration. A run in progress goes on after it. `trial` names it in what comes back.
   */
  | { type: 'try'; run: string; trial: string; draft: PersonDraft; backend: BackendChoice }
  | { type: 'cancel-try' }
  /** Puts a trial into the run that it was made in. */
  | { type: 'keep'; run: string; trial: string; backend: BackendChoice }
  /** Runs a goalpost that a person writes. Needs no model and delays no run. */
  | { type: 'examine'; id: string; draft: GoalpostDraft };

/** The lab's present task: `done` of `total` in `unit`; total 0 when unknown. */
export interface Activity {
  task: 'loading-model' | 'loading-judge' | Stage | 'saving';
  done: number;
  total: number;
  unit: string;
}

export type LabStatus =
  | 'idle'
  | 'loading'
  | 'running'
  | 'pausing'
  | 'paused'
  | 'mining'
  | 'measuring'
  | 'failed';

export type Message =
  | { type: 'status'; status: LabStatus; run?: string }
  | { type: 'activity'; activity: Activity | null; iteration: number; tokensPerSecond: number }
  /** Text being generated right now, a few rows. */
  | { type: 'stream'; role: 'lemma' | 'lift' | 'unguided' | 'solver'; rows: { id: string; text: string }[] }
  | { type: 'events'; run: string; events: RunEvent[] }
  | { type: 'backend'; backend: string; cores: number; parameters: number; trainable: number }
  | { type: 'mined'; results: Mined[]; finished: boolean }
  /** `result` is absent where it was called off. */
  | { type: 'tried'; trial: string; result?: TeachingTrial }
  | { type: 'kept'; trial: string }
  | { type: 'examined'; id: string; result: { question: Question } | { fault: Fault } }
  /** Something was lost or done otherwise than asked for, and the lab goes on. */
  | ({ type: 'notice' } & ToldError)
  /** Nothing recorded is lost. */
  | ({ type: 'error' } & ToldError);
