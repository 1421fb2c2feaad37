/** What replicas must be, wherever they run: the same model as the one that asks them. */
import { expect, test } from 'vitest';
import { Replica, type StartReplica } from '../../../src/embedded/replicas/replica.ts';
import { ReplicatedSampler } from '../../../src/embedded/replicas/replicatedSampler.ts';
import type { Runtime } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import type { SampledRow, TokenSampleOptions } from '../../../packages/onnx-lora/src/sample/sampleRows.ts';
import { Sampler } from '../../../src/embedded/sampler.ts';
import { openTrainer, relativeError } from './backendContract.ts';
import { exampleRows, micro } from './referenceDecoder.ts';

const LORA = { kind: 'lora', rank: 2, alpha: 3 } as const;
const plain: TokenSampleOptions = { temperature: 1, topP: 1, seed: 7, stop: new Set([3, 8]) };

export async function openReplicated(runtime: Runtime, start: StartReplica, count = 1) {
  const { trainer, model } = openTrainer(runtime, micro, LORA);
  const own = new Sampler(runtime, micro, LORA, trainer.layout, model);
  const replicas = Array.from(
    { length: count },
    () => new Replica(start, { config: micro, tuning: LORA, weights: model }),
  );
  return { trainer, model, own, replicas, sampler: new ReplicatedSampler(own, replicas) };
}

/** Prompts whose samples are shared out in the middle of one. */
export const asked = [
  { tokens: [1, 2, 3], samples: 90, maxTokens: 20 },
  { tokens: [4], samples: 7, maxTokens: 12 },
  { tokens: [5, 6, 7, 8, 9], samples: 157, maxTokens: 25 },
];

export function replicaContract(open: () => Promise<Runtime>, start: StartReplica): void {
  test('rows are bit for bit those of one core, in order, and each is told of', async () => {
    const { trainer, own, sampler } = await openReplicated(await open(), start, 2);
    const alone = await new ReplicatedSampler(own, []).sample(trainer.weights, asked, plain);
    const together = await own.sample(trainer.weights, asked, plain);
    const steps: { rows: number; tokens: number }[] = [];
    let last: readonly SampledRow[] = [];
    const rows = await sampler.sample(trainer.weights, asked, {
      ...plain,
      onStep: (all) => {
        steps.push({ rows: all.length, tokens: all.reduce((n, { tokens }) => n + tokens.length, 0) });
        last = all;
      },
    });
    expect(rows.map(({ request, sample }) => [request, sample])).toEqual(
      asked.flatMap(({ samples }, r) => Array.from({ length: samples }, (_, s) => [r, s])),
    );
    expect(rows.map(({ tokens }) => tokens)).toEqual(alone.map(({ tokens }) => tokens));
    expect(rows.map(({ ended }) => ended)).toEqual(alone.map(({ ended }) => ended));
    expect(rows.map(({ logprobs }) => logprobs)).toEqual(alone.map(({ logprobs }) => logprobs));
    expect(rows.map(({ tokens }) => tokens)).toEqual(together.map(({ tokens }) => tokens));
    rows.forEach((row, i) => {
      expect(relativeError(row.logprobs, together[i]!.logprobs)).toBeLessThan(1e-5);
    });
    expect(new Set(steps.map((step) => step.rows))).toEqual(new Set([254]));
    const counts = steps.map((step) => step.tokens);
    expect(counts.at(-1)).toBe(rows.reduce((n, { tokens }) => n + tokens.length, 0));
    expect(last.map(({ tokens }) => tokens)).toEqual(rows.map(({ tokens }) => tokens));
    await sampler.dispose();
    await trainer.dispose();
  });

  test('a gradient is the one that the trainer computes', async () => {
    const { trainer, model, replicas, sampler } = await openReplicated(await open(), start);
    const rows = exampleRows(micro, LORA, model, trainer.weights, 3);
    const options = { clip: 0.2, clipHigh: 0.5, clipping: 'cispo', klWeight: 0.3 } as const;
    const [own, other] = await Promise.all([
      trainer.gradientOf(rows, options),
      replicas[0]!.gradientOf(trainer.weights, rows, options),
    ]);
    expect(other).toEqual(own);
    expect(trainer.accumulated.every((g) => g === 0)).toBe(true);
    await trainer.accumulate(rows, options);
    expect(relativeError(own.gradient, trainer.accumulated)).toBeLessThan(1e-6);
    await trainer.add(own.gradient);
    expect(
      relativeError(
        trainer.accumulated,
        own.gradient.map((g) => 2 * g),
      ),
    ).toBeLessThan(1e-6);
    await sampler.dispose();
    await trainer.dispose();
  });

  test('stopped, it stops before its end, and the next call is answered', async () => {
    const { trainer, sampler } = await openReplicated(await open(), start);
    const stopping = new AbortController();
    const reason = new Error('stopped');
    let told: readonly SampledRow[] = [];
    const call = sampler.sample(trainer.weights, asked, {
      ...plain,
      signal: stopping.signal,
      onStep: (all) => {
        told = all;
        stopping.abort(reason);
      },
    });
    await expect(call).rejects.toBe(reason);
    expect(told.some(({ ended }) => !ended)).toBe(true);
    const rows = await sampler.sample(trainer.weights, asked, plain);
    expect(rows).toHaveLength(254);
    expect(rows.every(({ ended }) => ended)).toBe(true);
    await sampler.dispose();
    await trainer.dispose();
  });
}
