/** What belongs together in an iteration: a goalpost, its lemma, the lifts made from that. */
import type { Question } from '../../gasp/question.ts';
import type { IterationState, RunState, Stone } from '../../run/state.ts';

/** A goalpost with the lemma written for it and that one's lifts; an unguided question stands alone. */
export interface Chain {
  goalpost?: Question;
  first?: Stone;
  /** In the order in which they were written: from the lemma, then from those lifts. */
  lifts: Stone[];
}

export function chainsOf(state: RunState, iteration: IterationState): Chain[] {
  const goalposts = new Map(state.goalposts.map((question) => [question.id, question]));
  const firsts = iteration.stones.filter((stone) => stone.proposal.role !== 'lift');
  const length = Math.max(state.settings.goalpostsPerIteration, firsts.length);
  return Array.from({ length }, (_, slot) => {
    const first = firsts[slot];
    const id = first ? first.proposal.goalpost : iteration.goalposts[slot];
    const goalpost = id === undefined ? undefined : goalposts.get(id);
    return {
      ...(goalpost && { goalpost }),
      ...(first && { first }),
      lifts: first ? descendants(first.id, iteration.stones) : [],
    };
  });
}

/** What was written for a goalpost up to an iteration and went into training, oldest first: a lemma and its lifts each. */
export function stepsTo(state: RunState, goalpost: string, upTo: number): { lemma: Stone; lifts: Stone[] }[] {
  return state.iterations
    .filter(({ iteration }) => iteration <= upTo)
    .flatMap(({ stones }) =>
      stones
        .filter(({ accepted, proposal }) => {
          return accepted && proposal.role === 'lemma' && proposal.goalpost === goalpost;
        })
        .map((lemma) => ({
          lemma,
          lifts: descendants(lemma.id, stones).filter(({ accepted }) => accepted),
        })),
    );
}

/** What was written from a question, and from that; every stone comes after the one that it was made from. */
function descendants(id: string, stones: readonly Stone[]): Stone[] {
  const family = new Set([id]);
  return stones.filter(({ id: own, proposal: { parent } }) => {
    const belongs = parent !== undefined && family.has(parent);
    if (belongs) family.add(own);
    return belongs;
  });
}

/** How far a question got: written, valid, tried, accepted. */
const reached = (stone: Stone | undefined): number =>
  !stone ? 0 : stone.accepted ? 4 : stone.passRate !== undefined ? 3 : stone.proposal.question ? 2 : 1;

/** The lift to show when nobody chose one: the newest that got furthest. */
export function furthestLift({ lifts }: Chain): Stone | undefined {
  return lifts.reduce<Stone | undefined>(
    (best, lift) => (reached(lift) >= reached(best) ? lift : best),
    undefined,
  );
}

/** The chain to show when nobody chose one: the first that got furthest. */
export function furthest(chains: Chain[]): number {
  const progress = (chain: Chain) => {
    const lift = reached(furthestLift(chain));
    const { goalpost, first } = chain;
    return (
      (lift > 1 ? 8 * lift : 0) +
      (first?.accepted ? 4 : 0) +
      (first?.proposal.question ? (goalpost ? 2 : 1) : 0)
    );
  };
  let best = 0;
  for (let i = 1; i < chains.length; i++) if (progress(chains[i]!) > progress(chains[best]!)) best = i;
  return best;
}
