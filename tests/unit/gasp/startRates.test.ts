/** How often the starting model is right, of right answers that are known. */
import { expect, test } from 'vitest';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import type { Completion } from '../../../src/gasp/ports.ts';
import type { Attempt, Question } from '../../../src/gasp/question.ts';
import { startPassRates } from '../../../src/gasp/startRates.ts';
import { program, question, ScriptedPolicy } from './microWorld.ts';

const dialect = microDialect();
const inputs = [[3, 1, 2], [5, 4, 6, 4], [2, 0], [9, 9, 1], [7]];

/** Every text has the probability 1/100 at the start, and is certain now. */
class TwoWeights extends ScriptedPolicy {
  override async score(sequences: { tokens: number[] }[], _?: AbortSignal, under?: 'now' | 'start') {
    const first = under === 'start' ? Math.log(1 / 100) : 0;
    return sequences.map(({ tokens }) => tokens.map((_, i) => (i === 0 ? first : 0)));
  }
}
const policy = new TwoWeights(() => () => '');

function solved(asked: Question, answers: [text: string, verdict: Attempt['verdict']][]) {
  return {
    task: { type: 'induction' as const, question: asked },
    attempts: answers.map(([text, verdict]): Attempt => ({ text, verdict, reason: '', reward: 0 })),
    completions: answers.map(
      ([text]): Completion => ({
        ...policy.encodeAnswer('', text),
        ...{ logprobs: [], text, ended: 'stop' },
      }),
    ),
  };
}

test('the probabilities of distinct right answers add up, the question’s own among them', async () => {
  const sort = question('sort', program('sort'), inputs);
  const own = dialect.referenceAnswer(sort)!;
  const rates = await startPassRates(
    [
      solved(sort, [
        [own, 'passed'],
        ['another', 'passed'],
        ['another', 'passed'],
        ['a wrong one', 'wrong'],
      ]),
      solved({ ...sort, id: 'missed' }, [['a wrong one', 'wrong']]),
    ],
    { policy, dialect },
  );
  expect([...rates]).toEqual([
    ['sort', expect.closeTo(2 / 100, 12)],
    ['missed', expect.closeTo(1 / 100, 12)],
  ]);
});

test('what the model cannot write is left out, and a dialect of many right answers asks for nothing', async () => {
  const foreign = {
    ...question('foreign', program('sort'), inputs),
    program: 'def f(x):\n    return sum(x)',
  };
  expect((await startPassRates([solved(foreign, [])], { policy, dialect })).size).toBe(0);
  const sort = question('sort', program('sort'), inputs);
  const { fewRightAnswers: _, ...many } = dialect;
  expect((await startPassRates([solved(sort, [])], { policy, dialect: many })).size).toBe(0);
});
