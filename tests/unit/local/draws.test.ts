/** Which tokens a policy draws from, whatever model is behind it. */
import { expect, test } from 'vitest';
import { publicFolder } from '../../../cli/nodePorts.ts';
import { readBank, SHIPPED_BANK } from '../../../cli/settings.ts';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { startReplica } from '../../../src/embedded/replicas/start.node.ts';
import { openHubPolicy } from '../../../src/local/hubPolicy.ts';
import { openLocalPolicy } from '../../../src/local/localPolicy.ts';
import { fixtureFolder } from '../../fixtures/models/folders.ts';

const common = {
  model: 'm',
  runtime: nodeRuntime(1),
  seed: 1,
  tuning: { kind: 'lora', rank: 2, alpha: 4 },
} as const;
const MODELS = {
  // So many rows that a replica takes half of them.
  'the shipped model on two cores': {
    open: () =>
      openLocalPolicy(folderFiles(`${publicFolder}models/foothold-micro-2`), {
        ...common,
        replicas: { cores: 2, start: startReplica },
      }),
    prompts: readBank(SHIPPED_BANK)
      .goalposts.slice(0, 2)
      .map((question) => microDialect().solvePrompt({ type: 'induction', question })),
    samples: 50,
  },
  'a model from the Hub': {
    open: () => openHubPolicy(folderFiles(fixtureFolder('llama-genai-int4')), common),
    prompts: ['x = [1, 2, 3]', 'x = [2]'],
    samples: 4,
  },
};

test.each(Object.keys(MODELS) as (keyof typeof MODELS)[])(
  '%s: top-k is obeyed, and log-probabilities are those of the whole distribution',
  async (name) => {
    const { open, prompts, samples } = MODELS[name];
    const policy = await open();
    const requests = prompts.map((prompt) => ({ prompt, samples, maxTokens: 6 }));
    const sample = (draws: { temperature: number; topK?: number }) =>
      policy.sample(requests, { topP: 1, seed: 3, ...draws });
    const greedy = await sample({ temperature: 0 });
    const onlyBest = await sample({ temperature: 1.5, topK: 1 });
    const differ = (list: typeof greedy) =>
      list.flatMap((own, r) => own.filter(({ tokens }, s) => tokens.join() !== greedy[r]![s]!.tokens.join()));
    expect(differ(onlyBest)).toEqual([]);
    onlyBest.forEach((own, r) => {
      own.forEach(({ logprobs }, s) => {
        for (const [t, logprob] of logprobs.entries()) {
          expect(logprob).toBeCloseTo(greedy[r]![s]!.logprobs[t]!, 5);
        }
      });
    });
    // Without it other tokens are drawn, and 0 is without it.
    const free = await sample({ temperature: 1.5 });
    expect(differ(free).length).toBeGreaterThan(samples);
    expect(await sample({ temperature: 1.5, topK: 0 })).toEqual(free);
    await policy.dispose();
  },
  120_000,
);
