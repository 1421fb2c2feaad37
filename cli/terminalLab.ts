/** A lab that reports to a terminal, ends runs by a budget and stops on Ctrl-C. */
import { expectedSolved, summarizeDistances } from '../src/gasp/distance.ts';
import { Lab } from '../src/lab/lab.ts';
import type { LabPorts } from '../src/lab/labPorts.ts';
import { type CommandError, labFailure } from './failure.ts';
import type { Command, Message } from '../src/lab/protocol.ts';
import { unseenRate } from '../src/run/gains.ts';
import { tenths } from '../src/run/gainWords.ts';
import type { MeasurementPlan } from '../src/run/measurementPlan.ts';
import type { Counters, RunEvent } from '../src/run/events.ts';
import {
  currentCounters,
  finishedIterations,
  foldEvents,
  roleMeans,
  summarizeEvaluation,
} from '../src/run/state.ts';
import { adviceOn } from './wording.ts';

/** Milliseconds between two lines about work that takes minutes. */
const PATIENCE = 15_000;

export interface Play {
  /** A stored run to go on with. */
  run?: string;
  /** How to begin where there is none. */
  start: () => Omit<Extract<Command, { type: 'start' }>, 'type' | 'backend' | 'iterations'>;
  /** Iterations in all. */
  iterations: number;
  /** Whether a run that has come this far is to end. */
  enough: (counters: Counters) => boolean;
}

export class TerminalLab {
  private readonly lab: Lab;
  /** The error that the lab reported. */
  error: CommandError | undefined;
  /** A person asked to stop: what is done is stored. */
  interrupted = false;
  /** The run's first event and those of the iteration in progress. */
  private recent: RunEvent[] = [];
  private enough: (counters: Counters) => boolean = () => false;
  private toldAt = 0;

  constructor(
    ports: Omit<LabPorts, 'send'>,
    private readonly say: (line: string) => void,
  ) {
    this.lab = new Lab({ ...ports, send: (message) => this.hear(message) });
    process.on('SIGINT', this.interrupt);
    process.on('SIGTERM', this.interrupt);
  }

  /** Whether to go on with the next thing. */
  get fine(): boolean {
    return !this.error && !this.interrupted;
  }

  /** Plays a run to its end, from where it stopped. Resolves to its id; `fine` says whether it got there. */
  async play(journal: LabPorts['journal'], { run, start, iterations, enough }: Play): Promise<string> {
    this.enough = enough;
    const events = run === undefined ? [] : await journal.read(run);
    this.recent = events.slice(0, 1);
    const state = foldEvents(events);
    const done = state ? finishedIterations(state) : 0;
    if (state) this.say(`${state.name}: ${done} iterations are done`);
    const left = state && enough(currentCounters(state)) ? 0 : Math.max(0, iterations - done);
    if (run === undefined) await this.lab.start({ ...start(), backend: 'auto', iterations: left });
    else if (left > 0) await this.lab.resume({ run, backend: 'auto', iterations: left });
    return run ?? this.lab.run ?? '';
  }

  async measure(run: string, plans: MeasurementPlan[]): Promise<void> {
    await this.lab.measure({ runs: [{ run, plans }], backend: 'auto' });
  }

  async close(): Promise<void> {
    process.off('SIGINT', this.interrupt);
    process.off('SIGTERM', this.interrupt);
    await this.lab.dispose();
  }

  private readonly interrupt = (): void => {
    this.say(this.interrupted ? 'Stopping now.' : 'Finishing this iteration; once more stops at once.');
    this.lab.pause(this.interrupted);
    this.interrupted = true;
  };

  private hear(message: Message): void {
    if (message.type === 'error') {
      this.error ??= labFailure(message, this.recent.length > 0);
    } else if (message.type === 'notice') {
      console.error(`${message.message} ${adviceOn(message)}`);
    } else if (message.type === 'backend') {
      const { backend, cores, parameters, trainable } = message;
      const where = cores > 1 ? `${backend}, ${cores} cores` : backend;
      this.say(`${where}: ${parameters} weights, ${trainable} of them train`);
    } else if (message.type === 'activity' && message.activity?.task === 'measuring') {
      const { done, total } = message.activity;
      if (Date.now() - this.toldAt < PATIENCE) return;
      this.toldAt = Date.now();
      this.say(
        `  measuring: ${done} of ${total} answers, now with the checkpoint of iteration ${message.iteration}`,
      );
    } else if (message.type === 'events') {
      for (const event of message.events) this.follow(event);
    }
  }

  private follow(event: RunEvent): void {
    if (event.type === 'run-started') this.recent = [event];
    if (event.type === 'iteration-started') this.recent.splice(1);
    this.recent.push(event);
    const line = describe(event, this.recent);
    if (line) this.say(line);
    if (event.type === 'iteration-finished' && this.enough(event.counters)) this.lab.pause(false);
  }
}

/** One line for events that end something. */
function describe(event: RunEvent, recent: readonly RunEvent[]): string | undefined {
  if (event.type === 'evaluated') {
    const { solved, tried, meanPassRate } = summarizeEvaluation(event);
    const { scored, meanLog10 } = summarizeDistances(event.logprobs ?? {});
    const expected = expectedSolved(event.logprobs ?? {}, event.samples).toFixed(1);
    const chance =
      scored === 0
        ? ''
        : `; reference answers: mean log10 p ${meanLog10.toFixed(2)}, at least ${expected} of ${scored} expected solved`;
    return `  goalposts after iteration ${event.iteration}: ${solved} of ${tried} solved with ${event.samples} samples, mean pass@1 ${meanPassRate.toFixed(4)}${chance}`;
  }
  if (event.type === 'validated') {
    const { rate, low, high } = unseenRate(event);
    const when = event.iteration === 0 ? 'before any training' : `after iteration ${event.iteration}`;
    return `  unseen questions ${when}: ${tenths(rate)} of answers right (95%: ${tenths(low)} to ${tenths(high)})`;
  }
  if (event.type !== 'iteration-finished') return undefined;
  const own = recent.filter(
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
  const { real = [] } = iteration;
  if (real.length > 0) {
    const mean = real.reduce((sum, { passRate }) => sum + passRate, 0) / real.length;
    roles.push(`real ${real.length} p ${mean.toFixed(2)}`);
  }
  const { hindsight } = iteration;
  if (hindsight && hindsight.sequences > 0)
    roles.push(`hindsight ${hindsight.sequences} log p ${hindsight.logprob.toFixed(2)}`);
  const stats = iteration.update?.stats;
  const update = stats
    ? `  steps ${stats.steps}  |g| ${stats.gradNorm.toFixed(2)}  H ${stats.entropy.toFixed(2)}`
    : '';
  return `${String(event.iteration).padStart(4)}  ${roles.join('  ')}${update}  ${(event.counters.seconds / 60).toFixed(1)} min`;
}
