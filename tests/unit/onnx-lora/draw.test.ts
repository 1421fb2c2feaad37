/** Tokens drawn on a processor, against drawing as it is defined: in float64, with a sort. */
import { afterAll, describe, expect, test } from 'vitest';
import { GraphBuilder, writeModel } from '../../../packages/onnx-grad/src/index.ts';
import { Random } from '../../../packages/onnx-lora/src/random.ts';
import { float32, type GraphSession, scalar } from '../../../packages/onnx-lora/src/runtime/runtime.ts';
import { openRows, type TokenSampleOptions } from '../../../packages/onnx-lora/src/sample/sampleRows.ts';
import {
  outputDistribution,
  sharpness,
  TokenPicker,
} from '../../../packages/onnx-lora/src/sample/tokenPicker.ts';
import { nodeRuntime } from '../../../src/backends/runtime.node.ts';
import { LOGITS, plainDistributions } from './plainDraw.ts';

/** Draws `count` times from the same logits; the uniform numbers are the rows' own. */
async function drawMany(logits: Float32Array, options: TokenSampleOptions, count: number) {
  const feeds = { logits: float32([1, logits.length], logits), sharpness: scalar(sharpness(options)) };
  const session = await sessionOf(logits.length);
  const picker = new TokenPicker(await session.run(feeds), logits.length, options);
  const [row] = openRows([{ tokens: [0], samples: 1, maxTokens: count }], count + 1, options.seed);
  for (let i = 0; i < count; i++) picker.pick(row!, 0);
  return row!;
}

/** By the size of the vocabulary. */
const sessions = new Map<number, Promise<GraphSession>>();

function sessionOf(vocabulary: number): Promise<GraphSession> {
  const b = new GraphBuilder('draw');
  outputDistribution(b, b.input('logits', 'float32', ['rows', vocabulary]));
  const session = sessions.get(vocabulary) ?? nodeRuntime(1).create(writeModel(b.model));
  sessions.set(vocabulary, session);
  return session;
}
afterAll(async () => {
  for (const session of sessions.values()) await (await session).release();
});

/** The numbers that a row draws with, again. */
function uniforms({ seed }: TokenSampleOptions, count: number): number[] {
  const [row] = openRows([{ tokens: [0], samples: 1, maxTokens: 1 }], 2, seed);
  return Array.from({ length: count }, () => row!.random.uniform());
}

const base = { seed: 3, stop: new Set<number>() };
const SETTINGS = [
  { temperature: 1, topP: 1 },
  { temperature: 0.6, topP: 0.9013 },
  { temperature: 1, topP: 0.999 },
  { temperature: 1.7, topP: 0.3013 },
  { temperature: 1, topP: 1, topK: 40 },
  { temperature: 0.8, topP: 0.9513, topK: 3000 },
  { temperature: 1, topP: 0, topK: 0 },
];

describe.each(Object.keys(LOGITS))('%s logits', (kind) => {
  // The last is Qwen's, whose shares are sampled; below 8192 all of them are looked at. 10,007 is no multiple of 4.
  test.each([
    [7, 300],
    [700, 1500],
    [10_007, 1500],
    [151_936, 100],
  ])('vocabulary of %d: tokens and log-probabilities are those of the definition', async (size, count) => {
    let [apart, all, error] = [0, 0, 0];
    const random = Random.for(1, kind);
    const logits = LOGITS[kind]!(size, () => random.uniform());
    const plain = plainDistributions(logits);
    for (const setting of SETTINGS) {
      const options = { ...base, ...setting };
      const { tokens, logprobs } = await drawMany(logits, options, count);
      const expected = plain(setting);
      uniforms(options, count).forEach((uniform, i) => {
        if (tokens[i] !== expected.draw(uniform)) apart++;
        error = Math.max(error, Math.abs(logprobs[i]! - expected.logprobs[tokens[i]!]!));
      });
      all += count;
    }
    expect(apart / all).toBeLessThan(1e-4);
    expect(error, `${error}`).toBeLessThan(1e-5);
  });
});

const draw = (logits: number[], options: Partial<TokenSampleOptions>) =>
  drawMany(Float32Array.from(logits), { ...base, temperature: 1, topP: 1, ...options }, 50);

test('of equal tokens at the end of a set, the first are in it', async () => {
  const ties = [0, 1, 1, 1, 1, 0];
  expect(new Set((await draw(ties, { topK: 2 })).tokens)).toEqual(new Set([1, 2]));
  // The four have 0.83 of all, and three of them 0.62.
  expect(new Set((await draw(ties, { topP: 0.6 })).tokens)).toEqual(new Set([1, 2, 3]));
});

test('greedy takes the most likely token, of equal ones the first, with its log-probability', async () => {
  const { tokens, logprobs } = await draw([0, 3, -1, 3, 2], { temperature: 0, topP: 0.1 });
  expect(new Set(tokens)).toEqual(new Set([1]));
  expect(logprobs[0]).toBeCloseTo(
    plainDistributions([0, 3, -1, 3, 2])({ temperature: 1, topP: 1 }).logprobs[1]!,
    6,
  );
});

test.each([NaN, Infinity])('a logit of %d is told of', async (wrong) => {
  for (const size of [5, 20_000]) {
    const logits = new Float32Array(size);
    logits[size >> 1] = wrong;
    for (const options of [{ temperature: 0 }, { topP: 0.9 }, { temperature: 0.7, topK: 3 }, {}]) {
      const drawn = drawMany(logits, { ...base, temperature: 1, topP: 1, ...options }, 3);
      await expect(drawn).rejects.toMatchObject({ code: 'diverged' });
    }
  }
});
