/** The lab's part of an iteration, around the method's. */
import { nearestFirst, scoreReferences } from '../gasp/distance.ts';
import { countPasses, goalpostsAimedAt } from '../gasp/goalposts.ts';
import { runIteration } from '../gasp/iteration.ts';
import type { Question } from '../gasp/question.ts';
import { drawsOf } from '../gasp/settings.ts';
import { deriveSeed } from 'onnx-lora/random';
import type { Tools } from '../gasp/solving.ts';
import type { Counters, RunEventBody } from '../run/events.ts';
import type { Journal } from '../run/journal.ts';
import type { Machinery } from './machinery.ts';
import { type HeldRun, nearnessAfter, solvedIn, START_BLOB } from './heldRun.ts';

type Evaluated = Extract<RunEventBody, { type: 'evaluated' }>;

/** One iteration of a run, with the evaluation that is due, stored with its checkpoint. */
export async function iterateOnce(machinery: Machinery, held: HeldRun, tools: Tools): Promise<void> {
  const { settings, accepted, replay, taught, run, questions } = held;
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
  if (settings.goalpostOrder === 'nearest' && !held.nearness) {
    // Which goalposts are the nearest is known before any is aimed at, and stays known when this iteration is lost.
    const logprobs = await scoreReferences(held.goalposts, tools);
    const known = held.goalposts.every(({ id }) => id in logprobs);
    held.nearness = { logprobs, cases: {} };
    const first = known ? aimedAt(held) : held.goalposts;
    const evaluated = await evaluateStart(machinery.ports.journal, held, first, tools);
    if (evaluated.length > 0) await emit(evaluated);
    learn(held, evaluated);
  }
  const goalposts = aimedAt(held);
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
  learn(held, evaluations);
  held.blobs.add(blob);
  held.replaced = kept ? [] : [blob];
  held.clean = true;
}

/** The goalposts that the next iteration draws from. */
function aimedAt({ goalposts, settings, nearness, solved }: HeldRun): readonly Question[] {
  const list =
    settings.goalpostOrder === 'nearest' && nearness ? nearestFirst(goalposts, nearness) : goalposts;
  return goalpostsAimedAt(list, solved, settings.goalpostsAtOnce);
}

/** What evaluations tell about the run's goalposts. */
function learn(held: HeldRun, evaluations: readonly Evaluated[]): void {
  held.startEvaluated ||= evaluations.length > 0;
  for (const evaluated of evaluations) {
    for (const id of solvedIn(evaluated)) held.solved.add(id);
    held.nearness = nearnessAfter(held.nearness, evaluated);
  }
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

/**
 * Tries goalposts afresh with the weights as they are, and scores their reference answers, of all of the run's
 * goalposts where the nearest are aimed at.
 */
async function evaluate(
  { settings, goalposts: all }: HeldRun,
  goalposts: readonly Question[],
  iteration: number,
  tools: Tools,
): Promise<{ evaluated: Evaluated; tokens: number }> {
  const { evaluateSamples: samples } = settings;
  const seed = deriveSeed(settings.seed, 'evaluation', iteration);
  const options = { ...drawsOf(settings), samples, seed, stage: 'evaluating' } as const;
  const { passed, cases: shares, tokens } = await countPasses(goalposts, options, tools);
  const logprobs = await scoreReferences(settings.goalpostOrder === 'nearest' ? all : goalposts, tools);
  const cases = Object.fromEntries(Object.entries(shares).filter(([id]) => !(id in logprobs)));
  const evaluated: Evaluated = {
    ...{ type: 'evaluated', iteration, samples, passed },
    ...(Object.keys(logprobs).length > 0 && { logprobs }),
    ...(Object.keys(cases).length > 0 && { cases }),
  };
  return { evaluated, tokens };
}

/** Blob names are used once, also where a damaged checkpoint makes an iteration run a second time. */
function freshBlob(iteration: number, used: ReadonlySet<string>): string {
  const name = `iteration-${iteration}`;
  if (!used.has(name)) return name;
  let again = 2;
  while (used.has(`${name}-${again}`)) again++;
  return `${name}-${again}`;
}
