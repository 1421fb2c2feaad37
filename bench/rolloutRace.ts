/**
 * Our sampler against transformers.js's `generate`: same model file, same prompts, both sampling at
 * temperature 1 until the same stop tokens. `generate` has its runtime's threads, the sampler cores.
 */
import type { PreTrainedModel } from '@huggingface/transformers';
import type { Bank } from '../src/gasp/bank.ts';
import { trainableLayout } from '../src/embedded/decoder.ts';
import { readDecoderConfig, readDecoderWeights } from '../src/embedded/decoderFiles.ts';
import { readJson, type RepositoryFiles, type Runtime, loadTokenizer, initialWeights } from 'onnx-lora';
import { Replica, type StartReplica } from '../src/embedded/replicas/replica.ts';
import { ReplicatedSampler } from '../src/embedded/replicas/replicatedSampler.ts';
import { Sampler } from '../src/embedded/sampler.ts';
import { generateRows } from './generate.ts';
import { type Rate, race } from './race.ts';
import { rolloutWork, type WorkKind } from './rolloutWork.ts';
import type { Tuning } from '../src/util/tuning.ts';

export interface RolloutRaceOptions {
  /** One core's. */
  runtime: Runtime;
  /** Cores that the sampler takes, as a run takes them. */
  replicas: { cores: number; start: StartReplica };
  files: RepositoryFiles;
  /** transformers.js's session of the same file. */
  model: PreTrainedModel;
  transformers: typeof import('@huggingface/transformers');
  bank: Bank;
  work: WorkKind;
  prompts: number;
  /** Completions a prompt. */
  samples: number;
  /** Tokens to sample, for random work. */
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

/** Rows that one turn of `generate` samples, in calls from all over the list: prompts differ in length. */
const ROWS_A_TURN = 64;
const SEPARATE_A_TURN = 16;

export async function rolloutRace(o: RolloutRaceOptions): Promise<RolloutRates> {
  const json = await readJson(o.files, 'config.json');
  const config = readDecoderConfig(json);
  const weights = readDecoderWeights(await o.files.read('onnx/model.onnx'), config);
  const tokenizer = await loadTokenizer(o.files, undefined, { chat: false });
  const { prompts, stop, newTokens } = rolloutWork({ ...o, kind: o.work, tokenizer, config: json });
  const tuning: Tuning = { kind: 'lora', rank: 8, alpha: 16 };
  const layout = trainableLayout(config, tuning);
  const adapter = initialWeights(layout, weights, 1);
  const { cores, start } = o.replicas;
  const replicas = Array.from({ length: cores - 1 }, () => new Replica(start, { config, tuning, weights }));
  const one = new Sampler(o.runtime, config, tuning, layout, weights);
  const where = o.runtime.hasDeviceMemory ? '' : `, cores ${cores}`;
  const sampler = o.runtime.hasDeviceMemory ? one : new ReplicatedSampler(one, replicas);
  const rows = prompts.flatMap((tokens) => Array.from({ length: o.samples }, () => tokens));

  let seed = 0;
  const ours = async () => {
    const sampled = await sampler.sample(
      adapter,
      prompts.map((tokens) => ({ tokens, samples: o.samples, maxTokens: newTokens })),
      { temperature: 1, topP: 1, seed: ++seed, stop },
    );
    return sampled.reduce((n, row) => n + row.tokens.length, 0);
  };

  const theirs = (batch: readonly number[][]) =>
    generateRows(o.transformers, o.model, batch, { temperature: 1, newTokens, stop });
  const theirTurn = async (batch: number) => {
    const calls = batch === 1 ? SEPARATE_A_TURN : Math.max(1, Math.floor(ROWS_A_TURN / batch));
    let tokens = 0;
    for (let call = 0; call < calls; call++) {
      const at = Math.floor((call * Math.max(0, rows.length - batch)) / calls);
      tokens += await theirs(rows.slice(at, at + batch));
    }
    return tokens;
  };

  const rates = await race(
    [
      { name: `Sampler, ${prompts.length} prompts x ${o.samples}${where}`, run: ours },
      ...o.batches.map((batch) => ({
        name: batch === 1 ? 'generate, one row a call' : `generate, batch ${batch}`,
        run: () => theirTurn(batch),
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
