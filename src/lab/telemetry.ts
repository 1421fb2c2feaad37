/** Turns the method's frequent progress calls into a few messages a second. */
import type { SampleProgress } from '../gasp/ports.ts';
import type { Progress } from '../gasp/progress.ts';
import type { Role } from '../gasp/question.ts';
import type { Activity, Message } from './protocol.ts';

/** Milliseconds between two messages of a kind. */
const INTERVAL = 120;
/** Rows of text shown while they are generated. */
const STREAMED_ROWS = 4;

export class Telemetry implements Progress {
  iteration = 0;
  private task: Activity['task'] | undefined;
  private sentActivity = Number.NEGATIVE_INFINITY;
  private sentStream = Number.NEGATIVE_INFINITY;
  /** The sampling call that is running: when its first report came and how far it was then. */
  private call = { since: 0, from: 0, last: 0 };
  private tokensPerSecond = 0;

  constructor(
    private readonly send: (message: Message) => void,
    private readonly now: () => number,
  ) {}

  stage(task: Activity['task'], done: number, total: number, unit: string): void {
    const now = this.now();
    const complete = total > 0 && done >= total;
    if (task === this.task && !complete && now - this.sentActivity < INTERVAL) return;
    this.task = task;
    this.sentActivity = now;
    const { iteration, tokensPerSecond } = this;
    this.send({ type: 'activity', activity: { task, done, total, unit }, iteration, tokensPerSecond });
  }

  sampling(role: Role, progress: SampleProgress, idOf: (request: number) => string): void {
    const now = this.now();
    if (progress.tokens < this.call.last || this.call.last === 0) {
      this.call = { since: now, from: progress.tokens, last: progress.tokens };
    }
    this.call.last = progress.tokens;
    const seconds = (now - this.call.since) / 1000;
    if (seconds > 0) this.tokensPerSecond = (progress.tokens - this.call.from) / seconds;
    if (now - this.sentStream < INTERVAL) return;
    this.sentStream = now;
    const rows = Array.from({ length: Math.min(STREAMED_ROWS, progress.total) }, (_, row) => {
      const { request, sample, text } = progress.peek(row);
      return { id: `${idOf(request)}/${sample}`, text };
    });
    this.send({ type: 'stream', role, rows });
  }

  /** Nothing is being done any more. */
  rest(): void {
    this.task = undefined;
    this.tokensPerSecond = 0;
    this.send({ type: 'activity', activity: null, iteration: this.iteration, tokensPerSecond: 0 });
  }
}
