/** Goalposts: real questions that the model cannot solve. Finding them, drawing them, trying them. */
import type { Axis, Question } from './question.ts';
import { deriveSeed, Random } from 'onnx-lora/random';
import { type SolveOptions, solveInBatches, type Tools } from './solving.ts';

/**
 * The goalposts of one iteration (counted from 1), each with an axis drawn uniformly; they come in turn.
 */
export function drawGoalposts(
  goalposts: readonly Question[],
  count: number,
  iteration: number,
  axes: readonly Axis[],
  seed: number,
): { goalpost: Question; axis: Axis }[] {
  const random = Random.for(seed, 'axes', iteration);
  return drawInTurn(goalposts, count, iteration, seed, 'goalposts').map((goalpost) => ({
    goalpost,
    axis: random.pick(axes),
  }));
}

/**
 * `count` questions for one iteration (counted from 1), round robin through one seeded shuffle after
 * another, so that all of them get their turn; none where there are none. `label` sets draws apart.
 */
export function drawInTurn(
  questions: readonly Question[],
  count: number,
  iteration: number,
  seed: number,
  label: string,
): Question[] {
  if (questions.length === 0) return [];
  let round = -1;
  let order: Question[] = [];
  return Array.from({ length: count }, (_, i) => {
    const turn = (iteration - 1) * count + i;
    const current = Math.floor(turn / questions.length);
    if (current !== round) {
      order = Random.for(seed, label, current).shuffle(questions);
      round = current;
    }
    return order[turn % questions.length]!;
  });
}

/**
 * The goalposts to aim at: all of them, or the first `atOnce` of the list that are not solved yet, so that one that
 * is solved makes room for the next. Once every one is solved all are aimed at again.
 */
export function goalpostsAimedAt(
  goalposts: readonly Question[],
  solved: ReadonlySet<string>,
  atOnce: number,
): readonly Question[] {
  if (atOnce === 0) return goalposts;
  const open = goalposts.filter((goalpost) => !solved.has(goalpost.id)).slice(0, atOnce);
  return open.length > 0 ? open : goalposts;
}

/**
 * Answers that passed, by question id, out of `options.samples` induction answers each; `cases`: the mean share of
 * cases that an answer passes; `right`: the first answer that passed, where one did.
 */
export async function countPasses(
  questions: readonly Question[],
  options: SolveOptions,
  tools: Tools,
): Promise<{
  passed: Record<string, number>;
  cases: Record<string, number>;
  right: Record<string, string>;
  tokens: number;
}> {
  const tasks = questions.map((question) => ({ type: 'induction' as const, question }));
  const passed: Record<string, number> = {};
  const cases: Record<string, number> = {};
  const right: Record<string, string> = {};
  let tokens = 0;
  for await (const batch of solveInBatches(tasks, options, tools)) {
    for (const { task, attempts, completions, cases: shares } of batch) {
      passed[task.question.id] = attempts.filter((a) => a.verdict === 'passed').length;
      const first = attempts.find((a) => a.verdict === 'passed');
      if (first) right[task.question.id] = first.text;
      cases[task.question.id] = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      tokens += completions.reduce((n, c) => n + c.tokens.length, 0);
    }
  }
  return { passed, cases, right, tokens };
}

export interface Mined {
  question: string;
  /** Answers that passed, out of those tried: a question is dropped at the first round it passes in. */
  passed: number;
  tried: number;
}

/**
 * Tries each question with up to `samples` answers. Those with `passed` = 0 have pass@samples = 0 and
 * can be goalposts. Rounds grow, and a question that was solved leaves after its round: most of them
 * need few answers, so this takes a fraction of the whole product. Yields what each round decided;
 * every question comes exactly once.
 */
export async function* mineGoalposts(
  questions: readonly Question[],
  options: Omit<SolveOptions, 'stage'>,
  tools: Tools,
): AsyncGenerator<Mined[]> {
  let open = questions.slice();
  for (let tried = 0; tried < options.samples && open.length > 0; ) {
    const samples = Math.min(Math.max(8, tried * 2), options.samples - tried);
    const seed = deriveSeed(options.seed, 'mining', tried);
    const { passed } = await countPasses(open, { ...options, samples, seed, stage: 'mining' }, tools);
    tried += samples;
    const decided = open.filter((q) => tried >= options.samples || passed[q.id]! > 0);
    yield decided.map(({ id }) => ({ question: id, passed: passed[id]!, tried }));
    open = open.filter((q) => passed[q.id] === 0);
  }
}
