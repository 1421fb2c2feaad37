/** The decoder's graphs on Node's CPU. */
import { expect, test } from 'vitest';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { trainableLayout } from '../../../src/embedded/decoder.ts';
import { backendContract, LOSSES, openTrainer, TUNINGS } from './backendContract.ts';
import { exampleRows, lossOf, micro, referenceLogprobs } from './referenceDecoder.ts';

const runtime = nodeRuntime(1);
backendContract(async () => runtime);

test('the example has tokens that the clip stops and tokens that it lets through, for both signs', () => {
  for (const [, tuning] of TUNINGS) {
    const { trainer, model } = openTrainer(runtime, micro, tuning);
    const rows = exampleRows(micro, tuning, model, trainer.weights, 3);
    const stopped = rows.flatMap((row) => {
      const now = referenceLogprobs(micro, tuning, model, trainer.weights, row.tokens);
      return now
        .map((logp, t) => Math.exp(logp - row.old![t]!))
        .filter((_, t) => row.weight[t]! > 0)
        .map(
          (ratio) => `${row.advantage > 0 ? 'up' : 'down'} ${row.advantage > 0 ? ratio > 1.2 : ratio < 0.8}`,
        );
    });
    expect(new Set(stopped)).toEqual(new Set(['up true', 'up false', 'down true', 'down false']));
    // CISPO bounds ratios on the other side, too.
    const weighed = rows.flatMap((row) =>
      referenceLogprobs(micro, tuning, model, trainer.weights, row.tokens).filter(
        (logp, t) => row.weight[t]! > 0 && row.advantage < 0 && Math.exp(logp - row.old![t]!) > 1.5,
      ),
    );
    expect(weighed.length).toBeGreaterThan(0);
  }
});

test('a gradient of a batch is the sum of the gradients of its rows', async () => {
  const tuning = { kind: 'full' } as const;
  const { trainer, model } = openTrainer(runtime, micro, tuning);
  const rows = exampleRows(micro, tuning, model, trainer.weights, 5);
  const options = LOSSES[1]![1];
  const together = await trainer.accumulate(rows, options);
  const whole = trainer.accumulated.slice();
  trainer.clearGradient();
  for (const [i, row] of rows.entries()) {
    const [alone] = await trainer.accumulate([row], options);
    expect(alone!.length).toBe(row.tokens.length - 1);
    alone!.forEach((logp, t) => {
      expect(logp).toBeCloseTo(together[i]![t]!, 5);
    });
  }
  trainer.accumulated.forEach((g, i) => {
    expect(Math.abs(g - whole[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(whole[i]!)));
  });
  await trainer.dispose();
});

test('a hopeless token in the prompt, or without a KL term, does not poison the gradient', async () => {
  const { trainer } = openTrainer(runtime, micro, { kind: 'full' });
  // Such logits that some tokens have a log-probability far below what exp can undo in float32.
  const norm = trainer.layout.offsets.get('model.norm.weight')!;
  for (let i = 0; i < micro.width; i++) trainer.weights[norm + i]! *= 300;
  const tokens = [1, 2, 3, 4, 5, 6, 7, 8];
  const [logp] = await trainer.score([tokens]);
  const worst = logp!.indexOf(Math.min(...logp!));
  expect(logp![worst]).toBeLessThan(-100);
  const weight = logp!.map((_, t) => (t === worst ? 0 : 0.1));
  // References known only where there is a loss, as for a completion after its prompt.
  const reference = logp!.map((v, t) => (t === worst ? 0 : v));
  await trainer.accumulate([{ tokens, weight, advantage: 1, old: reference, reference }], {
    clip: 0.2,
    klWeight: 0.1,
  });
  expect(trainer.accumulated.every(Number.isFinite)).toBe(true);
  trainer.clearGradient();
  await trainer.accumulate([{ tokens, weight: logp!.map(() => 0.1), advantage: 1 }], {
    clip: 0,
    klWeight: 0,
  });
  expect(trainer.accumulated.every(Number.isFinite)).toBe(true);
  expect(trainer.accumulated.some((g) => g !== 0)).toBe(true);
  await trainer.dispose();
});

test('an adapter at its start changes nothing', async () => {
  const { trainer, model } = openTrainer(runtime, micro, { kind: 'full' });
  const lora = { kind: 'lora', rank: 2, alpha: 3 } as const;
  const { trainer: adapted } = openTrainer(runtime, micro, lora);
  const { offsets, parameters, size } = trainableLayout(micro, lora);
  for (const p of parameters) {
    const at = offsets.get(p.name)!;
    if (p.name.endsWith('lora_B')) adapted.weights.fill(0, at, at + p.dims[0]! * p.dims[1]!);
  }
  expect(adapted.weights.length).toBe(size);
  for (const p of trainer.layout.parameters)
    trainer.weights.set(model.get(p.name)!, trainer.layout.offsets.get(p.name)!);
  const tokens = [1, 2, 3, 4, 5];
  const [a] = await trainer.score([tokens]);
  const [b] = await adapted.score([tokens]);
  b!.forEach((v, i) => {
    expect(v).toBeCloseTo(a![i]!, 5);
  });
  await trainer.dispose();
  await adapted.dispose();
});

test('the loss without a ratio is the advantage times the log-probability', () => {
  const rows = [{ tokens: [1, 2, 3], weight: [0, 2], advantage: -0.5 }];
  expect(lossOf(rows, [[-3, -1.5]], { clip: 0, klWeight: 0 })).toBeCloseTo(-1.5, 12);
});
