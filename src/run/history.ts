/** Which events of a log count. */
import type { Proposal, Question } from '../gasp/question.ts';
import type { RunEvent, RunEventBody } from './events.ts';

/**
 * The events that count, in order: an iteration that was interrupted leaves events behind, which the
 * `resumed` after it voids. Events that belong to no iteration (`run-started`, `renamed`, `noted`, `resumed`) stay.
 * The iteration in progress, if any, is included.
 */
export function validEvents(events: readonly RunEvent[]): RunEvent[] {
  let valid: RunEvent[] = [];
  for (const event of events) {
    if (event.type === 'resumed') {
      valid = valid.filter((e) => !('iteration' in e) || e.iteration <= event.after);
    }
    valid.push(event);
  }
  return valid;
}

/** A person's words about the run, which is as old as before. */
export const aboutTheRun = ({ type }: RunEventBody): boolean => type === 'renamed' || type === 'noted';

/** The last iteration that finished; 0 for a run that has only started. */
export function lastFinished(events: readonly RunEvent[]): number {
  return events.reduce(
    (last, e) => (e.type === 'iteration-finished' ? Math.max(last, e.iteration) : last),
    0,
  );
}

/** Questions that a run accepted up to and with iteration `upTo`, in order. */
export function acceptedQuestions(events: readonly RunEvent[], upTo: number): Question[] {
  const proposed = new Map<string, Question>();
  const accepted: Question[] = [];
  for (const event of validEvents(events)) {
    if ('iteration' in event && event.iteration > upTo) continue;
    if (event.type === 'proposed' && event.proposal.question) {
      proposed.set(event.proposal.id, event.proposal.question);
    } else if (event.type === 'rewarded' && event.accepted) {
      accepted.push(proposed.get(event.proposal)!);
    } else if (event.type === 'taught' && event.accepted) {
      accepted.push(event.proposal.question!);
    }
  }
  return accepted;
}

/** A question that a person kept in a run, and the goalpost that it was written for. */
export interface Kept {
  question: Question;
  goalpost?: string;
}

export const keptOf = ({ question, goalpost }: Proposal): Kept => ({
  question: question!,
  ...(goalpost !== undefined && { goalpost }),
});

/** What a person kept after iteration `after`, in order: the next iteration trains on these questions. */
export function taughtProposals(events: readonly RunEvent[], after: number): Kept[] {
  return validEvents(events).flatMap((event) =>
    event.type === 'taught' && event.iteration === after ? [keptOf(event.proposal)] : [],
  );
}
