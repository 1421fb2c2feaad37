/** A replica of the embedded decoder on a core of its own, seen from the policy. */
import { CodedError, toldError } from '../../util/codedError.ts';
import type {
  SampledRow,
  TokenRequest,
  TokenSampleOptions,
  LossOptions,
  RowsGradient,
  TrainingRow,
} from 'onnx-lora';
import type {
  ReplicaAnswer,
  ReplicaCommand,
  ReplicaModel,
  ReplicaResult,
  ReplicaTask,
  RowNews,
} from './replicaMessages.ts';

/** A process or worker on another core. */
export interface RunningReplica {
  post(command: ReplicaCommand): void;
  end(): void;
}

export interface ReplicaEvents {
  onAnswer(answer: ReplicaAnswer): void;
  /** Called where it ends by itself, with the reason. */
  onEnd(reason: string): void;
}

export type StartReplica = (events: ReplicaEvents) => RunningReplica;

interface Waiting {
  resolve(result: ReplicaResult): void;
  reject(error: unknown): void;
  onNews: ((news: RowNews[]) => void) | undefined;
}

/** Without what else comes with them, such as a signal, which cannot be sent. */
const lossOptions = ({ clip, clipHigh, clipping, klWeight }: LossOptions): LossOptions => ({
  ...{ clip, klWeight },
  ...(clipHigh !== undefined && { clipHigh }),
  ...(clipping && { clipping }),
});

export class Replica {
  private running: RunningReplica | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private closed = false;

  constructor(
    private readonly startReplica: StartReplica,
    private readonly model: ReplicaModel,
  ) {}

  /** Starts it, unless it runs. A task does so too: this is for being there ahead of need. */
  start(): RunningReplica {
    if (this.closed) throw new DOMException('The model was closed.', 'AbortError');
    if (this.running) return this.running;
    const running = this.startReplica({
      onAnswer: (answer) => this.hear(answer),
      onEnd: (reason) => {
        if (this.running !== running) return;
        // The next task starts another one.
        this.running = undefined;
        this.failAll(
          new CodedError(
            'replica-ended',
            {},
            `What computes a part of the model on another core ended: ${reason}`,
          ),
        );
      },
    });
    running.post({ type: 'model', model: this.model });
    this.running = running;
    return running;
  }

  /** As `Sampler.sample`, but for how progress is told. */
  sample(
    weights: Float32Array,
    requests: readonly TokenRequest[],
    { signal, onStep: _, ...options }: TokenSampleOptions,
    onNews?: (news: RowNews[]) => void,
  ): Promise<SampledRow[]> {
    const task = { type: 'sample', weights, requests, options, watched: onNews !== undefined } as const;
    return this.run(task, signal, onNews) as Promise<SampledRow[]>;
  }

  /** As `VectorTrainer.gradientOf`. */
  gradientOf(
    weights: Float32Array,
    rows: readonly TrainingRow[],
    options: LossOptions,
  ): Promise<RowsGradient> {
    const task = { type: 'gradient', weights, rows, options: lossOptions(options) } as const;
    return this.run(task) as Promise<RowsGradient>;
  }

  private run(task: ReplicaTask, signal?: AbortSignal, onNews?: Waiting['onNews']): Promise<ReplicaResult> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const running = this.start();
      const id = ++this.lastId;
      const stop = () => {
        running.post({ type: 'stop', id });
        this.waiting.delete(id);
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', stop, { once: true });
      const settled = () => signal?.removeEventListener('abort', stop);
      this.waiting.set(id, {
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        onNews,
      });
      running.post({ type: 'task', id, task });
    });
  }

  private hear(answer: ReplicaAnswer): void {
    const waiting = this.waiting.get(answer.id);
    if (!waiting) return;
    if (answer.type === 'news') {
      waiting.onNews?.(answer.news);
      return;
    }
    this.waiting.delete(answer.id);
    if (answer.type === 'done') waiting.resolve(answer.result);
    else waiting.reject(toldError(answer.error));
  }

  private failAll(error: Error): void {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of all) reject(error);
  }

  /** Ends the replica; it does not start again. */
  dispose(): void {
    this.closed = true;
    const { running } = this;
    this.running = undefined;
    running?.end();
    this.failAll(new DOMException('The model was closed.', 'AbortError'));
  }
}
