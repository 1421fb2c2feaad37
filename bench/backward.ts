/**
 * Forward plus backward against forward alone, on the same tokens, in full and LoRA training.
 * `npx tsx bench/backward.ts [--rows 16] [--length 160] [--turns 5] [--threads 1] [--json]`
 */
import { parseArgs } from 'node:util';
import { Random } from 'onnx-lora/random';
import { folderFiles } from 'onnx-lora/node';
import { readDecoderConfig, readDecoderWeights } from '../src/embedded/decoderFiles.ts';
import { readJson } from 'onnx-lora';
import { nodeRuntime } from '../src/backends/runtime.node.ts';
import { Trainer } from '../src/embedded/decoderTrainer.ts';
import { race, table } from './race.ts';
import { benchRepository } from './repository.ts';
import type { Tuning } from '../src/util/tuning.ts';

const { values: args } = parseArgs({
  options: {
    rows: { type: 'string', default: '16' },
    length: { type: 'string', default: '160' },
    turns: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const files = folderFiles(benchRepository());
const config = readDecoderConfig(await readJson(files, 'config.json'));
const weights = readDecoderWeights(await files.read('onnx/model.onnx'), config);
const random = Random.for(1, 'rows');
const rows = Array.from({ length: Number(args.rows) }, () => {
  const tokens = Array.from({ length: Number(args.length) }, () => random.int(config.vocabulary));
  const plane = tokens.slice(1).map(() => 0.01);
  return { tokens, weight: plane, advantage: 1, old: plane.map(() => -1), reference: plane.map(() => -1) };
});
const tokens = rows.reduce((n, row) => n + row.tokens.length, 0);

const tunings: [string, Tuning][] = [
  ['full', { kind: 'full' }],
  ['LoRA, rank 8', { kind: 'lora', rank: 8, alpha: 16 }],
];
const results: Record<string, unknown> = {};
for (const [name, tuning] of tunings) {
  const trainer = new Trainer(nodeRuntime(Number(args.threads)), config, tuning, weights, 1);
  const rates = await race(
    [
      {
        name: `${name}: forward`,
        run: async () => {
          await trainer.score(rows.map((row) => row.tokens));
          return tokens;
        },
      },
      {
        name: `${name}: forward + backward`,
        run: async () => {
          await trainer.accumulate(rows, { clip: 0.2, klWeight: 0.1 });
          return tokens;
        },
      },
    ],
    Number(args.turns),
  );
  await trainer.dispose();
  const ratio = rates[0]!.median / rates[1]!.median;
  results[name] = { rates, ratio };
  if (!args.json) console.log(`${table(rates, 'tokens a second')}\nratio of times: ${ratio.toFixed(2)}\n`);
}
if (args.json) console.log(JSON.stringify(results));
