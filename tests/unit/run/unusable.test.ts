/** A teacher that writes nothing usable is noticed, and one that does is left alone. */
import { expect, test } from 'vitest';
import { foldEvents, type RunState } from '../../../src/run/state.ts';
import { unusableProposals } from '../../../src/run/unusable.ts';
import { exampleEvents } from '../../fixtures/events.ts';

const state = foldEvents(exampleEvents({ iterations: 4 }))!;
/** From iteration `from` on every proposal has such a fault. */
const barren = (from: number, kind: 'unparsable' | 'copy' = 'unparsable'): RunState => ({
  ...state,
  iterations: state.iterations.map((iteration) =>
    iteration.iteration < from
      ? iteration
      : {
          ...iteration,
          stones: iteration.stones.map((stone, i) => {
            const { question: _, ...proposal } = stone.proposal;
            return {
              ...stone,
              proposal: { ...proposal, fault: { kind: i === 0 ? 'raises' : kind, message: '' } },
            };
          }),
        },
  ),
});

test('two iterations in a row without a usable proposal are told, with what is wrong with most', () => {
  const found = unusableProposals(barren(3))!;
  const proposals = state.iterations.slice(2).reduce((sum, { stones }) => sum + stones.length, 0);
  expect(found).toMatchObject({ iterations: 2, proposals, commonest: 'not in the form that is asked for.' });
  expect(found.share).toBeCloseTo((proposals - 2) / proposals, 12);
  expect(unusableProposals(barren(1))).toMatchObject({ iterations: 4 });
  expect(unusableProposals(barren(3, 'copy'))).toMatchObject({ commonest: 'a copy of an earlier question.' });
});

test('one barren iteration is none, nor is a run that writes usable questions', () => {
  expect(unusableProposals(state)).toBeUndefined();
  expect(unusableProposals(barren(4))).toBeUndefined();
});
