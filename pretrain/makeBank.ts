/**
 * Makes the bank that ships with the page: builds the questions from their idioms and mines the goalposts among them.
 *   npm run bank [-- --model DIR --out FILE --threads N --choose]
 * The idioms are those of the bank that is there, so that its questions stay the same for other weights. `--choose`
 * measures the model on every pair of operations and chooses idioms anew, by the rule in `themedBank.ts`.
 * Takes minutes. Pass rates are kept in --cache, so that it goes on where it was stopped.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { mineGoalposts } from '../src/gasp/goalposts.ts';
import type { Task } from '../src/gasp/question.ts';
import { embeddedIn } from '../src/lab/models.ts';
import { Random } from 'onnx-lora/random';
import { solveInBatches } from '../src/gasp/solving.ts';
import { distancesOf, validationRateOf } from './bankMeasures.ts';
import {
  buildBank,
  candidateIdioms,
  chooseIdioms,
  type Idiom,
  type IdiomPassRate,
  type ThemedBank,
} from './themedBank.ts';
import { openTools } from './modelTools.ts';
import { questionOf } from './world.ts';

const SHIPPED_BANK = 'public/banks/micro.json';
const { values: args } = parseArgs({
  options: {
    model: { type: 'string', default: 'public/models/foothold-micro-2' },
    out: { type: 'string', default: SHIPPED_BANK },
    cache: { type: 'string', default: '.cache/pretrain/pass-rates.json' },
    threads: { type: 'string', default: '2' },
    choose: { type: 'boolean', default: false },
    /** pass@samples = 0 makes a goalpost of a question ... */
    samples: { type: 'string', default: '100' },
    /** ... of which so many are drawn with a fixed seed: the paper has 146 of 601. */
    goalposts: { type: 'string', default: '146' },
  },
});
/** A pair's pass rate is over this many questions with this many answers each. */
const PROBLEMS = 3;
const ANSWERS = 8;
const SEED = 11;

const tools = await openTools(args.model, Number(args.threads));

async function measure(): Promise<IdiomPassRate[]> {
  const candidates = candidateIdioms(PROBLEMS);
  const tasks = candidates.flatMap(({ problems }, i) =>
    problems.map((problem, j): Task => ({ type: 'induction', question: questionOf(problem, `${i}.${j}`) })),
  );
  const passed = candidates.map(() => 0);
  let done = 0;
  const options = { samples: ANSWERS, temperature: 1, topP: 1, seed: SEED, stage: 'evaluating' } as const;
  for await (const batch of solveInBatches(tasks, options, tools)) {
    for (const solved of batch) {
      passed[Number.parseInt(solved.task.question.id, 10)]! += solved.attempts.filter(
        (a) => a.verdict === 'passed',
      ).length;
    }
    done += batch.length;
    console.log(`pairs: ${done}/${tasks.length} questions`);
  }
  return candidates.map(({ idiom }, i) => ({ idiom, passRate: passed[i]! / (PROBLEMS * ANSWERS) }));
}

async function chosenAnew(): Promise<Idiom[]> {
  let passRates: IdiomPassRate[];
  if (existsSync(args.cache)) passRates = JSON.parse(readFileSync(args.cache, 'utf8')) as IdiomPassRate[];
  else {
    passRates = await measure();
    mkdirSync(dirname(args.cache), { recursive: true });
    writeFileSync(args.cache, JSON.stringify(passRates));
  }
  return chooseIdioms(passRates);
}

const idioms = args.choose
  ? await chosenAnew()
  : (JSON.parse(readFileSync(SHIPPED_BANK, 'utf8')) as ThemedBank).idioms;
console.log(`idioms: ${idioms.map((idiom) => idiom.join(' > ')).join('; ')}`);

const bank = buildBank(idioms);
const unsolved: string[] = [];
let decided = 0;
const mining = { samples: Number(args.samples), temperature: 1, topP: 1, seed: SEED };
for await (const round of mineGoalposts(bank.questions, mining, tools)) {
  for (const { question, passed } of round) if (passed === 0) unsolved.push(question);
  decided += round.length;
  console.log(`mining: ${decided}/${bank.questions.length} decided`);
}
// Sorted, so that the draw does not depend on the order in which mining decided.
const goalposts = new Set(
  Random.for(SEED, 'goalposts').shuffle(unsolved.sort()).slice(0, Number(args.goalposts)),
);
bank.goalposts = bank.questions.filter((question) => goalposts.has(question.id));
bank.distances = await distancesOf(bank.goalposts, tools);
bank.validationRate = await validationRateOf(bank.validation ?? [], embeddedIn(basename(args.model)), tools);
mkdirSync(dirname(args.out), { recursive: true });
writeFileSync(args.out, `${JSON.stringify(bank)}\n`);
const byShape = new Map<unknown, number>();
for (const { tags } of bank.goalposts) byShape.set(tags?.shape, (byShape.get(tags?.shape) ?? 0) + 1);
console.log(
  `${bank.questions.length} training and ${bank.heldout.length} held-out questions, ` +
    `${unsolved.length} of the former unsolved, ${bank.goalposts.length} goalposts drawn (${[...byShape].map(([s, n]) => `${s}: ${n}`).join(', ')}): ${args.out}`,
);
await tools.judge.dispose();
await tools.policy.dispose();
