/** Replicas in processes of their own, and how work is shared out to them. */
import { expect, test } from 'vitest';
import { openLocalPolicy } from '../../../src/lm/localPolicy.ts';
import { folderFiles } from '../../../src/lm/folderFiles.ts';
import { Replica, type StartReplica } from '../../../src/lm/replicas/replica.ts';
import { shares } from '../../../src/lm/replicas/replicatedSampler.ts';
import { startReplica } from '../../../src/lm/replicas/start.node.ts';
import { nodeRuntime } from '../../../src/lm/runtime.node.ts';
import { BackendError } from '../../../src/lm/runtime.ts';
import { evenMicrobatches, microbatches } from '../../../src/lm/trainer.ts';
import { trainableLayout } from '../../../src/lm/decoder.ts';
import { microDialect } from '../../../src/dialects/micro/dialect.ts';
import { evenly } from '../../../src/gasp/bank.ts';
import { publicFolder } from '../../../cli/nodePorts.ts';
import { readBank, SHIPPED_BANK } from '../../../cli/settings.ts';
import { relativeError } from './backendContract.ts';
import { micro, randomModel } from './referenceDecoder.ts';
import { asked, openReplicated, replicaContract } from './replicaContract.ts';

const runtime = nodeRuntime(1);

replicaContract(async () => runtime, startReplica);

test.each([1, 2, 3, 4, 77, 100])('%s shares are equal, and hold each sample once', (count) => {
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

test('microbatches keep every core busy and stay within their bound', () => {
  const lengths = [90, 30, 60, 75, 80, 35, 50, 88, 70, 45, 66, 52, 81, 77, 39, 61, 58, 83, 47, 72];
  const padded = (group: readonly number[]) => group.length * Math.max(...group.map((i) => lengths[i]!));
  for (const [tokens, cores] of [
    [8192, 2],
    [8192, 4],
    [500, 2],
    [500, 3],
  ] as const) {
    const groups = evenMicrobatches(lengths, tokens, cores);
    expect(groups.length % cores).toBe(0);
    expect(groups.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    const costs = groups.map(padded);
    expect(Math.max(...costs)).toBeLessThanOrEqual(tokens);
    const mean = costs.reduce((a, b) => a + b) / costs.length;
    expect(Math.max(...costs)).toBeLessThan(1.35 * mean);
  }
  // Too little to share, and nobody to share with.
  expect(evenMicrobatches([30, 20, 10], 8192, 2)).toEqual(microbatches([30, 20, 10], 8192));
  expect(evenMicrobatches(lengths, 500, 1)).toEqual(microbatches(lengths, 500));
});

test('one that dies fails its call with advice, and the next call starts another one', async () => {
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
  const error = await call.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(BackendError);
  expect((error as BackendError).message).toMatch(/its process ended \(SIGKILL\)/);
  const rows = await sampler.sample(trainer.weights, asked, {
    temperature: 0,
    topP: 1,
    seed: 1,
    stop: new Set(),
  });
  expect(rows).toHaveLength(77);
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
  await expect(replica.sample(adapter, asked, options)).rejects.toThrow();
  replica.dispose();
});

test('the shipped model’s update on two cores is that on one', async () => {
  const dialect = microDialect();
  const bank = readBank(SHIPPED_BANK);
  const open = (cores: number) =>
    openLocalPolicy(folderFiles(`${publicFolder}models/foothold-micro`), {
      model: 'embedded',
      runtime,
      replicas: { cores, start: startReplica },
      tuning: { kind: 'lora', rank: 4, alpha: 8 },
      seed: 1,
    });
  const policies = await Promise.all([open(1), open(2)]);
  expect(policies.map(({ info }) => info.backend)).toEqual(['cpu', 'cpu x 2']);
  const made = await policies[0].sample(
    evenly(bank.goalposts, 6).map((question) => ({
      prompt: dialect.solvePrompt({ type: 'induction', question }),
      samples: 8,
      maxTokens: 60,
    })),
    { temperature: 1, topP: 1, seed: 3 },
  );
  const batch = made.flat().map(({ promptTokens, tokens, logprobs }, i) => ({
    promptTokens,
    tokens,
    logprobs,
    advantage: i % 3 === 0 ? 1 : -0.5,
  }));
  const moved = [];
  for (const policy of policies) {
    const stats = await policy.update(batch, {
      learningRate: 1e-3,
      minibatch: 24,
      epochs: 1,
      clip: 0.2,
      klWeight: 0.1,
      maxGradNorm: 1,
      weightDecay: 0.01,
      adamEpsilon: 1e-3,
      microbatchTokens: 4096,
      seed: 5,
    });
    moved.push({ stats, weights: (await policy.snapshot()).weights });
  }
  const [one, two] = moved as [(typeof moved)[0], (typeof moved)[0]];
  expect(one.stats.steps).toBe(2);
  expect(one.stats.moved).toBeGreaterThan(0);
  expect(relativeError(two.weights, one.weights)).toBeLessThan(1e-5);
  for (const key of ['loss', 'gradNorm', 'entropy'] as const) {
    expect(two.stats[key]).toBeCloseTo(one.stats[key], 4);
  }
  for (const policy of policies) await policy.dispose();
});
