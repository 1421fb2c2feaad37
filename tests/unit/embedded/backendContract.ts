/** What every backend must compute alike: the decoder's loss and gradients, and what the sampler draws. */
import { expect, test } from 'vitest';
import { type DecoderConfig, trainableLayout } from '../../../src/embedded/decoder.ts';
import type { Runtime } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { Sampler } from '../../../src/embedded/sampler.ts';
import type { LossOptions } from '../../../packages/onnx-lora/src/train/trainer.ts';
import { Trainer } from '../../../src/embedded/decoderTrainer.ts';
import {
  exampleRows,
  logSoftmax,
  lossOf,
  micro,
  randomModel,
  randomValues,
  referenceGradients,
  referenceLogits,
  referenceLogprobs,
} from './referenceDecoder.ts';
import type { Tuning } from '../../../src/util/tuning.ts';

/** Largest difference over the largest absolute value of the reference. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-4): number {
  expect(actual.length).toBe(expected.length);
  let difference = 0;
  let scale = floor;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!);
    difference = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(difference, d);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return difference / scale;
}

export const TUNINGS: [string, Tuning][] = [
  ['full', { kind: 'full' }],
  ['LoRA', { kind: 'lora', rank: 2, alpha: 3 }],
];
export const LOSSES: [string, LossOptions][] = [
  ['plain policy gradient', { clip: 0, klWeight: 0 }],
  ['clipped ratio and KL', { clip: 0.2, klWeight: 0.3 }],
  ['a higher clip above', { clip: 0.2, clipHigh: 0.9, klWeight: 0 }],
  ['CISPO and KL', { clip: 0.2, clipHigh: 0.5, clipping: 'cispo', klWeight: 0.3 }],
];

/** A trainer at random weights, with its adapter (if any) away from its start at zero. */
export function openTrainer(
  runtime: Runtime,
  config: DecoderConfig,
  tuning: Tuning,
): { trainer: Trainer; model: ReturnType<typeof randomModel> } {
  const model = randomModel(config, 1);
  const trainer = new Trainer(runtime, config, tuning, model, 1);
  trainer.weights = randomValues(trainer.layout.parameters, 2);
  return { trainer, model };
}

export function backendContract(open: () => Promise<Runtime>): void {
  test.each(TUNINGS)(
    '%s: loss and gradients equal those of the float64 decoder',
    async (_name, tuning) => {
      const { trainer, model } = openTrainer(await open(), micro, tuning);
      const rows = exampleRows(micro, tuning, model, trainer.weights, 3);
      const expected = rows.map((row) =>
        referenceLogprobs(micro, tuning, model, trainer.weights, row.tokens),
      );
      const scored = await trainer.score(rows.map((row) => row.tokens));
      const losses = LOSSES.map(([, options]) => options);
      const gradients = referenceGradients(micro, tuning, model, trainer.weights, rows, losses);
      for (const [n, options] of losses.entries()) {
        trainer.clearGradient();
        const logprobs = await trainer.accumulate(rows, options);
        await trainer.fetch();
        expected.forEach((row, r) => {
          expect(relativeError(logprobs[r]!, row)).toBeLessThan(1e-5);
          expect(relativeError(scored[r]!, row)).toBeLessThan(1e-5);
        });
        const loss = lossOf(rows, expected, options);
        expect(Math.abs(lossOf(rows, logprobs, options) - loss) / Math.abs(loss)).toBeLessThan(1e-4);
        for (const p of trainer.layout.parameters) {
          const at = trainer.layout.offsets.get(p.name)!;
          const end = at + p.dims.reduce((a, b) => a * b, 1);
          const error = relativeError(trainer.accumulated.subarray(at, end), gradients[n]!.subarray(at, end));
          expect(error, `${LOSSES[n]![0]}, ${p.name}`).toBeLessThan(1e-4);
        }
      }
      await trainer.dispose();
    },
    120_000,
  );

  test.each(TUNINGS)(
    '%s: greedy samples are the float64 decoder’s most likely tokens',
    async (_name, tuning) => {
      const runtime = await open();
      const { trainer, model } = openTrainer(runtime, micro, tuning);
      const sampler = new Sampler(runtime, micro, tuning, trainableLayout(micro, tuning), model);
      const prompts = [[1, 2, 3, 4, 5], [6], [7, 8, 9]];
      const rows = await sampler.sample(
        trainer.weights,
        prompts.map((tokens) => ({ tokens, samples: 2, maxTokens: 20 })),
        { temperature: 0, topP: 1, seed: 1, stop: new Set() },
      );
      for (const row of rows) {
        const all = [...prompts[row.request]!, ...row.tokens];
        const logits = referenceLogits(micro, tuning, model, trainer.weights, all);
        row.tokens.forEach((token, t) => {
          const now = logits[prompts[row.request]!.length - 1 + t]!;
          expect(now.indexOf(Math.max(...now))).toBe(token);
          expect(Math.abs(logSoftmax(now)[token]! - row.logprobs[t]!)).toBeLessThan(1e-5);
        });
        expect(row.tokens.length).toBe(20);
      }
      await sampler.dispose();
      await trainer.dispose();
    },
  );

  test('an optimizer step moves the weights against the gradient', async () => {
    const { trainer } = openTrainer(await open(), micro, { kind: 'full' });
    const before = trainer.weights.slice();
    const rows = [{ tokens: [1, 2, 3, 4], weight: [0.3, 0.3, 0.4], advantage: 1 }];
    const [now] = await trainer.accumulate(rows, { clip: 0, klWeight: 0 });
    await trainer.fetch();
    const gradient = trainer.accumulated.slice();
    const norm = await trainer.apply({
      learningRate: 0.01,
      weightDecay: 0,
      maxGradNorm: 1,
      adamEpsilon: 1e-8,
    });
    expect(norm).toBeCloseTo(Math.hypot(...gradient), 4);
    await trainer.fetch();
    trainer.weights.forEach((w, i) => {
      // AdamW's first step is the learning rate times the gradient's sign, wherever it is not tiny.
      if (Math.abs(gradient[i]!) > 1e-4)
        expect(w - before[i]!).toBeCloseTo(-0.01 * Math.sign(gradient[i]!), 4);
    });
    const [after] = await trainer.score([[1, 2, 3, 4]]);
    const sum = (x: Float32Array) => x.reduce((a, b) => a + b, 0);
    expect(sum(after!)).toBeGreaterThan(sum(now!));
    await trainer.dispose();
  });

  test('hears a message between two runs, not after the last of many', async () => {
    const { trainer } = openTrainer(await open(), micro, { kind: 'full' });
    await trainer.score([[1, 2, 3, 4]]);
    const { port1, port2 } = new MessageChannel();
    let heard = false;
    port1.onmessage = () => {
      heard = true;
    };
    port2.postMessage('stop');
    const end = performance.now() + 2000;
    while (!heard && performance.now() < end) await trainer.score([[1, 2, 3, 4]]);
    port1.close();
    await trainer.dispose();
    expect(heard).toBe(true);
  });
}
