/** `lab run`: self-play on Node, resumable, with a report of what it changed. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bank } from '../src/gasp/bank.ts';
import { checkSettings, completeSettings, DEFAULT_SETTINGS } from '../src/gasp/defaults.ts';
import { METHOD_NAMES, METHODS, methodSettings, slots } from '../src/gasp/methods.ts';
import type { Settings } from '../src/gasp/settings.ts';
import { Lab } from '../src/lab/lab.ts';
import { EMBEDDED_MODEL } from '../src/lab/models.ts';
import { describeProblem } from '../src/lab/problems.ts';
import type { Message } from '../src/lab/protocol.ts';
import type { RunEvent } from '../src/run/events.ts';
import {
  currentCounters,
  finishedIterations,
  foldEvents,
  roleMeans,
  summarizeEvaluation,
} from '../src/run/state.ts';
import { nodePorts, publicFolder } from './nodePorts.ts';
import { report } from './report.ts';
import { numberOption, UsageError } from './usage.ts';

export const runUsage = `lab run --out DIR [options]
  Self-play until --iterations are done or --minutes are over. The same command takes an interrupted run up again.
  --out DIR         folder of the run: event log and checkpoints
  --method NAME     ${METHOD_NAMES.filter((name) => !METHODS[name].untrained).join(', ')} (default gasp)
  --iterations N    iterations in all (default 200)
  --minutes M       end after the iteration in which this many minutes of self-play are over
  --seed S          (default 1)
  --set KEY=VALUE   any other setting, as often as needed, such as --set estimator=trr++ --set 'tuning={"kind":"full"}'
  --bank FILE       questions with mined goalposts (default: the shipped bank)
  --model DIR       model repository (default: the shipped model)
  --samples N       the report's pass@N over the goalposts (default 100; 0: no report)
  --threads N       of ONNX Runtime (default 2)
  --json            the last line is the report as JSON
`;

/** Evaluating all goalposts costs as much as dozens of iterations: less often than in the page. */
const EVALUATE_EVERY = 200;

function readSettings(values: { method: string; seed: string; set: string[] }): Settings {
  const settings: Record<string, unknown> = {
    ...DEFAULT_SETTINGS,
    evaluateEvery: EVALUATE_EVERY,
    method: values.method,
    seed: numberOption('seed', values.seed),
  };
  for (const assignment of values.set) {
    const at = assignment.indexOf('=');
    const key = assignment.slice(0, at);
    if (at < 1 || !(key in DEFAULT_SETTINGS)) {
      throw new UsageError(
        `--set takes KEY=VALUE with one of ${Object.keys(DEFAULT_SETTINGS).join(', ')}; got "${assignment}".`,
      );
    }
    const text = assignment.slice(at + 1);
    try {
      settings[key] = JSON.parse(text);
    } catch {
      settings[key] = text; // a name, such as trr++
    }
  }
  const errors = Object.entries(checkSettings(settings));
  if (errors.length > 0)
    throw new UsageError(errors.map(([field, error]) => `${field}: ${error}`).join('\n'));
  return methodSettings(settings as unknown as Settings);
}

function readBank(file: string): Bank {
  try {
    const bank = JSON.parse(readFileSync(file, 'utf8')) as Bank;
    if (!Array.isArray(bank.goalposts) || bank.goalposts.length === 0) throw new Error('it has no goalposts');
    return bank;
  } catch (error) {
    throw new UsageError(
      `The bank ${file} cannot be used: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** A stored run goes on only under the settings it was started with. */
function checkSame(stored: Settings, wanted: Settings, out: string): void {
  const different = Object.keys(wanted).filter(
    (key) => JSON.stringify(stored[key as keyof Settings]) !== JSON.stringify(wanted[key as keyof Settings]),
  );
  if (different.length === 0) return;
  const list = different
    .map((key) => `${key} is ${JSON.stringify(stored[key as keyof Settings])}`)
    .join(', ');
  throw new UsageError(
    `${out} holds a run with other settings (${list}). Choose another --out, or use its settings.`,
  );
}

/** The exit status: 0 when all is done, 1 after an error, 130 when it was interrupted. */
export async function runCommand(args: string[]): Promise<number> {
  const { values } = parseOptions(args);
  if (!values.out) throw new UsageError('--out DIR is missing.');
  const out = resolve(values.out);
  const iterations = numberOption('iterations', values.iterations);
  const samples = numberOption('samples', values.samples);
  const minutes =
    values.minutes === undefined ? Infinity : numberOption('minutes', values.minutes, { integer: false });
  const settings = readSettings(values);
  const say = (line: string) => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);

  const ports = await nodePorts({
    out,
    threads: numberOption('threads', values.threads, { min: 1 }),
    ...(values.model ? { model: resolve(values.model) } : {}),
  });
  let failed = false;
  const log: RunEvent[] = [];
  const lab = new Lab({ ...ports, send: (message) => hear(message) });
  const hear = (message: Message) => {
    if (message.type === 'error') {
      failed = true;
      console.error(`${message.message}\n${message.advice}`);
    } else if (message.type === 'notice') {
      console.error(`${message.message} ${message.advice}`);
    } else if (message.type === 'backend') {
      say(`${message.backend}: ${message.parameters} weights, ${message.trainable} of them train`);
    } else if (message.type === 'events') {
      log.push(...message.events);
      for (const event of message.events) {
        const line = describe(event, log);
        if (line) say(line);
        if (event.type === 'iteration-finished' && event.counters.seconds >= minutes * 60) lab.pause(false);
      }
    }
  };
  let interrupted = false;
  const interrupt = () => {
    say(interrupted ? 'Stopping now.' : 'Finishing this iteration; once more stops at once.');
    lab.pause(interrupted);
    interrupted = true;
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const [stored] = await ports.journal.list();
    let done = 0;
    let seconds = 0;
    if (stored) {
      log.push(...(await ports.journal.read(stored.run)));
      const state = foldEvents(log)!;
      checkSame(completeSettings(state.settings), settings, out);
      done = finishedIterations(state);
      seconds = currentCounters(state).seconds;
      say(`${state.name}: ${done} of ${iterations} iterations are done`);
    }
    const left = seconds >= minutes * 60 ? 0 : iterations - done;
    if (stored && left > 0) await lab.resume({ run: stored.run, backend: 'auto', iterations: left });
    else if (!stored) {
      const bank = readBank(values.bank ?? join(publicFolder, 'banks/micro.json'));
      await lab.start({
        name: `${settings.method}, seed ${settings.seed}`,
        settings,
        model: EMBEDDED_MODEL,
        bank: bank.name,
        goalposts: bank.goalposts,
        ...(slots(settings).real > 0 && { questions: bank.questions }),
        backend: 'auto',
        iterations: left,
      });
    }
    await lab.dispose();
    if (failed) return 1;
    if (interrupted) {
      say('Everything is stored: the same command goes on.');
      return 130;
    }
    const [finished] = await ports.journal.list();
    const summary = await report(ports, finished!.run, samples, say);
    if (values.json) console.log(JSON.stringify(summary));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { message, advice } = describeProblem(error);
    console.error(`${message}\n${advice}`);
    return 1;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await lab.dispose();
    await ports.journal.close();
  }
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        out: { type: 'string' },
        method: { type: 'string', default: DEFAULT_SETTINGS.method },
        iterations: { type: 'string', default: '200' },
        minutes: { type: 'string' },
        seed: { type: 'string', default: '1' },
        set: { type: 'string', multiple: true, default: [] },
        bank: { type: 'string' },
        model: { type: 'string' },
        samples: { type: 'string', default: '100' },
        threads: { type: 'string', default: '2' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** One line for events that end something. */
function describe(event: RunEvent, log: readonly RunEvent[]): string | undefined {
  if (event.type === 'evaluated') {
    const { solved, tried, meanPassRate } = summarizeEvaluation(event);
    return `  goalposts after iteration ${event.iteration}: ${solved} of ${tried} solved with ${event.samples} samples, mean pass@1 ${meanPassRate.toFixed(4)}`;
  }
  if (event.type !== 'iteration-finished') return undefined;
  const own = log.filter(
    (e) => e.type === 'run-started' || ('iteration' in e && e.iteration === event.iteration),
  );
  const iteration = foldEvents(own)?.iterations.at(-1);
  if (!iteration) return undefined;
  const roles = (['lemma', 'lift', 'unguided'] as const).flatMap((role) => {
    const { accepted, proposed, passRate } = roleMeans(iteration, role);
    return proposed === 0
      ? []
      : [`${role} ${accepted}/${proposed}${Number.isNaN(passRate) ? '' : ` p ${passRate.toFixed(2)}`}`];
  });
  const stats = iteration.update?.stats;
  const update = stats
    ? `  steps ${stats.steps}  |g| ${stats.gradNorm.toFixed(2)}  H ${stats.entropy.toFixed(2)}`
    : '';
  return `${String(event.iteration).padStart(4)}  ${roles.join('  ')}${update}  ${(event.counters.seconds / 60).toFixed(1)} min`;
}
