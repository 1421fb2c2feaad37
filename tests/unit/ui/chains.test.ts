/** What the loop's cards show together: a lemma with all lifts that came from it, and which of them first. */
import { expect, test } from 'vitest';
import type { Proposal } from '../../../src/gasp/question.ts';
import { foldEvents, type Stone } from '../../../src/run/state.ts';
import { chainsOf, furthest, furthestLift } from '../../../src/ui/store/chains.ts';
import { exampleEvents } from '../../fixtures/events.ts';

const state = foldEvents(exampleEvents({ iterations: 1 }))!;
const [iteration] = state.iterations;
const question = iteration!.stones.find((stone) => stone.proposal.question)!.proposal.question!;

function stone(id: string, role: Proposal['role'], parent: string | undefined, rest: Partial<Stone>): Stone {
  const proposal: Proposal = { id, role, text: '', question, ...(parent && { parent }) };
  return { id, iteration: 1, proposal, trials: [], accepted: false, ...rest };
}

const lemmas = [
  stone('a', 'lemma', undefined, { passRate: 0.5, accepted: true }),
  stone('b', 'lemma', undefined, { passRate: 0.5, accepted: true }),
];
const chains = (...lifts: Stone[]) => chainsOf(state, { ...iteration!, stones: [...lemmas, ...lifts] });

test('a lemma has its own lifts, and the lifts made from those', () => {
  const [a, b] = chains(
    stone('a1', 'lift', 'a', {}),
    stone('a2', 'lift', 'a', {}),
    stone('b1', 'lift', 'b', {}),
    stone('a11', 'lift', 'a1', {}),
  );
  expect(a!.lifts.map(({ id }) => id)).toEqual(['a1', 'a2', 'a11']);
  expect(b!.lifts.map(({ id }) => id)).toEqual(['b1']);
  expect(chains().map(({ lifts }) => lifts)).toEqual(new Array(chains().length).fill([]));
});

test('shown first: the newest lift that got furthest, of the chain that did', () => {
  const all = chains(
    stone('a1', 'lift', 'a', { passRate: 0.9 }),
    stone('a2', 'lift', 'a', { passRate: 1 }),
    stone('a3', 'lift', 'a', {}),
    stone('b1', 'lift', 'b', { passRate: 0.25, accepted: true }),
    stone('b2', 'lift', 'b', { passRate: 0 }),
  );
  expect(furthestLift(all[0]!)!.id).toBe('a2');
  expect(furthestLift(all[1]!)!.id).toBe('b1');
  expect(furthest(all)).toBe(1);
  expect(furthestLift(chains()[0]!)).toBeUndefined();
});
