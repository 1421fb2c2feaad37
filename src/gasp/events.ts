/** What one iteration tells: its proposals, the student's answers, their pay, and the update made of them. */
import type { UpdateStats } from './ports.ts';
import type { Attempt, Axis, Proposal, Role, TaskType } from './question.ts';

export type IterationEvent =
  | { type: 'iteration-started'; iteration: number; goalposts: string[]; axes: (Axis | null)[] }
  | { type: 'proposed'; iteration: number; proposal: Proposal }
  /** The student's rollouts on one question: a proposal's induction question, or a converted task. */
  | {
      type: 'attempted';
      iteration: number;
      question: string;
      task: TaskType;
      /** The pair that deduction and abduction ask about. */
      index?: number;
      attempts: Attempt[];
      passRate: number;
    }
  /** A valid proposal's reward from its induction pass rate, and whether it lies in its band. */
  | {
      type: 'rewarded';
      iteration: number;
      proposal: string;
      passRate: number;
      reward: number;
      accepted: boolean;
    }
  | {
      type: 'updated';
      iteration: number;
      stats: UpdateStats;
      /** Mean reward and number of rollouts by (task type, role). */
      groups: { role: Role; task: TaskType | 'proposal'; rollouts: number; meanReward: number }[];
      sequences: number;
    };
