/**
 * A LoRA step on a decoder from the Hub against its forward pass on the same tokens.
 *   npx tsx bench/lora.ts --model DIR [--rows 4] [--length 128] [--layers N] [--repeats 5]
 *     [--samples 4] [--tokens 8] [--backend cpu|webgpu]
 */
import { cpuUsage } from 'node:process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from 'onnx-lora/random';
import { folderFiles } from 'onnx-lora/node';
import { HubSampler, loadHubModel, hubTrainable, VectorTrainer } from 'onnx-lora';
import { planLayers } from '../src/local/hubPolicy.ts';
import { type NodeBackend, nodeRuntime } from '../src/backends/runtime.node.ts';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    rows: { type: 'string', default: '4' },
    length: { type: 'string', default: '128' },
    rank: { type: 'string', default: '8' },
    layers: { type: 'string' },
    repeats: { type: 'string', default: '5' },
    samples: { type: 'string', default: '4' },
    tokens: { type: 'string', default: '8' },
    backend: { type: 'string', default: 'cpu' },
    threads: { type: 'string', default: '2' },
  },
});
if (!args.model) throw new Error('--model DIR is missing');
const model = await loadHubModel(folderFiles(resolve(args.model)));
const rank = Number(args.rank);
const plan = planLayers(model, {
  kind: 'lora',
  rank,
  alpha: 2 * rank,
  ...(args.layers && { layers: Number(args.layers) }),
});
const runtime = nodeRuntime(Number(args.threads), args.backend as NodeBackend);
const trainer = new VectorTrainer(runtime, hubTrainable(model, plan), 1);
const random = new Random(1);
const rows = Array.from({ length: Number(args.rows) }, () => {
  const tokens = Array.from({ length: Number(args.length) + 1 }, () => random.int(model.vocabulary));
  return { tokens, weight: tokens.slice(1).map(() => 1 / tokens.length), advantage: 1 };
});

/** Seconds of processor time, which a busy machine disturbs less than the clock, and of the clock. */
async function time(job: () => Promise<unknown>): Promise<{ cpu: number; wall: number }> {
  const [cpu, wall] = [cpuUsage(), performance.now()];
  await job();
  const { user, system } = cpuUsage(cpu);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1e3 };
}
const forward = () => trainer.score(rows.map((r) => r.tokens));
async function step(): Promise<void> {
  await trainer.accumulate(rows, { clip: 0, klWeight: 0 });
  await trainer.apply({ learningRate: 1e-4, weightDecay: 0, maxGradNorm: 1, adamEpsilon: 1e-8 });
}
await forward();
await step();
const forwards: { cpu: number; wall: number }[] = [];
const steps: { cpu: number; wall: number }[] = [];
for (let i = 0; i < Number(args.repeats); i++) {
  forwards.push(await time(forward));
  steps.push(await time(step));
}
type Key = 'cpu' | 'wall';
const sorted = (list: { cpu: number; wall: number }[], key: Key) =>
  list.map((t) => t[key]).sort((a, b) => a - b);
// Beside other work the least of each is nearest to what an idle machine takes: a step is disturbed more than a pass.
for (const key of ['cpu', 'wall'] as const) {
  const [f, s] = [sorted(forwards, key), sorted(steps, key)];
  const tell = (name: string, at: number) =>
    `${name} ${f[at]!.toFixed(2)} s and ${s[at]!.toFixed(2)} s, ${(s[at]! / f[at]!).toFixed(2)} times`;
  console.log(`${key}, forward and LoRA step: ${tell('least', 0)}; ${tell('median', f.length >> 1)}`);
}
console.log(
  `${model.parameters} weights, ${plan.layout.size} of them train; ${rows.length} x ${args.length} tokens; resident ${(process.memoryUsage().rss / 1e9).toFixed(2)} GB, at most ${(process.resourceUsage().maxRSS / 1e6).toFixed(2)} GB`,
);
await trainer.dispose();

const sampler = new HubSampler(runtime, model, plan);
await sampler.open();
const [samples, maxTokens] = [Number(args.samples), Number(args.tokens)];
const draw = () =>
  time(() =>
    sampler.sample(trainer.weights, [{ tokens: rows[0]!.tokens.slice(0, 32), samples, maxTokens }], {
      temperature: 1,
      topP: 1,
      seed: 1,
      stop: new Set(),
    }),
  );
const first = await draw();
const again = await draw();
console.log(
  `sampled ${samples} x ${maxTokens} tokens after 32 in ${first.wall.toFixed(1)} s, again in ${again.wall.toFixed(1)} s; at most ${(process.resourceUsage().maxRSS / 1e6).toFixed(2)} GB resident`,
);
await sampler.dispose();
