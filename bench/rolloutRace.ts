/**
 * Our sampler against transformers.js's `generate`: same model file, same prompts, same number of new
 * tokens for each row, both sampling at temperature 1, with as many threads each.
 */
import type { PreTrainedModel } from '@huggingface/transformers';
import { Random } from '../src/gasp/random.ts';
import { trainableLayout, type Tuning } from '../src/lm/decoder.ts';
import {
  readDecoderConfig,
  readDecoderWeights,
  readJson,
  type RepositoryFiles,
} from '../src/lm/repository.ts';
import type { Runtime } from '../src/lm/runtime.ts';
import { Sampler } from '../src/lm/sampler.ts';
import { initialWeights } from '../src/lm/trainer.ts';
import { type Rate, race } from './race.ts';

export interface RolloutRaceOptions {
  runtime: Runtime;
  files: RepositoryFiles;
  /** transformers.js's session of the same file. */
  model: PreTrainedModel;
  transformers: typeof import('@huggingface/transformers');
  prompts: number;
  /** Completions a prompt. */
  samples: number;
  newTokens: number;
  /** Rows in one call of `generate`. */
  batches: readonly number[];
  turns: number;
}

export interface RolloutRates {
  sampler: Rate;
  generate: Rate[];
  /** Medians: the sampler's over that of `generate`'s best batch size, and over that of separate calls. */
  overBest: number;
  overSeparate: number;
}

/** Prompts of 50 to 100 tokens. What they say does not matter for speed. */
function makePrompts(n: number, vocabulary: number): number[][] {
  const random = Random.for(1, 'prompts');
  return Array.from({ length: n }, () =>
    Array.from({ length: 50 + random.int(51) }, () => 3 + random.int(vocabulary - 3)),
  );
}

export async function rolloutRace(o: RolloutRaceOptions): Promise<RolloutRates> {
  const config = readDecoderConfig(await readJson(o.files, 'config.json'));
  const weights = readDecoderWeights(await o.files.read('onnx/model.onnx'), config);
  const tuning: Tuning = { kind: 'lora', rank: 8, alpha: 16 };
  const layout = trainableLayout(config, tuning);
  const adapter = initialWeights(layout, weights, 1);
  const sampler = new Sampler(o.runtime, config, tuning, layout, weights);
  const prompts = makePrompts(o.prompts, config.vocabulary);
  const rows = prompts.flatMap((tokens) => Array.from({ length: o.samples }, () => tokens));

  const ours = async () => {
    const sampled = await sampler.sample(
      adapter,
      prompts.map((tokens) => ({ tokens, samples: o.samples, maxTokens: o.newTokens })),
      { temperature: 1, topP: 1, seed: 1, stop: new Set() },
    );
    return sampled.reduce((n, row) => n + row.tokens.length, 0);
  };

  const { Tensor } = o.transformers;
  const theirs = async (batch: readonly number[][]) => {
    const length = Math.max(...batch.map((tokens) => tokens.length));
    const plane = (value: (tokens: readonly number[], i: number) => number) =>
      new Tensor(
        'int64',
        // Padded on the left, as generation wants it.
        BigInt64Array.from(
          batch.flatMap((tokens) =>
            Array.from({ length }, (_, i) => BigInt(value(tokens, i - length + tokens.length))),
          ),
        ),
        [batch.length, length],
      );
    const output = (await o.model.generate({
      inputs: plane((tokens, i) => tokens[i] ?? 0),
      attention_mask: plane((_, i) => (i < 0 ? 0 : 1)),
      do_sample: true,
      temperature: 1,
      top_k: 0,
      max_new_tokens: o.newTokens,
      min_new_tokens: o.newTokens,
    } as never)) as { dims: number[] };
    const fresh = output.dims[1]! - length;
    if (fresh !== o.newTokens) throw new Error(`generate gave ${fresh} new tokens instead of ${o.newTokens}`);
    return batch.length * fresh;
  };

  const rates = await race(
    [
      { name: `Sampler, ${prompts.length} prompts x ${o.samples}`, run: ours },
      ...o.batches.map((batch) => ({
        name: batch === 1 ? 'generate, one row a call' : `generate, batch ${batch}`,
        run: () => theirs(rows.slice(0, batch)),
      })),
    ],
    o.turns,
  );
  await sampler.dispose();
  const [own, ...generate] = rates as [Rate, ...Rate[]];
  const separate = generate[o.batches.indexOf(1)];
  return {
    sampler: own,
    generate,
    overBest: own.median / Math.max(...generate.map((r) => r.median)),
    overSeparate: separate ? own.median / separate.median : Number.NaN,
  };
}
