/** The judge in a browser: interpreters are workers inside the frame that `openSandbox` made. */
import { pythonFailed } from './pythonFailed.ts';
import type { JudgeOptions, ProgramResult, ProgramRun } from '../gasp/ports.ts';
import { HARNESS_PARTS, type HarnessPart } from './harnessParts.ts';
import type { Interpreter, InterpreterEvents } from './interpreter.ts';
import { type Limits, PooledJudge } from './pool.ts';
import { loadPyodideFiles } from './pyodideFiles.ts';
import interpreter from './sandbox/interpreter.js?raw';

const sources = import.meta.glob<string>('./sandbox/harness/*.py', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const harness = HARNESS_PARTS.map(
  (name): HarnessPart => ({ name, source: sources[`./sandbox/harness/${name}.py`]! }),
);

export interface SandboxJudgeOptions {
  /** Default: two, or one where the machine has no more than two cores. */
  size?: number;
  limits?: Partial<Limits>;
  /** Bytes of Pyodide's files, while they load. */
  onLoad?: (loaded: number, total: number) => void;
}

export class SandboxJudge extends PooledJudge {
  readonly #frame: Frame;
  readonly #onLoad: SandboxJudgeOptions['onLoad'];
  #loading: Promise<void> | undefined;

  /** @param port of `openSandbox`; a port serves one judge. */
  constructor(port: MessagePort, { size = defaultSize(), limits = {}, onLoad }: SandboxJudgeOptions = {}) {
    const frame = new Frame(port);
    super((events) => frame.spawn(events), { size, limits });
    this.#frame = frame;
    this.#onLoad = onLoad;
  }

  /** Fetches Pyodide and fills the frame; `run` does it too, so this is for loading ahead of need. */
  load(): Promise<void> {
    this.#loading ??= this.#frame.fill(this.#onLoad).catch((error) => {
      // The next call tries again: the network may be back.
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  override async run(runs: ProgramRun[], options: JudgeOptions = {}): Promise<ProgramResult[]> {
    await this.load();
    return super.run(runs, options);
  }
}

function defaultSize(): number {
  return Math.max(1, Math.min((navigator.hardwareConcurrency || 2) - 1, 2));
}

/** The frame, seen from here. */
class Frame {
  readonly #port: MessagePort;
  readonly #events = new Map<number, InterpreterEvents>();
  #lastId = 0;
  #onFilled: ((error?: Error) => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }) => {
      if (data.type === 'prepared') this.#onFilled?.();
      else if (data.type === 'unprepared') this.#onFilled?.(pythonFailed(data.error));
      else if (data.type === 'ended') this.#events.get(data.id)?.onExit(data.reason);
    };
  }

  async fill(onLoad: SandboxJudgeOptions['onLoad']): Promise<void> {
    const files = await loadPyodideFiles(onLoad);
    const filled = new Promise<void>((resolve, reject) => {
      this.#onFilled = (error) => (error ? reject(error) : resolve());
    });
    this.#port.postMessage(
      { type: 'files', ...files, harness, interpreter },
      Object.values(files).map((bytes) => bytes.buffer),
    );
    await filled;
  }

  spawn(events: InterpreterEvents): Interpreter {
    const id = ++this.#lastId;
    this.#events.set(id, events);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => events.onAnswer(data);
    this.#port.postMessage({ type: 'start', id }, [port2]);
    return {
      post: (request) => port1.postMessage(request),
      kill: () => {
        this.#events.delete(id);
        this.#port.postMessage({ type: 'kill', id });
        port1.close();
      },
    };
  }
}
