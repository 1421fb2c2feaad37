/** Right answers that nobody sampled just now: which are learned, with what weight, and for how long. */
import { afterAll, expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { answers, programSource } from '../../../src/dialects/micro/microText.ts';
import type { Operation } from '../../../src/dialects/micro/operations.ts';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { Replay, review } from '../../../src/gasp/hindsight.ts';
import { runIteration } from '../../../src/gasp/iteration.ts';
import { methodSettings } from '../../../src/gasp/methods.ts';
import { NoveltyBuffer } from '../../../src/gasp/novelty.ts';
import type { WeightedSequence } from '../../../src/gasp/ports.ts';
import type { Question } from '../../../src/gasp/question.ts';
import { goalpostsReached } from '../../../src/gasp/reach.ts';
import type { Settings } from '../../../src/gasp/settings.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';
import type { RunEventBody } from '../../../src/run/events.ts';
import { inputs, MicroJudge, program, question, ScriptedPolicy } from './microWorld.ts';

const dialect = microDialect();
const goalposts = [
  question('A', program('sort', 'drop-first', 'reverse', 'append-maximum'), inputs),
  question('B', program('dedupe', 'drop-last', 'rotate-left', 'append-maximum'), inputs),
];
const settings: Settings = methodSettings({
  ...{ ...DEFAULT_SETTINGS, method: 'gasp-hindsight', goalpostsPerIteration: 2, axes: ['f'] },
  ...{ liftsPerLemma: 1, studentTrainsOn: 'accepted', teacherWeight: 0, hindsightWeight: 1 },
  hindsightInputs: 'own',
});

/** A student that answers each program's question right in so many of 8 answers, and scores an answer as it is told. */
class Student extends ScriptedPolicy {
  readonly texts = new Map<string, (sample: number) => string>();
  /** Probability of a whole answer; e^-1 a token where none is given. */
  readonly probability = new Map<string, number>();

  constructor() {
    super(() => (prompt, sample) => {
      const text = this.texts.get(prompt);
      if (!text) throw new Error(`Nobody expected this prompt:\n${prompt}`);
      return text(sample);
    });
  }

  proposes(goalpost: Question, lines: Operation[], from = inputs): this {
    this.texts.set(dialect.lemmaPrompt(goalpost, 'f') as string, () => answers.proposal(lines, from));
    return this;
  }

  lifts(lemma: Operation[], lines: Operation[]): this {
    const prompt = dialect.liftPrompt(question('', lemma, inputs), 'f') as string;
    this.texts.set(prompt, () => answers.proposal(lines, inputs));
    return this;
  }

  solves(lines: Operation[], right: number, from = inputs): this {
    const prompt = dialect.solvePrompt({ type: 'induction', question: question('', lines, from) }) as string;
    const wrong = answers.traced(program('negate'), [1]);
    this.texts.set(prompt, (sample) => (sample < right ? answers.traced(lines, from[0]!) : wrong));
    return this;
  }

  override async score(sequences: { tokens: number[] }[]): Promise<number[][]> {
    return sequences.map(({ tokens }) => {
      const sum = this.probability.get(String.fromCharCode(...tokens));
      return tokens.map(() => (sum === undefined ? -1 : Math.log(sum) / tokens.length));
    });
  }
}

async function iterate(
  policy: ScriptedPolicy,
  {
    changes = {},
    replay,
    iteration = 1,
    questions = [],
  }: Partial<{
    changes: Partial<Settings>;
    replay: Replay;
    iteration: number;
    questions: Question[];
  }> = {},
) {
  const events: RunEventBody[] = [];
  const result = await runIteration(
    {
      ...{ settings: { ...settings, ...changes }, goalposts, questions, iteration },
      ...{ accepted: new NoveltyBuffer(), ...(replay && { replay }) },
    },
    { policy, judge: new MicroJudge(), dialect },
    async (more) => {
      events.push(...more);
    },
  );
  return { events, result };
}
const of = <T extends RunEventBody['type']>(events: RunEventBody[], type: T) =>
  events.filter((e): e is Extract<RunEventBody, { type: T }> => e.type === type);
const textOf = ({ tokens }: WeightedSequence) => String.fromCharCode(...tokens);

const lemma = program('sort', 'drop-first');
const lift = program('sort', 'drop-first', 'reverse');
const easy = program('sort');
const traced = (lines: Operation[], from = inputs) => answers.traced(lines, from[0]!);

/** A lemma of A with pass rate 1/2 and its lift with 1/8; one of B that is always solved. */
const guided = () =>
  new Student()
    .proposes(goalposts[0]!, lemma)
    .proposes(goalposts[1]!, easy)
    .solves(lemma, 4)
    .solves(easy, 8)
    .lifts(lemma, lift)
    .solves(lift, 1);

test('a valid proposal’s program is learned by the share of answers that were wrong, after the rollouts', async () => {
  const student = guided();
  const { events, result } = await iterate(student);
  const sequences = student.updates[0]!.batch;
  // 4 right answers to the lemma and one to the lift, then their own programs; the easy one needs none.
  expect(sequences.map((s) => [textOf(s), s.advantage])).toEqual([
    ...new Array(4).fill([traced(lemma), expect.closeTo(1, 12)]),
    [traced(lift), expect.closeTo(Math.sqrt(7), 12)],
    [traced(lemma), 0.5],
    [traced(lift), 0.875],
  ]);
  // Log-probabilities under the present policy: PPO's ratio begins at 1.
  expect(sequences.at(-1)!.logprobs).toEqual(Array.from(traced(lift), () => -1));
  const ids = of(events, 'rewarded')
    .filter(({ passRate }) => passRate < 1)
    .map(({ proposal }) => proposal);
  const lengths = [traced(lemma).length, traced(lift).length];
  expect(of(events, 'hindsight')).toEqual([
    {
      ...{ type: 'hindsight', iteration: 1, sequences: 2, replayed: 0, mastered: [], remembered: ids },
      ...{ tokens: lengths[0]! + lengths[1]!, logprob: -(lengths[0]! + lengths[1]!) / 2 },
    },
  ]);
  expect(of(events, 'updated')[0]!.sequences).toBe(7);
  // They count in the run's budget like all that is trained on.
  expect(result.tokensTrained).toBe(sequences.reduce((sum, { tokens }) => sum + tokens.length, 0));
});

test('its weight scales it; without hindsight neither its sequences nor its event is there', async () => {
  const student = guided();
  await iterate(student, { changes: { hindsightWeight: 0.2 } });
  expect(student.updates[0]!.batch.at(-1)!.advantage).toBeCloseTo(0.2 * 0.875, 12);
  const plain = guided();
  const { events } = await iterate(plain, { changes: { method: 'gasp' } });
  expect(of(events, 'hindsight')).toEqual([]);
  expect(plain.updates[0]!.batch).toHaveLength(5);
});

test('a program that answers a goalpost, however it is written, is never learned, and the event names the goalpost', async () => {
  // Both do what goalpost A does.
  const same = program('sort', 'drop-first', 'reverse', 'append-maximum');
  const other = program('sort', 'reverse', 'drop-last', 'append-maximum');
  const apart = inputs.map((input) => input.map((v) => v + 1));
  const student = new Student()
    .proposes(goalposts[0]!, same, apart)
    .proposes(goalposts[1]!, other, apart)
    .solves(same, 1, apart)
    .solves(other, 1, apart);
  const { events } = await iterate(student, { changes: { noveltyThreshold: 1 } });
  expect(of(events, 'rewarded').map(({ reaches }) => reaches)).toEqual([['A'], ['A']]);
  expect(of(events, 'hindsight')).toMatchObject([{ sequences: 0, remembered: [] }]);
});

test('later iterations replay what is not mastered, and the stored events alone say which', async () => {
  const student = guided();
  const first = await iterate(student);
  const replay = new Replay(settings);
  replay.take(first.events);
  expect(replay.remembered.map(({ question: { program: text } }) => text)).toEqual([
    programSource(lemma),
    programSource(lift),
  ]);
  const quiet = { teacherWeight: 0, goalpostsPerIteration: 1, lifts: 0 };
  student.probability.set(traced(lemma), 0.75).set(traced(lift), 0.25);
  student.proposes(goalposts[0]!, easy).proposes(goalposts[1]!, easy);
  const second = await iterate(student, { replay, iteration: 2, changes: quiet });
  // By the probability of the very text, and mastered from one half on.
  const learned = new Map(student.updates[1]!.batch.map((s) => [textOf(s), s.advantage]));
  expect(learned).toEqual(
    new Map([
      [traced(lemma), expect.closeTo(0.25, 6)],
      [traced(lift), expect.closeTo(0.75, 6)],
    ]),
  );
  const [lemmaId] = of(first.events, 'rewarded').map(({ proposal }) => proposal);
  expect(of(second.events, 'hindsight')).toMatchObject([
    { sequences: 2, replayed: 2, mastered: [lemmaId], logprob: expect.closeTo(Math.log(0.1875) / 2, 6) },
  ]);
  // It was not changed on the way; the events change it.
  expect(replay.remembered).toHaveLength(2);
  replay.take(second.events);
  expect(replay.remembered.map(({ question: q }) => q.program)).toEqual([programSource(lift)]);
  const again = new Replay(settings);
  again.take([...first.events, ...second.events]);
  expect(again.remembered).toEqual(replay.remembered);
});

test('with fresh inputs a program comes again on those of other remembered questions, the same when done again', async () => {
  const apart = inputs.map((input) => input.map((v) => v + 10));
  const remembered = [question('r1', lemma, inputs), question('r2', lift, apart)];
  const fresh = { ...settings, hindsightInputs: 'fresh' } as const;
  const replay = new Replay(fresh, remembered);
  replay.take([
    {
      ...{ type: 'hindsight', iteration: 1, sequences: 0, replayed: 0, tokens: 0, logprob: 0 },
      ...{ remembered: ['r1', 'r2'], mastered: [] },
    },
  ]);
  const sequences = async (iteration: number, changes: Settings) => {
    const policy = new Student();
    const { batch } = await review(iteration, [], replay, changes, {
      policy,
      dialect,
      judge: new MicroJudge(),
    });
    return batch.map((s) => [String.fromCharCode(...s.promptTokens), textOf(s)]);
  };
  const [own, again, later] = [
    await sequences(2, fresh),
    await sequences(2, fresh),
    await sequences(3, fresh),
  ];
  expect(own).toHaveLength(2);
  expect(own).toEqual(again);
  expect(own).not.toEqual(later);
  expect(own.map(([prompt]) => prompt)).not.toEqual((await sequences(2, settings)).map(([prompt]) => prompt));
  // Each is answered by its own program, traced on the first of the inputs that it came with.
  const pool = [...inputs, ...apart];
  for (const [, text] of own) {
    expect(pool.flatMap((input) => [lemma, lift].map((lines) => answers.traced(lines, input)))).toContain(
      text,
    );
  }
});

test('an iteration draws some of the newest 512, others than the next one, and the same when done again', () => {
  const of600 = Array.from({ length: 600 }, (_, i) => question(`r${i}`, lemma, inputs));
  const replay = new Replay({ ...settings, hindsightReplay: 8 }, of600);
  replay.take([
    {
      ...{ type: 'hindsight', iteration: 1, sequences: 0, replayed: 0, tokens: 0, logprob: 0 },
      ...{ remembered: of600.map(({ id }) => id), mastered: [] },
    },
  ]);
  const ids = (iteration: number) => replay.draw(iteration).map(({ question: { id } }) => id);
  expect(replay.remembered.map(({ question: { id } }) => id)).toEqual(of600.slice(-512).map(({ id }) => id));
  expect(new Set(ids(2)).size).toBe(8);
  expect(ids(2)).toEqual(ids(2));
  expect(ids(3)).not.toEqual(ids(2));
});

test('real-data RL replays the student’s own right answers from the next iteration on', async () => {
  const real = [question('r1', lemma, inputs), question('r2', easy, inputs), question('r3', lift, inputs)];
  const student = new Student().solves(lemma, 2).solves(easy, 8).solves(lift, 0);
  const changes = { method: 'real-replay', goalpostsPerIteration: 3 } as const;
  const known = methodSettings({ ...settings, ...changes });
  const first = await iterate(student, { changes, questions: real });
  expect(student.updates[0]!.batch).toHaveLength(2);
  expect(of(first.events, 'hindsight')).toMatchObject([{ sequences: 0, remembered: ['r1'] }]);
  const replay = new Replay(known, real);
  replay.take(first.events);
  expect(replay.remembered).toEqual([{ question: real[0], answer: traced(lemma) }]);
  student.solves(lemma, 0);
  await iterate(student, { changes, questions: real, replay, iteration: 2 });
  const [last] = student.updates[1]!.batch;
  expect([textOf(last!), student.updates[1]!.batch.length]).toEqual([traced(lemma), 1]);
});

const judge = new NodeJudge({ limits: { seconds: 1 } });
afterAll(() => judge.dispose());

test('in real Python, a program reaches the goalposts whose every output it gives', async () => {
  const doubling: Question = {
    ...{ id: 'double', title: '', message: '', shown: 1, program: 'def f(x):\n    return 2 * x\n' },
    ...{ inputs: ['1', '2.5', '3'], outputs: ['2', '5.0', '6'] },
  };
  const words: Question = { ...doubling, id: 'words', inputs: ["'a'", "'b'"], outputs: ["'aa'", "'bb'"] };
  const squares: Question = { ...doubling, id: 'squares', inputs: ['2', '3'], outputs: ['4', '9'] };
  const all = [doubling, words, squares];
  expect(
    await goalpostsReached(
      [
        'def f(x):\n    return x + x\n',
        'def f(x):\n    return x * x\n',
        'def f(x):\n    return [x][1]\n',
        "def f(x):\n    while x == 'a': pass\n    return 2 * x\n",
        'def f(x):\n    return x + x\n',
      ],
      all,
      { judge },
    ),
    // What does not end on one of them cannot be told.
  ).toEqual([['double', 'words'], ['squares'], [], null, ['double', 'words']]);
});
