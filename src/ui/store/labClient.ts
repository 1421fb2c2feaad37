/** The page's end of the lab: a worker that starts with the first command that needs it. */
import type { Command, Message } from '../../lab/protocol.ts';
import type { Sandbox } from '../../python/sandbox.ts';

/** What the page needs from a lab: commands go in, messages come out. */
export interface LabClient {
  send(command: Exclude<Command, { type: 'connect' }>): void;
  /** Stops hearing messages when the returned function is called. */
  listen(listener: (message: Message) => void): () => void;
}

/** Milliseconds without a word from a new worker until the page says so. */
const SILENCE = 20_000;

interface Lab {
  worker: Worker;
  /** Once it has been told where it is; commands wait for that. */
  connected: Promise<void>;
  /** It has not said anything for so long that nobody can count on it. */
  silent: boolean;
  end(): void;
}

/**
 * A client whose worker does not exist until `send` is called. The frame that programs run in is opened with it,
 * since only the page can own a frame. `openPort` gives the port to a journal that the page keeps, if it does.
 */
export function createLabClient(
  openSandbox: () => Sandbox,
  openPort: () => Promise<MessagePort | undefined>,
): LabClient {
  const listeners = new Set<(message: Message) => void>();
  const tell = (message: Message) => {
    for (const listener of listeners) listener(message);
  };
  const fail = (message: string) => {
    tell({ type: 'error', code: 'lab-ended', data: {}, message });
    tell({ type: 'status', status: 'failed' });
  };

  let lab: Lab | undefined;
  const start = (): Lab => {
    const worker = new Worker(new URL('../../lab/worker.ts', import.meta.url), {
      type: 'module',
      name: 'lab',
    });
    const sandbox = openSandbox();
    const silence = setTimeout(() => {
      started.silent = true;
      tell({
        type: 'notice',
        code: 'lab-silent',
        data: {},
        message: 'What computes runs has not started yet.',
      });
    }, SILENCE);
    const started: Lab = {
      worker,
      connected: openPort().then((journal) => {
        const base = new URL(import.meta.env.BASE_URL, document.baseURI).href;
        const connect: Command = { type: 'connect', judge: sandbox.port, base, ...(journal && { journal }) };
        worker.postMessage(connect, [sandbox.port, ...(journal ? [journal] : [])]);
      }),
      silent: false,
      end() {
        clearTimeout(silence);
        worker.terminate();
        sandbox.close();
        lab = undefined;
      },
    };
    worker.addEventListener('message', (event: MessageEvent<Message>) => {
      clearTimeout(silence);
      started.silent = false;
      tell(event.data);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      // It may not even have started; the next command gets a fresh one.
      started.end();
      fail(event.message || 'The lab could not start.');
    });
    return started;
  };

  return {
    send(command) {
      if (lab?.silent && command.type === 'pause') {
        // It would not hear of it.
        lab.end();
        tell({ type: 'status', status: 'idle' });
        return;
      }
      try {
        lab ??= start();
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
        return;
      }
      const { worker, connected } = lab;
      void connected.then(() => worker.postMessage(command));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
