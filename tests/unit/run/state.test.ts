import { describe, expect, it } from 'vitest';
import type { Proposal, Question } from '../../../src/gasp/question.ts';
import type { RunEvent, RunEventBody } from '../../../src/run/events.ts';
import { programLength } from '../../../src/run/difficulty.ts';
import { frontier as frontierBy } from '../../../src/run/frontier.ts';
import { acceptedQuestions, taughtProposals } from '../../../src/run/history.ts';
import { runName } from '../../../src/run/names.ts';
import { RUN_SERIES } from '../../../src/run/series.ts';
import {
  applyEvent,
  currentCounters,
  finishedIterations,
  flagsDown,
  foldEvents,
  goalpostStates,
  newlySolved,
  type IterationState,
  type RunState,
  roleMeans,
  summarizeEvaluation,
} from '../../../src/run/state.ts';
import { exampleEvents } from '../../fixtures/events.ts';

const append = (events: RunEvent[], ...bodies: RunEventBody[]): RunEvent[] => [
  ...events,
  ...bodies.map((body, i) => ({ ...body, seq: events.length + i, at: 0 })),
];

describe('foldEvents', () => {
  const events = exampleEvents({ iterations: 12, seed: 3 });
  const state = foldEvents(events)!;

  it('is null for an empty log and refuses one without a beginning', () => {
    expect(foldEvents([])).toBeNull();
    expect(() => foldEvents(events.slice(1))).toThrow(/run-started/);
  });

  it('keeps every proposal with its trials, its reward and its links', () => {
    const proposed = events.filter((event) => event.type === 'proposed');
    const stones = state.iterations.flatMap((iteration) => iteration.stones);
    expect(stones.map((stone) => stone.id)).toEqual(proposed.map((event) => event.proposal.id));
    const lifts = stones.filter((stone) => stone.proposal.role === 'lift');
    expect(lifts.length).toBeGreaterThan(3);
    for (const lift of lifts) {
      const lemma = stones.find((stone) => stone.id === lift.proposal.parent)!;
      expect(lemma.accepted).toBe(true);
      expect(lemma.proposal.goalpost).toBe(lift.proposal.goalpost);
    }
    for (const event of events) {
      if (event.type !== 'rewarded') continue;
      const stone = stones.find((candidate) => candidate.id === event.proposal)!;
      expect(stone).toMatchObject({
        passRate: event.passRate,
        reward: event.reward,
        accepted: event.accepted,
      });
      expect(stone.trials[0]!.task).toBe('induction');
    }
    expect(stones.some((stone) => stone.proposal.fault && stone.reward === undefined)).toBe(true);
    expect(stones.some((stone) => stone.trials.length === 2)).toBe(true);
  });

  it('keeps what hindsight learned, and which goalposts a proposal answers', () => {
    const iteration = finishedIterations(state) + 1;
    const proposal = {
      ...state.iterations[0]!.stones.find((stone) => stone.proposal.question)!.proposal,
      id: `${iteration}.lemma.0`,
    };
    const learned = { sequences: 3, replayed: 2, tokens: 40, logprob: -2.5 };
    const more = foldEvents(
      append(
        events,
        { type: 'iteration-started', iteration, goalposts: [], axes: [] },
        { type: 'proposed', iteration, proposal },
        {
          ...{ type: 'rewarded', iteration, proposal: proposal.id, passRate: 0, reward: 0, accepted: false },
          reaches: ['a'],
        },
        { type: 'hindsight', iteration, ...learned, remembered: ['x'], mastered: ['y', 'z'] },
      ),
    )!;
    const last = more.iterations.at(-1)!;
    expect(last.stones[0]).toMatchObject({ reaches: ['a'] });
    expect(last.hindsight).toEqual({ ...learned, mastered: 2 });
    expect(state.iterations[0]).not.toHaveProperty('hindsight');
  });

  it('does not let a converted task change the pass rate that was rewarded', () => {
    const converted = events.find((event) => event.type === 'attempted' && event.task !== 'induction')!;
    if (converted.type !== 'attempted') throw new Error('unreachable');
    const stone = state.iterations
      .flatMap((iteration) => iteration.stones)
      .find((candidate) => candidate.proposal.question?.id === converted.question)!;
    expect(stone.passRate).toBe(stone.trials.find((trial) => trial.task === 'induction')!.passRate);
  });

  it('voids what an interrupted iteration left behind', () => {
    const whole = foldEvents(events)!;
    const interrupted = exampleEvents({ iterations: 13, seed: 3, interrupted: true });
    expect(foldEvents(interrupted)!.iterations).toHaveLength(13);
    const resumed = foldEvents(append(interrupted, { type: 'resumed', after: 12, policy: whole.policy! }))!;
    expect(resumed.iterations).toEqual(whole.iterations);
    expect(resumed.checkpoints).toEqual(whole.checkpoints);
  });

  it('carries name and notes, which make it no younger', () => {
    const told = foldEvents(
      append(events, { type: 'renamed', name: 'Ünïcode' }, { type: 'noted', text: 'one\ntwo' }),
    )!;
    expect(told).toMatchObject({ name: 'Ünïcode', notes: 'one\ntwo', updatedAt: state.updatedAt });
  });

  it('keeps the kept checkpoints and the newest one', () => {
    expect(state.checkpoints.map((checkpoint) => checkpoint.iteration)).toEqual([0, 10, 12]);
  });

  it('carries the counters of the last complete iteration', () => {
    const finished = events.filter((event) => event.type === 'iteration-finished');
    expect(currentCounters(state)).toEqual(finished.at(-1)!.counters);
    const cut = foldEvents(exampleEvents({ iterations: 12, seed: 3, interrupted: true }))!;
    expect(currentCounters(cut)).toEqual(finished.at(-2)!.counters);
    expect(finishedIterations(cut)).toBe(11);
  });
});

describe('whether proposals follow their axis', () => {
  const events = exampleEvents({ iterations: 3, seed: 3, goalposts: 2 });
  const [start] = events;
  if (start?.type !== 'run-started') throw new Error('A log begins with its run.');
  const [goalpost] = start.goalposts;
  const other = 'def f(x):\n    return x';
  const propose = (id: string, made: Partial<Question>, links: Partial<Proposal>): RunEventBody => ({
    type: 'proposed',
    iteration: 1,
    proposal: { ...{ id, role: 'lemma', text: '' }, question: { ...goalpost!, id, ...made }, ...links },
  });
  const begun = [
    ...events.slice(0, 2),
    ...(
      [
        { type: 'iteration-started', iteration: 1, goalposts: [], axes: [] },
        propose(
          '1.lemma.0',
          { inputs: ['[0]'], outputs: ['[0]'], shown: 1 },
          { axis: 'io', goalpost: goalpost!.id },
        ),
        propose('1.lemma.1', { program: other }, { axis: 'io', goalpost: goalpost!.id }),
        propose('1.lemma.2', { program: other }, { axis: 'f', goalpost: goalpost!.id }),
        // A lift is held to its lemma, whose inputs were others than the goalpost's.
        propose('1.lift.3', {}, { axis: 'f', goalpost: goalpost!.id, parent: '1.lemma.0' }),
        propose('1.unguided.4', {}, {}),
        propose('1.lemma.5', {}, { axis: 'io', goalpost: 'not of this run' }),
      ] satisfies RunEventBody[]
    ).map((body) => ({ ...body, seq: 0, at: 0 })),
  ];
  const iteration = foldEvents(begun as RunEvent[])!.iterations[0]!;

  it('tells of each by what it was made from, and of no other', () => {
    const told = iteration.stones.map(({ followed }) => followed);
    expect(told).toEqual([true, false, true, false, undefined, undefined]);
  });

  it('counts them by axis in the series of a run', () => {
    expect(RUN_SERIES['followed, io'].value(iteration)).toBe(1 / 2);
    expect(RUN_SERIES['followed, f'].value(iteration)).toBe(1 / 2);
    expect(RUN_SERIES['followed, f'].value({ ...iteration, stones: [] })).toBeUndefined();
  });
});

describe('applyEvent', () => {
  it('changes nothing in the state it was given', () => {
    const events = exampleEvents({ iterations: 3 });
    const freeze = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
      Object.freeze(value);
      for (const inner of Object.values(value)) freeze(inner);
    };
    let state: RunState | null = null;
    for (const event of events) {
      state = applyEvent(state, event);
      freeze(state);
    }
    expect(state).toEqual(foldEvents(events));
  });

  it('shares the iterations that an event does not touch', () => {
    const events = exampleEvents({ iterations: 3 });
    const before = foldEvents(events.slice(0, -1))!;
    const after = applyEvent(before, events.at(-1)!);
    expect(after.iterations[1]).toBe(before.iterations[1]);
    expect(after.iterations[2]).not.toBe(before.iterations[2]);
  });
});

describe('goalpostStates', () => {
  const events = append(
    exampleEvents({ iterations: 0, goalposts: 3 }).filter((event) => event.type !== 'evaluated'),
    {
      type: 'evaluated',
      iteration: 0,
      samples: 10,
      passed: { 'goalpost-0': 0, 'goalpost-1': 1, 'goalpost-2': 0 },
    },
    {
      type: 'evaluated',
      iteration: 5,
      samples: 10,
      passed: { 'goalpost-0': 2, 'goalpost-1': 0, 'goalpost-2': 0 },
      right: { 'goalpost-0': 'def f(x):\n    return x' },
    },
    {
      type: 'evaluated',
      iteration: 10,
      samples: 10,
      passed: { 'goalpost-0': 0, 'goalpost-1': 3 },
      logprobs: { 'goalpost-0': -7, 'goalpost-2': -9 },
      cases: { 'goalpost-1': 0.4 },
    },
  );
  const state = foldEvents(events)!;

  it('marks the first success after training, not the luck of the starting model', () => {
    expect(goalpostStates(state).map((goalpost) => goalpost.solvedAt)).toEqual([5, 10, undefined]);
  });

  it('has the answer that solved it, where the run recorded one', () => {
    expect(goalpostStates(state).map(({ answer }) => answer)).toEqual([
      'def f(x):\n    return x',
      undefined,
      undefined,
    ]);
    expect(newlySolved(state, 10).map(({ question }) => question.id)).toEqual(['goalpost-1']);
  });

  it('keeps every evaluation that tried the goalpost', () => {
    expect(goalpostStates(state).map((goalpost) => goalpost.tries.map((attempt) => attempt.passed))).toEqual([
      [0, 2, 0],
      [1, 0, 3],
      [0, 0],
    ]);
  });

  it('tells the distance at each evaluation that scored it, and in which order flags came down', () => {
    expect(goalpostStates(state).map(({ distances }) => distances)).toEqual([
      [{ iteration: 10, logprob: -7 }],
      [],
      [{ iteration: 10, logprob: -9 }],
    ]);
    expect(state.evaluations.at(-1)!.cases).toEqual({ 'goalpost-1': 0.4 });
    expect(flagsDown(state).map(({ id, iteration }) => [id, iteration])).toEqual([
      ['goalpost-0', 5],
      ['goalpost-1', 10],
    ]);
  });

  it('summarizes an evaluation over the goalposts that it tried', () => {
    expect(summarizeEvaluation(state.evaluations[1]!)).toEqual({ solved: 1, tried: 3, meanPassRate: 2 / 30 });
    expect(summarizeEvaluation(state.evaluations[2]!)).toEqual({ solved: 1, tried: 2, meanPassRate: 3 / 20 });
  });
});

describe('roleMeans', () => {
  it('averages over the stones of the role that have a number', () => {
    const iteration = foldEvents(exampleEvents({ iterations: 1, seed: 2 }))!.iterations[0]!;
    const lemmas = iteration.stones.filter((stone) => stone.proposal.role === 'lemma');
    const means = roleMeans(iteration, 'lemma');
    expect(means.proposed).toBe(lemmas.length);
    expect(means.accepted).toBe(lemmas.filter((stone) => stone.accepted).length);
    const tried = lemmas.filter((stone) => stone.passRate !== undefined);
    expect(means.passRate).toBeCloseTo(tried.reduce((sum, stone) => sum + stone.passRate!, 0) / tried.length);
    expect(roleMeans({ ...iteration, stones: [] }, 'lemma').passRate).toBeNaN();
  });
});

describe('frontier', () => {
  const frontier = (iterations: readonly IterationState[]) => frontierBy(iterations, 'lines');
  const program = (lines: number) =>
    ['def f(x):', ...Array(lines).fill('    x = x[1:]'), '    return x'].join('\n');
  /** Stones of lengths 1 to 5 with exactly the pass rates of a student whose frontier is `at`. */
  const iterationAt = (number: number, at: number): IterationState => ({
    iteration: number,
    goalposts: [],
    axes: [],
    startedAt: 0,
    stones: [1, 2, 3, 4, 5].map((lines) => {
      const passRate = 1 / (1 + Math.exp(2 * (lines - at)));
      const attempts = Array(64).fill({ text: '', verdict: 'wrong', reason: '', reward: 0 });
      const question = {
        id: `${number}/${lines}`,
        title: '',
        message: '',
        program: program(lines),
        inputs: [],
        outputs: [],
        shown: 0,
      };
      return {
        id: question.id,
        iteration: number,
        proposal: { id: question.id, role: 'lemma', text: '', question },
        trials: [{ task: 'induction', attempts, passRate }],
        passRate,
        accepted: false,
      };
    }),
  });

  it('counts the lines that do something', () => {
    expect(programLength(program(3))).toBe(3);
    expect(programLength('def f(x):\n\n    # nothing\n    return sorted(x)')).toBe(1);
  });

  it('finds the length at which half of the answers pass', () => {
    for (const at of [1.5, 2.4, 3.7]) expect(frontier([iterationAt(1, at)])[0]!.half).toBeCloseTo(at, 1);
  });

  it('follows a student who gets better, and skips iterations without stones', () => {
    const weak = Array.from({ length: 12 }, (_, i) => iterationAt(i + 1, 1.5));
    const strong = Array.from({ length: 12 }, (_, i) => iterationAt(i + 14, 3.5));
    const points = frontier([...weak, { ...iterationAt(13, 1), stones: [] }, ...strong]);
    expect(points.map((point) => point.iteration)).not.toContain(13);
    expect(points.at(-1)!.half).toBeCloseTo(3.5, 1);
  });

  it('is the same whether iterations came one by one, all at once, or after other ones', () => {
    const fresh = () => foldEvents(exampleEvents({ iterations: 15, seed: 4 }))!.iterations;
    const whole = frontier(fresh());
    const grown = fresh();
    for (let length = 1; length <= 15; length++)
      expect(frontier(grown.slice(0, length))).toEqual(
        whole.slice(0, frontier(grown.slice(0, length)).length),
      );
    expect(frontier(grown)).toEqual(whole);
    // The same iterations after another beginning are fitted anew, and do not spoil what was.
    const other = frontier([iterationAt(1, 4), ...grown.slice(1)]);
    expect(other[3]).not.toEqual(whole[3]);
    expect(frontier(grown)).toEqual(whole);
  });

  it('claims nothing beyond what was tried', () => {
    const easy = iterationAt(1, 50);
    expect(frontier([{ ...easy, stones: easy.stones.slice(0, 1) }])[0]!.half).toBeLessThanOrEqual(2);
  });
});

describe('runName', () => {
  it('says the method and counts its runs, whatever others are called', () => {
    expect(runName('gasp')).toBe('GASP 1');
    expect(
      runName('gasp', ['GASP 1', 'AZR 7', 'GASP 12', 'GASP 12b', 'GASP + hindsight 20', 'quiet-ridge']),
    ).toBe('GASP 13');
    expect(runName('gasp-hindsight', ['GASP 1'])).toBe('GASP + hindsight 1');
  });
});

describe('what is measured and trained on besides proposals', () => {
  const events = exampleEvents({ iterations: 2 });

  it('joins the parts of one measurement and keeps others apart', () => {
    const part = (iteration: number, samples: number, answers: Record<string, string>): RunEventBody => ({
      type: 'measured',
      iteration,
      split: 'heldout',
      samples,
      answers,
    });
    const state = foldEvents(
      append(events, part(2, 3, { a: '010' }), part(1, 3, { a: '000' }), part(2, 3, { b: '111' })),
    )!;
    expect(state.measurements).toEqual([
      { iteration: 2, split: 'heldout', samples: 3, answers: { a: '010', b: '111' } },
      { iteration: 1, split: 'heldout', samples: 3, answers: { a: '000' } },
    ]);
  });

  it('keeps the pass rates of the bank’s own questions', () => {
    const [first, ...rest] = events;
    if (first?.type !== 'run-started') throw new Error('no beginning');
    const question = { ...first.goalposts[0]!, id: 'real-1' };
    const attempted: RunEventBody = {
      type: 'attempted',
      iteration: 2,
      question: 'real-1',
      task: 'induction',
      attempts: [],
      passRate: 0.25,
    };
    const state = foldEvents(append([{ ...first, questions: [question] }, ...rest], attempted))!;
    expect(state.iterations.at(-1)!.real).toEqual([{ question: 'real-1', passRate: 0.25 }]);
  });
});

describe('what a person kept', () => {
  const before = exampleEvents({ iterations: 2 });
  const stone = foldEvents(before)!.iterations[1]!.stones.find(
    (candidate) => candidate.passRate !== undefined,
  )!;
  const { attempts, passRate } = stone.trials[0]!;
  const question = { ...stone.proposal.question!, id: '2.taught.0' };
  const proposal = { ...stone.proposal, id: '2.taught.0', question };
  const taught = {
    type: 'taught',
    iteration: 2,
    proposal,
    attempts,
    passRate,
    reward: 1,
    accepted: true,
  } as const;
  const attempted = { type: 'attempted', iteration: 3, question: '2.taught.0', task: 'induction' } as const;
  const events = append(
    before,
    taught,
    { type: 'iteration-started', iteration: 3, goalposts: [], axes: [] },
    { ...attempted, attempts, passRate: 1 },
  );

  it('stands apart from what the model proposed, with the practice on it', () => {
    const [plain, state] = [foldEvents(before)!, foldEvents(events)!];
    expect(state.iterations.slice(0, 2)).toEqual(plain.iterations);
    expect(state.taught).toHaveLength(1);
    expect(state.taught[0]).toMatchObject({ id: '2.taught.0', iteration: 2, passRate, reward: 1 });
    expect(state.taught[0]!.trials.map((trial) => [trial.passRate, trial.practisedIn])).toEqual([
      [passRate, undefined],
      [1, 3],
    ]);
  });

  it('has what it did after the iteration that trained on it', () => {
    const learned = { iteration: 3, samples: 4, passed: 3, goalpost: { before: -9, after: -8 } };
    const after = append(events, { type: 'taught-tried', question: '2.taught.0', ...learned });
    expect(foldEvents(after)!.taught[0]).toEqual({ ...foldEvents(events)!.taught[0], learned });
  });

  it('survives an interrupted iteration, counts as accepted, and waits for the next one', () => {
    const policy = { model: 'embedded', backend: 'cpu', parameters: 1, trainable: 1 };
    const resumed = append(events, { type: 'resumed', after: 2, policy });
    expect(foldEvents(resumed)!.taught.map(({ trials }) => trials.length)).toEqual([1]);
    expect(acceptedQuestions(resumed, 2).at(-1)).toEqual(question);
    const { goalpost } = proposal;
    expect(taughtProposals(resumed, 2)).toEqual([{ question, ...(goalpost && { goalpost }) }]);
    expect(taughtProposals(resumed, 3)).toEqual([]);
  });
});
