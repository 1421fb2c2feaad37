/**
 * Forward plus backward through the embedded decoder with LoRA on all layers, here and in jax-js: same
 * weights, same batch, same page (Chromium, wasm with one thread unless told otherwise), and the same
 * gradient, which is compared.
 *   npx tsx bench/jaxPage.ts [--backend wasm] [--rows 4] [--length 128] [--turns 5] [--json]
 */
import { parseArgs } from 'node:util';
import { openDevPage } from './devPage.ts';
import type { JaxRace, JaxRaceOptions } from './pageJax.ts';
import { table } from './race.ts';

const { values: args } = parseArgs({
  options: {
    backend: { type: 'string', default: 'wasm' },
    rows: { type: 'string', default: '4' },
    length: { type: 'string', default: '128' },
    turns: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});

const bench = await openDevPage('jax.html', 'jaxRace');
try {
  const options: JaxRaceOptions = {
    base: '/models/foothold-micro-2/',
    backend: args.backend as JaxRaceOptions['backend'],
    rows: Number(args.rows),
    length: Number(args.length),
    turns: Number(args.turns),
  };
  const { rates, difference } = await bench.call<JaxRace>('jaxRace', options);
  const [here, there] = rates.map((rate) => rate.median);
  if (args.json) console.log(JSON.stringify({ rates, difference, ratio: here! / there! }));
  else {
    console.log(table(rates, 'tokens a second'));
    console.log(
      `over jax-js: ${(here! / there!).toFixed(1)} times; gradients differ by ${difference.toExponential(1)}`,
    );
  }
} finally {
  await bench.close();
}
