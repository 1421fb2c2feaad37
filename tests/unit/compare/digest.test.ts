import { describe, expect, test } from 'vitest';
import { digestRun, pickCheckpoint, startingModel } from '../../../src/compare/digest.ts';
import { passesOf } from '../../../src/gasp/measuring.ts';
import { foldEvents } from '../../../src/run/state.ts';
import { exampleEvents } from '../../fixtures/events.ts';

const state = foldEvents(exampleEvents({ iterations: 12, seed: 3 }))!;

describe('a run reduced', () => {
  const digest = digestRun(state);

  test('keeps what was spent and the curves against it', () => {
    const last = state.iterations.at(-1)!.counters!;
    expect(digest).toMatchObject({ label: 'gasp', iterations: 12, tokensSampled: last.tokensSampled });
    expect(digest.series.entropy).toHaveLength(12);
    expect(digest.series.entropy!.at(-1)).toEqual({
      iteration: 12,
      tokens: last.tokensSampled + last.tokensTrained,
      value: state.iterations.at(-1)!.update!.stats.entropy,
    });
    const stones = state.iterations[0]!.stones;
    const copies = stones.filter((stone) => stone.proposal.fault?.kind === 'copy').length;
    expect(digest.series.copies![0]!.value).toBeCloseTo(copies / stones.length, 12);
    expect(digest.proposals.every(({ reward }) => Number.isFinite(reward))).toBe(true);
  });

  test('trials in the course of the run stand in for goalposts that were not measured', () => {
    for (const { iteration, samples, answers } of digest.tries) {
      const evaluation = state.evaluations.find((e) => e.iteration === iteration)!;
      for (const [id, digits] of Object.entries(answers)) {
        expect(digits).toHaveLength(samples);
        expect(passesOf(digits)).toBe(evaluation.passed[id]);
      }
    }
    expect(digest.picked).toBe(state.evaluations.at(-1)!.iteration);
    const measured = [{ iteration: 12, split: 'goalposts' as const, samples: 2, answers: { a: '01' } }];
    expect(digestRun({ ...state, measurements: measured }).tries).toEqual([
      { iteration: 12, samples: 2, answers: { a: '01' } },
    ]);
  });

  test('the model that it started from is a run of the base model', () => {
    const start = startingModel(digest)!;
    expect(start).toMatchObject({ method: 'base', iterations: 0, tokensSampled: 0, picked: 0, series: {} });
    expect(start.tries.map(({ iteration }) => iteration)).toEqual([0]);
    expect(startingModel({ ...digest, tries: [] })).toBeUndefined();
  });
});

test('the checkpoint that does best on the validation split is picked, the later of equals', () => {
  const tried = (iteration: number, samples: number, ...answers: string[]) => ({
    iteration,
    samples,
    answers: Object.fromEntries(answers.map((digits, i) => [`v${i}`, digits])),
  });
  expect(pickCheckpoint([])).toBeUndefined();
  const [poor, good, same] = [
    tried(10, 4, '0000', '1111'),
    tried(20, 4, '1000', '0100'),
    tried(30, 4, '0001', '0010'),
  ];
  // By pass@4 of 4 answers, 20 and 30 solve both questions, 10 one of them.
  expect(pickCheckpoint([poor, good])).toBe(20);
  expect(pickCheckpoint([same, poor, good])).toBe(30);
  expect(pickCheckpoint([tried(40, 2, '11', '11'), good])).toBe(20);
  // A run that has trained is never reported by its start, a run of the base model always is.
  const start = { ...good, iteration: 0 };
  expect(pickCheckpoint([start, poor])).toBe(poor.iteration);
  expect(pickCheckpoint([start])).toBe(0);
});
