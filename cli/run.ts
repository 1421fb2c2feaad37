/** `lab run`: self-play on Node, resumable, with a report of what it changed. */
import { resolve } from 'node:path';
import { DEFAULT_SETTINGS } from '../src/gasp/defaults.ts';
import { METHOD_NAMES, METHODS } from '../src/gasp/methods.ts';
import { tuningOfAdapter } from '../src/lab/adapters.ts';
import { HUB_SETTINGS } from '../src/lab/hubRun.ts';
import { EMBEDDED_MODEL, isEmbedded, modelTitle } from '../src/lab/models.ts';
import { BACKEND_OPTIONS, BACKEND_USAGE, runtimeOption } from './backend.ts';
import { interrupted } from './failure.ts';
import { readAdapter } from './adapterFolder.ts';
import { type ModelOption, nodePorts, readModelOption } from './nodePorts.ts';
import { report } from './report.ts';
import { BANK_OPTIONS, BANK_USAGE, openBank } from './bankOption.ts';
import { readSession, type Session, storeSession } from './session.ts';
import { checkSame, newRun, readSettings } from './settings.ts';
import { settingsHelp } from './settingsHelp.ts';
import { TerminalLab } from './terminalLab.ts';
import { numberOption, readOptions, UsageError } from './usage.ts';

export const runUsage = `lab run --out DIR [options]
  Self-play until --iterations are done or --minutes are over. The same command takes an interrupted run up again.
  --out DIR         folder of the run: event log and checkpoints
  --method NAME     ${METHOD_NAMES.filter((name) => !METHODS[name].untrained).join(', ')} (default ${DEFAULT_SETTINGS.method})
  --iterations N    iterations in all (default 200)
  --minutes M       end after the iteration in which this many minutes of self-play are over
  --seed S          (default 1)
  --set KEY=VALUE   any other setting, as often as needed, such as --set estimator=trr++ --set 'tuning={"kind":"full"}';
                    lab run --help lists them
${BANK_USAGE}
  --model MODEL     a decoder in Hugging Face layout: a folder, owner/name on the Hub, or an address (default: the shipped one)
  --dtype NAME      which of its dtypes, such as q4, q4f16, fp16 or fp32
  --memory GB       refuse a model from the Hub that would take more
  --from FILE       a session file (.foothold): its run goes on here from its newest weights, or begins anew where
                    none came along; a recipe begins. Settings, questions and model are the session's; --model DIR
                    says where a model lies that is no shipped one
  --adapter DIR     start from a LoRA adapter in PEFT's format, with its rank and scale unless --set tuning=... says otherwise
  --samples N       the report's pass@N over the goalposts (default 100, with a model from the Hub 0: no report)
${BACKEND_USAGE}
  --json            the last line is the report as JSON, or {"error", "code"}
`;

/** Evaluating all goalposts costs as much as dozens of iterations: less often than in the page. */
const EVALUATE_EVERY = 200;

/** These cost as much as one or two iterations. */
const VALIDATE_EVERY = 50;

export const runDetails = settingsHelp({ evaluateEvery: EVALUATE_EVERY, validateEvery: VALIDATE_EVERY });

const OPTIONS = {
  out: { type: 'string' },
  from: { type: 'string' },
  method: { type: 'string' },
  iterations: { type: 'string', default: '200' },
  minutes: { type: 'string' },
  seed: { type: 'string' },
  set: { type: 'string', multiple: true },
  ...BANK_OPTIONS,
  model: { type: 'string' },
  dtype: { type: 'string' },
  memory: { type: 'string' },
  adapter: { type: 'string' },
  samples: { type: 'string' },
  ...BACKEND_OPTIONS,
  json: { type: 'boolean', default: false },
} as const;

/** A session says itself what its run is. Throws `UsageError` for options that would say something else. */
function checkNothingElse(
  values: { [Name in (typeof OF_A_SESSION)[number]]?: unknown },
  session: Session,
  model: ModelOption,
): void {
  const given = OF_A_SESSION.filter((name) => values[name] !== undefined);
  if (given.length > 0)
    throw new UsageError(`The session of --from has its own: leave out --${given.join(' and --')}.`);
  if (model.name !== EMBEDDED_MODEL && model.folder === undefined && model.name !== session.model)
    throw new UsageError(`The session is of ${modelTitle(session.model)}: leave out --model.`);
}
const OF_A_SESSION = ['method', 'seed', 'set', 'bank', 'heldout', 'validation', 'adapter', 'dtype'] as const;

/** The exit status, 0. Throws what keeps it from its end. */
export async function runCommand(args: string[]): Promise<number> {
  const values = readOptions(args, OPTIONS);
  if (!values.out) throw new UsageError('--out DIR is missing.');
  const out = resolve(values.out);
  const iterations = numberOption('iterations', values.iterations);
  const model: ModelOption =
    values.model === undefined ? { name: EMBEDDED_MODEL } : await readModelOption(values.model, values.dtype);
  const session = values.from === undefined ? undefined : await readSession(values.from);
  if (session) checkNothingElse(values, session, model);
  const isHub = !isEmbedded(session?.model ?? model.name);
  const samples = numberOption('samples', values.samples ?? (isHub ? '0' : '100'));
  const minutes =
    values.minutes === undefined ? Infinity : numberOption('minutes', values.minutes, { integer: false });
  const adapter = values.adapter === undefined ? undefined : await readAdapter(values.adapter);
  const { method = DEFAULT_SETTINGS.method, seed = '1', set = [] } = values;
  const settings =
    session?.settings ??
    readSettings(method, numberOption('seed', seed), set, {
      evaluateEvery: EVALUATE_EVERY,
      validateEvery: VALIDATE_EVERY,
      ...(isHub && HUB_SETTINGS),
      ...(adapter && { tuning: tuningOfAdapter(adapter.adapter) }),
    });
  const say = (line: string) => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);

  const ports = await nodePorts({
    out,
    runtime: runtimeOption(values),
    ...(model.folder !== undefined && { model: model.folder }),
    ...(values.memory !== undefined && {
      memoryLimit: numberOption('memory', values.memory, { integer: false }) * 1e9,
    }),
  });
  const lab = new TerminalLab(ports, say);
  try {
    const [stored] = await ports.journal.list();
    if (stored) checkSame(await ports.journal.read(stored.run), settings, out);
    const brought = session?.recorded;
    const run = stored?.run ?? (brought && (await storeSession(ports.journal, brought)));
    const bank = run === undefined && !session ? await openBank(values, say) : undefined;
    await lab.play(ports.journal, {
      ...(run !== undefined && { run }),
      start: () =>
        session?.start() ?? {
          ...newRun(settings, bank!, undefined, model.name),
          ...(adapter && { adapter: adapter.files }),
        },
      iterations,
      enough: ({ seconds }) => seconds >= minutes * 60,
    });
    await lab.close();
    if (lab.error) throw lab.error;
    if (lab.interrupted) throw interrupted('Everything is stored: the same command goes on.');
    const [finished] = await ports.journal.list();
    const summary = await report(ports, finished!.run, samples, say);
    if (values.json) console.log(JSON.stringify(summary));
    return 0;
  } finally {
    await lab.close();
    await ports.journal.close();
  }
}
