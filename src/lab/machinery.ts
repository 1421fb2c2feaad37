/** The lab's loaded model, started judge and open journal, which its commands share. */
import type { Dialect, Judge, Policy, PolicySnapshot } from '../gasp/ports.ts';
import { deriveSeed } from 'onnx-lora/random';
import type { Settings } from '../gasp/settings.ts';
import type { Tools } from '../gasp/solving.ts';
import { checkpointBytes } from '../run/checkpointFormat.ts';
import type { RunEventBody } from '../run/events.ts';
import { gradeWhenNeeded } from './gradeWhenNeeded.ts';
import type { LabPorts } from './labPorts.ts';
import type { BackendChoice } from './protocol.ts';
import type { Telemetry } from './telemetry.ts';

/** A model with its weights. */
export interface Engine {
  /** As it was asked for. */
  backend: BackendChoice;
  policy: Policy;
  dialect: Dialect;
}

export class Machinery {
  private judge: Promise<Judge> | undefined;
  /** Python starts once for all commands: calling one of them off does not stop it. */
  readonly closing = new AbortController();

  /** `command` is the one that is carried out now: what calls it off, and whether it still gets ready. */
  constructor(
    readonly ports: LabPorts,
    /** Milliseconds. */
    readonly now: () => number,
    readonly telemetry: Telemetry,
    private readonly command: () => { signal: AbortSignal; loading: boolean },
  ) {}

  async load(model: string, settings: Settings, backend: BackendChoice): Promise<Engine> {
    this.loadJudge().catch(() => {}); // Python starts meanwhile; who needs it awaits it and hears of errors.
    this.telemetry.stage('loading-model', 0, 0, 'bytes');
    const { signal } = this.command();
    const { policy, dialect } = await this.ports.loadModel(model, {
      tuning: settings.tuning,
      seed: deriveSeed(settings.seed, 'weights'),
      settings,
      backend,
      signal,
      onProgress: (done, total, unit) => this.telemetry.stage('loading-model', done, total, unit),
    });
    if (signal.aborted) {
      await policy.dispose();
      throw signal.reason;
    }
    const { backend: chosen, parameters, trainable } = policy.info;
    const cores = policy.cores ?? 1;
    this.ports.send({ type: 'backend', backend: chosen, cores, parameters, trainable });
    return { backend, policy, dialect };
  }

  /** The judge, or a rejection at once when the command is called off: Python may take long to start. */
  judgeReady(): Promise<Judge> {
    const { signal } = this.command();
    // The model is loaded; the telemetry names what is still loading.
    if (this.command().loading) this.telemetry.stage('loading-judge', 0, 0, 'bytes');
    const calledOff = new Promise<never>((_, reject) => {
      const stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    return Promise.race([this.loadJudge(), calledOff]);
  }

  loadJudge(): Promise<Judge> {
    this.judge ??= this.ports
      .loadJudge({
        signal: this.closing.signal,
        onProgress: (done, total, unit) => this.telemetry.stage('loading-judge', done, total, unit),
      })
      .catch((error: unknown) => {
        this.judge = undefined;
        throw error;
      });
    return this.judge;
  }

  tools({ policy, dialect }: Pick<Engine, 'policy' | 'dialect'>, judge: Judge): Tools {
    return {
      ...{ policy, judge, dialect, grade: gradeWhenNeeded },
      ...{ signal: this.command().signal, progress: this.telemetry },
    };
  }

  /** Stores events, with the checkpoint that they belong to, and tells about them once they are stored. */
  async append(
    run: string,
    events: RunEventBody[],
    checkpoint?: { iteration: number; blob: string; kept: boolean; snapshot: PolicySnapshot; drop: string[] },
  ): Promise<void> {
    if (!checkpoint) {
      const stored = await this.ports.journal.append(run, events);
      this.ports.send({ type: 'events', run, events: stored });
      return;
    }
    const { iteration, blob, kept, snapshot, drop } = checkpoint;
    const saved: RunEventBody = {
      type: 'checkpoint',
      iteration,
      blob,
      bytes: checkpointBytes(snapshot),
      kept,
    };
    // An iteration is finished by the last of its events.
    const last = events.at(-1)!;
    const ordered =
      last.type === 'iteration-finished' ? [...events.slice(0, -1), saved, last] : [...events, saved];
    const stored = await this.ports.journal.append(run, ordered, { blob, snapshot, drop });
    this.ports.send({ type: 'events', run, events: stored });
  }

  /** Stops what is still starting. */
  close(): void {
    this.closing.abort(new DOMException('Closed.', 'AbortError'));
  }

  /** Gives Python back. */
  async dispose(): Promise<void> {
    const judge = await this.judge?.catch(() => undefined);
    this.judge = undefined;
    await judge?.dispose();
  }
}
