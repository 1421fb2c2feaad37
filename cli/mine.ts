/** `lab mine`: which of a bank's questions can be goalposts, by the shipped model and by checkpoints of runs. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bank } from '../src/gasp/bank.ts';
import { DEFAULT_SETTINGS } from '../src/gasp/defaults.ts';
import { type MinedPart, mineStage } from '../src/gasp/mining.ts';
import type { Policy } from '../src/gasp/ports.ts';
import type { Question } from '../src/gasp/question.ts';
import { Random } from 'onnx-lora/random';
import type { Settings } from '../src/gasp/settings.ts';
import type { LabPorts } from '../src/lab/labPorts.ts';
import { gradeWhenNeeded } from '../src/lab/gradeWhenNeeded.ts';
import { HUB_SETTINGS } from '../src/lab/hubRun.ts';
import { EMBEDDED_MODEL, isEmbedded } from '../src/lab/models.ts';
import { checkReadable } from '../src/lab/checks.ts';
import { BANK_OPTIONS, BANK_USAGE, openBank } from './bankOption.ts';
import { BACKEND_OPTIONS, BACKEND_USAGE, runtimeOption } from './backend.ts';
import { interrupted } from './failure.ts';
import { openFolderJournal } from '../src/run/folderJournal.ts';
import type { Journal } from '../src/run/journal.ts';
import { foldEvents } from '../src/run/state.ts';
import { type ModelOption, nodePorts, readModelOption } from './nodePorts.ts';
import { SHIPPED_BANK } from './settings.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

export const mineUsage = `lab mine --out FILE [options]
  Finds the questions of a bank that nothing solves: no right answer among N of the model, nor of any
  checkpoint of the runs given. Writes the bank with those as its goalposts. The same command goes on where it
  was stopped or killed.
  --out FILE        the bank to write; FILE.part keeps what was tried until it is done
${BANK_USAGE}
  --samples N       answers to each question, with each checkpoint (default 100)
  --against DIR     a folder of runs, as lab run and lab compare write it; as often as needed. Tried are the
                    checkpoints that were kept, and the newest
  --every N         of those only the ones after a multiple of N iterations, and the newest
  --goalposts N     draw so many of what was found, with the seed (default: all)
  --seed S          (default 1)
  --model MODEL     a decoder in Hugging Face layout: a folder, owner/name on the Hub, or an address (default: the
                    shipped one); it answers as in a run, at temperature ${HUB_SETTINGS.temperature} and top-p ${HUB_SETTINGS.topP}
  --dtype NAME      which of its dtypes, such as q4
${BACKEND_USAGE}
  --json            the last line is a summary as JSON
`;

/** A checkpoint to mine with; the model that the page ships with has none. */
interface Stage {
  name: string;
  model: string;
  settings: Pick<Settings, 'tuning'>;
  checkpoint?: { journal: Journal; run: string; blob: string };
}

async function stagesOf(model: string, folders: readonly string[], every: number): Promise<Stage[]> {
  const stages: Stage[] = [
    isEmbedded(model)
      ? { name: 'shipped model', model, settings: DEFAULT_SETTINGS }
      : { name: model, model, settings: { ...DEFAULT_SETTINGS, ...HUB_SETTINGS } },
  ];
  for (const folder of folders) {
    if (!existsSync(folder)) throw new UsageError(`--against ${folder}: there is no such folder.`);
    const runs = join(folder, 'runs');
    const journal = await openFolderJournal(existsSync(runs) ? runs : folder);
    const stored = (await journal.list()).map(({ run }) => run).sort();
    if (stored.length === 0) throw new UsageError(`--against ${folder}: it holds no runs.`);
    for (const run of stored) {
      const { model, settings, checkpoints } = foldEvents(await journal.read(run))!;
      for (const { iteration, blob } of checkpoints) {
        // Before the first iteration a run has the weights that it starts from.
        if (iteration === 0) continue;
        if (iteration % every !== 0 && iteration !== checkpoints.at(-1)!.iteration) continue;
        stages.push({ name: `${run}/${blob}`, model, settings, checkpoint: { journal, run, blob } });
      }
    }
  }
  return stages;
}

/** Results so far, in a file that grows by one line a part. */
class Progress {
  readonly parts: MinedPart[] = [];

  constructor(
    private readonly file: string,
    head: Record<string, unknown>,
  ) {
    const first = JSON.stringify(head);
    if (!existsSync(file)) {
      writeFileSync(file, `${first}\n`);
      return;
    }
    // A crash may have cut the last line short: it is written anew.
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    if (lines[0] !== first) {
      throw new UsageError(
        `${file} belongs to mining with other options. Use those (${lines[0] ?? 'it is empty'}), or delete it.`,
      );
    }
    for (const line of lines.slice(1)) this.parts.push(JSON.parse(line) as MinedPart);
    writeFileSync(`${file}.new`, `${lines.join('\n')}\n`);
    renameSync(`${file}.new`, file);
  }

  add(part: MinedPart): void {
    appendFileSync(this.file, `${JSON.stringify(part)}\n`);
    this.parts.push(part);
  }

  done(): void {
    rmSync(this.file);
  }
}

const PLAIN_DRAWS = { temperature: 1, topP: 1 };
const { temperature: hubTemperature = 1, topP: hubTopP = 1 } = HUB_SETTINGS;
const hubDraws = { temperature: hubTemperature, topP: hubTopP };

const OPTIONS = {
  out: { type: 'string' },
  ...BANK_OPTIONS,
  samples: { type: 'string', default: '100' },
  against: { type: 'string', multiple: true, default: [] as string[] },
  every: { type: 'string', default: '1' },
  goalposts: { type: 'string' },
  seed: { type: 'string', default: '1' },
  model: { type: 'string' },
  dtype: { type: 'string' },
  ...BACKEND_OPTIONS,
  json: { type: 'boolean', default: false },
} as const;

/** The exit status, 0. Throws what keeps it from its end. */
export async function mineCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.out) throw new UsageError('--out FILE is missing.');
  const out = resolve(values.out);
  const bankFile = resolve(values.bank ?? SHIPPED_BANK);
  const samples = numberOption('samples', values.samples, { min: 1 });
  const seed = numberOption('seed', values.seed);
  const draw = values.goalposts === undefined ? Infinity : numberOption('goalposts', values.goalposts);
  const runtime = runtimeOption(values);
  const say = (line: string) => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  const model: ModelOption =
    values.model === undefined ? { name: EMBEDDED_MODEL } : await readModelOption(values.model, values.dtype);
  const draws = isEmbedded(model.name) ? PLAIN_DRAWS : hubDraws;
  const bank = await openBank({ ...values, bank: bankFile }, say);
  const every = numberOption('every', values.every, { min: 1 });
  const stages = await stagesOf(
    model.name,
    values.against.map((folder) => resolve(folder)),
    every,
  );
  const progress = new Progress(`${out}.part`, {
    bank: createHash('sha256').update(readFileSync(bankFile)).digest('hex'),
    samples,
    seed,
    stages: stages.map(({ name }) => name),
    ...(values.heldout !== undefined && { heldout: values.heldout }),
    ...(values.validation !== undefined && { validation: values.validation }),
  });

  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // Only what loads a model and a judge is used of these: no run is stored.
  const ports = await nodePorts({
    out: join(out, '..'),
    runtime,
    ...(model.folder !== undefined && { model: model.folder }),
  });
  try {
    const found = await mineAll(bank.questions, stages, {
      ports,
      progress,
      options: { samples, ...draws, seed },
      signal: stopping.signal,
      say,
    });
    const drawn = new Set(
      Random.for(seed, 'goalposts')
        .shuffle(found.map(({ id }) => id).sort())
        .slice(0, draw),
    );
    const mined: Bank = { ...bank, goalposts: bank.questions.filter(({ id }) => drawn.has(id)) };
    writeFileSync(`${out}.new`, `${JSON.stringify(mined)}\n`);
    renameSync(`${out}.new`, out);
    progress.done();
    say(
      `${found.length} of ${bank.questions.length} questions without a right answer, ${drawn.size} of them goalposts: ${out}`,
    );
    const summary = {
      questions: bank.questions.length,
      unsolved: found.length,
      goalposts: drawn.size,
      samples,
    };
    if (values.json) console.log(JSON.stringify({ ...summary, stages: stages.map(({ name }) => name) }));
    return 0;
  } catch (error) {
    if (stopping.signal.aborted && !(error instanceof UsageError)) {
      throw interrupted('What was tried is stored: the same command goes on.');
    }
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

interface Mining {
  ports: Pick<LabPorts, 'loadModel' | 'loadJudge'>;
  progress: Progress;
  options: Parameters<typeof mineStage>[2];
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Stage after stage, each on the questions that the ones before have left; resolves to those left in the end. */
async function mineAll(
  questions: readonly Question[],
  stages: readonly Stage[],
  { ports, progress, options, signal, say }: Mining,
): Promise<Question[]> {
  const load = { signal, onProgress: () => {} };
  const judge = await ports.loadJudge(load);
  let loaded: Policy | undefined;
  let open = [...questions];
  try {
    for (const [i, { name, model, settings, checkpoint }] of stages.entries()) {
      const { policy, dialect } = await ports.loadModel(model, {
        ...load,
        tuning: settings.tuning,
        backend: 'auto',
        seed: options.seed,
      });
      await loaded?.dispose();
      loaded = policy;
      if (checkpoint) {
        const snapshot = await checkpoint.journal.getCheckpoint(checkpoint.run, checkpoint.blob);
        if (!snapshot) throw new UsageError(`The checkpoint ${name} is gone. Leave its folder out.`);
        await policy.restore(snapshot);
      }
      const readable = open.filter((question) => !dialect.unreadable?.(question));
      if (readable.length === 0) checkReadable(dialect, open);
      if (readable.length < open.length)
        say(
          `[${i + 1} of ${stages.length}] ${name} cannot read ${open.length - readable.length} of the questions`,
        );
      const tools = { policy, judge, dialect, grade: gradeWhenNeeded, signal };
      const parts = mineStage(name, readable, options, tools, progress.parts);
      let tried = 0;
      for (let next = await parts.next(); ; next = await parts.next()) {
        if (next.done) {
          open = next.value;
          break;
        }
        progress.add(next.value);
        tried += Object.keys(next.value.answers).length;
        say(
          `  [${i + 1} of ${stages.length}] ${name}, after ${next.value.tried} answers each: ${tried} tries of a question`,
        );
      }
      say(`[${i + 1} of ${stages.length}] ${name}: ${open.length} of ${readable.length} questions left`);
    }
    return open;
  } finally {
    await judge.dispose();
    await loaded?.dispose();
  }
}
