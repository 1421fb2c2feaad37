/** What prompts begin with is computed once for evaluations with unchanged weights. */
import { expect, test } from 'vitest';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import type { Runtime } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import type { Task } from '../../../src/gasp/question.ts';
import { solve } from '../../../src/gasp/solving.ts';
import { openHubPolicy } from '../../../src/local/hubPolicy.ts';
import { fixtureFolder } from '../../fixtures/models/folders.ts';
import { MicroJudge, program, question } from '../gasp/microWorld.ts';

/** A runtime that counts the tokens of steps with several tokens in a row: those of prompts. */
function counting() {
  const runtime = nodeRuntime(1);
  const seen = { tokens: 0 };
  const counted: Runtime = {
    ...runtime,
    async create(...of) {
      const session = await runtime.create(...of);
      return {
        ...session,
        runKeeping(feeds, fetches) {
          const [rows = 0, tokens = 0] = feeds.input_ids?.dims ?? [];
          if (tokens > 1) seen.tokens += rows * tokens;
          return session.runKeeping(feeds, fetches);
        },
      };
    },
  };
  return { runtime: counted, seen };
}

test('solving again with the same weights computes the ends of prompts only; an update makes them new', async () => {
  const { runtime, seen } = counting();
  const policy = await openHubPolicy(folderFiles(fixtureFolder('llama-genai-int4')), {
    model: 'fixture',
    runtime,
    tuning: { kind: 'lora', rank: 2, alpha: 4 },
    seed: 1,
  });
  const beginning = 'def f(x): return x + 1\n'.repeat(6);
  const dialect = {
    ...microDialect(),
    maxTokens: { proposal: 4, answer: 4 },
    solvePrompt: (task: Task) => `${beginning}# ${task.question.id}`,
  };
  const tasks = ['sort', 'reverse'].map(
    (id): Task => ({ type: 'induction', question: question(id, program(id), [[2, 1], [3], [1, 5, 4]]) }),
  );
  const options = { samples: 2, temperature: 1, topP: 1, seed: 3, stage: 'evaluating' } as const;
  const evaluate = async () => {
    const before = seen.tokens;
    const solved = await solve(tasks, options, { policy, judge: new MicroJudge(), dialect });
    return {
      computed: seen.tokens - before,
      texts: solved.map((s) => s.attempts.map(({ text }) => text)),
      solved,
    };
  };
  const [first, second] = [await evaluate(), await evaluate()];
  expect(second.texts).toEqual(first.texts);
  expect(first.computed).toBeGreaterThan(40);
  expect(second.computed).toBeLessThan(first.computed / 2);
  const batch = first.solved.flatMap(({ completions }) =>
    completions.map(({ promptTokens, tokens, logprobs }, i) => ({
      promptTokens,
      tokens,
      logprobs,
      advantage: i % 2 ? 1 : -1,
    })),
  );
  await policy.update(batch, {
    learningRate: 1e-3,
    minibatch: 4,
    epochs: 1,
    clip: 0.2,
    clipHigh: 0.2,
    clipping: 'ppo',
    lossMean: 'tokens',
    klWeight: 0,
    maxGradNorm: 1,
    weightDecay: 0,
    adamEpsilon: 1e-8,
    microbatchTokens: 512,
    seed: 1,
  });
  const before = seen.tokens;
  await policy.sample([{ prompt: `${beginning}# sort`, samples: 1, maxTokens: 1 }], {
    temperature: 0,
    topP: 1,
    seed: 1,
  });
  expect(seen.tokens - before).toBeGreaterThan(40);
  await policy.dispose();
}, 120_000);
