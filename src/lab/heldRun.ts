/** A run that the lab holds: how it is begun, and taken up again where it ended. */
import { CodedError } from '../util/codedError.ts';
import type { Nearness } from '../gasp/distance.ts';
import { Replay } from '../gasp/hindsight.ts';
import { NoveltyBuffer } from '../gasp/novelty.ts';
import type { Policy, PolicySnapshot } from '../gasp/ports.ts';
import type { Question } from '../gasp/question.ts';
import type { Settings } from '../gasp/settings.ts';
import { DamagedCheckpointError } from '../run/checkpointFormat.ts';
import type { Counters, EventOf, RunEvent, RunEventBody } from '../run/events.ts';
import { EVENT_VERSION } from '../run/eventVersion.ts';
import { acceptedQuestions, lastFinished, type Kept, taughtProposals, validEvents } from '../run/history.ts';
import type { Journal } from '../run/journal.ts';
import { randomRunId } from '../run/runId.ts';
import { checkReadable, checkTests, startOf } from './checks.ts';
import type { Engine, Machinery } from './machinery.ts';
import type { BackendChoice, StartRate } from './protocol.ts';

/** The checkpoint of the weights that a run starts from; always kept. */
export const START_BLOB = 'iteration-0';

/** The run that the lab works on, held under its lock. */
export interface HeldRun {
  run: string;
  settings: Settings;
  goalposts: Question[];
  /** The bank's own training questions, for methods that train on them. */
  questions: Question[];
  /** Questions that nothing trains on, to tell what got better; none where nobody asks. */
  validation: Question[];
  /** Ids of goalposts that a trial after training has solved. */
  solved: Set<string>;
  /** What trials told about how near each goalpost is; absent before the first. */
  nearness?: Nearness;
  engine: Engine;
  release: () => void;
  /** The last iteration that finished. */
  iteration: number;
  accepted: NoveltyBuffer;
  /** Answers of earlier iterations that hindsight learns again. */
  replay: Replay;
  /** Questions that a person kept since that iteration, for the next one, and the number of the next trial. */
  taught: Kept[];
  round: number;
  counters: Counters;
  /** All checkpoints that the log ever named, and those of them that the next one replaces. */
  blobs: Set<string>;
  replaced: string[];
  /** Goalposts were tried with the weights that the run started from. */
  startEvaluated: boolean;
  /** It is known how the weights that the run started from do on the unseen questions. */
  startValidated: boolean;
  /** Nothing was done since the last finished iteration: the policy is what its checkpoint says. */
  clean: boolean;
}

/** Creates a run: its first events and the checkpoint of the weights it starts from. */
export async function openRun(
  machinery: Machinery,
  start: Omit<EventOf<'run-started'>, 'type' | 'version' | 'run' | 'seq' | 'at'>,
  backend: BackendChoice,
  prepare: (policy: Policy) => Promise<void>,
  /** How the weights that it starts from do on its unseen questions, where that is known. */
  startRate?: StartRate,
): Promise<HeldRun> {
  const { validation: unseen = [], ...rest } = start;
  const { settings, model, goalposts, questions = [] } = rest;
  const engine = await machinery.load(model, settings, backend);
  const run = (machinery.ports.newRunId ?? randomRunId)();
  let release: (() => void) | undefined;
  try {
    checkReadable(engine.dialect, [...goalposts, ...questions]);
    checkTests([...goalposts, ...questions]);
    const { unreadable } = engine.dialect;
    const validation = unseen.filter((question) => !unreadable?.(question));
    await machinery.judgeReady();
    await prepare(engine.policy);
    release = await machinery.ports.journal.lock(run);
    await machinery.append(
      run,
      [
        {
          ...{ type: 'run-started', version: EVENT_VERSION, run, ...rest },
          ...(validation.length > 0 && { validation }),
        },
        { type: 'resumed', after: 0, policy: engine.policy.info },
        ...(startRate
          ? [{ type: 'validated' as const, iteration: 0, ...rateOf(startRate, validation) }]
          : []),
      ],
      { iteration: 0, blob: START_BLOB, kept: true, snapshot: await engine.policy.snapshot(), drop: [] },
    );
    return {
      run,
      settings,
      goalposts,
      questions,
      validation,
      solved: new Set(),
      engine,
      release,
      iteration: 0,
      accepted: new NoveltyBuffer([], settings.noveltyCompares),
      replay: new Replay(settings, questions),
      taught: [],
      round: 0,
      counters: { tokensSampled: 0, tokensTrained: 0, seconds: 0 },
      blobs: new Set([START_BLOB]),
      replaced: [],
      startEvaluated: false,
      startValidated: startRate !== undefined,
      clean: true,
    };
  } catch (error) {
    release?.();
    await engine.policy.dispose();
    throw error;
  }
}

/** The rate without the questions that the model cannot read. */
function rateOf({ samples, passed }: StartRate, questions: readonly Question[]): StartRate {
  const readable = new Set(questions.map(({ id }) => id));
  return { samples, passed: Object.fromEntries(Object.entries(passed).filter(([id]) => readable.has(id))) };
}

/**
 * Opens a stored run at its newest checkpoint that can be read. `held` is the same run as it was opened
 * before: its lock stays, and its model where it fits; it is of no use afterwards.
 */
export async function reopenRun(
  machinery: Machinery,
  run: string,
  backend: BackendChoice,
  held: HeldRun | undefined,
): Promise<HeldRun> {
  const { journal, send } = machinery.ports;
  let engine = held?.engine;
  let release = held?.release;
  try {
    release ??= await journal.lock(run);
    const events = await journal.read(run);
    const { settings, model, goalposts, questions = [], validation = [] } = startOf(run, events);
    if (engine && engine.backend !== backend) {
      await engine.policy.dispose();
      engine = undefined;
    }
    const valid = validEvents(events);
    const { checkpoint, snapshot, lost } = await newestCheckpoint(journal, run, valid);
    const after = checkpoint.iteration;
    engine ??= await machinery.load(model, settings, backend);
    await machinery.judgeReady();
    await engine.policy.restore(snapshot);
    await machinery.append(run, [{ type: 'resumed', after, policy: engine.policy.info }]);
    if (lost !== undefined) {
      send({
        type: 'notice',
        code: 'checkpoint-lost',
        data: { iteration: lastFinished(valid), from: after },
        message: lost,
      });
    }
    const finished = valid.findLast((e) => e.type === 'iteration-finished' && e.iteration === after);
    const checkpoints = events.filter((e) => e.type === 'checkpoint');
    const taught = taughtProposals(events, after);
    const replay = new Replay(settings, questions);
    replay.take(valid.filter((e) => 'iteration' in e && e.iteration <= after));
    const evaluations = valid.flatMap((e) => (e.type === 'evaluated' && e.iteration <= after ? [e] : []));
    const nearness = evaluations.reduce<Nearness | undefined>(nearnessAfter, undefined);
    return {
      run,
      settings,
      goalposts,
      questions,
      validation,
      solved: new Set(evaluations.flatMap(solvedIn)),
      ...(nearness && { nearness }),
      engine,
      release,
      iteration: after,
      accepted: new NoveltyBuffer(acceptedQuestions(events, after), settings.noveltyCompares),
      replay,
      taught,
      round: taught.reduce(
        (next, { question: { id } }) => Math.max(next, Number(id.split('.').at(-1)) + 1),
        0,
      ),
      counters:
        finished?.type === 'iteration-finished'
          ? finished.counters
          : { tokensSampled: 0, tokensTrained: 0, seconds: 0 },
      blobs: new Set(checkpoints.map((e) => e.blob)),
      replaced: checkpoints.filter((e) => !e.kept || e.iteration > after).map((e) => e.blob),
      startEvaluated: valid.some((e) => e.type === 'evaluated' && e.iteration === 0),
      startValidated: valid.some((e) => e.type === 'validated' && e.iteration === 0),
      clean: true,
    };
  } catch (error) {
    release?.();
    await engine?.policy.dispose();
    throw error;
  }
}

/**
 * The newest checkpoint that is stored and whole: a damaged one costs the iterations after the one
 * before. `lost` says what became of the newest where it is not that one.
 */
export async function newestCheckpoint(
  journal: Journal,
  run: string,
  valid: readonly RunEvent[],
): Promise<{ checkpoint: EventOf<'checkpoint'>; snapshot: PolicySnapshot; lost?: string }> {
  let damaged: DamagedCheckpointError | undefined;
  const last = lastFinished(valid);
  for (const event of valid.toReversed()) {
    if (event.type !== 'checkpoint' || event.iteration > last) continue;
    try {
      const snapshot = await journal.getCheckpoint(run, event.blob);
      if (!snapshot) continue;
      if (event.iteration === last) return { checkpoint: event, snapshot };
      const why = damaged?.message ?? 'It is no longer stored.';
      return { checkpoint: event, snapshot, lost: `The checkpoint of iteration ${last} is lost. ${why}` };
    } catch (error) {
      if (!(error instanceof DamagedCheckpointError)) throw error;
      damaged ??= error;
    }
  }
  throw (
    damaged ??
    new CodedError('checkpoints-gone', { run }, 'None of the run’s checkpoints is stored any more.')
  );
}

/** Goalposts with a right answer in a trial; what the starting model solves stays a goalpost. */
export function solvedIn({ iteration, passed }: Extract<RunEventBody, { type: 'evaluated' }>): string[] {
  return iteration === 0 ? [] : Object.keys(passed).filter((id) => passed[id]! > 0);
}

/** With what one more trial tells about the goalposts that it is about. */
export function nearnessAfter(
  before: Nearness | undefined,
  { logprobs, cases }: Pick<Extract<RunEventBody, { type: 'evaluated' }>, 'logprobs' | 'cases'>,
): Nearness {
  return { logprobs: { ...before?.logprobs, ...logprobs }, cases: { ...before?.cases, ...cases } };
}
