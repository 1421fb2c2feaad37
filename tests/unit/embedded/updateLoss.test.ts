/** The loss that a policy's update reports: the reference's, for each way to clip and each divisor. */
import { expect, test } from 'vitest';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import type { UpdateOptions, WeightedSequence } from '../../../src/gasp/ports.ts';
import { LocalPolicy, tokenWeights } from '../../../src/local/localPolicy.ts';
import { LOSSES, openTrainer } from './backendContract.ts';
import { exampleRows, lossOf, micro, referenceLogprobs } from './referenceDecoder.ts';

const LORA = { kind: 'lora', rank: 2, alpha: 3 } as const;

function open() {
  const { trainer, model } = openTrainer(nodeRuntime(1), micro, LORA);
  const policy = new LocalPolicy({
    tokenizer: { encode: () => [], encodeAnswer: () => undefined, decode: () => '' },
    trainer,
    sampler: { sample: async () => [], dispose: async () => {} },
    stop: new Set(),
    info: { model: '', backend: 'cpu', parameters: 0, trainable: 0 },
  });
  const rows = exampleRows(micro, LORA, model, trainer.weights, 3);
  const now = rows.map((row) => referenceLogprobs(micro, LORA, model, trainer.weights, row.tokens));
  return { policy, rows, now };
}

const texts = [3, 6, 2].map((length) => ({ tokens: new Array<number>(length).fill(0) }));

test('a token weighs one over all tokens, over its text’s, or over the longest allowed', () => {
  // By hand: 11 tokens; 3 texts of 3, 6 and 2; 3 texts of at most 10.
  const of = (mean: UpdateOptions['lossMean']) => texts.map(tokenWeights(texts, mean));
  expect(of('tokens')).toEqual([1 / 11, 1 / 11, 1 / 11]);
  expect(of('texts')).toEqual([1 / 9, 1 / 18, 1 / 6]);
  expect(of({ tokensOfText: 10 })).toEqual([1 / 30, 1 / 30, 1 / 30]);
});

const MEANS: UpdateOptions['lossMean'][] = ['tokens', 'texts', { tokensOfText: 12 }];

test.each(LOSSES.flatMap(([name, loss]) => MEANS.map((mean) => ({ name, loss, mean }))))(
  '$name, mean over $mean',
  async ({ loss, mean }) => {
    const { policy, rows, now } = open();
    // Each text follows a prompt of one token.
    const batch: WeightedSequence[] = rows.map(({ tokens, old, advantage }) => ({
      promptTokens: [tokens[0]!],
      tokens: [...tokens.slice(1)],
      logprobs: Array.from(old!),
      advantage,
    }));
    const options: UpdateOptions = {
      ...{ clipHigh: 0, clipping: 'ppo', ...loss, klWeight: 0, lossMean: mean },
      ...{ learningRate: 1e-3, weightDecay: 0, adamEpsilon: 1e-3, maxGradNorm: 1 },
      ...{ minibatch: 32, epochs: 1, microbatchTokens: 4096, seed: 1 },
    };
    const counts = batch.map(({ tokens }) => tokens.length);
    const total = counts.reduce((a, b) => a + b, 0);
    const divisor = (count: number) =>
      mean === 'tokens' ? total : batch.length * (mean === 'texts' ? count : mean.tokensOfText);
    const weighted = rows.map((row, i) => ({ ...row, weight: now[i]!.map(() => 1 / divisor(counts[i]!)) }));
    const stats = await policy.update(batch, options);
    expect(stats.loss).toBeCloseTo(lossOf(weighted, now, { ...loss, klWeight: 0 }), 5);

    const { clip, clipHigh = 0, clipping } = loss;
    const beyond = rows.flatMap(({ old, advantage }, i) =>
      now[i]!.filter((logp, t) => {
        const ratio = Math.exp(logp - old![t]!);
        const above = ratio > 1 + (clipHigh || clip);
        const below = ratio < 1 - clip;
        return clip > 0 && (clipping === 'cispo' ? above || below : advantage > 0 ? above : below);
      }),
    );
    expect(stats.clipped).toBeCloseTo(beyond.length / total, 12);
    await policy.dispose();
  },
);
