/**
 * The rollout race in a page (Chromium). wasm has one thread, as the page gets no special headers, so that
 * `generate` has one core and the sampler as many as a run takes.
 * `npx tsx bench/page.ts [--backend wasm|webgpu] [--cores N] [--work answers|random] [--prompts 32] [--samples 16] [--tokens 32] [--turns 3]
 * [--json]`
 */
import { basename, dirname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDevPage } from './devPage.ts';
import type { PageRaceOptions } from './pageRollouts.ts';
import { table } from './race.ts';
import { benchRepository } from './repository.ts';
import type { RolloutRates } from './rolloutRace.ts';
import type { WorkKind } from './rolloutWork.ts';

const { values: args } = parseArgs({
  options: {
    backend: { type: 'string', default: 'wasm' },
    cores: { type: 'string' },
    work: { type: 'string', default: 'answers' },
    prompts: { type: 'string', default: '32' },
    samples: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '32' },
    turns: { type: 'string', default: '3' },
    batches: { type: 'string', default: '1,16,32,64' },
    json: { type: 'boolean', default: false },
  },
});

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = benchRepository();
const bench = await openDevPage('page.html', 'raceInPage');
try {
  const options: PageRaceOptions = {
    // Files in public/ lie at the server's root.
    base: `/${relative(root, dirname(folder)).split(sep).join('/')}/`.replace(/^\/public\//, '/'),
    name: basename(folder),
    backend: args.backend as PageRaceOptions['backend'],
    ...(args.cores && { cores: Number(args.cores) }),
    work: args.work as WorkKind,
    prompts: Number(args.prompts),
    samples: Number(args.samples),
    newTokens: Number(args.tokens),
    batches: args.batches.split(',').map(Number),
    turns: Number(args.turns),
  };
  const rates = await bench.call<RolloutRates>('raceInPage', options);
  if (args.json) console.log(JSON.stringify(rates));
  else {
    console.log(table([rates.sampler, ...rates.generate], 'tokens a second'));
    console.log(`over generate's best batch: ${rates.overBest.toFixed(1)} times`);
    console.log(`over separate calls:        ${rates.overSeparate.toFixed(1)} times`);
  }
} finally {
  await bench.close();
}
