/** What belongs together in an iteration: a goalpost, its lemma, its lift. */
import type { Question } from '../gasp/question.ts';
import type { IterationState, RunState, Stone } from '../run/state.ts';

/** A goalpost with the lemma written for it and the lift made from that; an unguided question stands alone. */
export interface Chain {
  goalpost?: Question;
  first?: Stone;
  lift?: Stone;
}

export function chainsOf(state: RunState, iteration: IterationState): Chain[] {
  const goalposts = new Map(state.goalposts.map((question) => [question.id, question]));
  const firsts = iteration.stones.filter((stone) => stone.proposal.role !== 'lift');
  const lifts = new Map(
    iteration.stones
      .filter((stone) => stone.proposal.role === 'lift')
      .map((stone) => [stone.proposal.parent, stone]),
  );
  const length = Math.max(state.settings.goalpostsPerIteration, firsts.length);
  return Array.from({ length }, (_, slot) => {
    const first = firsts[slot];
    const id = first ? first.proposal.goalpost : iteration.goalposts[slot];
    const goalpost = id === undefined ? undefined : goalposts.get(id);
    const lift = first && lifts.get(first.id);
    return { ...(goalpost && { goalpost }), ...(first && { first }), ...(lift && { lift }) };
  });
}

/** The chain to show when nobody chose one: the newest that got furthest. */
export function furthest(chains: Chain[]): number {
  const progress = ({ goalpost, first, lift }: Chain) =>
    (lift?.accepted ? 32 : 0) +
    (lift?.passRate !== undefined ? 16 : lift?.proposal.question ? 8 : 0) +
    (first?.accepted ? 4 : 0) +
    (first?.proposal.question ? (goalpost ? 2 : 1) : 0);
  let best = 0;
  for (let i = 1; i < chains.length; i++) if (progress(chains[i]!) > progress(chains[best]!)) best = i;
  return best;
}
