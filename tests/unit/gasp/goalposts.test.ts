import { expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { answers } from '../../../src/dialects/micro/microText.ts';
import { drawGoalposts, goalpostsAimedAt, type Mined, mineGoalposts } from '../../../src/gasp/goalposts.ts';
import { MicroJudge, program, question, ScriptedPolicy } from './microWorld.ts';

const inputs = [
  [2, 3, 1],
  [5, 3, 4],
  [1, 0],
  [7, 9],
  [0, -1],
];
const goalposts = Array.from({ length: 7 }, (_, i) => question(`g${i}`, program('sort'), inputs));

test('drawGoalposts gives each its turn before any comes again', () => {
  const draws = Array.from({ length: 14 }, (_, i) =>
    drawGoalposts(goalposts, 3, i + 1, ['io', 'f'], 1),
  ).flat();
  for (let round = 0; round < 6; round++) {
    const ids = draws.slice(round * 7, round * 7 + 7).map((d) => d.goalpost.id);
    expect(ids.sort()).toEqual(goalposts.map((g) => g.id));
  }
  expect(new Set(draws.map((d) => d.axis))).toEqual(new Set(['io', 'f']));
});

test('drawGoalposts depends on seed and iteration alone', () => {
  const draw = (iteration: number, seed: number) => drawGoalposts(goalposts, 5, iteration, ['io', 'f'], seed);
  expect(draw(4, 1)).toEqual(draw(4, 1));
  expect(draw(4, 1)).not.toEqual(draw(4, 2));
  expect(drawGoalposts(goalposts, 9, 1, ['f'], 1).map((d) => d.axis)).toEqual(new Array(9).fill('f'));
  expect(drawGoalposts([], 0, 1, ['f'], 1)).toEqual([]);
});

test('mineGoalposts tries unsolved questions to the end and solved ones no further', async () => {
  const questions = [
    question('always', program('sort'), inputs),
    question('late', program('reverse'), inputs),
    question('never', program('dedupe', 'sort', 'drop-first'), inputs),
  ];
  const dialect = microDialect();
  const prompts = questions.map((q) => dialect.solvePrompt({ type: 'induction', question: q }));
  const asked = [0, 0, 0];
  const policy = new ScriptedPolicy(() => (prompt) => {
    const i = prompts.indexOf(prompt);
    asked[i]!++;
    if (i === 0 || (i === 1 && asked[1] === 20))
      return answers.traced(program(i === 0 ? 'sort' : 'reverse'), [1]);
    return answers.traced(program('drop-first'), [1]);
  });
  const mined: Mined[] = [];
  const tools = { policy, judge: new MicroJudge(), dialect };
  for await (const round of mineGoalposts(
    questions,
    { samples: 100, temperature: 1, topP: 1, seed: 1 },
    tools,
  )) {
    mined.push(...round);
  }
  expect(mined).toEqual([
    { question: 'always', passed: 8, tried: 8 },
    { question: 'late', passed: 1, tried: 24 },
    { question: 'never', passed: 0, tried: 100 },
  ]);
  expect(asked).toEqual([8, 24, 100]);
});

test('a goalpost that is solved makes room for the next unsolved one', () => {
  const aim = (solved: string[], atOnce: number) =>
    goalpostsAimedAt(goalposts, new Set(solved), atOnce).map((g) => g.id);
  expect(aim(['g1'], 0)).toHaveLength(7);
  expect(aim([], 3)).toEqual(['g0', 'g1', 'g2']);
  expect(aim(['g1', 'g6'], 3)).toEqual(['g0', 'g2', 'g3']);
  expect(aim(['g0', 'g1', 'g2', 'g3', 'g4', 'g5'], 3)).toEqual(['g6']);
  expect(
    aim(
      goalposts.map((g) => g.id),
      3,
    ),
  ).toHaveLength(7);
});
