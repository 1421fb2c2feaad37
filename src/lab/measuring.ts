/** Measuring stored runs after the fact: what is left to try, with which checkpoint, as events. */
import { measure } from '../gasp/measuring.ts';
import { deriveSeed } from '../gasp/random.ts';
import type { Settings } from '../gasp/settings.ts';
import type { Tools } from '../gasp/solving.ts';
import type { RunEvent, RunEventBody } from '../run/events.ts';
import { validEvents } from '../run/history.ts';
import type { Journal } from '../run/journal.ts';
import { foldEvents } from '../run/state.ts';
import { LabError } from './problems.ts';
import type { MeasurementPlan } from './protocol.ts';

/** A plan with what is known of it, and the checkpoint to carry it out with. */
export interface OpenPlan extends MeasurementPlan {
  blob: string;
  /** Ids of questions that were tried already. */
  done: ReadonlySet<string>;
}

/** The plans of which something is left to do. Throws where a run has no checkpoint of that iteration. */
export function openPlans(events: readonly RunEvent[], plans: readonly MeasurementPlan[]): OpenPlan[] {
  const measurements = foldEvents(events)?.measurements ?? [];
  const checkpoints = validEvents(events).flatMap((e) => (e.type === 'checkpoint' ? [e] : []));
  return plans.flatMap((plan): OpenPlan[] => {
    const { iteration, split, samples, questions } = plan;
    const known = measurements.find(
      (m) => m.iteration === iteration && m.split === split && m.samples === samples,
    );
    const done = new Set(Object.keys(known?.answers ?? {}));
    if (questions.every(({ id }) => done.has(id))) return [];
    const checkpoint = checkpoints.findLast((e) => e.iteration === iteration);
    if (!checkpoint) throw goneCheckpoint(iteration);
    return [{ ...plan, blob: checkpoint.blob, done }];
  });
}

/** Carries one plan out and yields what to append to the run's log, part by part. */
export async function* carryOut(
  { iteration, split, samples, questions, blob, done }: OpenPlan,
  run: string,
  settings: Settings,
  journal: Pick<Journal, 'getCheckpoint'>,
  tools: Tools,
): AsyncGenerator<RunEventBody> {
  const snapshot = await journal.getCheckpoint(run, blob);
  if (!snapshot) throw goneCheckpoint(iteration);
  await tools.policy.restore(snapshot);
  const { temperature, topP } = settings;
  const seed = deriveSeed(settings.seed, 'measuring', split, iteration, samples);
  const options = { samples, temperature, topP, seed, stage: 'measuring' } as const;
  for await (const answers of measure(questions, options, tools, done)) {
    yield { type: 'measured', iteration, split, samples, answers };
  }
}

function goneCheckpoint(iteration: number): LabError {
  return new LabError(
    `The checkpoint of iteration ${iteration} is no longer stored.`,
    'Choose another one: the newest and those marked as kept are always there.',
  );
}
