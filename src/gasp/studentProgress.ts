/**
 * The teacher's pay in SOAR (Sundaram et al. 2026): what the student gains on hard questions by learning from
 * its proposals. The proposals of an iteration are dealt into groups; from the same weights the student learns from
 * one group after the other, each time in an update that is taken back, and all questions of a group are paid by how
 * much better it then does on goalposts.
 */
import { groupBy } from '../util/groupBy.ts';
import { scoreReferences } from './distance.ts';
import { countPasses } from './goalposts.ts';
import type { Policy } from './ports.ts';
import type { Question } from './question.ts';
import type { Pay } from './selfGuided.ts';
import type { Solved, SolveOptions, Tools } from './solving.ts';

/** A question that the student tried, and the group that it is dealt to. */
export interface Dealt {
  solved: Solved;
  group: number;
}

export interface Student {
  policy: Pick<Policy, 'snapshot' | 'restore'>;
  /** One update on answers to these questions; false where they have nothing to teach and it was not taken. */
  learn(solved: readonly Solved[], group: number): Promise<boolean>;
  /** How it does on goalposts now: higher is better. */
  measure(): Promise<number>;
}

/**
 * The pay of each question, in order. Accepted are those of the group with the largest gain, if that is one. The
 * policy is as it was before, unless this fails or is stopped.
 */
export async function payByProgress(tried: readonly Dealt[], student: Student): Promise<Pay[]> {
  const groups = groupBy(tried, ({ group }) => group);
  const gains = new Map<number, number>();
  if (groups.size > 0) {
    const start = await student.policy.snapshot();
    const before = await student.measure();
    for (const [group, dealt] of groups) {
      const learned = await student.learn(
        dealt.map(({ solved }) => solved),
        group,
      );
      gains.set(group, learned ? (await student.measure()) - before : 0);
      if (learned) await student.policy.restore(start);
    }
  }
  const best = Math.max(...gains.values());
  return tried.map(({ group }) => {
    const reward = gains.get(group)!;
    return { reward, accepted: reward > 0 && reward === best };
  });
}

/** What the student's progress is read off. */
export type ProgressBy = 'likelihood' | 'passes';

/**
 * How the student does on these goalposts: the mean natural log-probability of their reference answers, of those that
 * have one, or the share of fresh answers that pass, where asked for that or where none has one.
 */
export async function standing(
  goalposts: readonly Question[],
  by: ProgressBy,
  options: SolveOptions,
  tools: Tools,
): Promise<{ value: number; tokens: number }> {
  const logprobs = by === 'likelihood' ? Object.values(await scoreReferences(goalposts, tools)) : [];
  if (logprobs.length > 0) {
    return { value: logprobs.reduce((sum, x) => sum + x, 0) / logprobs.length, tokens: 0 };
  }
  const { passed, tokens } = await countPasses(goalposts, options, tools);
  const right = Object.values(passed).reduce((sum, x) => sum + x, 0);
  return { value: right / (goalposts.length * options.samples), tokens };
}
