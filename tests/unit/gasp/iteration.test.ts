import { beforeAll, describe, expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { answers } from '../../../src/dialects/micro/microText.ts';
import type { Operation } from '../../../src/dialects/micro/operations.ts';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { type IterationResult, runIteration } from '../../../src/gasp/iteration.ts';
import { NoveltyBuffer } from '../../../src/gasp/novelty.ts';
import type { Question } from '../../../src/gasp/question.ts';
import { relevance } from '../../../src/gasp/selfGuided.ts';
import type { Settings } from '../../../src/gasp/settings.ts';
import type { RunEventBody } from '../../../src/run/events.ts';
import { inputs, MicroJudge, playingPolicy, program, question, ScriptedPolicy } from './microWorld.ts';

const dialect = microDialect();
const goalpost = (id: string, ...ids: string[]) => question(id, program(...ids), inputs);
const goalposts = [
  goalpost('A', 'sort', 'drop-first', 'reverse', 'append-maximum'),
  goalpost('B', 'dedupe', 'drop-last', 'rotate-left', 'append-maximum'),
];
const settings: Settings = {
  ...DEFAULT_SETTINGS,
  method: 'gasp',
  goalpostsPerIteration: 2,
  rollouts: 8,
  axes: ['f'],
  convertTasks: false,
  replay: 0,
  liftsPerLemma: 1,
  unguidedShare: 0,
  noveltyWindow: 0,
  studentTrainsOn: 'accepted',
  teacherWeight: 1,
};

async function iterate(
  policy: ScriptedPolicy,
  changes: Partial<Settings> = {},
  accepted = new NoveltyBuffer(),
  questions: Question[] = [],
) {
  const events: RunEventBody[] = [];
  const input = { settings: { ...settings, ...changes }, goalposts, questions, iteration: 1, accepted };
  const tools = { policy, judge: new MicroJudge(), dialect };
  const result = await runIteration(input, tools, async (more) => {
    expect(more, 'a journal takes no empty append').not.toEqual([]);
    events.push(...more);
  });
  return { events, result };
}
const of = <T extends RunEventBody['type']>(events: RunEventBody[], type: T) =>
  events.filter((e): e is Extract<RunEventBody, { type: T }> => e.type === type);

/** Answers by prompt; for a question, `rate` says how many of 8 samples are right. */
function table() {
  const texts = new Map<string, (sample: number) => string>();
  const say = (prompt: unknown, text: (sample: number) => string) => texts.set(prompt as string, text);
  const wrong = answers.traced(program('negate'), [1]);
  return {
    propose: (prompt: unknown, lines: Operation[], from = inputs) =>
      say(prompt, () => answers.proposal(lines, from)),
    say,
    solve: (lines: Operation[], right: number) => {
      const prompt = dialect.solvePrompt({ type: 'induction', question: question('', lines, inputs) });
      say(prompt, (sample) => (sample < right ? answers.traced(lines, [1]) : wrong));
    },
    policy: () =>
      new ScriptedPolicy(() => (prompt, sample) => {
        const text = texts.get(prompt);
        if (!text) throw new Error(`Nobody expected this prompt:\n${prompt}`);
        return text(sample);
      }),
  };
}

describe('a guided iteration, followed by hand', () => {
  const lemma = program('sort', 'drop-first');
  const lift = program('sort', 'drop-first', 'reverse');
  const t = table();
  t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), lemma);
  t.say(dialect.lemmaPrompt(goalposts[1]!, 'f'), () => 'gibberish');
  t.solve(lemma, 4);
  t.propose(dialect.liftPrompt(question('', lemma, inputs), 'f'), lift);
  t.solve(lift, 1);
  const policy = t.policy();
  let events: RunEventBody[];
  let result: IterationResult;
  beforeAll(async () => {
    ({ events, result } = await iterate(policy));
  });

  test('emits its events in order', () => {
    expect(events.map((e) => e.type)).toEqual([
      'iteration-started',
      'proposed',
      'proposed',
      'attempted',
      'rewarded',
      'proposed',
      'attempted',
      'rewarded',
      'updated',
    ]);
    expect(new Set(of(events, 'iteration-started')[0]!.goalposts)).toEqual(new Set(['A', 'B']));
  });
  test('the interpreter’s outputs, the pass rates, the rewards and the bands', () => {
    const proposed = of(events, 'proposed').map((e) => e.proposal);
    const good = proposed.find((p) => p.role === 'lemma' && p.question)!;
    expect(good).toMatchObject({ goalpost: 'A', axis: 'f', similarity: 0 });
    expect(good.question!.outputs[0]).toBe('[1, 2, 3]');
    expect(proposed.find((p) => p.goalpost === 'B')).toMatchObject({ fault: { kind: 'unparsable' } });
    expect(proposed[2]).toMatchObject({ role: 'lift', axis: 'f', goalpost: 'A', parent: good.id });
    const [first, second] = of(events, 'rewarded');
    expect(first).toMatchObject({ proposal: good.id, passRate: 0.5, reward: 1, accepted: true });
    expect(second).toMatchObject({ passRate: 0.125, accepted: true });
    expect(second!.reward).toBeCloseTo(1.25 * (0.875 / 0.9) ** 9, 12);
    expect(result.accepted.map((q) => q.id)).toEqual([first!.proposal, second!.proposal]);
  });
  test('both roles are trained in one update: right answers by their question’s pass rate, proposals of either sign', () => {
    expect(policy.updates).toHaveLength(1);
    const weights = policy.updates[0]!.batch.map((s) => s.advantage);
    // The good lemma against the unreadable one: mean 0, sd 1. A lone lift has nothing to be compared
    // with. Then 4 answers at p = 1/2 and one at p = 1/8.
    expect(weights).toEqual([1, -1, 1, 1, 1, 1, Math.sqrt(7)].map((x) => expect.closeTo(x, 12)));
    // What of the lemma's text says nothing about its reward takes no part.
    const good = of(events, 'proposed').find((e) => e.proposal.question)!.proposal;
    const [lemma, , answer] = policy.updates[0]!.batch;
    expect(lemma!.tokens).toHaveLength(dialect.creditedTokens!(good.text));
    expect(lemma!.logprobs).toHaveLength(lemma!.tokens.length);
    expect(answer!.tokens.length).toBeGreaterThan(lemma!.tokens.length);
    expect(of(events, 'updated')[0]).toMatchObject({
      sequences: 7,
      groups: [
        { role: 'lemma', task: 'proposal', rollouts: 2, meanReward: 0 },
        { role: 'lift', task: 'proposal', rollouts: 1 },
        { role: 'solver', task: 'induction', rollouts: 16 },
      ],
    });
  });
  test('counts every token sampled, and those trained on', () => {
    const sampled = [
      ...of(events, 'proposed').map((e) => e.proposal.text),
      ...of(events, 'attempted').flatMap((e) => e.attempts.map((a) => a.text)),
    ];
    expect(result.tokensSampled).toBe(sampled.join('').length);
    expect(result.tokensTrained).toBe(policy.updates[0]!.batch.reduce((n, s) => n + s.tokens.length, 0));
  });
  test('all proposals of a phase are sampled together, and so are all rollouts', () => {
    expect(policy.requests.map((r) => r.samples)).toEqual([1, 1, 8, 1, 8]);
  });
});

test('a copy is rejected: of an earlier question, of its parent, and within a batch', async () => {
  const lemma = program('sort', 'drop-first');
  const t = table();
  t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), lemma);
  t.propose(dialect.lemmaPrompt(goalposts[1]!, 'f'), lemma, [...inputs].reverse());
  t.solve(lemma, 4);
  const reversed = dialect.solvePrompt({
    type: 'induction',
    question: question('', lemma, [...inputs].reverse()),
  });
  t.say(reversed, (sample) =>
    answers.traced(program(...(sample < 4 ? ['sort', 'drop-first'] : ['negate'])), [1]),
  );
  t.propose(dialect.liftPrompt(question('', lemma, inputs), 'f'), lemma, [...inputs].reverse());
  t.propose(dialect.liftPrompt(question('', lemma, [...inputs].reverse()), 'f'), lemma);
  const kinds = (events: RunEventBody[]) =>
    of(events, 'proposed').map((e) => e.proposal.fault?.kind ?? 'valid');
  const { events, result } = await iterate(t.policy());
  expect(kinds(events)).toEqual(['valid', 'copy', 'copy']);
  const fault = of(events, 'proposed')[1]!.proposal;
  expect(fault.similarity).toBeGreaterThan(0.95);
  expect(fault.fault!.message).toContain('100% similar to question 1.lemma.0');
  const again = await iterate(t.policy(), {}, new NoveltyBuffer(result.accepted));
  expect(kinds(again.events)).toEqual(['copy', 'copy']);
  // What was accepted longer ago than the window reaches may come again.
  const others = ['reverse', 'dedupe'].map((id) => question(id, program(id), inputs));
  const buffer = new NoveltyBuffer([...result.accepted, ...others]);
  const forgotten = await iterate(t.policy(), { noveltyWindow: 2 }, buffer);
  expect(kinds(forgotten.events)).toEqual(['valid', 'copy', 'copy']);
  expect(kinds((await iterate(t.policy(), { noveltyWindow: 0 }, buffer)).events)).toEqual(['copy', 'copy']);
  // Off: nothing is a copy.
  const off = await iterate(t.policy(), { noveltyThreshold: 1 });
  expect(kinds(off.events)).toEqual(['valid', 'valid', 'valid', 'valid']);
});

test('out-of-band questions are paid -0.5 and get no lift; the student trains on them only if asked to', async () => {
  const [easy, hard] = [program('sort'), program('reverse', 'drop-first')];
  const t = table();
  t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), easy);
  t.propose(dialect.lemmaPrompt(goalposts[1]!, 'f'), hard);
  t.solve(easy, 7);
  t.solve(hard, 0);
  const accepted = await iterate(t.policy());
  expect(of(accepted.events, 'rewarded').map((e) => [e.reward, e.accepted])).toEqual([
    [-0.5, false],
    [-0.5, false],
  ]);
  expect(of(accepted.events, 'updated')[0]).toMatchObject({ sequences: 0, stats: { steps: 0 } });
  const valid = await iterate(t.policy(), { studentTrainsOn: 'valid' });
  expect(of(valid.events, 'updated')[0]!.sequences).toBe(7);
  expect(valid.result.accepted).toEqual([]);
  // A KL penalty holds back what is trained on, and costs no other texts.
  const held = await iterate(t.policy(), { studentTrainsOn: 'valid', klWeight: 0.1 });
  expect(of(held.events, 'updated')[0]!.sequences).toBe(7);
});

test('azr proposes without goalposts, from earlier questions, and makes no lifts', async () => {
  const policy = playingPolicy();
  const { events } = await iterate(policy, { method: 'azr', goalpostsPerIteration: 6 });
  expect(of(events, 'iteration-started')[0]).toMatchObject({ goalposts: [], axes: [] });
  const proposed = of(events, 'proposed').map((e) => e.proposal);
  expect(proposed.map((p) => p.role)).toEqual(new Array(6).fill('unguided'));
  expect(proposed.every((p) => p.axis === undefined && p.goalpost === undefined)).toBe(true);
  for (const { passRate, reward, accepted } of of(events, 'rewarded')) {
    expect(reward).toBe(passRate === 0 || passRate === 1 ? 0 : 1 - passRate);
    expect(accepted).toBe(reward > 0);
  }
});

test('real-data RL proposes nothing and trains on the bank’s own questions; with GASP they take half', async () => {
  const bank = Array.from({ length: 9 }, (_, i) => question(`q${i}`, program('sort', 'drop-first'), inputs));
  const alone = await iterate(
    playingPolicy(),
    { method: 'real', goalpostsPerIteration: 6 },
    new NoveltyBuffer(),
    bank,
  );
  expect(alone.events.map((e) => e.type)).toEqual([
    'iteration-started',
    ...new Array(6).fill('attempted'),
    'updated',
  ]);
  const tried = of(alone.events, 'attempted').map((e) => e.question);
  expect(new Set(tried).size).toBe(6);
  expect(alone.result.accepted).toEqual([]);
  expect(alone.result.tokensSampled).toBeGreaterThan(0);
  expect(of(alone.events, 'updated')[0]!.groups).toMatchObject([
    { role: 'solver', task: 'induction', rollouts: 48 },
  ]);

  const both = await iterate(
    playingPolicy(),
    { method: 'gasp+real', goalpostsPerIteration: 6 },
    new NoveltyBuffer(),
    bank,
  );
  expect(of(both.events, 'proposed').filter((e) => e.proposal.role === 'lemma')).toHaveLength(3);
  expect(of(both.events, 'attempted').filter((e) => e.question.startsWith('q'))).toHaveLength(3);
});

describe('one step', () => {
  const lemma = program('sort', 'drop-first');
  const attempt = async (method: 'one-step-medium' | 'one-step-hard', right: number) => {
    const t = table();
    for (const goalpost of goalposts) t.say(dialect.lemmaPrompt(goalpost, 'f'), () => 'gibberish');
    t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), lemma);
    t.solve(lemma, right);
    const { events } = await iterate(t.policy(), { method });
    expect(of(events, 'proposed').map((e) => e.proposal.role)).toEqual(['lemma', 'lemma']);
    return of(events, 'rewarded')[0]!;
  };
  test('medium pays a variant as a lemma and makes no lift of it', async () => {
    expect(await attempt('one-step-medium', 4)).toMatchObject({ passRate: 0.5, reward: 1, accepted: true });
    expect(await attempt('one-step-medium', 1)).toMatchObject({ reward: -0.5, accepted: false });
  });
  test('hard pays it as a lift', async () => {
    const { reward, accepted } = await attempt('one-step-hard', 1);
    expect(reward).toBeCloseTo(1.25 * (0.875 / 0.9) ** 9, 12);
    expect(accepted).toBe(true);
    expect(await attempt('one-step-hard', 5)).toMatchObject({ reward: -0.5, accepted: false });
  });
});

describe('self-guided self-play', () => {
  const [A, B] = [
    program('sort', 'drop-first', 'reverse', 'append-maximum'),
    program('dedupe', 'drop-last', 'rotate-left', 'append-maximum'),
  ];
  const lemma = program('sort', 'drop-first');

  test('a goalpost that is solved gets no lemma, and the student trains on its right answers', async () => {
    const t = table();
    t.solve(A, 1);
    t.solve(B, 0);
    t.propose(dialect.lemmaPrompt(goalposts[1]!, 'f'), lemma);
    t.solve(lemma, 2);
    const policy = t.policy();
    const { events, result } = await iterate(policy, { method: 'sgs' });
    expect(of(events, 'iteration-started')[0]!.goalposts.toSorted()).toEqual(['A', 'B']);
    expect(of(events, 'proposed').map(({ proposal }) => proposal.goalpost)).toEqual(['B']);
    const tried = of(events, 'attempted').map(({ question, passRate }) => [question, passRate]);
    expect(Object.fromEntries(tried)).toEqual({ A: 1 / 8, B: 0, '1.lemma.0': 1 / 4 });
    // One proposal has nothing to be compared with; right answers weigh 1 where at most half are right.
    expect(policy.updates[0]!.batch.map((s) => s.advantage)).toEqual([1, 1, 1]);
    expect(result.accepted.map(({ id }) => id)).toEqual(['1.lemma.0']);
    const sampled = policy.requests.reduce((sum, { samples }) => sum + samples, 0);
    expect(sampled).toBe(2 * 8 + 1 + 8);
  });

  test('hardness times the guide’s score is the pay; what cannot be used gets nothing, and no push back', async () => {
    const t = table();
    for (const lines of [A, B]) t.solve(lines, 0);
    t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), lemma);
    t.say(dialect.lemmaPrompt(goalposts[1]!, 'f'), () => '');
    t.solve(lemma, 2);
    const policy = t.policy();
    const { events } = await iterate(policy, { method: 'sgs' });
    const [rewarded] = of(events, 'rewarded');
    expect(rewarded!.reward).toBeCloseTo(0.75 * relevance(question('', lemma, inputs), goalposts[0]!), 12);
    const { batch } = policy.updates[0]!;
    expect(batch.map((s) => s.advantage)).toEqual([1, 1, 1]);
  });
});

describe('SOAR', () => {
  const asked = dialect.unguidedPrompt([]);
  const [easy, harder] = [program('sort'), program('negate', 'drop-last')];

  /** Reference answers are the more likely, the more advantage the first weight has had. */
  class Learning extends ScriptedPolicy {
    override async score(sequences: { tokens: number[] }[]): Promise<number[][]> {
      return sequences.map(({ tokens }) => tokens.map((_, i) => (i === 0 ? this.weights[0]! - 10 : 0)));
    }
  }
  /** Four proposals: two programs by turns, one of them of no use, and one text that is none. */
  const play = (right: number) => {
    const wrong = answers.traced(program('negate'), [1]);
    const texts = [answers.proposal(easy, inputs), '', answers.proposal(harder, inputs), ''];
    let proposed = 0;
    const solving = new Map(
      [easy, harder].map((lines, i) => [
        dialect.solvePrompt({ type: 'induction', question: question('', lines, inputs) }) as string,
        (sample: number) => (sample < [right, 8][i]! ? answers.traced(lines, [1]) : wrong),
      ]),
    );
    return new Learning(
      () => (prompt, sample) => (prompt === asked ? texts[proposed++]! : solving.get(prompt)!(sample)),
    );
  };
  const soar = { method: 'soar', goalpostsPerIteration: 4, epochs: 1, learningRate: 0.5 } as const;

  test('a group is paid what an update on it alone gains, which is taken back; the best one is learned', async () => {
    const policy = play(2);
    const { events, result } = await iterate(policy, { ...soar, progressGroups: 4 });
    // The second question is always solved: nothing to learn, no gain.
    const rewards = of(events, 'rewarded').map(({ reward, accepted }) => [reward, accepted]);
    const [alone, last] = policy.updates;
    expect(policy.updates).toHaveLength(2);
    const gainedBy = (update: typeof alone) => {
      let first = 0;
      update!.batch.forEach(({ advantage }, i) => {
        if ((i + update!.options.seed) % 4 === 0) first += advantage * 0.5;
      });
      return first;
    };
    expect(rewards[0]![0]).toBeCloseTo(gainedBy(alone), 5);
    expect(rewards[1]).toEqual([0, false]);
    expect(rewards[0]![0]).toBeGreaterThan(0.1);
    expect(rewards[0]![1]).toBe(true);
    expect(result.accepted.map(({ id }) => id)).toEqual(['1.unguided.0']);
    // Only what the last update did is left, and both updates count.
    expect(policy.weights[0]).toBeCloseTo(gainedBy(last), 5);
    const tokens = policy.updates.flatMap(({ batch }) => batch.map((s) => s.tokens.length));
    expect(result.tokensTrained).toBe(tokens.reduce((a, b) => a + b, 0));
    // The teacher learns from what could be used, of either sign: one above the other.
    const ofTeacher = of(events, 'updated')[0]!.groups.find(({ role }) => role === 'unguided');
    expect(ofTeacher!.rollouts).toBe(2);
  });

  test('questions of one group share its pay', async () => {
    const policy = play(4);
    const { events } = await iterate(policy, { ...soar, progressGroups: 2 });
    const [first, second] = of(events, 'rewarded');
    expect(first!.reward).toBe(second!.reward);
  });

  test('by passing answers, goalposts are tried before and after, and count as tokens', async () => {
    const lines = [
      program('sort', 'drop-first', 'reverse', 'append-maximum'),
      program('dedupe', 'drop-last', 'rotate-left', 'append-maximum'),
    ];
    const prompts = lines.map((l) =>
      dialect.solvePrompt({ type: 'induction', question: question('', l, inputs) }),
    );
    const inner = play(4);
    // One goalpost in eight answers once anything was learned.
    const policy: ScriptedPolicy = new ScriptedPolicy(() => (prompt, sample, seed) => {
      const at = prompts.indexOf(prompt);
      if (at < 0) return inner.answerTo(prompt, sample, seed);
      const right = at === 0 && sample === 0 && policy.weights.some((w) => w !== 0);
      return answers.traced(right ? lines[at]! : program('negate'), [1]);
    });
    const { events, result } = await iterate(policy, { ...soar, progressGroups: 4, progressBy: 'passes' });
    expect(of(events, 'rewarded').map(({ reward, accepted }) => [reward, accepted])).toEqual([
      [1 / 16, true],
      [0, false],
    ]);
    expect(result.accepted).toHaveLength(1);
    const sampled = policy.requests.reduce((sum, { samples }) => sum + samples, 0);
    // Proposals, their questions, and two goalposts before and after.
    expect(sampled).toBe(4 + 2 * 8 + 2 * 2 * 8);
    expect(of(events, 'attempted')).toHaveLength(2);
  });
});

test('a chain goes on from each accepted lift', async () => {
  const chain = [
    program('sort', 'drop-first'),
    program('sort', 'drop-first', 'reverse'),
    program('sort', 'drop-first', 'reverse', 'drop-last'),
    program('sort', 'drop-first', 'reverse', 'drop-last', 'append-maximum'),
  ];
  const t = table();
  t.say(dialect.lemmaPrompt(goalposts[1]!, 'f'), () => 'gibberish');
  t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), chain[0]!);
  t.solve(chain[0]!, 4);
  for (let i = 1; i < chain.length; i++) {
    t.propose(dialect.liftPrompt(question('', chain[i - 1]!, inputs), 'f'), chain[i]!);
    t.solve(chain[i]!, i < 3 ? 1 : 0);
  }
  const { events, result } = await iterate(t.policy(), { method: 'chain-3' });
  const proposed = of(events, 'proposed').flatMap((e) => (e.proposal.question ? [e.proposal] : []));
  expect(proposed.map((p) => p.role)).toEqual(['lemma', 'lift', 'lift', 'lift']);
  expect(proposed.map((p) => p.parent)).toEqual([undefined, ...proposed.slice(0, 3).map((p) => p.id)]);
  expect(of(events, 'rewarded').map((e) => e.accepted)).toEqual([true, true, true, false]);
  expect(result.accepted).toHaveLength(3);
});

test('liftsPerLemma writes several lifts from one lemma; of equal ones the first goes on', async () => {
  const t = table();
  const lemma = program('sort', 'drop-first');
  const lift = program('sort', 'drop-first', 'reverse');
  t.say(dialect.lemmaPrompt(goalposts[1]!, 'f'), () => 'gibberish');
  t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), lemma);
  t.solve(lemma, 4);
  t.propose(dialect.liftPrompt(question('', lemma, inputs), 'f'), lift);
  t.solve(lift, 1);
  const { events, result } = await iterate(t.policy(), { liftsPerLemma: 3 });
  const proposed = of(events, 'proposed').map((e) => e.proposal);
  const parent = proposed.find((p) => p.role === 'lemma' && p.question)!.id;
  const lifts = proposed.filter((p) => p.role === 'lift');
  expect(lifts.map((p) => [p.parent, p.goalpost, p.axis])).toEqual(new Array(3).fill([parent, 'A', 'f']));
  expect(new Set(proposed.map((p) => p.id)).size).toBe(proposed.length);
  expect(lifts.map((p) => p.fault?.kind)).toEqual([undefined, 'copy', 'copy']);
  expect(result.accepted.map((q) => q.id)).toEqual([parent, lifts[0]!.id]);
});

test('unguidedShare mixes unguided proposals in', async () => {
  const { events } = await iterate(playingPolicy(), { unguidedShare: 0.25, goalpostsPerIteration: 8 });
  const first = of(events, 'proposed')
    .map((e) => e.proposal.role)
    .slice(0, 8);
  expect(first).toEqual([...new Array(6).fill('lemma'), 'unguided', 'unguided']);
});

test('convertTasks asks accepted questions as deduction and abduction too, with fresh answers', async () => {
  const { events } = await iterate(playingPolicy(), { convertTasks: true, goalpostsPerIteration: 24 });
  const accepted = of(events, 'rewarded').filter((e) => e.accepted);
  const converted = of(events, 'attempted').filter((e) => e.task !== 'induction');
  expect(accepted.length).toBeGreaterThan(5);
  expect(new Set(converted.map((e) => e.task))).toEqual(new Set(['deduction', 'abduction']));
  for (const { question: id, index, attempts } of converted) {
    expect(accepted.map((e) => e.proposal)).toContain(id);
    expect(index).toBeGreaterThanOrEqual(0);
    expect(attempts).toHaveLength(8);
  }
  // A question is trained on in one form only.
  const groups = of(events, 'updated')[0]!.groups.filter((g) => g.role === 'solver');
  expect(groups.reduce((n, g) => n + g.rollouts, 0)).toBe(8 * accepted.length);
});

test('replay has the student try accepted questions of earlier iterations again, each once', async () => {
  const t = table();
  for (const g of goalposts) t.say(dialect.lemmaPrompt(g, 'f'), () => 'gibberish');
  const earlier = [program('sort'), program('reverse'), program('dedupe')].map((lines, i) => {
    t.solve(lines, 2 * i + 1);
    return question(`earlier ${i}`, lines, inputs);
  });
  const replayed = async (replay: number) => {
    const policy = t.policy();
    const { events } = await iterate(policy, { replay }, new NoveltyBuffer(earlier));
    const attempts = of(events, 'attempted');
    expect(attempts.every((e) => e.task === 'induction' && e.attempts.length === 8)).toBe(true);
    return { ids: attempts.map((e) => e.question).toSorted(), policy, events };
  };
  expect((await replayed(0)).ids).toEqual([]);
  expect(new Set((await replayed(2)).ids).size).toBe(2);
  const { ids, policy, events } = await replayed(9);
  expect(ids).toEqual(['earlier 0', 'earlier 1', 'earlier 2']);
  // Right answers of questions solved with rates 1/8, 3/8 and 5/8, weighed by their own question's rate.
  expect(policy.updates[0]!.batch.map((s) => s.advantage.toFixed(6)).toSorted()).toEqual(
    [1 / 8, 3 / 8, 5 / 8].flatMap((p) => new Array(8 * p).fill(Math.sqrt((1 - p) / p).toFixed(6))).toSorted(),
  );
  expect(of(events, 'updated')[0]!.groups).toMatchObject([
    { role: 'lemma', rollouts: 2 },
    { role: 'solver', task: 'induction', rollouts: 24 },
  ]);
});

test('the lemma’s author reads titles only where it may', async () => {
  const t = table();
  for (const g of goalposts) t.say(dialect.lemmaPrompt({ ...g, title: '' }, 'f'), () => 'gibberish');
  const { events } = await iterate(t.policy(), { teacherReadsTitles: false });
  expect(of(events, 'proposed').map((e) => e.proposal.goalpost)).toEqual(
    of(events, 'iteration-started')[0]!.goalposts,
  );
  await expect(iterate(t.policy(), { teacherReadsTitles: true })).rejects.toThrow('Nobody expected');
});

test('liftSeesGoalpost and teacherWeight do what they say', async () => {
  const lemma = program('sort', 'drop-first');
  const t = table();
  t.propose(dialect.lemmaPrompt(goalposts[0]!, 'f'), lemma);
  t.say(dialect.lemmaPrompt(goalposts[1]!, 'f'), () => '');
  t.solve(lemma, 4);
  t.say(dialect.liftPrompt(question('', lemma, inputs), 'f', goalposts[0]!), () => '');
  const { events } = await iterate(t.policy(), { liftSeesGoalpost: true, teacherWeight: 0 });
  expect(of(events, 'updated')[0]!.groups.map((g) => g.role)).toEqual(['solver']);

  // The lemma does better than its fellow, which cannot be parsed: advantage 1, scaled.
  const weighed = t.policy();
  await iterate(weighed, { liftSeesGoalpost: true, teacherWeight: 0.25 });
  const answers = new Array(4).fill(1);
  expect(weighed.updates[0]!.batch.map((s) => s.advantage).toSorted()).toEqual([-0.25, 0.25, ...answers]);
});

test('same settings, seed and policy: same events; another seed: others', async () => {
  const play = async (seed: number) =>
    (
      await iterate(playingPolicy(), {
        seed,
        goalpostsPerIteration: 8,
        convertTasks: true,
        axes: ['io', 'f'],
      })
    ).events;
  const first = await play(3);
  expect(await play(3)).toEqual(first);
  expect(await play(4)).not.toEqual(first);
});

test('an abort stops it before the update', async () => {
  const policy = playingPolicy();
  const stop = new AbortController();
  const tools = { policy, judge: new MicroJudge(), dialect, signal: stop.signal };
  const input = { settings, goalposts, iteration: 1, accepted: new NoveltyBuffer() };
  const running = runIteration(input, tools, async (events) => {
    if (events[0]?.type === 'proposed') stop.abort(new Error('enough'));
  });
  await expect(running).rejects.toThrow('enough');
  expect(policy.updates).toEqual([]);
});
