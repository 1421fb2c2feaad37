/**
 * Writes anew how near a bank's goalposts are, and how its model does on its validation questions, for a model that
 * has changed since the bank was made.
 *   npx tsx pretrain/measureBank.ts [--model DIR --bank FILE]
 */
import { basename } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bank } from '../src/gasp/bank.ts';
import { log10 } from '../src/gasp/distance.ts';
import { embeddedIn } from '../src/lab/models.ts';
import { distancesOf, validationRateOf } from './bankMeasures.ts';
import { openTools } from './modelTools.ts';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string', default: 'public/models/foothold-micro-2' },
    bank: { type: 'string', default: 'public/banks/micro.json' },
  },
});
const tools = await openTools(args.model, 1);
const bank = JSON.parse(readFileSync(args.bank, 'utf8')) as Bank;
bank.distances = await distancesOf(bank.goalposts, tools);
bank.validationRate = await validationRateOf(bank.validation ?? [], embeddedIn(basename(args.model)), tools);
writeFileSync(args.bank, `${JSON.stringify(bank)}\n`);
const sorted = Object.values(bank.distances).sort((a, b) => b - a);
const mean = sorted.reduce((sum, x) => sum + x, 0) / sorted.length;
console.log(
  `${sorted.length} of ${bank.goalposts.length} goalposts have a distance: mean log10 p ` +
    `${log10(mean).toFixed(2)}, nearest ${log10(sorted[0]!).toFixed(2)}, 24th ${log10(sorted[23] ?? Number.NaN).toFixed(2)}`,
);
const { samples, passed } = bank.validationRate;
const right = Object.values(passed).reduce((sum, count) => sum + count, 0);
const answers = samples * Object.keys(passed).length;
console.log(
  `${right} of ${answers} answers to validation questions are right: ${((100 * right) / answers).toFixed(2)}%`,
);
await tools.judge.dispose();
await tools.policy.dispose();
