/** The page's end of the lab: a worker that starts with the first command that needs it. */
import type { Command, Message } from '../lab/protocol.ts';
import type { Sandbox } from '../python/sandbox.ts';

/** What the page needs from a lab: commands go in, messages come out. */
export interface LabClient {
  send(command: Exclude<Command, { type: 'connect' }>): void;
  /** Stops hearing messages when the returned function is called. */
  listen(listener: (message: Message) => void): () => void;
}

/**
 * A client whose worker does not exist until `send` is called. The frame that programs run in is
 * opened with it, since only the page can own a frame.
 */
export function createLabClient(openSandbox: () => Sandbox): LabClient {
  const listeners = new Set<(message: Message) => void>();
  const tell = (message: Message) => {
    for (const listener of listeners) listener(message);
  };

  let worker: Worker | undefined;
  const start = (): Worker => {
    const started = new Worker(new URL('../lab/worker.ts', import.meta.url), { type: 'module', name: 'lab' });
    const sandbox = openSandbox();
    started.addEventListener('message', (event: MessageEvent<Message>) => tell(event.data));
    started.addEventListener('error', (event) => {
      event.preventDefault();
      // It may not even have started; the next command gets a fresh one.
      started.terminate();
      sandbox.close();
      worker = undefined;
      tell({
        type: 'error',
        code: 'lab-ended',
        data: {},
        message: event.message || 'The lab could not start.',
      });
      tell({ type: 'status', status: 'failed' });
    });
    const base = new URL(import.meta.env.BASE_URL, document.baseURI).href;
    const connect: Command = { type: 'connect', judge: sandbox.port, base };
    started.postMessage(connect, [sandbox.port]);
    return started;
  };

  return {
    send(command) {
      worker ??= start();
      worker.postMessage(command);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
