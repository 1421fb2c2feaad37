/** A person in the teacher's place: their drafts are tried, and kept in the run where they ask for it. */
import { type PersonDraft, type TeachingTrial, tryDraft } from '../gasp/teaching.ts';
import { keptOf } from '../run/history.ts';
import type { Machinery } from './machinery.ts';
import type { HeldRun } from './heldRun.ts';

export class DraftTrials {
  private readonly trials = new Map<string, TeachingTrial>();

  constructor(private readonly machinery: Machinery) {}

  /** Has the student try a draft with the weights as they are; a trial that is called off has no result. */
  async try(held: HeldRun, trial: string, draft: PersonDraft, signal: AbortSignal): Promise<void> {
    const { machinery } = this;
    let result: TeachingTrial | undefined;
    try {
      const judge = await machinery.judgeReady();
      signal.throwIfAborted();
      const { settings, iteration, accepted } = held;
      const round = held.round++;
      const id = `${iteration}.taught.${round}`;
      result = await tryDraft(
        draft,
        { id, settings, iteration, round, accepted },
        { ...machinery.tools(held.engine, judge), signal },
      );
      this.trials.set(trial, result);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      machinery.ports.send({ type: 'tried', trial, ...(result && { result }) });
    }
  }

  /** Puts a trial into the run: the next iteration trains on its question. */
  async keep(held: HeldRun, trial: string): Promise<void> {
    const { send } = this.machinery.ports;
    const { proposal, attempts, passRate, startPassRate, reward, accepted } = this.trials.get(trial) ?? {};
    if (!proposal?.question || passRate === undefined) {
      send({ type: 'error', code: 'trial-gone', data: {}, message: 'This trial is no longer here.' });
      return;
    }
    const { run, iteration } = held;
    await this.machinery.append(run, [
      {
        type: 'taught',
        iteration,
        proposal,
        attempts: attempts!,
        passRate,
        reward: reward!,
        accepted: accepted!,
        ...(startPassRate !== undefined && { startPassRate }),
      },
    ]);
    held.taught.push(keptOf(proposal));
    if (accepted) held.accepted.add(proposal.question);
    this.trials.delete(trial);
    send({ type: 'kept', trial });
  }
}
