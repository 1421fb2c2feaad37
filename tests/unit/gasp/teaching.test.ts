import { describe, expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { programSource } from '../../../src/dialects/micro/microText.ts';
import { DEFAULT_SETTINGS } from '../../../src/gasp/defaults.ts';
import { NoveltyBuffer } from '../../../src/gasp/novelty.ts';
import { lemmaReward, liftReward } from '../../../src/gasp/rewards.ts';
import { judgeGoalpost, type PersonDraft, tryDraft } from '../../../src/gasp/teaching.ts';
import { MicroJudge, playingPolicy, program, question } from './microWorld.ts';

const lists = [
  [2, 3, 1, -4],
  [5, 3, 4, 8],
  [1, 0, 6, 6],
  [7, 9, -2],
  [0, -1, 4],
];
const inputs = lists.map((list) => `[${list.join(', ')}]`);
const draft: PersonDraft = {
  role: 'lemma',
  axis: 'f',
  goalpost: 'A',
  title: 'sort, then drop the first',
  message: '',
  program: programSource(program('sort', 'drop-first')),
  inputs,
};
const settings = { ...DEFAULT_SETTINGS, rollouts: 32 };
const attempt = (
  changes: Partial<PersonDraft> = {},
  accepted = new NoveltyBuffer(),
  round = 0,
  run: typeof settings = settings,
) =>
  tryDraft(
    { ...draft, ...changes },
    { id: '3.taught.0', settings: run, iteration: 3, round, accepted },
    { policy: playingPolicy(), judge: new MicroJudge(), dialect: microDialect() },
  );

describe('tryDraft', () => {
  test('the student’s answers, the pass rate and what a teacher would have earned', async () => {
    const trial = await attempt();
    expect(trial.proposal).toMatchObject({ id: '3.taught.0', role: 'lemma', axis: 'f', goalpost: 'A' });
    expect(trial.proposal.question!.outputs[0]).toBe('[1, 2, 3]');
    expect(trial.attempts).toHaveLength(32);
    const passed = trial.attempts.filter((a) => a.verdict === 'passed').length;
    expect(passed).toBeGreaterThan(0);
    expect(trial.passRate).toBe(passed / 32);
    expect(trial.reward).toBe(lemmaReward(passed / 32));
    expect(trial.accepted).toBe(passed / 32 >= 0.3 && passed / 32 <= 0.7);
    // The same weights give other answers in another round, and the same in the same.
    const texts = async (round: number) => (await attempt({}, undefined, round)).attempts.map((a) => a.text);
    expect(await texts(0)).toEqual(trial.attempts.map((a) => a.text));
    expect(await texts(1)).not.toEqual(trial.attempts.map((a) => a.text));
  });

  test('where the method pays a first question as a lift, a person is paid so too', async () => {
    const trial = await attempt({}, undefined, 0, { ...settings, lemmaBand: 'lift' });
    expect(trial.reward).toBe(liftReward(trial.passRate!));
  });

  test('a program that is not Python: its line, the format penalty, nothing tried', async () => {
    const trial = await attempt({ program: 'def f(x):\n    x = sorted(x\n    return x' });
    expect(trial.proposal.fault).toEqual({
      kind: 'syntax',
      message: 'Line 2: invalid syntax',
      line: 2,
    });
    expect(trial).toMatchObject({ attempts: [], reward: -1, accepted: false });
    expect(trial.passRate).toBeUndefined();
  });

  test('a copy is tried all the same, and earns what a copy earns', async () => {
    const accepted = new NoveltyBuffer([question('2.lemma.0', program('sort', 'drop-first'), lists)]);
    const trial = await attempt({}, accepted);
    expect(trial).toMatchObject({ copies: '2.lemma.0', reward: -0.5, accepted: false });
    expect(trial.attempts).toHaveLength(32);
    expect(accepted.questions).toHaveLength(1);
  });
});

describe('judgeGoalpost', () => {
  const judge = new MicroJudge();
  const own = { title: 'mine', program: draft.program, inputs };
  test('the program’s outputs', async () => {
    const result = await judgeGoalpost(own, 'own-1', judge);
    expect(result).toEqual({
      question: {
        ...question('own-1', program('sort', 'drop-first'), lists),
        title: 'mine',
        tags: { source: 'own' },
      },
    });
  });
  test('outputs that are given must be the program’s', async () => {
    const outputs = lists.map(() => '[1]');
    expect(await judgeGoalpost({ ...own, outputs }, 'own-1', judge)).toEqual({
      fault: { kind: 'degenerate', message: 'f([2, 3, 1, -4]) gives [1, 2, 3], not [1].' },
    });
    const few = await judgeGoalpost({ ...own, outputs: ['[1]'] }, 'own-1', judge);
    expect('fault' in few && few.fault.message).toContain('5 inputs and 1 outputs');
  });
  test('neither program nor outputs, or too few pairs', async () => {
    const message = async (changes: object) => {
      const result = await judgeGoalpost({ ...own, ...changes }, 'own-1', judge);
      return 'fault' in result ? result.fault.message : '';
    };
    expect(await message({ program: '' })).toBe('Write a program, or give the outputs.');
    expect(await message({ program: '', inputs: ['[1]'], outputs: ['[2]'] })).toContain('at least 4 pairs');
    expect(await message({ inputs: inputs.slice(0, 3) })).toContain('none is left to judge an answer on');
  });
});
