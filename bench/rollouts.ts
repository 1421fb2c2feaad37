/**
 * Rollout tokens a second of the sampler and of transformers.js's `generate`, on Node.
 * `npx tsx bench/rollouts.ts [--work answers|random] [--prompts 32] [--samples 16] [--tokens 48] [--turns 5]
 * [--threads 1] [--backend cpu|webgpu] [--json]`; what is sampled is in `rolloutWork.ts`, --tokens is for random work.
 * --threads are `generate`'s, and as many cores the sampler's.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import * as transformers from '@huggingface/transformers';
import { SHIPPED_BANK } from '../cli/settings.ts';
import type { Bank } from '../src/gasp/bank.ts';
import { folderFiles } from 'onnx-lora/node';
import { startReplica } from '../src/embedded/replicas/start.node.ts';
import { type NodeBackend, nodeRuntime } from '../src/backends/runtime.node.ts';
import { table } from './race.ts';
import { benchRepository } from './repository.ts';
import { rolloutRace } from './rolloutRace.ts';
import type { WorkKind } from './rolloutWork.ts';

const { values: args } = parseArgs({
  options: {
    work: { type: 'string', default: 'answers' },
    prompts: { type: 'string', default: '32' },
    samples: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '48' },
    turns: { type: 'string', default: '5' },
    batches: { type: 'string', default: '1,16,32,64' },
    threads: { type: 'string', default: '1' },
    backend: { type: 'string', default: 'cpu' },
    json: { type: 'boolean', default: false },
  },
});

const threads = Number(args.threads);
const backend = args.backend as NodeBackend;
const folder = benchRepository();
transformers.env.allowRemoteModels = false;
transformers.env.localModelPath = dirname(folder);
const model = await transformers.AutoModelForCausalLM.from_pretrained(basename(folder), {
  dtype: 'fp32',
  device: backend,
  session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
});
const rates = await rolloutRace({
  runtime: nodeRuntime(backend === 'cpu' ? 1 : threads, backend),
  replicas: { cores: backend === 'cpu' ? threads : 1, start: startReplica },
  files: folderFiles(folder),
  model,
  transformers,
  bank: JSON.parse(readFileSync(SHIPPED_BANK, 'utf8')) as Bank,
  work: args.work as WorkKind,
  prompts: Number(args.prompts),
  samples: Number(args.samples),
  newTokens: Number(args.tokens),
  batches: args.batches.split(',').map(Number),
  turns: Number(args.turns),
});
await model.dispose();
if (args.json) console.log(JSON.stringify(rates));
else {
  console.log(table([rates.sampler, ...rates.generate], 'tokens a second'));
  console.log(`over generate's best batch: ${rates.overBest.toFixed(1)} times`);
  console.log(`over separate calls:        ${rates.overSeparate.toFixed(1)} times`);
}
