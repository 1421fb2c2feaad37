/** Replicas in processes of their own, and how work is shared out to them. */
import { expect, test } from 'vitest';
import { openLocalPolicy } from '../../../src/local/localPolicy.ts';
import { folderFiles } from '../../../packages/onnx-lora/src/repository/folderFiles.ts';
import { Replica, type StartReplica } from '../../../src/embedded/replicas/replica.ts';
import { shares } from '../../../src/embedded/replicas/replicatedSampler.ts';
import { startReplica } from '../../../src/embedded/replicas/start.node.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { CodedError } from '../../../src/util/codedError.ts';
import { shareOut } from '../../../src/embedded/replicas/shareOut.ts';
import { microbatches, sharedMicrobatches } from '../../../packages/onnx-lora/src/train/trainer.ts';
import { trainableLayout } from '../../../src/embedded/decoder.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { evenly } from '../../../src/gasp/bank.ts';
import { publicFolder } from '../../../cli/nodePorts.ts';
import { readBank, SHIPPED_BANK } from '../../../cli/settings.ts';
import { micro, randomModel } from './referenceDecoder.ts';
import { asked, openReplicated, replicaContract } from './replicaContract.ts';

const runtime = nodeRuntime(1);
const UPDATE = {
  learningRate: 1e-3,
  minibatch: 32,
  epochs: 1,
  clip: 0.2,
  clipHigh: 0.4,
  clipping: 'cispo',
  lossMean: 'texts',
  klWeight: 0.1,
  maxGradNorm: 1,
  weightDecay: 0.01,
  adamEpsilon: 1e-3,
  microbatchTokens: 4096,
  seed: 5,
} as const;

replicaContract(async () => runtime, startReplica);

test.each([1, 2, 3, 4, 254, 300])('%s shares are equal, and hold each sample once', (count) => {
  const parts = shares(asked, count);
  expect(parts).toHaveLength(count);
  const sizes = parts.map((part) => part.reduce((n, { samples }) => n + samples, 0));
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  const all = parts.flat().flatMap(({ tokens, maxTokens, samples, part }) => {
    expect({ tokens, maxTokens }).toEqual({
      tokens: asked[part!.request]!.tokens,
      maxTokens: asked[part!.request]!.maxTokens,
    });
    return Array.from({ length: samples }, (_, s) => [part!.request, part!.first + s]);
  });
  expect(all).toEqual(asked.flatMap(({ samples }, r) => Array.from({ length: samples }, (_, s) => [r, s])));
});

test('microbatches to be shared out are alike in size, in twos or fours, within their bound', () => {
  const lengths = [90, 30, 60, 75, 80, 35, 50, 88, 70, 45, 66, 52, 81, 77, 39, 61, 58, 83, 47, 72];
  const twice = [...lengths, ...lengths];
  const groupsOf = (all: readonly number[], tokens: number) => {
    const groups = sharedMicrobatches(all, tokens);
    expect(groups.flat().sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
    const costs = groups.map((group) => group.length * Math.max(...group.map((i) => all[i]!)));
    expect(Math.max(...costs)).toBeLessThanOrEqual(tokens);
    const mean = costs.reduce((a, b) => a + b) / costs.length;
    expect(Math.max(...costs)).toBeLessThan(1.35 * mean);
    return groups.length;
  };
  expect(groupsOf(lengths, 8192)).toBe(2);
  expect(groupsOf(twice, 8192)).toBe(4);
  expect(groupsOf(twice, 500) % 4).toBe(0);
  // Too little to share.
  expect(sharedMicrobatches([30, 20, 10], 8192)).toEqual(microbatches([30, 20, 10], 8192));
});

test('who shares takes one item after another, and a failure ends it', async () => {
  const taken: string[] = [];
  let release = () => {};
  const gate = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  const slow = async (item: number, at: number) => {
    taken.push(`slow${at}`);
    await gate();
    return item * item;
  };
  const quick = async (item: number, at: number) => {
    taken.push(`quick${at}`);
    if (item < 0) {
      release();
      throw new Error(`no ${item}`);
    }
    if (at === 4) release();
    return item * item;
  };
  expect(await shareOut([1, 2, 3, 4, 5], [slow, quick])).toEqual([1, 4, 9, 16, 25]);
  expect(taken).toEqual(['slow0', 'quick1', 'quick2', 'quick3', 'quick4']);
  taken.length = 0;
  await expect(shareOut([1, -2, 3, 4], [slow, quick])).rejects.toThrow('no -2');
  expect(taken).toEqual(['slow0', 'quick1']);
  expect(await shareOut([], [slow, quick])).toEqual([]);
});

test('one that dies fails its call with a code, and the next call starts another one', async () => {
  let kill = () => {};
  const watched: StartReplica = (events) => {
    const running = startReplica(events);
    kill = running.end;
    return running;
  };
  const { trainer, sampler } = await openReplicated(runtime, watched);
  const call = sampler.sample(trainer.weights, asked, {
    temperature: 1,
    topP: 1,
    seed: 1,
    stop: new Set(),
    onStep: () => kill(),
  });
  const error = (await call.catch((e: unknown) => e)) as CodedError;
  expect(error).toBeInstanceOf(CodedError);
  expect(error.code).toBe('replica-ended');
  expect(error.message).toMatch(/its process ended \(SIGKILL\)/);
  const rows = await sampler.sample(trainer.weights, asked, {
    temperature: 0,
    topP: 1,
    seed: 1,
    stop: new Set(),
  });
  expect(rows).toHaveLength(254);
  await sampler.dispose();
  await trainer.dispose();
});

test('a model that cannot be loaded there is told of', async () => {
  const weights = randomModel(micro, 1);
  const tuning = { kind: 'lora', rank: 2, alpha: 3 } as const;
  const replica = new Replica(startReplica, {
    config: micro,
    tuning,
    weights: new Map([...weights].slice(1)),
  });
  const adapter = new Float32Array(trainableLayout(micro, tuning).size);
  const options = { temperature: 1, topP: 1, seed: 1, stop: new Set<number>() };
  // ONNX Runtime's words: it runs there, and has no data for a weight.
  await expect(replica.sample(adapter, asked, options)).rejects.toThrow(/float32 tensor/);
  replica.dispose();
  await expect(replica.sample(adapter, asked, options)).rejects.toThrow('The model was closed.');
});

test('a policy whose graphs could not be opened gives its replicas back all the same', async () => {
  let broken = false;
  let ended = 0;
  const policy = await openLocalPolicy(folderFiles(`${publicFolder}models/foothold-micro-2`), {
    model: 'embedded',
    runtime: {
      ...runtime,
      create: (...args) => (broken ? Promise.reject(new Error('out of memory')) : runtime.create(...args)),
    },
    replicas: {
      cores: 2,
      start: (events) => {
        const running = startReplica(events);
        return {
          ...running,
          end: () => {
            ended++;
            running.end();
          },
        };
      },
    },
    tuning: { kind: 'lora', rank: 2, alpha: 4 },
    seed: 1,
  });
  const prompt = microDialect().solvePrompt({
    type: 'induction',
    question: readBank(SHIPPED_BANK).goalposts[0]!,
  });
  const options = { temperature: 1, topP: 1, seed: 1 };
  const [made] = await policy.sample([{ prompt, samples: 100, maxTokens: 8 }], options);
  broken = true;
  const batch = made!.map(({ promptTokens, tokens, logprobs }) => ({
    promptTokens,
    tokens,
    logprobs,
    advantage: 1,
  }));
  await expect(policy.update(batch, UPDATE)).rejects.toThrow('out of memory');
  await policy.dispose();
  expect(ended).toBe(1);
});

test('the shipped model samples and updates on two cores bit for bit as on one', async () => {
  const dialect = microDialect();
  const bank = readBank(SHIPPED_BANK);
  const open = (cores: number) =>
    openLocalPolicy(folderFiles(`${publicFolder}models/foothold-micro-2`), {
      model: 'embedded',
      runtime,
      replicas: { cores, start: startReplica },
      tuning: { kind: 'lora', rank: 4, alpha: 8 },
      seed: 1,
    });
  const policies = await Promise.all([open(1), open(2)]);
  expect(policies.map(({ info, cores }) => [info.backend, cores])).toEqual([
    ['cpu', 1],
    ['cpu', 2],
  ]);
  const requests = evenly(bank.goalposts, 15).map((question) => ({
    prompt: dialect.solvePrompt({ type: 'induction', question }),
    samples: 8,
    maxTokens: 60,
  }));
  const [made, again] = await Promise.all(
    policies.map((policy) => policy.sample(requests, { temperature: 1, topP: 1, seed: 3 })),
  );
  expect(again).toEqual(made);
  const batch = made!.flat().map(({ promptTokens, tokens, logprobs }, i) => ({
    promptTokens,
    tokens,
    logprobs,
    advantage: i % 3 === 0 ? 1 : -0.5,
  }));
  const moved = [];
  for (const policy of policies) {
    const stats = await policy.update(batch, UPDATE);
    moved.push({ stats, weights: (await policy.snapshot()).weights });
  }
  const [one, two] = moved;
  expect(one!.stats.steps).toBe(4);
  expect(one!.stats.moved).toBeGreaterThan(0);
  expect(two).toEqual(one);
  for (const policy of policies) await policy.dispose();
});
