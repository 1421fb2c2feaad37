/** `lab compare`: several methods with several seeds each at equal budgets, and a report of them side by side. */
import { join, resolve } from 'node:path';
import { type Comparison, compareRuns } from '../src/compare/comparison.ts';
import { digestRun, pickCheckpoint, type RunDigest } from '../src/compare/digest.ts';
import { comparisonFigures } from '../src/compare/comparisonFigures.tsx';
import { ON_THE_WAY, pickingPlans, reportPlans } from '../src/compare/plans.ts';
import { reportPage } from '../src/compare/report.tsx';
import { csvFile } from '../src/figures/figure.ts';
import { svgFile } from '../src/figures/svgFile.tsx';
import { METHOD_NAMES, type MethodKind, METHODS } from '../src/gasp/methods.ts';
import type { LabPorts } from '../src/lab/labPorts.ts';
import { HUB_SETTINGS } from '../src/lab/hubRun.ts';
import { EMBEDDED_MODEL, EMBEDDED_PATH, isEmbedded } from '../src/lab/models.ts';
import { BANK_OPTIONS, BANK_USAGE, openBank } from './bankOption.ts';
import { BACKEND_OPTIONS, runtimeOption } from './backend.ts';
import { interrupted } from './failure.ts';
import type { MeasurementPlan } from '../src/run/measurementPlan.ts';
import type { Counters, RunEvent } from '../src/run/events.ts';
import { finishedIterations, foldEvents, type RunState } from '../src/run/state.ts';
import { ComparisonFolder, entrantSettings, readEntrants, readSeeds } from './comparison.ts';
import { type ModelOption, nodePorts, publicFolder, readModelOption } from './nodePorts.ts';
import { checkSame, newRun, SHIPPED_BANK } from './settings.ts';
import { TerminalLab } from './terminalLab.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

const list = (kind: MethodKind) =>
  METHOD_NAMES.filter((name) => METHODS[name].kind === kind)
    .map((name) => `    ${name.padEnd(20)}${METHODS[name].about} (${METHODS[name].citation.text})`)
    .join('\n');

export const compareUsage = `lab compare --methods A,B,... --seeds 1,2,... (--minutes M | --tokens T | --iterations N) --out DIR [options]
  Runs every method with every seed, measures each at its end, and writes DIR/report.html, DIR/report.json and
  DIR/figures (SVG and CSV).
  The same command goes on where it was stopped or killed; more methods and seeds can be added to it, and two
  of these commands may work on one folder at a time, each at its own seeds: a last one reports on all of them.
  --methods LIST    some of those below (default base,azr,real,gasp,gasp+real); gasp:estimator=trr++:clip=0.2 is
                    GASP with other settings, under that name
  --seeds LIST      (default 1,2,3)
  --minutes M       a run's budget of time: it ends after the iteration in which they are over
  --tokens T        a run's budget of tokens, sampled plus trained: equal for all methods
  --iterations N    a run's budget of iterations
  --out DIR         folder of the runs and the report
  --samples N       answers to each held-out question and goalpost, for pass@k up to k = N
                    (default: by the budget, from 10 to 100)
  --checkpoints C   earlier checkpoints, evenly spread, at which goalposts and validation questions are tried too,
                    with at most ${ON_THE_WAY} answers (default 3); validation questions are at the last one in any
                    case. What is reported is the checkpoint that does best on them, the last one's held-out
                    figures stand beside it
  --questions N     measure on N held-out questions and N goalposts only, evenly spread (default: all)
  --set KEY=VALUE   a setting for all methods, as often as needed; lab run --help lists them
${BANK_USAGE}
  --model MODEL, --dtype NAME, --threads N, --backend NAME, --json   as in lab run

  systems
${list('system')}
  ablations of GASP
${list('ablation')}
  extensions, and their controls
${list('extension')}
  rivals, other guided self-play
${list('rival')}
`;

/** Answers that can be sampled and judged in the time that a budget gives, so that measuring costs a part of it. */
function defaultSamples({ minutes, tokens }: Budget): number {
  const affordable = Math.min(minutes * 10, tokens / 18_000);
  return Math.round(Math.min(100, Math.max(10, Number.isFinite(affordable) ? affordable : 0)));
}

interface Budget {
  minutes: number;
  tokens: number;
  iterations: number;
}

const isSpent = (budget: Budget, { seconds, tokensSampled, tokensTrained }: Counters): boolean =>
  seconds >= budget.minutes * 60 || tokensSampled + tokensTrained >= budget.tokens;

/** A run that should have ended earlier would not be compared fairly. */
function checkBudget(state: RunState, budget: Budget, label: string): void {
  const finished = state.iterations.filter((iteration) => iteration.counters);
  const before = finished.at(-2)?.counters;
  if (finished.length <= budget.iterations && !(before && isSpent(budget, before))) return;
  throw new UsageError(
    `${label} has run for longer than this budget. Choose another --out, or a budget that is no smaller.`,
  );
}

/** A run for the report, with the measurements that fit this command's options. */
function digest(events: readonly RunEvent[], label: string, plans: readonly MeasurementPlan[]): RunDigest {
  const state = foldEvents(events)!;
  const asked = (state.measurements ?? []).flatMap((m) => {
    const plan = plans.find(
      (p) => p.iteration === m.iteration && p.split === m.split && p.samples === m.samples,
    );
    if (!plan) return [];
    const answers = Object.fromEntries(plan.questions.map(({ id }) => [id, m.answers[id]!]));
    const logprobs =
      m.logprobs && Object.fromEntries(Object.entries(m.logprobs).filter(([id]) => id in answers));
    return [{ ...m, answers, ...(logprobs && { logprobs }) }];
  });
  return digestRun({ ...state, measurements: asked }, label);
}

const OPTIONS = {
  methods: { type: 'string', default: 'base,azr,real,gasp,gasp+real' },
  seeds: { type: 'string', default: '1,2,3' },
  minutes: { type: 'string' },
  tokens: { type: 'string' },
  iterations: { type: 'string' },
  out: { type: 'string' },
  samples: { type: 'string' },
  checkpoints: { type: 'string', default: '3' },
  questions: { type: 'string' },
  set: { type: 'string', multiple: true, default: [] as string[] },
  ...BANK_OPTIONS,
  model: { type: 'string' },
  dtype: { type: 'string' },
  ...BACKEND_OPTIONS,
  json: { type: 'boolean', default: false },
} as const;

/** The exit status, 0. Throws what keeps it from its end. */
export async function compareCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.out) throw new UsageError('--out DIR is missing.');
  const number = (name: 'minutes' | 'tokens' | 'iterations') => {
    const text = values[name];
    return text === undefined ? Infinity : numberOption(name, text, { integer: name === 'iterations' });
  };
  const budget: Budget = {
    minutes: number('minutes'),
    tokens: number('tokens'),
    iterations: number('iterations'),
  };
  if (Object.values(budget).every((limit) => limit === Infinity)) {
    throw new UsageError('A budget is missing: --minutes, --tokens or --iterations.');
  }
  const entrants = readEntrants(values.methods);
  const seeds = readSeeds(values.seeds);
  const wanted = {
    samples:
      values.samples === undefined
        ? defaultSamples(budget)
        : numberOption('samples', values.samples, { min: 1 }),
    checkpoints: numberOption('checkpoints', values.checkpoints),
    questions:
      values.questions === undefined ? Infinity : numberOption('questions', values.questions, { min: 1 }),
  };
  // All settings are read before the first run begins: a mistake in the last one must not cost the others.
  const named: ModelOption =
    values.model === undefined ? { name: EMBEDDED_MODEL } : await readModelOption(values.model, values.dtype);
  const isHub = !isEmbedded(named.name);
  const jobs = seeds.flatMap((seed) =>
    entrants.map((entrant) => ({
      ...{ entrant, seed },
      settings: entrantSettings(entrant, seed, values.set, isHub ? HUB_SETTINGS : {}),
    })),
  );
  const out = resolve(values.out);
  const bankFile = values.bank ?? SHIPPED_BANK;
  const say = (line: string) => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  const bank = await openBank(values, say);
  const model = named.folder ?? join(publicFolder, EMBEDDED_PATH);
  const folder = new ComparisonFolder(out, {
    model: isHub ? { name: named.name } : { file: join(model, 'onnx/model.onnx') },
    bank: { file: bankFile, with: [values.heldout, values.validation].filter(Boolean).join(' ') },
  });

  let nextRun = '';
  const ports: Omit<LabPorts, 'send'> = {
    ...(await nodePorts({
      out: folder.runs,
      runtime: runtimeOption(values),
      ...(named.folder !== undefined && { model: named.folder }),
    })),
    newRunId: () => nextRun,
  };
  const lab = new TerminalLab(ports, say);
  const digests: RunDigest[] = [];
  /** By method, whatever the order in which they ran. */
  const inOrder = () => entrants.flatMap(({ label }) => digests.filter((run) => run.label === label));
  const write = (): Comparison => {
    const ordered = inOrder();
    const comparison = compareRuns(ordered, {
      budget: finite(budget),
      bank: bank.title,
      runsWanted: jobs.length,
    });
    folder.write('report.html', reportPage(comparison, ordered));
    folder.write('report.json', `${JSON.stringify(comparison, null, 2)}\n`);
    return comparison;
  };
  try {
    for (const [i, { entrant, seed, settings }] of jobs.entries()) {
      const name = `${entrant.label}, seed ${seed}`;
      say(`[${i + 1} of ${jobs.length}] ${name}`);
      nextRun = folder.runId(entrant, seed);
      const before = await ports.journal.read(nextRun);
      if (before.length > 0) {
        checkSame(before, settings, name);
        checkBudget(foldEvents(before)!, budget, name);
      }
      await lab.play(ports.journal, {
        ...(before.length > 0 && { run: nextRun }),
        start: () => newRun(settings, bank, name, named.name),
        iterations: METHODS[entrant.method].untrained ? 0 : budget.iterations,
        enough: (counters) => isSpent(budget, counters),
      });
      if (!lab.fine) break;
      const state = foldEvents(await ports.journal.read(nextRun))!;
      const picking = pickingPlans(state, bank.validation ?? [], wanted);
      await lab.measure(nextRun, picking);
      if (!lab.fine) break;
      const { validation } = digest(await ports.journal.read(nextRun), entrant.label, picking);
      const picked = pickCheckpoint(validation) ?? finishedIterations(state);
      const plans = [...picking, ...reportPlans(state, picked, bank.heldout, wanted)];
      await lab.measure(nextRun, plans);
      if (!lab.fine) break;
      digests.push(digest(await ports.journal.read(nextRun), entrant.label, plans));
      write();
    }
    if (lab.error) throw lab.error;
    if (lab.interrupted) throw interrupted('Everything is stored: the same command goes on.');
    const comparison = write();
    const figures = comparisonFigures(comparison, inOrder()).flatMap((group) => group.figures);
    for (const figure of figures) {
      folder.write(`figures/${figure.id}.svg`, svgFile(figure.drawing));
      folder.write(`figures/${figure.id}.csv`, csvFile(figure.table));
    }
    for (const line of comparison.reading) say(line);
    say(`${join(out, 'report.html')}`);
    if (values.json) console.log(JSON.stringify(comparison));
    return 0;
  } finally {
    await lab.close();
    await ports.journal.close();
  }
}

const finite = (budget: Budget): Partial<Budget> =>
  Object.fromEntries(Object.entries(budget).filter(([, limit]) => limit !== Infinity));
