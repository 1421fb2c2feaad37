/** The lab's part of an iteration, around the method's. */
import { countPasses, goalpostsAimedAt } from '../gasp/goalposts.ts';
import { runIteration } from '../gasp/iteration.ts';
import type { Question } from '../gasp/question.ts';
import { drawsOf } from '../gasp/settings.ts';
import { deriveSeed } from 'onnx-lora/random';
import type { Tools } from '../gasp/solving.ts';
import type { Counters, RunEventBody } from '../run/events.ts';
import type { Journal } from '../run/journal.ts';
import type { Machinery } from './machinery.ts';
import { type HeldRun, solvedIn, START_BLOB } from './heldRun.ts';

type Evaluated = Extract<RunEventBody, { type: 'evaluated' }>;

/** One iteration of a run, with the evaluation that is due, stored with its checkpoint. */
export async function iterateOnce(machinery: Machinery, held: HeldRun, tools: Tools): Promise<void> {
  const { settings, accepted, replay, taught, run, questions } = held;
  const goalposts = goalpostsAimedAt(held.goalposts, held.solved, settings.goalpostsAtOnce);
  const iteration = held.iteration + 1;
  const { telemetry, now } = machinery;
  const startedAt = now();
  telemetry.iteration = iteration;
  held.clean = false;
  const happened: RunEventBody[] = [];
  const emit = (events: RunEventBody[]) => {
    happened.push(...events);
    return machinery.append(run, events);
  };
  const input = {
    ...{ settings, goalposts, allGoalposts: held.goalposts, questions, iteration },
    ...{ accepted, taught, replay },
  };
  const result = await runIteration(input, tools, emit);
  const evaluations: Evaluated[] = [];
  // Where trials decide what is aimed at they are a part of the method, and so of its budget.
  let trialTokens = 0;
  const due = (n: number) => settings.evaluateEvery > 0 && n % settings.evaluateEvery === 0;
  if (!held.startEvaluated && (due(iteration) || due(iteration + 1)))
    evaluations.push(...(await evaluateStart(machinery.ports.journal, held, goalposts, tools)));
  if (due(iteration)) {
    const { evaluated, tokens } = await evaluate(held, goalposts, iteration, tools);
    evaluations.push(evaluated);
    if (settings.goalpostsAtOnce > 0) trialTokens = tokens;
  }

  telemetry.stage('saving', 0, 0, 'bytes');
  const kept = iteration % settings.checkpointEvery === 0;
  const blob = freshBlob(iteration, held.blobs);
  const counters: Counters = {
    tokensSampled: held.counters.tokensSampled + result.tokensSampled + trialTokens,
    tokensTrained: held.counters.tokensTrained + result.tokensTrained,
    seconds: held.counters.seconds + (now() - startedAt) / 1000,
  };
  const snapshot = await tools.policy.snapshot();
  tools.signal?.throwIfAborted();
  await machinery.append(run, [...evaluations, { type: 'iteration-finished', iteration, counters }], {
    iteration,
    blob,
    kept,
    snapshot,
    drop: held.replaced,
  });
  for (const question of result.accepted) accepted.add(question);
  replay.take(happened);
  held.iteration = iteration;
  held.taught = [];
  held.round = 0;
  held.counters = counters;
  held.startEvaluated ||= evaluations.length > 0;
  for (const id of evaluations.flatMap(solvedIn)) held.solved.add(id);
  held.blobs.add(blob);
  held.replaced = kept ? [] : [blob];
  held.clean = true;
}

/**
 * Tries all goalposts with the weights that the run started from, in the iteration before the first evaluation
 * that has to be compared with it: a new run shows its first lemma at once, not minutes later, and
 * no iteration waits for two evaluations.
 */
async function evaluateStart(
  journal: Journal,
  held: HeldRun,
  goalposts: readonly Question[],
  tools: Tools,
): Promise<Evaluated[]> {
  const start = await journal.getCheckpoint(held.run, START_BLOB);
  if (!start) return [];
  const { policy } = tools;
  const now = await policy.snapshot();
  await policy.restore(start);
  const { evaluated } = await evaluate(held, goalposts, 0, tools);
  await policy.restore(now);
  return [evaluated];
}

/** Tries goalposts afresh with the weights as they are. */
async function evaluate(
  { settings }: HeldRun,
  goalposts: readonly Question[],
  iteration: number,
  tools: Tools,
): Promise<{ evaluated: Evaluated; tokens: number }> {
  const { evaluateSamples: samples } = settings;
  const seed = deriveSeed(settings.seed, 'evaluation', iteration);
  const options = { ...drawsOf(settings), samples, seed, stage: 'evaluating' } as const;
  const { passed, tokens } = await countPasses(goalposts, options, tools);
  return { evaluated: { type: 'evaluated', iteration, samples, passed }, tokens };
}

/** Blob names are used once, also where a damaged checkpoint makes an iteration run a second time. */
function freshBlob(iteration: number, used: ReadonlySet<string>): string {
  const name = `iteration-${iteration}`;
  if (!used.has(name)) return name;
  let again = 2;
  while (used.has(`${name}-${again}`)) again++;
  return `${name}-${again}`;
}
