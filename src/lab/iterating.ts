/** The lab's part of an iteration, around the method's. */
import { nearestFirst, scoreReferences } from '../gasp/distance.ts';
import { goalpostsAimedAt } from '../gasp/goalposts.ts';
import { runIteration } from '../gasp/iteration.ts';
import type { Question } from '../gasp/question.ts';
import type { Tools } from '../gasp/solving.ts';
import type { Counters, RunEventBody } from '../run/events.ts';
import type { Machinery } from './machinery.ts';
import { aimsOf, type Evaluated, evaluate, type Tried, tryKept, validate, withStart } from './evaluating.ts';
import { type HeldRun, nearnessAfter, solvedIn } from './heldRun.ts';

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
    const evaluated = await withStart(machinery.ports.journal, held, tools, async () => {
      return (await evaluate(held, first, 0, tools)).evaluated;
    });
    if (evaluated) await emit([evaluated]);
    learn(held, evaluated ? [evaluated] : []);
  }
  const goalposts = aimedAt(held);
  const input = {
    ...{ settings, goalposts, allGoalposts: held.goalposts, questions, iteration },
    ...{ accepted, taught: taught.map(({ question }) => question), replay },
  };
  const before = await scoreReferences(aimsOf(taught, held.goalposts), tools);
  const result = await runIteration(input, tools, emit);
  const kept = await tryKept(held, taught, before, iteration, tools);
  const { tried, trialTokens } = await tryWhatIsDue(machinery, held, goalposts, iteration, tools);

  telemetry.stage('saving', 0, 0, 'bytes');
  const keeps = iteration % settings.checkpointEvery === 0;
  const blob = freshBlob(iteration, held.blobs);
  const counters: Counters = {
    tokensSampled: held.counters.tokensSampled + result.tokensSampled + trialTokens,
    tokensTrained: held.counters.tokensTrained + result.tokensTrained,
    seconds: held.counters.seconds + (now() - startedAt) / 1000,
  };
  const snapshot = await tools.policy.snapshot();
  tools.signal?.throwIfAborted();
  await machinery.append(run, [...kept, ...tried, { type: 'iteration-finished', iteration, counters }], {
    iteration,
    blob,
    kept: keeps,
    snapshot,
    drop: held.replaced,
  });
  for (const question of result.accepted) accepted.add(question);
  replay.take(happened);
  held.iteration = iteration;
  held.taught = [];
  held.round = 0;
  held.counters = counters;
  learn(
    held,
    tried.filter((event) => event.type === 'evaluated'),
  );
  held.startValidated ||= tried.some((event) => event.type === 'validated');
  held.blobs.add(blob);
  held.replaced = keeps ? [] : [blob];
  held.clean = true;
}

/**
 * The trials of goalposts and of unseen questions that are due after an iteration. Those with the weights that the run
 * started from come in the iteration before the first ones that are compared with them: a new run shows its first
 * lemma at once, not minutes later, and no iteration waits for two trials.
 */
async function tryWhatIsDue(
  { ports: { journal } }: Machinery,
  held: HeldRun,
  goalposts: readonly Question[],
  iteration: number,
  tools: Tools,
): Promise<{ tried: Tried[]; trialTokens: number }> {
  const { settings, validation } = held;
  const due = (every: number, n: number) => every > 0 && n % every === 0;
  const soon = (every: number) => due(every, iteration) || due(every, iteration + 1);
  const tried: (Tried | undefined)[] = [];
  // Where trials decide what is aimed at they are a part of the method, and so of its budget.
  let trialTokens = 0;
  if (!held.startEvaluated && soon(settings.evaluateEvery)) {
    tried.push(
      await withStart(
        journal,
        held,
        tools,
        async () => (await evaluate(held, goalposts, 0, tools)).evaluated,
      ),
    );
  }
  if (due(settings.evaluateEvery, iteration)) {
    const { evaluated, tokens } = await evaluate(held, goalposts, iteration, tools);
    tried.push(evaluated);
    if (settings.goalpostsAtOnce > 0) trialTokens = tokens;
  }
  if (validation.length > 0) {
    if (!held.startValidated && soon(settings.validateEvery))
      tried.push(await withStart(journal, held, tools, () => validate(held, 0, tools)));
    if (due(settings.validateEvery, iteration)) tried.push(await validate(held, iteration, tools));
  }
  return { tried: tried.filter((event) => event !== undefined), trialTokens };
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

/** Blob names are used once, also where a damaged checkpoint makes an iteration run a second time. */
function freshBlob(iteration: number, used: ReadonlySet<string>): string {
  const name = `iteration-${iteration}`;
  if (!used.has(name)) return name;
  let again = 2;
  while (used.has(`${name}-${again}`)) again++;
  return `${name}-${again}`;
}
