/** The page's end of the lab: a worker that starts with the first command that needs it. */
import type { Command, Message } from '../lab/protocol.ts';

/** What the page needs from a lab: commands go in, messages come out. */
export interface LabClient {
  send(command: Exclude<Command, { type: 'connect' }>): void;
  /** Stops hearing messages when the returned function is called. */
  listen(listener: (message: Message) => void): () => void;
}

/**
 * A client whose worker does not exist until `send` is called. `openJudge` opens the sandboxed frame
 * that programs run in and gives the port to it; only the page can own a frame.
 */
export function createLabClient(openJudge: () => Promise<MessagePort>): LabClient {
  const listeners = new Set<(message: Message) => void>();
  const tell = (message: Message) => {
    for (const listener of listeners) listener(message);
  };
  const fail = (message: string, advice: string) => {
    tell({ type: 'error', message, advice, fatal: true });
    tell({ type: 'status', status: 'failed' });
  };

  let starting: Promise<Worker> | undefined;
  const start = async (): Promise<Worker> => {
    const worker = new Worker(new URL('../lab/worker.ts', import.meta.url), { type: 'module', name: 'lab' });
    worker.addEventListener('message', (event: MessageEvent<Message>) => tell(event.data));
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      // A worker that could not even start is useless; the next command gets a fresh one.
      starting = undefined;
      worker.terminate();
      fail(
        event.message || 'The lab could not start.',
        'What the run had recorded is safe. Reload the page and press Resume; if that does not help, choose another backend.',
      );
    });
    const judge = await openJudge();
    const connect: Command = { type: 'connect', judge, base: document.baseURI };
    worker.postMessage(connect, [judge]);
    return worker;
  };

  return {
    send(command) {
      starting ??= start();
      starting.then(
        (worker) => worker.postMessage(command),
        (error: unknown) => {
          starting = undefined;
          fail(
            error instanceof Error ? error.message : String(error),
            'The sandbox that runs programs did not open. Reload the page, and check that nothing blocks its frames.',
          );
        },
      );
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
