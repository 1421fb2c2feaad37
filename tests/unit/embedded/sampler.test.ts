/** The batched sampler: what it draws, how it batches, and that neither depends on the other. */
import { expect, test } from 'vitest';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import type { Runtime } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import type {
  SampledRow,
  TokenRequest,
  TokenSampleOptions,
} from '../../../packages/onnx-lora/src/sample/sampleRows.ts';
import { Sampler } from '../../../src/embedded/sampler.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { openTrainer } from './backendContract.ts';
import { logSoftmax, micro, referenceLogits } from './referenceDecoder.ts';

const FULL = { kind: 'full' } as const;

/** A runtime that writes down the [rows, tokens] of every run that reads tokens, and the [groups, heads, places] of its prompts. */
function watched(): { runtime: Runtime; runs: number[][]; groupings: number[][] } {
  const inner = nodeRuntime(1);
  const runs: number[][] = [];
  const groupings: number[][] = [];
  const create: Runtime['create'] = async (model) => {
    const session = await inner.create(model);
    return {
      ...session,
      run: (feeds, fetches) => {
        if (feeds.ids) runs.push([...feeds.ids.dims]);
        if (feeds.headOfPlace) groupings.push([...feeds.headOfPlace.dims]);
        return session.run(feeds, fetches);
      },
    };
  };
  return { runtime: { ...inner, create }, runs, groupings };
}

const { trainer, model } = openTrainer(nodeRuntime(1), micro, FULL);
const weights = trainer.weights;

function openSampler(maxRows?: number) {
  const { runtime, runs, groupings } = watched();
  const sampler = new Sampler(runtime, micro, FULL, trainer.layout, model, maxRows);
  return { sampler, runs, groupings };
}

const plain: TokenSampleOptions = { temperature: 1, topP: 1, seed: 7, stop: new Set() };

/** Prompts of many lengths, each wanting its own number of samples, at most `most`. */
function requests(seed: number, n: number, maxTokens = 24, most = 6): TokenRequest[] {
  const random = new Random(seed);
  return Array.from({ length: n }, () => ({
    tokens: Array.from({ length: 1 + random.int(12) }, () => random.int(micro.vocabulary)),
    samples: 1 + random.int(most),
    maxTokens: 1 + random.int(maxTokens),
  }));
}

async function expectScored(asked: readonly TokenRequest[], rows: readonly SampledRow[]): Promise<void> {
  const scored = await trainer.score(rows.map((row) => [...asked[row.request]!.tokens, ...row.tokens]));
  rows.forEach((row, i) => {
    const own = scored[i]!.subarray(asked[row.request]!.tokens.length - 1);
    expect(own.length).toBe(row.logprobs.length);
    row.logprobs.forEach((logp, t) => {
      expect(Math.abs(logp - own[t]!)).toBeLessThan(1e-5);
    });
  });
}

test('rows that end early, prompts that finish, buffers that grow: log-probabilities equal the scoring graph’s', async () => {
  const { sampler, runs, groupings } = openSampler();
  const asked = requests(1, 9, 45, 24);
  const stop = new Set([3, 8]);
  const rows = await sampler.sample(weights, asked, { ...plain, stop });
  expect(rows.map((r) => [r.request, r.sample])).toEqual(
    asked.flatMap((a, r) => Array.from({ length: a.samples }, (_, s) => [r, s])),
  );
  for (const row of rows) {
    const { maxTokens } = asked[row.request]!;
    expect(row.tokens.length).toBe(row.logprobs.length);
    expect(row.tokens.slice(0, -1).some((t) => stop.has(t))).toBe(false);
    if (row.ended === 'stop') expect(stop.has(row.tokens.at(-1)!)).toBe(true);
    else {
      expect(row.ended).toBe('length');
      expect(row.tokens.length).toBe(maxTokens);
      expect(stop.has(row.tokens.at(-1)!)).toBe(false);
    }
  }
  expect(new Set(rows.map((r) => r.ended))).toEqual(new Set(['stop', 'length']));
  // The rows did outgrow the first buffers, and rows, prompts and places were dropped on the way.
  expect(Math.max(...rows.map((r) => r.tokens.length))).toBeGreaterThan(17);
  const distinct = (values: (number | undefined)[]) => new Set(values).size;
  expect(distinct(runs.slice(1).map(([computed]) => computed))).toBeGreaterThan(10);
  expect(distinct(groupings.map(([groups]) => groups))).toBeGreaterThan(2);
  expect(distinct(groupings.map(([, , places]) => places))).toBeGreaterThan(2);
  await expectScored(asked, rows);
  await sampler.dispose();
});

test('samples that are equal so far are computed once', async () => {
  const { sampler, runs } = openSampler();
  const asked = [{ tokens: [5, 1, 7], samples: 12, maxTokens: 20 }];
  const rows = await sampler.sample(weights, asked, { ...plain, temperature: 0 });
  expect(new Set(rows.map((r) => r.tokens.join(' '))).size).toBe(1);
  expect(runs.slice(1)).toEqual(Array.from({ length: 19 }, () => [1, 1]));
  // Cold enough that many tokens are sure and some are not: branches part late, next to others that don't.
  runs.length = 0;
  const cold = await sampler.sample(weights, requests(4, 5, 40, 30), { ...plain, temperature: 0.15 });
  const computed = runs.slice(1).reduce((n, [rows]) => n + rows!, 0);
  const tokens = cold.reduce((n, row) => n + row.tokens.length - 1, 0);
  expect(computed).toBeLessThan(0.75 * tokens);
  expect(new Set(cold.map((r) => `${r.request}: ${r.tokens.join(' ')}`)).size).toBeGreaterThan(8);
  await expectScored(requests(4, 5, 40, 30), cold);
  await sampler.dispose();
});

test('a completion fills the context and no more', async () => {
  const { sampler } = openSampler();
  const asked = [
    { tokens: [1, 2, 3], samples: 2, maxTokens: 1000 },
    { tokens: Array.from({ length: 63 }, (_, i) => i % 11), samples: 1, maxTokens: 5 },
  ];
  const rows = await sampler.sample(weights, asked, plain);
  expect(rows.map((r) => r.tokens.length)).toEqual([61, 61, 1]);
  expect(rows.every((r) => r.ended === 'length')).toBe(true);
  await expectScored(asked, rows);
  await sampler.dispose();
});

test('a prompt may have more samples than the context has tokens', async () => {
  const { sampler } = openSampler();
  const asked = [{ tokens: [1, 2, 3], samples: 70, maxTokens: 3 }];
  const rows = await sampler.sample(weights, asked, plain);
  expect(rows.map((r) => r.sample)).toEqual(Array.from({ length: 70 }, (_, i) => i));
  expect(rows.every((r) => r.tokens.length === 3)).toBe(true);
  await expectScored(asked, rows);
  await sampler.dispose();
});

test('the same seed gives the same rows, another seed others', async () => {
  const { sampler } = openSampler();
  const asked = requests(2, 4);
  const first = await sampler.sample(weights, asked, plain);
  expect(await sampler.sample(weights, asked, plain)).toEqual(first);
  const other = await sampler.sample(weights, asked, { ...plain, seed: 8 });
  expect(other.map((r) => r.tokens)).not.toEqual(first.map((r) => r.tokens));
  await sampler.dispose();
});

test('what is sampled for a prompt does not depend on the rest of the batch, nor on its size', async () => {
  const { sampler } = openSampler();
  const asked = requests(3, 6);
  const stop = new Set([5]);
  const tokens = (rows: SampledRow[], request: number) =>
    rows.filter((r) => r.request === request).map((r) => r.tokens);
  const all = await sampler.sample(weights, asked, { ...plain, stop });
  const alone = await sampler.sample(
    weights,
    asked.map((a, r) => (r === 4 ? a : { ...a, samples: 0 })),
    { ...plain, stop },
  );
  expect(tokens(alone, 4)).toEqual(tokens(all, 4));
  const { sampler: small, runs } = openSampler(4);
  const pieces = await small.sample(weights, asked, { ...plain, stop });
  expect(pieces.map((r) => r.tokens)).toEqual(all.map((r) => r.tokens));
  expect(runs.length).toBeGreaterThan(10);
  await sampler.dispose();
  await small.dispose();
});

test('a batch has at most as many rows as it may, even where one prompt wants far more samples than the others', async () => {
  const { sampler, runs } = openSampler(8);
  const asked = [20, 1, 3, 1, 1, 8, 1].map((samples, i) => ({ tokens: [i, i + 1], samples, maxTokens: 3 }));
  const rows = await sampler.sample(weights, asked, plain);
  expect(rows.length).toBe(35);
  expect(rows.every((r) => r.tokens.length === 3)).toBe(true);
  // Every prompt here is two tokens long, and a step has one token in each row.
  for (const [computed, tokens] of runs) expect(computed! * tokens!).toBeLessThanOrEqual(16);
  for (const [computed] of runs.filter(([, tokens]) => tokens === 1)) expect(computed).toBeLessThanOrEqual(8);
  await expectScored(asked, rows);
  await sampler.dispose();
});

/** Pearson's statistic of counts against shares; shares of zero must have no counts. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const n = counts.reduce((a, b) => a + b, 0);
  return shares.reduce((sum, share, i) => {
    if (share === 0) {
      expect(counts[i]).toBe(0);
      return sum;
    }
    return sum + (counts[i]! - n * share) ** 2 / (n * share);
  }, 0);
}

/** The distribution that temperature and top-p make of logits. */
function sharesOf(logits: number[], temperature: number, topP: number): number[] {
  const shares = logSoftmax(logits.map((v) => v / temperature)).map(Math.exp);
  const order = shares.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!);
  let sum = 0;
  const kept = new Set<number>();
  for (const i of order) {
    if (sum >= topP) break;
    kept.add(i);
    sum += shares[i]!;
  }
  return shares.map((share, i) => (kept.has(i) ? share / sum : 0));
}

test.each([
  [1, 1],
  [0.7, 1],
  [1.6, 1],
  [1, 0.8],
  [0.8, 0.6],
])(
  'temperature %d and top-p %d: first and second tokens follow the distribution they should',
  async (temperature, topP) => {
    const { sampler } = openSampler();
    const prompt = [4, 9, 2];
    const rows = await sampler.sample(weights, [{ tokens: prompt, samples: 4000, maxTokens: 2 }], {
      ...plain,
      temperature,
      topP,
    });
    const count = (tokens: number[]) => {
      const counts = new Array<number>(micro.vocabulary).fill(0);
      for (const t of tokens) counts[t]!++;
      return counts;
    };
    const next = (tokens: number[]) => referenceLogits(micro, FULL, model, weights, tokens).at(-1)!;
    // With at most ten degrees of freedom the statistic stays under 30 in 999 of 1000 runs.
    expect(
      chiSquare(count(rows.map((r) => r.tokens[0]!)), sharesOf(next(prompt), temperature, topP)),
    ).toBeLessThan(30);
    const counts = count(rows.map((r) => r.tokens[0]!));
    const common = counts.indexOf(Math.max(...counts));
    const seconds = rows.filter((r) => r.tokens[0] === common).map((r) => r.tokens[1]!);
    const shares = sharesOf(next([...prompt, common]), temperature, topP);
    expect(chiSquare(count(seconds), shares)).toBeLessThan(30);
    // Whatever the sampling, the log-probabilities are the model's own.
    const own = logSoftmax(next(prompt));
    for (const row of rows.slice(0, 50))
      expect(Math.abs(row.logprobs[0]! - own[row.tokens[0]!]!)).toBeLessThan(1e-5);
    await sampler.dispose();
  },
);

test('cancelling stops between two steps, and progress is told after each', async () => {
  const { sampler, runs } = openSampler();
  const asked = [{ tokens: [1, 2], samples: 3, maxTokens: 40 }];
  const before = AbortSignal.abort();
  await expect(sampler.sample(weights, asked, { ...plain, signal: before })).rejects.toThrow(/abort/i);
  expect(runs.length).toBe(0);

  const controller = new AbortController();
  const lengths: number[] = [];
  const call = sampler.sample(weights, asked, {
    ...plain,
    signal: controller.signal,
    onStep: (rows) => {
      lengths.push(rows[0]!.tokens.length);
      if (lengths.length === 3) controller.abort(new Error('enough'));
    },
  });
  await expect(call).rejects.toThrow('enough');
  expect(lengths).toEqual([1, 2, 3]);
  expect(runs.length).toBe(3);
  // The sampler is as good as before.
  expect((await sampler.sample(weights, asked, plain)).every((r) => r.tokens.length === 40)).toBe(true);
  await sampler.dispose();
});

test('no requests, no rows; a prompt that cannot be continued is refused', async () => {
  const { sampler } = openSampler();
  expect(await sampler.sample(weights, [], plain)).toEqual([]);
  const ask = (tokens: number[], maxTokens = 4) =>
    sampler.sample(weights, [{ tokens, samples: 1, maxTokens }], plain);
  await expect(ask([])).rejects.toThrow(/at least one token/);
  await expect(ask([1], 0)).rejects.toThrow(/at least one token/);
  await expect(ask(new Array(64).fill(1))).rejects.toThrow(/leaves no room in the model's context of 64/);
  await expect(
    sampler.sample(
      weights.map(() => Number.NaN),
      [{ tokens: [1], samples: 1, maxTokens: 1 }],
      plain,
    ),
  ).rejects.toThrow(/not finite/);
  await sampler.dispose();
});
