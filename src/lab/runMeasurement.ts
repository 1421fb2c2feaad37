/** Measuring stored runs after the fact: what is left to try, with which checkpoint, as events. */
import { scoreReferences } from '../gasp/distance.ts';
import { measure } from '../gasp/measuring.ts';
import { partOf } from '../gasp/progress.ts';
import { deriveSeed } from 'onnx-lora/random';
import { drawsOf, type Settings } from '../gasp/settings.ts';
import type { Tools } from '../gasp/solving.ts';
import type { RunEvent, RunEventBody } from '../run/events.ts';
import { validEvents } from '../run/history.ts';
import type { Journal } from '../run/journal.ts';
import { foldEvents } from '../run/state.ts';
import { checkReadable, goneCheckpoint, startOf } from './checks.ts';
import type { Engine, Machinery } from './machinery.ts';
import type { MeasurementPlan } from '../run/measurementPlan.ts';
import type { BackendChoice } from './protocol.ts';

/** A plan with its results so far, and the checkpoint to carry it out with. */
interface OpenPlan extends MeasurementPlan {
  blob: string;
  /** Ids of questions that were tried already. */
  done: ReadonlySet<string>;
}

/** Progress of a command, in answers: over all of its runs and plans, so that its progress never begins again. */
export interface Tally {
  done: number;
  total: number;
}

export const answersOf = (plans: readonly MeasurementPlan[]): number =>
  plans.reduce((n, { questions, samples }) => n + questions.length * samples, 0);

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
    if (!checkpoint) throw goneCheckpoint(`the checkpoint of iteration ${iteration}`);
    return [{ ...plan, blob: checkpoint.blob, done }];
  });
}

/**
 * Carries out the rest of some plans with a stored run. Results are appended to the run's log part by part, so
 * that an aborted or killed measurement goes on where it stopped. `begin`: all is loaded. `tally` grows.
 *
 * @param run.locked the lab holds the run already
 */
export async function measureRun(
  machinery: Machinery,
  run: { run: string; plans: readonly MeasurementPlan[]; backend: BackendChoice; locked: boolean },
  tally: Tally,
  begin: () => void,
): Promise<void> {
  const { journal } = machinery.ports;
  const release = run.locked ? undefined : await journal.lock(run.run);
  let engine: Engine | undefined;
  try {
    const events = await journal.read(run.run);
    const { model, settings } = startOf(run.run, events);
    const open = openPlans(events, run.plans);
    tally.done += answersOf(run.plans) - answersOf(open);
    if (open.length === 0) return;
    engine = await machinery.load(model, settings, run.backend);
    const { telemetry } = machinery;
    const tools = machinery.tools(engine, await machinery.judgeReady());
    begin();
    for (const plan of open) {
      checkReadable(engine.dialect, plan.questions);
      telemetry.iteration = plan.iteration;
      const progress = partOf(telemetry, tally.done, tally.total);
      for await (const event of carryOut(plan, run.run, settings, journal, { ...tools, progress })) {
        await machinery.append(run.run, [event]);
      }
      tally.done += answersOf([plan]);
    }
  } finally {
    release?.();
    await engine?.policy.dispose();
  }
}

/** Carries one plan out and yields what to append to the run's log, part by part. */
async function* carryOut(
  { iteration, split, samples, questions, blob, done }: OpenPlan,
  run: string,
  settings: Settings,
  journal: Pick<Journal, 'getCheckpoint'>,
  tools: Tools,
): AsyncGenerator<RunEventBody> {
  const snapshot = await journal.getCheckpoint(run, blob);
  if (!snapshot) throw goneCheckpoint(`the checkpoint of iteration ${iteration}`);
  await tools.policy.restore(snapshot);
  const seed = deriveSeed(settings.seed, 'measuring', split, iteration, samples);
  const options = { ...drawsOf(settings), samples, seed, stage: 'measuring' } as const;
  for await (const answers of measure(questions, options, tools, done)) {
    // Of held-out questions the answers say enough: there are many more of them.
    const logprobs =
      split === 'goalposts'
        ? await scoreReferences(
            questions.filter(({ id }) => id in answers),
            tools,
          )
        : {};
    const scored = Object.keys(logprobs).length > 0 && { logprobs };
    yield { type: 'measured', iteration, split, samples, answers, ...scored };
  }
}
