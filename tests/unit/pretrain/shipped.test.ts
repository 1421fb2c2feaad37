/** The model and the bank that ship with the page are what their cards and commands say. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AutoModelForCausalLM, env, Tensor } from '@huggingface/transformers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildBank, type ThemedBank } from '../../../pretrain/themedBank.ts';
import { evaluationProblems } from '../../../pretrain/evaluationSet.ts';
import { questionOf } from '../../../pretrain/world.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { scoreReferences } from '../../../src/gasp/distance.ts';
import { countPasses } from '../../../src/gasp/goalposts.ts';
import type { Task } from '../../../src/gasp/question.ts';
import { EMBEDDED_MODEL } from '../../../src/lab/models.ts';
import { solve } from '../../../src/gasp/solving.ts';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { type LocalPolicy, openLocalPolicy } from '../../../src/local/localPolicy.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { NodeJudge } from '../../../src/python/nodeJudge.ts';

const models = fileURLToPath(new URL('../../../public/models/', import.meta.url));
const dialect = microDialect();
const judge = new NodeJudge();
let policy: LocalPolicy;
beforeAll(async () => {
  policy = await openLocalPolicy(folderFiles(`${models}foothold-micro-2`), {
    model: 'embedded-2',
    runtime: nodeRuntime(1),
    tuning: { kind: 'lora', rank: 2, alpha: 4 },
    seed: 1,
  });
});
afterAll(() => {
  judge.dispose();
  return policy.dispose();
});

const tasks = (depth: number, count: number) =>
  evaluationProblems(depth, count).map(
    (problem, i): Task => ({ type: 'induction', question: questionOf(problem, `${depth}.${i}`) }),
  );

test('the bank is the one that its idioms give, its goalposts among the training questions', () => {
  const file = new URL('../../../public/banks/micro.json', import.meta.url);
  const bank = JSON.parse(readFileSync(file, 'utf8')) as ThemedBank;
  const { goalposts, distances: _, validationRate: __, ...rest } = bank;
  const { goalposts: none, ...built } = buildBank(bank.idioms);
  expect(none).toEqual([]);
  expect(rest).toEqual(JSON.parse(JSON.stringify(built)));
  const ids = new Set(goalposts.map((g) => g.id));
  expect(goalposts).toEqual(bank.questions.filter((q) => ids.has(q.id)));
  expect(goalposts.length).toBeGreaterThan(60);
});

test('the bank says how near its goalposts are to this model', async () => {
  const file = new URL('../../../public/banks/micro.json', import.meta.url);
  const { goalposts, distances } = JSON.parse(readFileSync(file, 'utf8')) as ThemedBank;
  const scored = await scoreReferences(goalposts, { policy, dialect });
  expect(Object.keys(distances!)).toEqual(goalposts.map(({ id }) => id));
  for (const [id, logprob] of Object.entries(scored)) {
    expect(Math.abs(distances![id]! - logprob), id).toBeLessThan(0.01);
  }
});

test('the bank says how this model does on its validation questions', async () => {
  const file = new URL('../../../public/banks/micro.json', import.meta.url);
  const { validation, validationRate } = JSON.parse(readFileSync(file, 'utf8')) as ThemedBank;
  expect(validationRate).toMatchObject({ model: EMBEDDED_MODEL, samples: 100 });
  expect(Object.keys(validationRate!.passed)).toEqual(validation!.map(({ id }) => id));
  const known = Object.values(validationRate!.passed).reduce((a, b) => a + b, 0) / (100 * validation!.length);
  // Fresh answers: 864, of which one in eleven is right, with a standard error of a percent.
  const options = { samples: 4, temperature: 1, topP: 1, seed: 5, stage: 'measuring' } as const;
  const { passed } = await countPasses(validation!, options, { policy, dialect, judge });
  const fresh = Object.values(passed).reduce((a, b) => a + b, 0) / (4 * validation!.length);
  expect(Math.abs(fresh - known)).toBeLessThan(0.04);
});

test('the probability of a reference answer is how often it is sampled', async () => {
  const questions = tasks(1, 4).map(({ question }) => question);
  const logprobs = await scoreReferences(questions, { policy, dialect });
  const samples = 400;
  const sampled = await policy.sample(
    questions.map((question) => ({
      prompt: dialect.solvePrompt({ type: 'induction', question }),
      samples,
      maxTokens: dialect.maxTokens.answer,
    })),
    { temperature: 1, topP: 1, seed: 5 },
  );
  for (const [i, question] of questions.entries()) {
    const answer = dialect.referenceAnswer(question)!;
    const same = sampled[i]!.filter(({ text }) => text === answer).length;
    const p = Math.exp(logprobs[question.id]!);
    // Within four standard errors.
    expect(Math.abs(same / samples - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p) + 1e-4) / samples));
    expect(p).toBeGreaterThan(0.01);
  }
});

test('transformers.js loads the repository, and its greedy tokens are ours', async () => {
  env.allowRemoteModels = false;
  env.localModelPath = models;
  const model = await AutoModelForCausalLM.from_pretrained('foothold-micro-2', {
    dtype: 'fp32',
    device: 'cpu',
  });
  const prompts = tasks(2, 6).map((task) => dialect.solvePrompt(task));
  const ours = await policy.sample(
    prompts.map((prompt) => ({ prompt, samples: 1, maxTokens: 96 })),
    { temperature: 0, topP: 1, seed: 1 },
  );
  for (const [completion] of ours) {
    const { promptTokens, tokens } = completion!;
    const shape = [1, promptTokens.length];
    const output = await model.generate({
      inputs: new Tensor('int64', BigInt64Array.from(promptTokens, BigInt), shape),
      attention_mask: new Tensor('int64', new BigInt64Array(promptTokens.length).fill(1n), shape),
      max_new_tokens: 96,
      do_sample: false,
    } as never);
    const theirs = Array.from((output as Tensor).data as BigInt64Array, Number).slice(promptTokens.length);
    expect(theirs).toEqual(tokens);
  }
  await model.dispose();
}, 180_000);

test('it solves most questions of one operation and some of two', async () => {
  const tools = { policy, judge, dialect };
  const options = { samples: 8, temperature: 1, topP: 1, seed: 5, stage: 'evaluating' } as const;
  const pass1 = async (depth: number) => {
    const solved = await solve(tasks(depth, 24), options, tools);
    return solved.reduce((sum, s) => sum + s.passRate, 0) / solved.length;
  };
  // Three standard errors below the card's figures, for 24 questions.
  expect(await pass1(1)).toBeGreaterThan(0.7);
  expect(await pass1(2)).toBeGreaterThan(0.2);
}, 180_000);
